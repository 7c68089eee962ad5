"""Inputs that are damaged, wrong or made to hurt: each is a named error or goes to quarantine."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.errors import (
    InputFormatError,
    MissingColumnError,
    SourceNotFoundError,
    StillwatchError,
)
from stillwatch.find.sources import Need, Quarantine, check, open_exchanges, read_accounts
from stillwatch.find.sources.registry import FORMATS, SHAPES

INPUTS = Path(__file__).parent / "inputs"
ROW = {"time": 1767323045, "exchange_id": "x", "account_id": "a", "model": "m", "prompt": "p"}

ERRORS = {
    "truncated.parquet": (InputFormatError, "damaged"),
    "footer-only.parquet": (InputFormatError, "damaged"),
    "damaged-page.parquet": (InputFormatError, "damaged"),
    "empty.parquet": (InputFormatError, "empty"),
    "empty.jsonl": (InputFormatError, "empty"),
    "empty.csv": (InputFormatError, "empty"),
    "blank.jsonl": (InputFormatError, "empty"),
    "json-inside.parquet": (InputFormatError, "content jsonl"),
    "parquet-inside.jsonl": (InputFormatError, "content parquet"),
    "csv-inside.jsonl": (InputFormatError, "content csv"),
    "truncated.jsonl.gz": (InputFormatError, "decompressed"),
    "not-gzip.jsonl.gz": (InputFormatError, "decompressed"),
    "unclosed-quote.csv": (InputFormatError, "after row 1: unexpected end"),
    "two-headers-alike.csv": (InputFormatError, "twice"),
    "no-object.jsonl": (MissingColumnError, "required column"),
    "otlp-not-lists.json": (InputFormatError, "no GenAI span"),
    "otlp-odd-spans.jsonl": (InputFormatError, "no GenAI span"),
}

ROWS = {
    "no-rows.parquet": ([], {}, {}),
    "header-only.csv": ([], {}, {}),
    "invalid-utf8.jsonl": (["0", "1"], {"bad-id": 1}, {"invalid-utf8": 2}),
    "lone-surrogate.jsonl": (["x"], {}, {"invalid-utf8": 1}),
    "nul-bytes.csv": (["y"], {"bad-id": 1}, {"naive-time": 2}),
    "nul-bytes.jsonl": (["y"], {"bad-id": 1, "unreadable-record": 1}, {}),
    "formulas.csv": (['=HYPERLINK("http://x")'], {}, {"naive-time": 1}),
    "quotes-within.csv": (["x", "z"], {"unreadable-record": 1}, {"naive-time": 2}),
    "ragged.csv": (["x"], {"unreadable-record": 2}, {"naive-time": 1}),
    "mixed-types.jsonl": (["x0", "x1", "x5"], {"bad-id": 3, "missing-value": 1}, {}),
    "mixed-columns.jsonl": (
        ["x1", "x2", "x3", "x4"],
        {"unreadable-time": 1},
        {"bad-ip": 5, "not-a-number": 8},
    ),
    "number-bombs.jsonl": (["y"], {"unreadable-record": 1}, {"not-a-number": 1}),
    "repeated-key.jsonl": (["x"], {}, {}),
    "control-characters.jsonl": (["x"], {}, {}),
}


def read(location, out=None, **options):
    with Quarantine(out) as quarantine:
        source = open_exchanges(str(location), quarantine=quarantine, **options)
        rows = [row for batch in source.batches() for row in batch.to_pylist()]
    return rows, quarantine.rows("exchanges"), quarantine.cells("exchanges")


def test_every_hostile_input_is_expected():
    assert {path.name for path in INPUTS.iterdir()} == ERRORS.keys() | ROWS.keys()


@pytest.mark.parametrize("name", ERRORS)
def test_named_error(name):
    kind, words = ERRORS[name]
    with pytest.raises(kind, match=words) as caught:
        read(INPUTS / name)
    assert caught.value.where == str(INPUTS / name)
    assert caught.value.todo


@pytest.mark.parametrize("name", ROWS)
def test_good_rows_go_on(name, tmp_path):
    rows, bad, cells = read(INPUTS / name, tmp_path)
    assert ([row["exchange_id"] for row in rows], bad, cells) == ROWS[name]


def test_formulas_stay_text():
    ((row,), _, _) = read(INPUTS / "formulas.csv")
    assert row["prompt"] == "=cmd|' /C calc'!A0"
    assert row["account_id"] == "+1+1"


@pytest.mark.parametrize("name", sorted(ERRORS.keys() | ROWS.keys()))
def test_as_an_account_table_and_in_a_check(name):
    with pytest.raises(StillwatchError) if name in ERRORS else Quarantine(None):
        check(str(INPUTS / name), needs=[Need("d", "content", ("exchange.prompt",))])
    try:
        read_accounts(str(INPUTS / name), quarantine=Quarantine(None))
    except StillwatchError as error:
        assert error.todo  # noqa: PT017 - some of the files hold accounts and some do not


@pytest.mark.parametrize(
    "name", [entry.name for entry in (*FORMATS, *SHAPES) if entry.name != "sql"]
)
@pytest.mark.parametrize("path", sorted(INPUTS.iterdir()), ids=lambda path: path.name)
def test_any_input_in_any_forced_format_is_read_or_named(path, name):
    try:
        read(path, format=name)
    except StillwatchError as error:
        assert error.todo  # noqa: PT017 - either is right


def test_deep_json(tmp_path):
    deep = "[" * 100_000 + "]" * 100_000
    lines = [json.dumps(ROW), deep, json.dumps({**ROW, "exchange_id": "y"})]
    lines += [json.dumps({**ROW, "exchange_id": "z"})[:-1] + f', "messages": {deep}}}']
    for depth in (500, 900, 980, 990, 995):
        nested = "[" * depth + "]" * depth
        lines.append(json.dumps({**ROW, "exchange_id": f"d{depth}"})[:-1] + f', "ip": {nested}}}')
    (tmp_path / "deep.jsonl").write_text("\n".join(lines))
    rows, bad, _ = read(tmp_path / "deep.jsonl")
    assert {"x", "y", "d500"} <= {row["exchange_id"] for row in rows}
    assert bad["unreadable-record"] >= 2


def test_deep_spans(tmp_path):
    value = '{"stringValue": "v"}'
    for _ in range(200):
        value = '{"arrayValue": {"values": [' + value + "]}}"
    span = (
        '{"traceId": "t", "spanId": "s", "startTimeUnixNano": "1767323045000000000", "attributes":'
        '[{"key": "gen_ai.request.model", "value": {"stringValue": "m"}},'
        '{"key": "user.id", "value": {"stringValue": "a"}},'
        '{"key": "gen_ai.prompt", "value": {"stringValue": "p"}},'
        '{"key": "gen_ai.output.messages", "value": ' + value + "}]}"
    )
    document = '{"resourceSpans": [{"scopeSpans": [{"spans": [' + span + "]}]}]}"
    (tmp_path / "deep.json").write_text(document)
    rows, bad, _ = read(tmp_path / "deep.json")
    assert [row["prompt"] for row in rows] == ["p"]
    assert bad == {}


def test_a_huge_field(tmp_path):
    huge = "h" * (5 << 20)
    (tmp_path / "huge.csv").write_text(
        f"time,exchange_id,account_id,model,prompt\n2026-01-01,x,a,m,{huge}\n"
    )
    (tmp_path / "huge.jsonl").write_text(json.dumps({**ROW, "prompt": huge}) + "\n")
    for name in ("huge.csv", "huge.jsonl"):
        rows, _, cells = read(tmp_path / name)
        assert len(rows[0]["prompt"]) <= 1 << 20
        assert cells["oversize-text"] == 1


def test_a_line_too_long_to_hold(tmp_path, monkeypatch):
    monkeypatch.setattr("stillwatch.find.sources.jsonlines.LONGEST_LINE", 3 << 20)
    lines = [json.dumps(ROW), "x" * (9 << 20), json.dumps({**ROW, "exchange_id": "y"})]
    (tmp_path / "long.jsonl").write_text("\n".join(lines))
    rows, bad, _ = read(tmp_path / "long.jsonl")
    assert [row["exchange_id"] for row in rows] == ["x", "y"]
    assert bad == {"unreadable-record": 1}


def test_a_document_too_long_to_hold(tmp_path, monkeypatch):
    monkeypatch.setattr("stillwatch.find.sources.jsonlines.LONGEST_DOCUMENT", 1 << 20)
    (tmp_path / "long.json").write_text(json.dumps([ROW] * 20_000))
    with pytest.raises(InputFormatError, match="one JSON document"):
        read(tmp_path / "long.json")


def test_links_in_a_circle(tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    (folder / "a.jsonl").write_text(json.dumps(ROW) + "\n")
    (folder / "again").symlink_to(folder, target_is_directory=True)
    rows, bad, _ = read(folder)
    assert (len(rows), bad) == (1, {})
    (folder / "b.jsonl").symlink_to(folder / "c.jsonl")
    (folder / "c.jsonl").symlink_to(folder / "b.jsonl")
    with pytest.raises(SourceNotFoundError, match="leads nowhere or to itself"):
        read(folder)
    with pytest.raises(SourceNotFoundError):
        read(folder / "b.jsonl")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "log.jsonl")
    with pytest.raises(SourceNotFoundError, match="neither a file nor a folder"):
        read(tmp_path / "log.jsonl")


def test_names_of_columns_cannot_steer_a_terminal(tmp_path):
    (tmp_path / "log.jsonl").write_text(json.dumps({"\x1b[2Jtime": 1, "tim\x1be": 2}) + "\n")
    with pytest.raises(MissingColumnError) as caught:
        read(tmp_path / "log.jsonl")
    assert "\x1b" not in caught.value.diagnostics()


def test_a_secret_in_a_damaged_file_is_not_repeated(tmp_path):
    private = "the prompt of a person"
    for text in (f'{{"prompt": "{private}', f"[{private}", f'[{{"p": "{private}"', f'"{private}"'):
        (tmp_path / "log.json").write_text(text)
        with pytest.raises(StillwatchError) as caught:
            read(tmp_path / "log.json")
        assert private not in caught.value.diagnostics()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.binary(max_size=400), suffix=st.sampled_from(["parquet", "jsonl", "json", "csv", "txt"])
)
def test_any_bytes_are_read_or_named(raw, suffix, tmp_path):
    path = tmp_path / f"any.{suffix}"
    path.write_bytes(raw)
    try:
        read(path)
    except StillwatchError as error:
        assert error.todo  # noqa: PT017 - either is right


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = [*ROW, "ip", "messages", "input_tokens", "temperature", "response", "system_prompt"]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(st.dictionaries(st.sampled_from(NAMES), json_values), min_size=1))
def test_every_json_row_is_used_once_or_quarantined_once(records, tmp_path):
    first = {**dict.fromkeys(NAMES), **ROW, "exchange_id": "first", "account_id": "a"}
    path = tmp_path / "any.jsonl"
    path.write_text("\n".join(json.dumps(r) for r in [first, *records]))
    rows, bad, _ = read(path, tmp_path / "out")
    assert len(rows) + sum(bad.values()) == len(records) + 1
    for row in rows:
        assert all(row[name] is not None for name in ROW)
        pa.array([value for value in row.values() if isinstance(value, str)]).validate(full=True)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.lists(st.text(max_size=20), max_size=7), max_size=8))
def test_every_csv_row_is_used_once_or_quarantined_once(cells, tmp_path):
    import csv  # noqa: PLC0415 - the writer under test

    path = tmp_path / "any.csv"
    rows_of_text = [[c.encode("utf-8", "replace").decode() for c in row] for row in cells]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(list(ROW))
        writer.writerows(row for row in rows_of_text)
    rows, bad, _ = read(path, tmp_path / "out")
    assert len(rows) + sum(bad.values()) == sum(bool(row) for row in cells)
