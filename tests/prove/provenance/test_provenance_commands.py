"""``stillwatch provenance``: from a key book to marked prompts and to what a log shows."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError, NoUsableRowsError, SourceNotFoundError
from stillwatch.ledger import SigningKey
from stillwatch.prove.watermark import GreenRed, IssuedKey, WatermarkKey


def run(*arguments, fails=None):
    done = CliRunner().invoke(cli, ["provenance", *map(str, arguments)])
    if fails is not None:
        assert isinstance(done.exception, fails), done.output
        return str(done.exception)
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


@pytest.fixture
def partner(tmp_path):
    """Return a folder with a key, a signer, lines and prompts."""
    IssuedKey("2026-11", "partner-3", GreenRed(), WatermarkKey.random(3)).write(
        tmp_path / "mark.key"
    )
    IssuedKey("2026-11", "partner-4", GreenRed(), WatermarkKey.random(4)).write(
        tmp_path / "wrong.key"
    )
    signer = SigningKey.generate("partner.example/gateway")
    signer.write(tmp_path / "note.key")
    (tmp_path / "partner.pub").write_text(signer.public.encode())
    (tmp_path / "lines.json").write_text('{"end": ["Be brief.", "Keep it short."]}')
    rows = [
        {"account_id": "acct-1", "prompt": f"What's in box {at}?", "kept": at} for at in range(80)
    ]
    (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def marked(folder, *options):
    out = run("mark", folder / "prompts.jsonl", *options)
    (folder / "marked.jsonl").write_text(out)
    return [json.loads(line) for line in out.splitlines()]


def both(folder):
    key, lines = folder / "mark.key", folder / "lines.json"
    return (
        *("--key", key, "--lines", lines, "--typography"),
        *("--sign", folder / "note.key", "--licence", "L-7"),
    )


@pytest.mark.parametrize("where", [(), ("--in-system",)])
def test_marked_prompts_are_found_by_token_and_by_form(partner, where):
    rows = marked(partner, *both(partner), *where)
    assert [row["kept"] for row in rows] == list(range(80))
    found = json.loads(
        run(
            *("check", partner / "marked.jsonl", "--lines", partner / "lines.json", "--json"),
            *("--key", partner / "mark.key", "--key", partner / "wrong.key", "--typography"),
            *("--partner", (partner / "partner.pub").read_text()),
        )
    )
    assert found["licensed"] == [
        {"partner": "partner.example/gateway", "licence": "L-7", "prompts": 80}
    ]
    ours, wrong = found["keys"]
    assert ours["hits"] == ours["places"] == 160
    assert ours["log10_adjusted"] < -40
    assert wrong["log10_adjusted"] > -2


def test_words_for_people_and_bad_rows(partner):
    marked(partner, *both(partner))
    with (partner / "marked.jsonl").open("a") as file:
        file.write('not json\n[]\n{"prompt": 3}\n\n{"prompt": "a", "system_prompt": []}\n')
        file.write('{"prompt": "a", "account_id": "\\u001b[2J", "stillwatch_provenance": 7}\n')
    said = run(
        *("check", partner / "marked.jsonl", "--lines", partner / "lines.json"),
        *("--key", partner / "mark.key", "--partner", (partner / "partner.pub").read_text()),
    )
    assert '80 with a token of partner.example/gateway under "L-7"' in said
    assert "80 of 80 places" in said
    assert '"\\u001b[2J"' in said
    assert "\x1b" not in said
    assert "1 tokens break rule V-1" in said


def test_prompts_without_marks_show_nothing(partner):
    found = json.loads(
        run(
            *("check", partner / "prompts.jsonl", "--typography", "--json"),
            *("--key", partner / "mark.key"),
        )
    )
    assert found["licensed"] == []
    assert found["keys"][0]["log10_adjusted"] > -3


def test_options_that_do_not_go_together_are_named(partner):
    rows, key = partner / "prompts.jsonl", partner / "mark.key"
    run("mark", rows, fails=ConfigurationError)
    run("mark", rows, "--key", key, fails=ConfigurationError)
    run("mark", rows, "--typography", fails=ConfigurationError)
    run("mark", rows, "--sign", partner / "note.key", fails=ConfigurationError)
    run("check", rows, fails=ConfigurationError)
    run("check", rows, "--key", key, fails=ConfigurationError)
    assert "there is no key" in run("check", rows, "--typography", fails=ConfigurationError)
    run("check", partner / "none", "--typography", "--key", key, fails=SourceNotFoundError)
    (partner / "empty.jsonl").write_text("\n")
    run("check", partner / "empty.jsonl", "--typography", "--key", key, fails=NoUsableRowsError)
