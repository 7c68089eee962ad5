"""Times, ids, numbers and addresses at and beyond their bounds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from materials import NOW, jsonl, parquet, row, table
from running import Case, three

ROWS = "NoUsableRowsError"
RANGE, UNREAD, ID, TWICE, MISSING = (
    "time-out-of-range",
    "unreadable-time",
    "bad-id",
    "duplicate-id",
    "missing-value",
)


def _rows(*rows):
    return lambda folder: three(jsonl(folder, rows))


def _times(*times, unit=None):
    if unit is None:
        return _rows(row(), *(row(i, time=time) for i, time in enumerate(times, 1)))
    values = pa.array([NOW * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit], *times])
    kind = pa.timestamp(unit, "UTC")
    return lambda folder: three(
        parquet(folder, table(len(values), time=values.cast(kind)), version="2.6")
    )


EDGE = 2**63 - 1
TIMES = [
    Case(
        "time-bounds",
        "1970-and-2262",
        _times(
            "1970-01-01T00:00:00Z",
            "2262-04-11T23:47:16Z",
            0,
            1,
            "2014-12-31T23:59:59Z",
            "2100-01-01T00:00:00Z",
        ),
        good=1,
        bad={RANGE: 4, UNREAD: 2},
    ),
    Case(
        "time-bounds",
        "int64",
        _times(EDGE, -EDGE - 1, -1, 2**64),
        good=1,
        bad={RANGE: 1, UNREAD: 3},
    ),
    Case(
        "time-bounds", "microseconds", _times(EDGE, -EDGE - 1, 0, unit="us"), good=1, bad={RANGE: 3}
    ),
    Case(
        "time-bounds", "nanoseconds", _times(EDGE, -EDGE - 1, 0, unit="ns"), good=1, bad={RANGE: 3}
    ),
    Case(
        "time-bounds",
        "seconds",
        lambda folder: three(_second_table(folder)),
        good=1,
        bad={RANGE: 1, UNREAD: 1},
    ),
]


def _second_table(folder):
    """Milliseconds reach further than microseconds can hold."""
    values = pa.array([NOW * 1000, EDGE, 0], pa.timestamp("ms", "UTC"))
    return parquet(folder, table(time=values))


TEXT = [
    Case(
        "time-text",
        "odd-dates",
        _times(
            "2026-02-30",
            "2026-13-01",
            "2026-01-02T25:00",
            "0000-00-00",
            "9999-12-31T23:59:59+23:59",
            "0001-01-01T00:00:00+23:59",
            "2026-01-02T03:04:60Z",
        ),
        good=1,
        bad={UNREAD: 7},
    ),
    Case(
        "time-text",
        "offsets",
        _times(
            "2026-01-02T00:00:00+99:99", "2026-01-02T00:00:00-12:00", "2026-01-02T00:00:00+24:00"
        ),
        good=2,
        bad={UNREAD: 2},
    ),
    Case(
        "time-text",
        "words",
        _times("now", "", "   ", "NaN", "Infinity", "1e9", "0x65"),
        good=1,
        bad={UNREAD: 5, MISSING: 2},
    ),
    Case(
        "time-text",
        "of-10-MB",
        _times("2" * 10_000_000, "2026-01-02" + " " * 10_000_000),
        good=2,
        bad={UNREAD: 1},
        cells={"naive-time": 1},
    ),
    Case(
        "time-text",
        "other-digits",
        _times("٢٠٢٦-٠١-٠٢", "２０２６-01-02", "2026−01−02"),
        good=1,
        bad={UNREAD: 3},
    ),
]


def _clock(times):
    return lambda folder: three(jsonl(folder, (row(i, time=t) for i, t in enumerate(times))))


def _before_creation(folder):
    made = jsonl(folder, (row(i) for i in range(60)))
    accounts = [
        {"account_id": f"a{i}", "created_at": t}
        for i, t in enumerate(("2099-12-31T00:00:00Z", "2026-06-01T00:00:00Z", NOW))
    ]
    return three(made, "--accounts", jsonl(folder, accounts, "accounts.jsonl"))


CLOCKS = [
    Case("clock", "backwards", _clock(range(NOW + 5_000, NOW, -1)), good=5_000),
    Case("clock", "stands-still", _clock([NOW] * 5_000), good=5_000),
    Case(
        "clock",
        "leaps",
        _clock([NOW, NOW + 10**9, NOW - 2 * 10**8, NOW] * 50),
        good=200,
        seconds=60,
    ),
    Case("clock", "before-the-account", _before_creation, good=60),
    Case(
        "clock",
        "eighty-years",
        _clock(range(1420070400, 4102444800, 10_000_000)),
        good=269,
        seconds=60,
    ),
]


def _bits(text):
    return int.from_bytes(text.encode(), "little")


def _alike(rows):
    """Return ids that an unkeyed multiply-and-shift hash, used before, gave one value."""
    whole = (1 << 64) - 1

    def mixed(x):
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            x = (x ^ x >> 33) * factor & whole
        return x ^ x >> 33

    start = 0x9E3779B97F4A7C15 ^ 16
    found = ["00000000zzzzzzzz"]
    target = mixed(start ^ _bits(found[0][:8])) ^ _bits(found[0][8:])
    number = 0
    while len(found) < rows:
        number += 1
        head = f"{number:08x}"
        tail = (mixed(start ^ _bits(head)) ^ target).to_bytes(8, "little")
        if tail.isascii() and b"\0" not in tail:
            found.append(head + tail.decode())
    return found


IDS = [
    Case(
        "exchange-ids",
        "all-one",
        _rows(*(row(i, exchange_id="x") for i in range(500))),
        good=1,
        bad={TWICE: 499},
    ),
    Case(
        "exchange-ids",
        "chosen-to-collide",
        lambda f: three(jsonl(f, (row(i, exchange_id=x) for i, x in enumerate(_alike(200))))),
        good=200,
    ),
    Case("exchange-ids", "across-files", lambda f: three(_across(f)), good=3, bad={TWICE: 3}),
    Case(
        "exchange-ids",
        "number-and-text",
        _rows(
            row(exchange_id=7),
            row(1, exchange_id="7"),
            row(2, exchange_id=7.0),
            row(3, exchange_id="07"),
        ),
        good=3,
        bad={TWICE: 1},
    ),
    Case(
        "exchange-ids",
        "one-bucket",
        lambda f: three(jsonl(f, (row(i, exchange_id=f"{i << 40}") for i in range(30_000)))),
        good=30_000,
    ),
]


def _across(folder):
    (folder / "logs").mkdir()
    jsonl(folder / "logs", [row(i) for i in range(3)], "a.jsonl")
    parquet(folder / "logs", table(3), "b.parquet")
    return "logs"


LENGTH = [
    Case(
        "id-length",
        "at-the-bound",
        _rows(row(account_id="a" * 1_024), row(1, account_id="a" * 1_025)),
        good=1,
        bad={ID: 1},
    ),
    Case(
        "id-length",
        "10-MB",
        _rows(row(), row(1, account_id="a" * 10_000_000), row(2, exchange_id="x" * 10_000_000)),
        good=1,
        bad={ID: 2},
    ),
    Case(
        "id-length",
        "10-MB-elsewhere",
        _rows(
            row(),
            row(1, model="m" * 10_000_000),
            row(2, conversation_id="c" * 10_000_000),
            row(3, user_agent="u" * 10_000_000),
        ),
        good=4,
        cells={"oversize-text": 3},
    ),
    Case(
        "id-length",
        "empty",
        _rows(row(), row(1, account_id=""), row(2, exchange_id="")),
        good=1,
        bad={MISSING: 2},
    ),
    Case(
        "id-length",
        "many-bytes-a-sign",
        _rows(row(account_id="\U0001f600" * 256), row(1, account_id="\U0001f600" * 257)),
        good=1,
        bad={ID: 1},
    ),
]


def _shown(folder, outcomes):
    accounts = [entry.argv for entry in outcomes if entry.argv[0] == "account"]
    assert accounts
    for outcome in outcomes:
        if outcome.argv[0] == "account":
            assert outcome.stdout.startswith("account  ")


def _strange(*ids):
    def make(folder):
        name = jsonl(folder, (row(i, account_id=account) for i, account in enumerate(ids)))
        return three(name) + [["account", "show", "--out", "out", "--", account] for account in ids]

    return make


UNICODE = [
    Case(
        "id-unicode",
        "normal-forms",
        _strange("caf\u00e9", "cafe\u0301", "\u212b", "\u00c5", "A\u030a"),
        good=5,
        after=_shown,
    ),
    Case(
        "id-unicode",
        "overrides",
        _strange("\u202enimda", "admin", "a\u200bdmin", "\u2066x\u2069"),
        good=4,
        after=_shown,
    ),
    Case(
        "id-unicode",
        "look-alikes",
        _strange("paypal", "p\u0430ypal", "\uff50aypal", "payp\u0430l"),
        good=4,
        after=_shown,
    ),
    Case(
        "id-unicode", "blank", _strange(" ", "\t", "\u00a0", "\u3000", "\n"), good=5, after=_shown
    ),
    Case(
        "id-unicode",
        "controls",
        _strange("\x1b[2J", "\x07", "\r", "\x9b1m", "-\x7f"),
        good=5,
        after=_shown,
    ),
]


def _typed(name, kind, values):
    return lambda folder: three(
        parquet(folder, table(len(values), **{name: pa.array(values, kind)}))
    )


NUMBERS = [
    Case(
        "counts",
        "infinities",
        _typed("input_tokens", pa.float64(), [np.nan, np.inf, -np.inf, 1e300, 2.5, 3]),
        good=6,
        cells={"not-a-number": 4},
    ),
    Case(
        "counts",
        "negative",
        _typed("output_tokens", pa.int64(), [-1, -(2**63), 0, 5]),
        good=4,
        cells={"negative-number": 2},
    ),
    Case(
        "counts",
        "greatest",
        _typed("output_tokens", pa.int64(), [2**63 - 1, 2**62, 2**53 + 1]),
        good=3,
    ),
    Case(
        "counts",
        "text",
        _rows(
            *(
                row(i, input_tokens=v)
                for i, v in enumerate(
                    ("12", "1_000", "1,000", "0x1f", "١٢", "12abc", " 7 ", "1e400", "-0")
                )
            )
        ),
        good=9,
        cells={"not-a-number": 6},
    ),
    Case(
        "counts",
        "temperatures",
        _typed("temperature", pa.float64(), [-1.0, 1e308, np.inf, np.nan]),
        good=4,
        cells={"negative-number": 1, "not-a-number": 1},
    ),
]


def _addresses(*values):
    return _rows(*(row(i, ip=value) for i, value in enumerate(values)))


NETWORK = [
    Case(
        "addresses",
        "hops",
        _addresses("10.0.0.1, 10.0.0.2", "unknown", "10.0.0.1"),
        good=3,
        cells={"bad-ip": 2},
    ),
    Case(
        "addresses",
        "odd-forms",
        _addresses("010.0.0.1", "0x7f.1", "2130706433", "::ffff:1.2.3.4", "1.2.3"),
        good=5,
        cells={"bad-ip": 4},
    ),
    Case(
        "addresses",
        "of-10-MB",
        _addresses("1" * 10_000_000, "10.0.0.1" + " " * 10_000_000, ":" * 10_000_000),
        good=3,
        cells={"bad-ip": 2},
    ),
    Case(
        "addresses",
        "zones-and-ports",
        _addresses("fe80::1%" + "e" * 999, "[::1]:99999", "[[::1]]", "::1%"),
        good=4,
        cells={"bad-ip": 1},
    ),
    Case(
        "addresses",
        "100000-distinct",
        lambda f: three(
            jsonl(f, (row(i, ip=f"2001:db8::{i >> 16:x}:{i & 0xFFFF:x}") for i in range(30_000)))
        ),
        good=30_000,
    ),
]
CASES = (*TIMES, *TEXT, *CLOCKS, *IDS, *LENGTH, *UNICODE, *NUMBERS, *NETWORK)
