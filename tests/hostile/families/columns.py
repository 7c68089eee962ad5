"""Columns of the wrong type: each is read, emptied or refused by row, never trusted."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
from materials import NOW, jsonl, parquet, row, table
from running import Case, three

FORMAT, ROWS = "InputFormatError", "NoUsableRowsError"


def _table(**changed):
    return lambda folder: three(parquet(folder, table(**changed)))


def _rows(*rows):
    return lambda folder: three(jsonl(folder, rows))


_S = pa.struct([("a", pa.int64())])
IDS = [
    Case("id-types", "struct", _table(account_id=pa.array([{"a": 1}] * 3, _S)), good=3),
    Case("id-types", "decimal", _table(account_id=pa.array([Decimal("1.5")] * 3)), good=3),
    Case(
        "id-types",
        "floats",
        _table(account_id=pa.array([1.0, float("nan"), 2.0**60])),
        good=1,
        bad={"missing-value": 1, "bad-id": 1},
    ),
    Case(
        "id-types",
        "unsigned",
        _table(account_id=pa.array([1, 2**63, 2**64 - 1], pa.uint64())),
        good=1,
        bad={"bad-id": 2},
    ),
    Case(
        "id-types",
        "json-mixture",
        _rows(
            row(),
            row(1, account_id=True),
            row(2, account_id=[1]),
            row(3, account_id={"a": 1}),
            row(4, account_id=1.5),
            row(5, account_id=None),
        ),
        good=2,
        bad={"bad-id": 3, "missing-value": 1},
    ),
]
TIMES = [
    Case("time-types", "duration", _table(time=pa.array([1, 2, 3], pa.duration("s"))), ROWS),
    Case("time-types", "time-of-day", _table(time=pa.array([dt.time(1)] * 3)), ROWS),
    Case("time-types", "booleans", _table(time=pa.array([True, False, True])), ROWS),
    Case("time-types", "lists", _table(time=pa.array([[NOW], [], None])), ROWS),
    Case(
        "time-types",
        "bytes",
        _table(time=pa.array([b"\xff\xfe", b"2026-01-02", b"\0" * 9])),
        good=1,
        bad={"unreadable-time": 2},
        cells={"naive-time": 1},
    ),
]
TEXTS = [
    Case(
        "text-types",
        "map",
        _table(prompt=pa.array([[("k", "v")]] * 3, pa.map_(pa.string(), pa.string()))),
        good=3,
    ),
    Case(
        "text-types",
        "fixed-bytes",
        _table(prompt=pa.array([b"\xff" * 16] * 3, pa.binary(16))),
        good=3,
    ),
    Case(
        "text-types",
        "nested-not-text",
        _table(prompt=pa.array([[b"\xff\xfe"], [b"a"], [None]], pa.list_(pa.binary()))),
        good=3,
    ),
    Case(
        "text-types",
        "huge-time-within",
        _table(prompt=pa.array([[2**62], [0], None], pa.list_(pa.timestamp("us")))),
        good=1,
        bad={"missing-value": 2},
    ),
    Case(
        "text-types",
        "dictionary-with-nulls",
        _table(
            prompt=pa.DictionaryArray.from_arrays(
                pa.array([0, 1, None], pa.int8()), pa.array(["p", "q"])
            )
        ),
        good=2,
        bad={"missing-value": 1},
    ),
]
COUNTS = [
    Case(
        "number-types",
        "lists",
        _table(input_tokens=pa.array([[1], [2], []])),
        good=3,
        cells={"not-a-number": 3},
    ),
    Case(
        "number-types",
        "halves",
        _table(temperature=pa.array(np.array([1, 2, np.inf], np.float16))),
        good=3,
        cells={"not-a-number": 1},
    ),
    Case(
        "number-types",
        "wide-decimals",
        _table(output_tokens=pa.array([Decimal(10) ** 70, Decimal(1), None], pa.decimal256(76))),
        good=3,
        cells={"not-a-number": 1},
    ),
    Case(
        "number-types",
        "booleans",
        _table(input_tokens=pa.array([True, False, None])),
        good=3,
        cells={"not-a-number": 2},
    ),
    Case(
        "number-types",
        "times",
        _table(asn=pa.array([1, 2, 3], pa.timestamp("us"))),
        good=3,
        cells={"not-a-number": 3},
    ),
]
MIXED = [
    Case(
        "mixed-types",
        "every-type-in-a-column",
        _rows(
            *(
                row(i, input_tokens=value, ip=value, model=value or "m")
                for i, value in enumerate((1, "2", 3.5, True, [1], {"a": 1}, "", None))
            )
        ),
        good=8,
        cells={"not-a-number": 4, "bad-ip": 6},
    ),
    Case("mixed-types", "files-that-differ", lambda f: three(_differing(f)), good=4),
    Case(
        "mixed-types",
        "late-columns",
        lambda f: three(
            jsonl(f, [*(row(i) for i in range(10_000)), row(10_000, ip="10.0.0.1", asn=1)])
        ),
        good=10_001,
        cells={"late-column": 2},
    ),
    Case(
        "mixed-types",
        "all-null",
        lambda f: three(parquet(f, table(**{n: pa.nulls(3) for n in row()}))),
        ROWS,
    ),
    Case(
        "mixed-types",
        "partition-names",
        lambda f: three(_partitions(f)),
        good=1,
        bad={"unreadable-time": 1},
    ),
]


def _differing(folder):
    (folder / "logs").mkdir()
    parquet(folder / "logs", table(3, account_id=pa.array([1, 2, 3])))
    jsonl(folder / "logs", [row(7, account_id="seven")])
    return "logs"


def _partitions(folder):
    for name, number in (("time=2026-01-02T00:00:00Z", 1), ("time=%00%1b%5b2J", 2)):
        (folder / "logs" / name).mkdir(parents=True)
        jsonl(folder / "logs" / name, [row(number, time=...)])
    return "logs"


CASES = (*IDS, *TIMES, *TEXTS, *COUNTS, *MIXED)
