from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from example_scan import HOSTILE, empty_scan, example_scan, hostile_scan

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError, SourceNotFoundError
from stillwatch.report.documents import write_scan


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("shown")
    result, activity = example_scan()
    write_scan(result, out / "scan", activity)
    write_scan(hostile_scan(), out / "hostile")
    write_scan(empty_scan(), out / "empty")
    return out


def run(*arguments, **more):
    outcome = CliRunner().invoke(cli, [str(a) for a in arguments], **more)
    if outcome.exception and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


def test_list_prints_a_row_a_campaign(folder):
    outcome = run("campaigns", "list", "--out", folder / "scan")
    lines = outcome.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "campaign",
        "c-7f3a91d2",
        "c-b01c44e8",
        "c-20d9e6aa",
    ]
    assert "review" in lines[2]
    assert outcome.stderr == ""


def test_list_of_nothing_keeps_stdout_empty(folder):
    outcome = run("campaigns", "list", "--out", folder / "empty")
    assert outcome.stdout == ""
    assert "no campaign declared" in outcome.stderr


def test_json_is_what_the_file_holds(folder):
    document = json.loads((folder / "scan" / "campaigns.json").read_text())["campaigns"]
    assert json.loads(run("campaigns", "list", "--json", "--out", folder / "scan").stdout) == (
        document
    )
    shown = run("campaigns", "show", "c-20d9e6aa", "--json", "--out", folder / "scan").stdout
    assert json.loads(shown) == document[2]


def test_show_says_evidence_explanations_and_members(folder):
    text = run("campaigns", "show", "c-b01c44e8", "--out", folder / "scan").stdout
    for expected in (
        "a person must decide",
        "rhythm/lock-step  [21.4]",
        "intelligence/peer-indicators  [not enough data]",
        "content/shared-segment  [proposal]",
        "A registered evaluation covers",
        "acct_b01c00000",
    ):
        assert expected in text


def test_show_says_what_a_campaign_came_from_and_became(folder):
    def lineage(name):
        lines = run("campaigns", "show", name, "--out", folder / "scan").stdout.splitlines()
        return [line.split(maxsplit=1)[1] for line in lines if line.startswith("lineage")]

    assert lineage("c-7f3a91d2") == ["took in c-0ddba11e, c-5ca1ab1e", "since split off c-20d9e6aa"]
    assert lineage("c-20d9e6aa") == ["split from c-7f3a91d2"]
    assert lineage("c-b01c44e8") == []


def test_account_says_why_why_not_and_what_is_missing(folder):
    text = run("account", "show", "acct_7f3a00000", "--out", folder / "scan").stdout
    assert text.index("\nwhy\n") < text.index("\nwhy not\n") < text.index("\nmissing\n")
    assert "campaign c-7f3a91d2" in text
    assert "(rhythm, log e 21.4)" in text
    assert "No peer's indicators were given." in text


def test_account_that_is_not_flagged(folder):
    text = run("account", "show", "acct_p000001", "--out", folder / "scan").stdout
    assert "flagged      no" in text
    assert "it belongs to no declared campaign" in text


def test_account_json(folder):
    document = json.loads(
        run("account", "show", "acct_p000001", "--json", "--out", folder / "scan").stdout
    )
    assert document["flagged_at"] is None
    assert document["member_of"] == []
    assert document["why"] == []
    assert len(document["missing"]) == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_ids_cannot_steer_a_terminal(folder, text):
    for arguments in (
        ("campaigns", "list"),
        ("campaigns", "show", HOSTILE[0]),
        ("account", "show", text),
    ):
        for flags in ((), ("--json",)):
            stdout = run(*arguments, *flags, "--out", folder / "hostile").stdout
            assert stdout.replace("\n", "").isprintable()


def test_unknown_ids_and_folders_have_their_errors(folder):
    with pytest.raises(ConfigurationError):
        run("campaigns", "show", "nothing", "--out", folder / "scan")
    with pytest.raises(ConfigurationError):
        run("account", "show", "nothing", "--out", folder / "scan")
    with pytest.raises(SourceNotFoundError):
        run("campaigns", "list", "--out", folder / "absent")


def test_options_come_from_the_environment(folder):
    outcome = run("campaigns", "list", env={"STILLWATCH_CAMPAIGNS_LIST_OUT": str(folder / "scan")})
    assert "c-7f3a91d2" in outcome.stdout
