"""``stillwatch watermark``: a key from its commitment to its reveal, and texts of three kinds."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.errors import (
    ConfigurationError,
    InputFormatError,
    MissingColumnError,
    RefusedError,
    SourceNotFoundError,
)
from stillwatch.prove.watermark import GreenRed, IssuedKey, Sampler, WatermarkKey

NOW = 1_795_000_000
VALUE = bytes(range(32)).hex()


def run(*arguments, fails=None):
    done = CliRunner().invoke(cli, ["watermark", *map(str, arguments)])
    if fails is not None:
        assert isinstance(done.exception, fails), done.output
        return done.exception
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


@pytest.fixture
def clock(monkeypatch):
    hands = SimpleNamespace(now=NOW)
    monkeypatch.setattr(
        "stillwatch.cli.watermark_keys.time", SimpleNamespace(time=lambda: hands.now)
    )
    return hands


@pytest.fixture
def book(tmp_path, clock):
    """Return the folder and public key of a book with three complete keys."""
    folder = tmp_path / "marks"
    signer = run("keys", "new", "lab.example/marks", "--state", folder).strip()
    (tmp_path / "cohorts.txt").write_text("campaign-2\n\npublic\n")
    note = run(
        *("keys", "commit", "--state", folder, "--epoch", "2026-11", "--cohort", "campaign-1"),
        *("--cohorts", tmp_path / "cohorts.txt"),
    )
    assert "leaves 3" in note
    assert run("keys", "note", 1, "--state", folder) == note
    run("keys", "note", 2, "--state", folder, fails=ConfigurationError)
    error = run("keys", "draw", 1, VALUE, "--state", folder, fails=RefusedError)
    assert error.rule == "K-11"
    clock.now += 100
    run("keys", "draw", 1, VALUE, "--state", folder)
    return folder, signer


def written(key, many=1500, seed=3):
    """Return token ids of a text that is marked by a key, or by none."""
    rng, text = np.random.default_rng(seed), [0]
    sampler = None if key is None else Sampler(GreenRed(), key, rng)
    for _ in range(many):
        logits = rng.normal(0, 1, 300)
        text.append(int(rng.integers(300)) if sampler is None else sampler.draw(text, logits))
    return text


def test_a_key_goes_from_commitment_to_reveal(book, tmp_path):
    folder, signer = book
    rows = [
        json.loads(line) for line in run("keys", "list", "--json", "--state", folder).splitlines()
    ]
    assert [(row["cohort"], row["state"]) for row in rows] == [
        ("campaign-1", "ready"),
        ("campaign-2", "ready"),
        ("public", "ready"),
    ]
    asked = ("--state", folder, "--epoch", "2026-11", "--cohort", "campaign-2")
    run("keys", "issue", *asked, "--out", tmp_path / "two.key")
    shown = tmp_path / "reveal.json"
    shown.write_text(run("keys", "reveal", *asked))
    proved = json.loads(run("keys", "verify", shown, "--signed-by", signer, "--json"))
    assert proved["key_id"] == rows[1]["key_id"]
    assert (proved["keys_committed"], proved["value"]) == (3, VALUE)
    assert proved["key_id"] in run("keys", "verify", shown, "--signed-by", signer)
    error = run("keys", "issue", *asked, "--out", tmp_path / "x.key", fails=ConfigurationError)
    assert "revealed" in error.what
    assert "revealed" in run("keys", "list", "--state", folder)

    text = tmp_path / "text.jsonl"
    key = IssuedKey.read(tmp_path / "two.key").key
    text.write_text(json.dumps({"ids": written(key)}))
    for by in (
        ("--key-book", folder),
        ("--key", tmp_path / "two.key"),
        ("--reveal", shown, "--signed-by", signer),
    ):
        best = json.loads(run("detect", text, *by, "--tokens", "ids", "--json").splitlines()[0])
        assert best["key"] == "2026-11 campaign-2"
        assert best["log10_adjusted"] < -6
    run("detect", text, "--reveal", shown, "--tokens", "ids", fails=ConfigurationError)


@pytest.fixture
def keyed(tmp_path):
    path = tmp_path / "one.key"
    IssuedKey("2026-11", "one", GreenRed(), WatermarkKey.random(1)).write(path)
    return path


def detected(*arguments):
    return [json.loads(line) for line in run("detect", *arguments, "--json").splitlines()]


def test_files_of_each_kind_say_the_same(tmp_path, keyed):
    texts = [written(WatermarkKey.random(1)), written(None, seed=4), []]
    lines, table = tmp_path / "t.jsonl", tmp_path / "t.parquet"
    lines.write_text("".join(json.dumps({"ids": text}) + "\n" for text in texts))
    for kind in (pa.int64(), pa.uint32()):
        pq.write_table(pa.table({"ids": pa.array(texts, pa.list_(kind))}), table)
        by_line = detected(lines, "--key", keyed, "--tokens", "ids", "--each")
        by_row = detected(table, "--key", keyed, "--tokens", "ids", "--each")
        assert [row["pairs"] for row in by_row] == [row["pairs"] for row in by_line]
        assert by_row[-1] == by_line[-1]
    assert by_line[0]["text"].endswith("t.jsonl:1")
    assert by_line[0]["log10_p"] < -6
    assert by_line[1]["log10_p"] > -4
    assert by_line[2]["pairs"] == 0
    twice = detected(lines, table, "--key", keyed, "--tokens", "ids")
    assert twice[-1]["pairs"] == by_line[-1]["pairs"], "a pair counts once over all inputs"
    plain = run("detect", lines, "--key", keyed, "--tokens", "ids", "--each").splitlines()
    assert len(plain) == 4
    assert "p = 10^-" in plain[0]


def test_documents_are_read_by_a_tokenizer(tmp_path, keyed):
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    words = {f"w{n}": n for n in range(300)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="w0"))  # noqa: S106
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    ids = written(WatermarkKey.random(1))
    text = " ".join(f"w{n}" for n in ids)
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a.txt").write_text(text)
    (folder / "b.jsonl").write_text(json.dumps({"said": text}))
    asked = ("--key", keyed, "--tokenizer", tmp_path / "tokenizer.json", "--text", "said")
    found = detected(folder, *asked, "--each")
    wanted = GreenRed().score(ids, WatermarkKey.random(1))
    assert [row["pairs"] for row in found] == [wanted.pairs] * 3
    assert found[-1]["log10_p"] == pytest.approx(wanted.log10_p)
    (tmp_path / "tokenizer.json").write_text("{}")
    run("detect", folder, *asked, fails=InputFormatError)


@pytest.mark.parametrize(
    ("name", "held", "options", "error", "words"),
    [
        ("none.jsonl", None, ["--tokens", "ids"], SourceNotFoundError, "no such input"),
        ("a.jsonl", b"{}", ["--tokens", "ids"], MissingColumnError, "no ids"),
        ("a.jsonl", b'{"ids": "x"}', ["--tokens", "ids"], InputFormatError, "list of token ids"),
        ("a.jsonl", b'{"ids": [-1]}', ["--tokens", "ids"], InputFormatError, "no token ids"),
        ("a.jsonl", b'{"ids": [4294967296]}', ["--tokens", "ids"], InputFormatError, "no token"),
        ("a.jsonl", b'{"ids": [1.5]}', ["--tokens", "ids"], InputFormatError, "no token ids"),
        ("a.jsonl", b'{"ids": [[1], 2]}', ["--tokens", "ids"], InputFormatError, "no token ids"),
        ("a.jsonl", b'{"ids": [null]}', ["--tokens", "ids"], InputFormatError, "no token ids"),
        ("a.jsonl", b"[" * 99_999, ["--tokens", "ids"], InputFormatError, "no JSON"),
        ("a.jsonl", b"\xff", ["--tokens", "ids"], InputFormatError, "no JSON"),
        ("a.jsonl", b'{"t": 1}', ["--text", "t"], InputFormatError, "no text"),
        ("a.jsonl", b'{"t": "x"}', ["--text", "t"], ConfigurationError, "needs a tokenizer"),
        ("a.jsonl", b'{"t": "x"}', [], ConfigurationError, "no column"),
        ("a.txt", b"\xff", [], InputFormatError, "UTF-8"),
        ("a.txt", b"words", [], ConfigurationError, "needs a tokenizer"),
        ("a.parquet", b"PAR1", ["--tokens", "ids"], InputFormatError, "cannot be read"),
        ("a.txt", b"x", ["--tokens", "a", "--text", "b"], ConfigurationError, "takes? no"),
    ],
)
def test_inputs_that_cannot_be_read_are_named_errors(
    tmp_path, keyed, name, held, options, error, words
):
    path = tmp_path / name
    if held is not None:
        path.write_bytes(held)
    found = run("detect", path, "--key", keyed, *options, fails=error)
    assert re.search(words, found.what)


@pytest.mark.parametrize(
    ("column", "options", "error"),
    [
        (pa.array(["a"]), ["--tokens", "ids"], InputFormatError),
        (pa.array([[0.5]]), ["--tokens", "ids"], InputFormatError),
        (pa.array([[1]]), ["--text", "ids"], InputFormatError),
        (pa.array([[1]]), ["--tokens", "other"], MissingColumnError),
        (pa.array([[None, 1]], pa.list_(pa.int64())), ["--tokens", "ids"], InputFormatError),
    ],
)
def test_columns_of_another_kind_are_named_errors(tmp_path, keyed, column, options, error):
    pq.write_table(pa.table({"ids": column}), tmp_path / "a.parquet")
    run("detect", tmp_path / "a.parquet", "--key", keyed, *options, fails=error)


def test_without_a_key_there_is_nothing_to_try(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"ids": [1]}')
    error = run("detect", tmp_path / "a.jsonl", "--tokens", "ids", fails=ConfigurationError)
    assert "no key" in error.what


def test_beacons_that_are_not_known_need_a_time(tmp_path, clock):
    del clock
    folder = tmp_path / "marks"
    run("keys", "new", "lab.example", "--state", folder)
    asked = ("keys", "commit", "--state", folder, "--epoch", "e", "--cohort", "a")
    run(*asked, "--beacon", "a lottery", "--round", 7, fails=RefusedError)
    run(*asked, "--beacon", "a lottery", fails=RefusedError)
    note = run(
        *(*asked, "--beacon", "a lottery", "--round", 7, "--round-time", "2027-01-01T00:00:00Z"),
        *("--scheme", "gumbel", "--context", 3),
    )
    assert 'scheme {"context":3,"name":"gumbel"}' in note
    assert "not before 2027-01-01T00:00:00Z" in note
    run("keys", "draw", 1, "no hex", "--state", folder, fails=ConfigurationError)
    error = run("keys", "commit", "--state", folder, "--epoch", "e", fails=RefusedError)
    assert error.rule == "K-6"
