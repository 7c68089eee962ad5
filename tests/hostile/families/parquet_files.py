"""Parquet whose footer lies, whose types nest, or whose few bytes stand for many."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
from materials import (
    NAMES,
    NOW,
    Thrift,
    chunk,
    footed,
    footer,
    group,
    leaf,
    log_footer,
    parquet,
    raw,
    table,
)
from running import Case, three

FORMAT, COLUMN = "InputFormatError", "MissingColumnError"


def _footed(made, **options):
    return lambda folder: three(footed(folder, made, **options))


FOOTER = [
    Case("parquet-footer", "length-of-4-GiB", _footed(b"x" * 50, length=-1), FORMAT, "Parquet"),
    Case("parquet-footer", "noise", _footed(bytes(range(256)) * 4), FORMAT, "Parquet"),
    Case(
        "parquet-footer", "no-length", lambda f: three(raw(f, b"PAR1PAR1", "log.parquet")), FORMAT
    ),
    Case(
        "parquet-footer",
        "encrypted",
        lambda f: three(raw(f, b"PARE" + bytes(64) + b"PARE", "log.parquet")),
        FORMAT,
    ),
    Case(
        "parquet-footer",
        "two-billion-names",
        _footed(Thrift().i32(1, 2).done()[:-1] + b"\x19\xfc" + b"\xff\xff\xff\xff\x07" + b"x" * 40),
        FORMAT,
    ),
]
ROWS = [
    Case("parquet-counts", "rows-2-to-31", _footed(log_footer(rows=2**31)), FORMAT),
    Case("parquet-counts", "rows-2-to-62", _footed(log_footer(rows=2**62)), FORMAT),
    Case("parquet-counts", "rows-below-zero", _footed(log_footer(rows=-5)), FORMAT),
    Case("parquet-counts", "chunk-beyond-the-file", _footed(log_footer(rows=9, at=2**40)), FORMAT),
    Case("parquet-counts", "chunk-of-4-EiB", _footed(log_footer(rows=9, size=2**62)), FORMAT),
]


def _lists(levels):
    return [*(group(f"n{level}", 1, 1) for level in range(levels)), leaf("end", 2)]


def _deep_structs(levels):
    kind = pa.int64()
    for _ in range(levels):
        kind = pa.struct([("a", kind)])
    return kind


DEPTH = [
    Case(
        "parquet-depth", f"{levels}-lists", _footed(log_footer(rows=0, extra=_lists(levels))), error
    )
    for levels, error in (
        (50, "NoUsableRowsError"),
        (1_000, FORMAT),
        (10_000, FORMAT),
        (200_000, FORMAT),
    )
] + [
    Case(
        "parquet-depth",
        "structs",
        lambda f: three(parquet(f, table(extra=pa.nulls(3, _deep_structs(60))))),
        good=3,
    ),
]


def _columns(folder):
    made = table(**{f"c{i}": pa.array([1, 2, 3]) for i in range(20_000)})
    return three(parquet(folder, made))


def _groups(folder):
    made = table(3)
    with pq.ParquetWriter(folder / "log.parquet", made.schema) as writer:
        for i in range(3_000):
            writer.write_table(made.slice(i % 3, 1))
    return three("log.parquet")


def _twice(folder):
    made = table()
    made = pa.Table.from_arrays(
        [*made.columns, made["account_id"]], names=[*made.column_names, "account_id"]
    )
    return three(parquet(folder, made))


WIDTH = [
    Case("parquet-width", "20000-columns", _columns, good=3, mebibytes=700),
    Case("parquet-width", "3000-row-groups", _groups, good=3, bad={"duplicate-id": 2_997}),
    Case("parquet-width", "name-twice", _twice, FORMAT, "twice"),
    Case(
        "parquet-width",
        "steering-names",
        lambda f: three(
            parquet(f, table(account_id=..., **{"account\x1b[2J_id": pa.array(["a"] * 3)}))
        ),
        COLUMN,
        "account_id",
    ),
    Case("parquet-width", "no-columns", lambda f: three(parquet(f, pa.table({}))), COLUMN),
]


def _big_dictionary(mebibytes, rows):
    """Write few bytes that stand for gigabytes: one long text, and its number in every row."""

    def make(folder):
        indices = pa.array([0] * rows, pa.int32())
        text = pa.DictionaryArray.from_arrays(indices, pa.array(["w " * (mebibytes << 19)]))
        ids = pa.array([f"x{i}" for i in range(rows)])
        time = pa.repeat(pa.scalar(NOW, pa.int64()), rows)
        made = pa.table(
            {
                "time": time,
                "exchange_id": ids,
                "account_id": ids,
                "model": pa.repeat("m", rows),
                "prompt": text,
            }
        )
        name = parquet(folder, made, dictionary_pagesize_limit=64 << 20, compression="zstd")
        return [
            ["scan", name, "--check", "--json"],
            ["observe", name, "--out", "o", "--unkeyed", "--json"],
        ]

    return make


def _zero_page(folder):
    made = table(prompt=pa.array(["p", "q" * (500 << 20), "r"], pa.large_string()))
    return three(parquet(folder, made, compression="zstd", use_dictionary=False))


def _null_column(folder):
    rows = 3_000_000
    made = pa.table(
        {
            "time": pa.repeat(pa.scalar(NOW, pa.int64()), rows),
            **{n: pa.nulls(rows, pa.string()) for n in NAMES[1:]},
        }
    )
    return [["scan", parquet(folder, made, compression="zstd"), "--check", "--json"]]


def _long_lists(folder):
    offsets = pa.array([0, 0, 0, 40_000_000], pa.int32())
    made = table(messages=pa.ListArray.from_arrays(offsets, pa.nulls(40_000_000, pa.int8())))
    return three(parquet(folder, made, compression="zstd"))


EXPANSION = [
    Case(
        "parquet-expansion",
        "long-text-in-every-row",
        _big_dictionary(1, 20_000),
        good=20_000,
        seconds=240,
        mebibytes=1_200,
        slow=True,
    ),
    Case(
        "parquet-expansion",
        "long-text-in-many-rows",
        _big_dictionary(1, 1_000),
        good=1_000,
        seconds=30,
        mebibytes=1_200,
    ),
    Case(
        "parquet-expansion",
        "text-of-500-MB",
        _zero_page,
        good=3,
        cells={"oversize-text": 1},
        mebibytes=2_400,
        seconds=20,
    ),
    Case(
        "parquet-expansion",
        "three-million-nulls",
        _null_column,
        good=0,
        bad={"missing-value": 3_000_000},
        mebibytes=700,
    ),
    Case(
        "parquet-expansion",
        "list-of-40-million",
        _long_lists,
        good=3,
        cells={"oversize-text": 1},
        mebibytes=2_400,
        seconds=60,
        slow=True,
    ),
]


def _damaged(at, value):
    def make(folder):
        name = parquet(folder, table(200), compression="none")
        content = bytearray((folder / name).read_bytes())
        content[at] = value
        return three(raw(folder, bytes(content), name))

    return make


def _page_noise(folder):
    """Fill the dictionary-coded page of the models with noise."""
    name = parquet(folder, table(200, model=pa.array(["m", "n"] * 100)), compression="none")
    content = (folder / name).read_bytes()
    held = pq.ParquetFile(folder / name).metadata.row_group(0).column(3)
    end = held.dictionary_page_offset + held.total_compressed_size
    noise = bytes(range(255, 225, -1))
    return three(raw(folder, content[: end - len(noise)] + noise + content[end:], name))


def _statistics(folder):
    name = parquet(folder, table(), compression="none")
    content = (folder / name).read_bytes()
    # The least and greatest ids stand in the footer's statistics: zz0 is said to be the least.
    tail = content.rindex(b"x0")
    return three(raw(folder, content[:tail] + b"z9" + content[tail + 2 :], name))


PAGES = [
    Case("parquet-pages", "statistics-that-lie", _statistics, good=3),
    Case("parquet-pages", "index-beyond-dictionary", _page_noise, FORMAT),
    Case("parquet-pages", "first-header", _damaged(4, 0xFF), FORMAT),
    Case("parquet-pages", "page-size", _damaged(6, 0xFF), FORMAT),
    Case(
        "parquet-pages",
        "wrong-length",
        _footed(
            footer(
                [group("schema", 5), *[leaf(n, 2 if n == "time" else 6) for n in NAMES]],
                rows=3,
                groups=[
                    Thrift()
                    .many(
                        1,
                        12,
                        [
                            chunk(n, values=v, size=40, at=4, kind=2 if n == "time" else 6)
                            for n, v in zip(NAMES, (3, 2, 9, 3, 3), strict=True)
                        ],
                    )
                    .i64(2, 200)
                    .i64(3, 3)
                    .done()
                ],
            ),
            body=bytes(400),
        ),
        FORMAT,
    ),
]

CASES = (*FOOTER, *ROWS, *DEPTH, *WIDTH, *EXPANSION, *PAGES)
