"""``stillwatch scan`` at the command line: bad rows, --check, --json, exit codes, options."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "find"))
from made_log import account_table, exchange_table, made_rows

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError, NoUsableRowsError, SourceNotFoundError
from stillwatch.find.detectors import DETECTORS

OUTPUTS = {
    "verdicts.parquet",
    "verdicts.csv",
    "findings.parquet",
    "findings.ocsf.ndjson",
    "campaigns.json",
    "report.html",
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    exchanges, accounts = made_rows(accounts=30)
    pq.write_table(exchange_table(exchanges), folder / "exchanges.parquet")
    pq.write_table(account_table(accounts), folder / "accounts.parquet")
    lines = [json.dumps({**row, "time": row["time"].isoformat()}) for row in exchanges]
    lines[5] = json.dumps({**json.loads(lines[5]), "time": "not a time"})
    lines[9] = "{"
    (folder / "bad.jsonl").write_text("\n".join(lines), "utf-8")
    (folder / "none.jsonl").write_text(f"{lines[5]}\n{lines[5]}\n", "utf-8")
    return folder


def run(*arguments, **more):
    return CliRunner().invoke(cli, ["scan", *map(str, arguments)], **more)


def test_scan_writes_its_outputs_and_says_where(inputs, tmp_path):
    out = tmp_path / "out"
    done = run(
        inputs / "exchanges.parquet", "--accounts", inputs / "accounts.parquet", "--out", out
    )
    assert done.exit_code == 0, done.output
    assert "360 exchanges of 30 accounts" in done.stdout
    assert "report.html" in done.stderr
    assert {path.name for path in out.iterdir() if path.is_file()} >= OUTPUTS
    verdicts = pq.read_table(out / "verdicts.parquet")
    assert len(verdicts) == 30


def test_json_is_one_object(inputs, tmp_path):
    done = run(inputs / "exchanges.parquet", "--out", tmp_path / "out", "--json")
    said = json.loads(done.stdout)
    assert said["exchanges"] == 360
    assert said["accounts"] == 30
    assert said["flagged"] == sum(
        at is not None
        for at in pq.read_table(tmp_path / "out" / "verdicts.parquet")["flagged_at"].to_pylist()
    )
    assert {"observe", "index", "decide"} <= said["seconds"].keys()


def test_bad_rows_go_to_quarantine_and_good_ones_on(inputs, tmp_path):
    out = tmp_path / "out"
    done = run(inputs / "bad.jsonl", "--out", out, "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["exchanges"] == 358
    assert sum(said["quarantined"].values()) == 2
    written = (out / "quarantine" / "exchanges.jsonl").read_text("utf-8")
    assert len([json.loads(line) for line in written.splitlines()]) == 2
    spoken = run(inputs / "bad.jsonl", "--out", tmp_path / "spoken")
    assert "2 rows" in spoken.stderr


def test_an_input_without_a_good_row_is_an_error(inputs, tmp_path):
    done = run(inputs / "none.jsonl", "--out", tmp_path / "out")
    assert isinstance(done.exception, NoUsableRowsError)
    assert done.exception.exit_code == NoUsableRowsError.exit_code != 0
    assert "--check" in done.exception.diagnostics()
    assert not (tmp_path / "out" / "verdicts.parquet").exists()


def test_check_says_what_could_run_and_writes_nothing(inputs, tmp_path):
    done = run(inputs / "exchanges.parquet", "--accounts", inputs / "accounts.parquet", "--check")
    assert done.exit_code == 0, done.output
    for detector in DETECTORS:
        assert f"{detector.family}/{detector.slug}: " in done.stdout
    assert "identity/payment-links: can run" in done.stdout
    assert "360 good rows, 0 bad" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_check_names_what_is_missing(inputs):
    done = run(inputs / "bad.jsonl", "--check")
    assert "identity/payment-links: cannot run: account.payment_fingerprint" in done.stdout
    assert "358 good rows, 2 bad" in done.stdout
    as_json = json.loads(run(inputs / "bad.jsonl", "--check", "--json").stdout)
    able = {a["detector"]: a["possible"] for a in as_json["abilities"]}
    assert able.keys() == {detector.slug for detector in DETECTORS}
    assert not able["payment-links"]
    assert able["job-queue"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--step", "5"), ConfigurationError),
        (("--alpha", "0"), ConfigurationError),
        (("--alpha", "1"), ConfigurationError),
    ],
)
def test_settings_out_of_range_are_refused(inputs, tmp_path, arguments, error):
    done = run(inputs / "exchanges.parquet", "--out", tmp_path / "out", *arguments)
    assert isinstance(done.exception, error)
    assert not (tmp_path / "out").exists()


def test_out_is_needed_unless_only_checking(inputs):
    assert isinstance(run(inputs / "exchanges.parquet").exception, ConfigurationError)


def test_an_absent_input_is_named(tmp_path):
    done = run(tmp_path / "nothing.parquet", "--out", tmp_path / "out")
    assert isinstance(done.exception, SourceNotFoundError)


def test_as_of_uses_nothing_later(inputs, tmp_path):
    done = run(
        inputs / "exchanges.parquet", "--out", tmp_path / "out", "--json", "--as-of", "2026-03-04"
    )
    assert done.exit_code == 0, done.output
    assert 0 < json.loads(done.stdout)["exchanges"] < 360


def test_options_come_from_the_environment_too(inputs, tmp_path):
    done = run(
        inputs / "exchanges.parquet",
        "--json",
        env={"STILLWATCH_SCAN_OUT": str(tmp_path / "out"), "STILLWATCH_SCAN_STEP": "24"},
        auto_envvar_prefix="STILLWATCH",
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "verdicts.parquet").is_file()


def test_a_key_changes_no_verdict(inputs, tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"a secret\n")
    accounts = ("--accounts", inputs / "accounts.parquet")
    run(inputs / "exchanges.parquet", "--out", tmp_path / "plain", *accounts)
    run(inputs / "exchanges.parquet", "--out", tmp_path / "keyed", "--key-file", key, *accounts)
    plain, keyed = (
        pq.read_table(tmp_path / name / "verdicts.parquet", columns=["account_id", "flagged_at"])
        for name in ("plain", "keyed")
    )
    assert plain.equals(keyed)
