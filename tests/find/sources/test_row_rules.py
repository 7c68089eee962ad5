"""Each numbered rule, by number."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from source_rows import ROW

from stillwatch.find.sources import rules
from stillwatch.find.sources.cleaning import LONGEST_ID
from stillwatch.find.sources.values import LONGEST_TEXT


def test_every_rule_has_a_test():
    numbers = [rule.number for rule in (*rules.ROW_RULES, *rules.CELL_RULES)]
    text = Path(__file__).read_text() + Path(__file__).with_name("test_tokenise.py").read_text()
    assert [n for n in numbers if f"def test_{n.lower().replace('-', '_')}_" not in text] == []
    assert len(set(numbers)) == len(numbers)


def test_every_rule_is_documented():
    page = (Path(__file__).parents[3] / "docs" / "reference" / "inputs.md").read_text()
    for rule in (*rules.ROW_RULES, *rules.CELL_RULES):
        assert re.search(rf"\| {rule.number} \| `{rule.slug}` \|", page), rule


def test_r_1_a_line_that_is_not_an_object(read, tmp_path):
    path = tmp_path / "a.jsonl"
    good = '{"time": 1767323045, "exchange_id": "b", "account_id": 1, "model": "m", "prompt": "p"}'
    path.write_text(f'{good}\n\n{{"time":\n[1]\n')
    got = read(path)
    assert got.bad == {"unreadable-record": 2}
    assert [(line["row"], line["rule"]) for line in got.quarantined] == [(2, "R-1"), (3, "R-1")]


@pytest.mark.parametrize("column", ["time", "exchange_id", "account_id", "model", "prompt"])
def test_r_2_a_required_value_is_missing(read_rows, column):
    got = read_rows({}, {column: None}, types={column: pa.string()})
    assert got.bad == {"missing-value": 1}
    assert got.quarantined[0]["column"] == column
    assert got.quarantined[0]["row"] == 1


@pytest.mark.parametrize("column", ["time", "exchange_id", "account_id", "model"])
def test_r_2_an_empty_string_is_missing(read_rows, column):
    assert read_rows({}, {column: ""}).bad == {"missing-value": 1}


def test_r_2_an_empty_prompt_is_a_prompt(read_rows):
    assert [row["prompt"] for row in read_rows({"prompt": ""}).rows] == [""]


@pytest.mark.parametrize("value", ["a\0b", "i" * (LONGEST_ID + 1)])
@pytest.mark.parametrize("column", ["exchange_id", "account_id"])
def test_r_3_an_id_is_not_usable(read_rows, column, value):
    got = read_rows({}, {column: value})
    assert got.bad == {"bad-id": 1}
    assert got.quarantined[0]["column"] == column


def test_r_3_a_fraction_among_integer_ids(read_rows):
    got = read_rows({"account_id": 1.0}, {"account_id": 1.5}, {"account_id": float("nan")})
    assert [row["account_id"] for row in got.rows] == [1]
    assert got.bad == {"bad-id": 1, "missing-value": 1}


def test_r_3_an_unsigned_id_beyond_int64(read_rows):
    ids = {"account_id": pa.uint64()}
    got = read_rows({"account_id": 7}, {"account_id": 2**63}, types=ids)
    assert [row["account_id"] for row in got.rows] == [7]
    assert got.bad == {"bad-id": 1}


@pytest.mark.parametrize("value", ["yesterday", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z"])
def test_r_4_a_time_cannot_be_read(read_rows, value):
    assert read_rows({}, {"time": value}).bad == {"unreadable-time": 1}


@pytest.mark.parametrize("value", ["2014-12-31T23:59:59Z", "2100-01-01T00:00:00Z"])
def test_r_5_a_time_is_out_of_range(read_rows, value):
    assert read_rows({}, {"time": value}).bad == {"time-out-of-range": 1}


def test_r_5_a_time_is_in_the_future(read_rows):
    now = datetime(2026, 1, 2, tzinfo=UTC)
    changes = {"time": "2026-01-02T23:59:59Z"}, {"time": "2026-01-03T00:00:00Z"}
    got = read_rows(*changes, now=now)
    assert len(got.rows) == 1
    assert got.bad == {"time-out-of-range": 1}


def test_r_7_the_first_of_two_rows_with_one_id_stays(read_rows):
    got = read_rows({"exchange_id": "x", "prompt": "1"}, {"exchange_id": "x", "prompt": "2"})
    assert [row["prompt"] for row in got.rows] == ["1"]
    assert got.bad == {"duplicate-id": 1}


def test_r_7_a_bad_row_does_not_take_the_id(read_rows):
    got = read_rows({"exchange_id": "x", "time": "no"}, {"exchange_id": "x"})
    assert [row["exchange_id"] for row in got.rows] == ["x"]
    assert got.bad == {"unreadable-time": 1}


def test_a_row_is_counted_under_one_rule_only(read_rows):
    got = read_rows({"time": "no", "model": None, "account_id": "\0"}, {"model": "m"})
    assert sum(got.bad.values()) == 1


def invalid_utf8(tmp_path, column, value):
    """A Parquet file whose string column holds bytes that are not UTF-8, as some writers make."""
    columns = {name: pa.array([text.encode(), text.encode()]) for name, text in ROW.items()}
    columns["exchange_id"] = pa.array([b"x0", b"x1"])
    columns[column] = pa.array([columns[column][0].as_py(), value])
    strings = {
        name: pa.Array.from_buffers(pa.string(), 2, array.buffers())
        for name, array in columns.items()
    }
    path = tmp_path / "bytes.parquet"
    pq.write_table(pa.table(strings), path)
    return path


def test_c_1_bytes_that_are_not_utf8_are_replaced(read, tmp_path):
    got = read(invalid_utf8(tmp_path, "prompt", b"ab\xff"))
    assert [row["prompt"] for row in got.rows] == ["hello", "ab\ufffd"]
    assert got.cells == {"invalid-utf8": 1}


def test_r_3_an_id_that_is_not_utf8(read, tmp_path):
    got = read(invalid_utf8(tmp_path, "account_id", b"a\xff"))
    assert [row["account_id"] for row in got.rows] == ["a1"]
    assert got.bad == {"bad-id": 1}


def test_c_2_a_long_text_keeps_head_and_tail(read_rows):
    long = "h" * LONGEST_TEXT + "ü" * LONGEST_TEXT
    got = read_rows({"prompt": long}, {})
    kept = got.rows[0]["prompt"]
    assert len(kept.encode()) <= LONGEST_TEXT
    assert kept.startswith("hhh")
    assert kept.endswith("üüü")
    assert got.cells == {"oversize-text": 1}


def test_c_3_a_negative_count_is_emptied(read_rows):
    got = read_rows({"input_tokens": -1, "temperature": -0.5}, {"input_tokens": 3})
    assert [row["input_tokens"] for row in got.rows] == [None, 3]
    assert got.cells == {"negative-number": 2}


def test_c_4_a_value_that_is_no_number_is_emptied(read_rows):
    changes = [{"output_tokens": v} for v in ("12", "12.0", " 3 ", "many", "1.5", "")]
    got = read_rows(*changes)
    assert [row["output_tokens"] for row in got.rows] == [12, 12, 3, None, None, None]
    assert got.cells == {"not-a-number": 2}


def test_c_5_a_value_that_is_no_address_is_emptied(read_rows):
    got = read_rows(*[{"ip": v} for v in ("10.0.0.1", "::FFFF:10.0.0.1", "10.0.0.1, 10.0.0.2")])
    assert [row["ip"] for row in got.rows] == ["10.0.0.1", "10.0.0.1", None]
    assert got.cells == {"bad-ip": 1}


def test_c_6_a_time_without_zone_is_utc(read_rows):
    got = read_rows({"time": "2026-01-02 03:04:05"})
    assert got.rows[0]["time"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert got.cells == {"naive-time": 1}


def test_c_7_messages_without_a_user_turn(read_rows):
    got = read_rows(
        {"prompt": None, "messages": '[{"role": "user", "content": "u"}]'},
        {"prompt": None, "messages": '[{"role": "tool", "content": "t"}]'},
        {"prompt": "p", "messages": "not JSON"},
    )
    assert [row["prompt"] for row in got.rows] == ["u", "p"]
    assert got.bad == {"missing-value": 1}
    assert got.cells == {"unreadable-messages": 1}


def test_c_8_a_column_that_the_head_did_not_have(read, tmp_path, monkeypatch):
    monkeypatch.setattr("stillwatch.find.sources.jsonlines.HEAD_ROWS", 1)
    line = '{"time": 1767323045, "exchange_id": "%d", "account_id": 1, "model": "m", "prompt": "p"'
    path = tmp_path / "a.jsonl"
    path.write_text(line % 1 + "}\n" + line % 2 + ', "ip": "::1"}\n')
    got = read(path)
    assert "ip" not in got.source.columns
    assert len(got.rows) == 2
    assert got.cells == {"late-column": 1}
