from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from example_scan import END, HOSTILE, empty_scan, example_scan, hostile_scan

from stillwatch.errors import (
    ConfigurationError,
    InputFormatError,
    OutputError,
    SourceNotFoundError,
)
from stillwatch.records import Verdict, verdict_schema
from stillwatch.report.documents import (
    CAMPAIGNS,
    FINDINGS,
    FINDINGS_SCHEMA,
    REPORT,
    VERDICTS,
    campaigns_schema,
    read_campaigns,
    read_verdict,
    write_scan,
)
from stillwatch.report.documents import write as write_module

ALL = {CAMPAIGNS, FINDINGS, REPORT, VERDICTS, write_module.VERDICTS_CSV, write_module.OCSF}


def valid(out):
    document = json.loads((out / CAMPAIGNS).read_text("ascii"))
    validator = jsonschema.Draft202012Validator(campaigns_schema())
    assert [error.message for error in validator.iter_errors(document)] == []
    return document


def test_schema_is_itself_valid():
    jsonschema.Draft202012Validator.check_schema(campaigns_schema())


def test_writes_exactly_these_files(scan_folder):
    assert {path.name for path in scan_folder.iterdir()} == ALL


def test_verdicts_have_the_declared_columns_and_rows(scan_folder):
    result, _ = example_scan()
    table = pq.read_table(scan_folder / VERDICTS)
    assert table.schema.equals(verdict_schema(pa.string()))
    assert table.num_rows == len(result.verdicts)
    assert [Verdict(**(row | {"reasons": tuple(row["reasons"])})) for row in table.to_pylist()] == (
        list(result.verdicts)
    )


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64(), pa.int32(), pa.large_string()])
def test_account_ids_keep_their_type(tmp_path, kind):
    ids = ["7", "8"] if kind == pa.large_string() else [7, 8]
    verdicts = (
        Verdict(ids[0], None, None, 0.0, (), "observe"),
        Verdict(ids[1], None, None, 0.5, ("why",), "review"),
    )
    result = dataclasses.replace(empty_scan(kind), verdicts=verdicts, accounts=2)
    write_scan(result, tmp_path)
    assert pq.read_schema(tmp_path / VERDICTS).field("account_id").type == kind
    assert read_verdict(tmp_path, read_campaigns(tmp_path), "8") == verdicts[1]
    for wrong in ("9", "x", "99999999999999999999999", "\udc80"):
        with pytest.raises(ConfigurationError):
            read_verdict(tmp_path, read_campaigns(tmp_path), wrong)


def test_integer_members_stay_integers(tmp_path):
    result, _ = example_scan()
    item = dataclasses.replace(
        result.campaigns[0], members={2**62: 0.9, 5: 0.4}, flagged_at={2**62: END}
    )
    write_scan(dataclasses.replace(empty_scan(pa.int64()), campaigns=(item,)), tmp_path)
    valid(tmp_path)
    assert read_campaigns(tmp_path).campaigns[0].members == {2**62: 0.9, 5: 0.4}


def test_findings_are_written_once_each_with_their_campaign(scan_folder):
    result, _ = example_scan()
    table = pq.read_table(scan_folder / FINDINGS)
    assert table.schema.equals(FINDINGS_SCHEMA)
    assert table.num_rows == len(result.findings)
    rows = table.to_pylist()
    assert {row["campaign_id"] for row in rows} == {c.campaign_id for c in result.campaigns} | {
        None
    }
    assert all(row["campaign_id"] in (None, row["group"]) for row in rows)
    assert [row["effect"] for row in rows if not row["enough_data"]] == [None] * 3


def test_campaigns_obey_the_schema_and_read_back(scan_folder):
    result, _ = example_scan()
    document = valid(scan_folder)
    scan = read_campaigns(scan_folder)
    assert [c.campaign_id for c in scan.campaigns] == [c.campaign_id for c in result.campaigns]
    for read, written in zip(scan.campaigns, result.campaigns, strict=True):
        for field in ("members", "flagged_at", "first_seen", "declared_at", "explanations"):
            assert getattr(read, field) == getattr(written, field)
        assert [f.detector for f in read.findings] == [f.detector for f in written.findings]
    assert (scan.accounts, scan.exchanges, scan.looks) == (3_000, 612_340, 672)
    assert document["campaigns"][0]["signature"]["key"] == "01"
    assert sum(b["exchanges"] for b in document["campaigns"][0]["activity"]) == (
        result.campaigns[0].exchanges
    )


def test_campaigns_hold_the_digests_of_the_other_files(scan_folder):
    digests = read_campaigns(scan_folder).digests
    assert set(digests) == ALL - {CAMPAIGNS}
    for name, value in digests.items():
        assert hashlib.sha256((scan_folder / name).read_bytes()).hexdigest() == value


def test_numbers_that_json_lacks(tmp_path):
    result, _ = example_scan()
    item = dataclasses.replace(result.campaigns[0], log_e=math.inf, kind_confidence=0.0)
    write_scan(dataclasses.replace(result, campaigns=(item,)), tmp_path)
    assert valid(tmp_path)["campaigns"][0]["log_e"] == 1e308


def test_same_result_gives_the_same_bytes(tmp_path, scan_folder):
    result, activity = example_scan()
    write_scan(result, tmp_path, activity)
    for name in ALL:
        assert (tmp_path / name).read_bytes() == (scan_folder / name).read_bytes(), name


def test_empty_scan_is_written(tmp_path):
    write_scan(empty_scan(), tmp_path / "a" / "b")
    assert valid(tmp_path / "a" / "b")["campaigns"] == []
    assert pq.read_table(tmp_path / "a" / "b" / VERDICTS).num_rows == 0


def test_hostile_text_survives_as_data(hostile_folder):
    valid(hostile_folder)
    scan = read_campaigns(hostile_folder)
    assert set(scan.campaigns[0].members) == set(HOSTILE)
    assert pq.read_table(hostile_folder / VERDICTS).column("account_id").to_pylist() == list(
        HOSTILE
    )
    for text in HOSTILE:
        assert read_verdict(hostile_folder, scan, text).account_id == text


def test_other_files_stay_and_old_ones_are_replaced(tmp_path):
    (tmp_path / "quarantine.jsonl").write_text("kept")
    (tmp_path / REPORT).write_text("old")
    write_scan(empty_scan(), tmp_path)
    assert (tmp_path / "quarantine.jsonl").read_text() == "kept"
    assert (tmp_path / REPORT).read_text() != "old"


def test_a_failure_leaves_the_earlier_scan(tmp_path, monkeypatch):
    write_scan(empty_scan(), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*_, **_named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write_module, "render_report", full)
    with pytest.raises(OutputError, match="No space left"):
        write_scan(hostile_scan(), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_symlinked_folder_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(OutputError, match="symbolic link"):
        write_scan(empty_scan(), tmp_path / "link")
    assert list((tmp_path / "real").iterdir()) == []


@pytest.mark.parametrize("name", sorted(ALL))
def test_symlinked_file_is_refused(tmp_path, name):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to(victim)
    with pytest.raises(OutputError):
        write_scan(empty_scan(), tmp_path / "out")
    assert victim.read_text() == "mine"
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]


def test_folder_in_place_of_a_file_is_refused(tmp_path):
    (tmp_path / CAMPAIGNS).mkdir()
    with pytest.raises(OutputError):
        write_scan(empty_scan(), tmp_path)


def test_out_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError):
            write_scan(empty_scan(), out)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError):
            write_scan(empty_scan(), tmp_path)
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"schema_version": 2}',
        '{"schema_version": 1}',
        '{"schema_version": 1, "scan": {}, "files": {}, "campaigns": []}',
        "[" * 100_000,
    ],
)
def test_damaged_campaigns_are_named(tmp_path, text):
    (tmp_path / CAMPAIGNS).write_text(text)
    with pytest.raises(InputFormatError):
        read_campaigns(tmp_path)


def test_campaigns_in_another_encoding_are_named(tmp_path):
    (tmp_path / CAMPAIGNS).write_bytes(b"\xff\xfe")
    with pytest.raises(InputFormatError):
        read_campaigns(tmp_path)


def test_absent_scan_is_named(tmp_path):
    with pytest.raises(SourceNotFoundError):
        read_campaigns(tmp_path)


def test_verdicts_of_another_scan_are_named(tmp_path):
    write_scan(empty_scan(), tmp_path)
    scan = read_campaigns(tmp_path)
    (tmp_path / VERDICTS).write_bytes(b"not parquet")
    with pytest.raises(InputFormatError):
        read_verdict(tmp_path, scan, "a")
    (tmp_path / VERDICTS).unlink()
    with pytest.raises(SourceNotFoundError):
        read_verdict(tmp_path, scan, "a")
