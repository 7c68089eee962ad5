"""``stillwatch observe``, and a scan of what it wrote: the verdicts of the exchanges."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "find"))
sys.path.insert(0, str(Path(__file__).parents[1] / "find" / "campaigns"))
from easy_world import MEMBERS, easy_world
from made_log import account_table, exchange_table, made_rows

from stillwatch.cli.entry import cli
from stillwatch.errors import (
    ConfigurationError,
    IncompatibleObservationsError,
    NoUsableRowsError,
    SourceNotFoundError,
)
from stillwatch.find.features.files import MARK, find_observations


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    exchanges, accounts = made_rows(accounts=30)
    pq.write_table(exchange_table(exchanges), folder / "exchanges.parquet")
    pq.write_table(account_table(accounts), folder / "accounts.parquet")
    lines = [json.dumps({**row, "time": row["time"].isoformat()}) for row in exchanges]
    (folder / "good.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    lines[5] = json.dumps({**json.loads(lines[5]), "time": "not a time"})
    lines[9] = "{"
    (folder / "bad.jsonl").write_text("\n".join(lines), "utf-8")
    (folder / "none.jsonl").write_text(f"{lines[5]}\n{lines[5]}\n", "utf-8")
    (folder / "key").write_bytes(b"a secret\n")
    (folder / "other").write_bytes(b"another secret\n")
    (folder / "empty").write_bytes(b" \n")
    return folder


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("easy")
    made = easy_world(folder / "world")
    pq.write_table(made.exchanges, folder / "exchanges.parquet")
    pq.write_table(made.accounts, folder / "accounts.parquet")
    (folder / "key").write_bytes(b"a secret\n")
    return folder


def run(*arguments, **more):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], **more)


def well(*arguments, **more):
    done = run(*arguments, **more)
    assert done.exit_code == 0, (done.output, done.exception)
    return done


def decided(out):
    """Return what a scan decided, without the seconds that it took."""
    campaigns = json.loads((out / "campaigns.json").read_text("utf-8"))
    del campaigns["files"]  # holds the digest of the report, which states seconds
    tables = [(out / f"{name}.parquet").read_bytes() for name in ("verdicts", "findings")]
    return campaigns, *tables


@pytest.mark.parametrize("keyed", [True, False], ids=["keyed", "unkeyed"])
def test_a_scan_of_observations_is_the_scan_of_the_exchanges(world, tmp_path, keyed):
    key = ("--key-file", world / "key") if keyed else ()
    beside = ("--accounts", world / "accounts.parquet", "--step", "12")
    log = world / "exchanges.parquet"
    well("observe", log, "--out", tmp_path / "obs", *(key or ("--unkeyed",)))
    well("scan", log, "--out", tmp_path / "one", *beside, *key)
    well("scan", tmp_path / "obs", "--out", tmp_path / "two", *beside, *key)
    assert decided(tmp_path / "one") == decided(tmp_path / "two")
    well("scan", tmp_path / "obs", "--out", tmp_path / "three", *beside)  # only kinds need the key
    assert decided(tmp_path / "one")[1:] == decided(tmp_path / "three")[1:]
    verdicts = pq.read_table(tmp_path / "two" / "verdicts.parquet").to_pylist()
    flagged = {v["account_id"] for v in verdicts if v["campaign_id"]}
    assert len(flagged & set(MEMBERS)) >= 30


@pytest.mark.parametrize("kind", ["int64", "string"])
def test_ids_have_the_type_of_the_log(world, tmp_path, kind):
    table = pq.read_table(world / "exchanges.parquet").slice(0, 2_000)
    ids = table["account_id"].dictionary_encode().combine_chunks().indices.cast(kind)
    place = table.schema.get_field_index("account_id")
    pq.write_table(table.set_column(place, "account_id", ids), tmp_path / "log.parquet")
    well("observe", tmp_path / "log.parquet", "--out", tmp_path / "obs", "--unkeyed")
    for source, out in (("log.parquet", "one"), ("obs", "two")):
        well("scan", tmp_path / source, "--out", tmp_path / out, "--step", "24")
    assert decided(tmp_path / "one") == decided(tmp_path / "two")
    written = pq.read_schema(tmp_path / "two" / "verdicts.parquet")
    assert str(written.field("account_id").type) == kind


def test_events_and_tokens_go_beside_as_before(inputs, tmp_path):
    events = [{"time": "2026-03-01T00:00:00Z", "account_id": "a003", "type": "licensed_from"}]
    (tmp_path / "account_events.jsonl").write_text(json.dumps(events[0]) + "\n", "utf-8")
    log = inputs / "exchanges.parquet"
    beside = (
        "--accounts",
        inputs / "accounts.parquet",
        "--events",
        tmp_path / "account_events.jsonl",
    )
    well("observe", log, "--out", tmp_path / "obs", "--key-file", inputs / "key")
    key = ("--key-file", inputs / "key")
    well("scan", log, "--out", tmp_path / "one", *beside, *key)
    well("scan", tmp_path / "obs", "--out", tmp_path / "two", *beside, *key)
    assert decided(tmp_path / "one") == decided(tmp_path / "two")


def test_it_says_what_it_wrote(inputs, tmp_path):
    log = inputs / "exchanges.parquet"
    done = well("observe", log, "--out", tmp_path / "obs", "--unkeyed")
    assert "360 exchanges of 6 days observed" in done.stdout
    assert done.stderr == ""
    said = json.loads(well("observe", log, "--out", tmp_path / "obs", "--unkeyed", "--json").stdout)
    assert said.pop("size") > 0
    assert said == {
        "out": str(tmp_path / "obs"),
        "exchanges": 360,
        "days": 6,
        "files": 6,
        "quarantined": 0,
    }


def test_bad_rows_go_to_quarantine_as_in_a_scan(inputs, tmp_path):
    done = well("observe", inputs / "bad.jsonl", "--out", tmp_path / "obs", "--unkeyed")
    assert "358 exchanges" in done.stdout
    assert "2 rows of exchanges" in done.stderr
    well("scan", inputs / "bad.jsonl", "--out", tmp_path / "scan")
    kept = [
        (tmp_path / name / "quarantine" / "exchanges.jsonl").read_bytes()
        for name in ("obs", "scan")
    ]
    assert kept[0] == kept[1]
    assert json.loads(well("scan", tmp_path / "obs", "--out", tmp_path / "o", "--json").stdout)[
        "quarantined"
    ] == {"exchanges": 0}


def test_an_input_without_a_good_row_leaves_the_earlier_observations(inputs, tmp_path):
    well("observe", inputs / "exchanges.parquet", "--out", tmp_path / "obs", "--unkeyed")
    mark = (tmp_path / "obs" / MARK).read_bytes()
    done = run("observe", inputs / "none.jsonl", "--out", tmp_path / "obs", "--unkeyed")
    assert isinstance(done.exception, NoUsableRowsError)
    assert (tmp_path / "obs" / MARK).read_bytes() == mark
    assert find_observations(str(tmp_path / "obs")).rows == 360


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((), ConfigurationError),
        (("--unkeyed", "--key-file", "key"), ConfigurationError),
        (("--key-file", "empty"), ConfigurationError),
        (("--unkeyed", "--format", "csw"), ConfigurationError),
    ],
)
def test_a_key_is_given_or_refused_on_purpose(inputs, tmp_path, monkeypatch, arguments, error):
    monkeypatch.chdir(inputs)
    done = run("observe", "exchanges.parquet", "--out", tmp_path / "obs", *arguments)
    assert isinstance(done.exception, error)
    assert not (tmp_path / "obs" / MARK).exists()


def test_an_absent_input_is_named(tmp_path):
    done = run("observe", tmp_path / "nothing", "--out", tmp_path / "obs", "--unkeyed")
    assert isinstance(done.exception, SourceNotFoundError)


def test_keys_that_do_not_fit_are_refused(inputs, tmp_path):
    obs = tmp_path / "obs"
    well("observe", inputs / "good.jsonl", "--out", obs / "a", "--key-file", inputs / "key")
    done = run("scan", obs, "--out", tmp_path / "out", "--key-file", inputs / "other")
    assert isinstance(done.exception, IncompatibleObservationsError)
    well("observe", inputs / "good.jsonl", "--out", obs / "b", "--key-file", inputs / "other")
    done = run("scan", obs, "--out", tmp_path / "out")
    assert isinstance(done.exception, IncompatibleObservationsError)
    assert not (tmp_path / "out" / "verdicts.parquet").exists()


def test_check_knows_observations(inputs, tmp_path):
    well("observe", inputs / "exchanges.parquet", "--out", tmp_path / "obs", "--unkeyed")
    done = well("scan", tmp_path / "obs", "--accounts", inputs / "accounts.parquet", "--check")
    whole = well(
        "scan", inputs / "exchanges.parquet", "--accounts", inputs / "accounts.parquet", "--check"
    )
    assert "exchange: 360 good rows, 0 bad" in done.stdout
    able = [[line for line in d.stdout.splitlines() if " run" in line] for d in (done, whole)]
    assert able[0] == able[1] != []


def test_lines_come_from_standard_input_too(inputs, tmp_path):
    lines = (inputs / "good.jsonl").read_bytes()
    well("observe", "-", "--out", tmp_path / "piped", "--unkeyed", input=lines)
    well("observe", inputs / "good.jsonl", "--out", tmp_path / "file", "--unkeyed")
    for name in ("piped", "file"):
        well("scan", tmp_path / name, "--out", tmp_path / f"{name}-out")
    assert decided(tmp_path / "piped-out") == decided(tmp_path / "file-out")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that kills at once")
def test_a_killed_run_leaves_what_was_there(inputs, tmp_path):
    obs = tmp_path / "obs"
    well("observe", inputs / "good.jsonl", "--out", obs, "--unkeyed")
    row = json.loads((inputs / "good.jsonl").read_text("utf-8").splitlines()[0])
    program = "from stillwatch.cli import main; main()"
    arguments = [sys.executable, "-c", program, "observe", "-", "--out", str(obs), "--unkeyed"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE) as process:  # noqa: S603 - our own
        for n in range(12_000):  # more than tell the columns, so that it begins to write
            process.stdin.write(json.dumps({**row, "exchange_id": f"k{n}"}).encode() + b"\n")
        process.stdin.flush()
        for _ in range(600):
            if list(obs.glob(".observing-*")):
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
    assert list(obs.glob(".observing-*"))
    assert find_observations(str(obs)).rows == 360
    well("observe", inputs / "good.jsonl", "--out", obs, "--unkeyed")
    assert not list(obs.glob(".observing-*"))
