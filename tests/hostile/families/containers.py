"""Files that are empty, cut off, of another kind than they say, or that unpack to far too much."""

from __future__ import annotations

import gzip
import io
import os
import socket
from pathlib import Path

import pyarrow as pa
from materials import jsonl, lines, raw, row, table, zeros
from running import Case, three

FORMAT, ABSENT = "InputFormatError", "SourceNotFoundError"
GOOD = lines(row(i) for i in range(3))


def _content(name, content, *options):
    return lambda folder: three(raw(folder, content, name), *options)


def _parquet_bytes():
    held = io.BytesIO()
    pa.parquet.write_table(table(), held)
    return held.getvalue()


def _zstd(content):
    held = pa.BufferOutputStream()
    with pa.CompressedOutputStream(held, "zstd") as out:
        out.write(content)
    return held.getvalue().to_pybytes()


def _damaged_crc():
    packed = bytearray(gzip.compress(GOOD))
    packed[-6] ^= 0xFF
    return bytes(packed)


EMPTY = [
    Case("empty-file", name, _content(f"log.{name}", b""), FORMAT, "empty")
    for name in ("jsonl", "csv", "parquet")
] + [
    Case("empty-file", "blank", _content("log.jsonl", b" \n\t\n" * 50), FORMAT, "empty"),
    Case("empty-file", "mark-only", _content("log.jsonl", b"\xef\xbb\xbf"), FORMAT),
]

WRONG = [
    Case("other-content", "json-as-parquet", _content("log.parquet", GOOD), FORMAT, "content"),
    Case(
        "other-content",
        "parquet-as-json",
        _content("log.jsonl", _parquet_bytes()),
        FORMAT,
        "content",
    ),
    Case(
        "other-content",
        "csv-as-json",
        _content("log.jsonl", "time,model\n1,2\n"),
        FORMAT,
        "content",
    ),
    Case(
        "other-content",
        "picture-as-csv",
        _content("log.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9),
        FORMAT,
        "content",
    ),
    Case(
        "other-content",
        "parquet-in-gzip",
        _content("log.parquet", gzip.compress(_parquet_bytes())),
        FORMAT,
    ),
]

CUT = [
    Case("cut-off", "parquet", _content("log.parquet", _parquet_bytes()[:-60]), FORMAT, "damaged"),
    Case("cut-off", "gzip", _content("log.jsonl.gz", gzip.compress(GOOD * 99)[:-20]), FORMAT),
    Case(
        "cut-off", "zstd", _content("log.jsonl.zst", _zstd(os.urandom(0) + GOOD * 99)[:-9]), FORMAT
    ),
    Case(
        "cut-off",
        "last-line",
        _content("log.jsonl", GOOD[:-30]),
        good=2,
        bad={"unreadable-record": 1},
    ),
    Case(
        "cut-off",
        "open-quote",
        _content("log.csv", 'time,exchange_id,account_id,model,prompt\n2026-01-02,x,a,m,"p\n'),
        FORMAT,
        "CSV",
    ),
]

BOMBS = [
    Case(
        "decompression-bomb",
        "gzip-one-line",
        lambda folder: three(zeros(folder, "log.jsonl.gz", 1500, before=GOOD)),
        FORMAT,
        "times its size",
    ),
    Case(
        "decompression-bomb",
        "zstd-blank-lines",
        lambda folder: three(zeros(folder, "log.jsonl.zst", 1500, b"\n", before=GOOD)),
        FORMAT,
        "times its size",
    ),
    Case(
        "decompression-bomb",
        "zstd-one-field",
        lambda folder: three(
            zeros(
                folder,
                "log.csv.zst",
                1500,
                before=b"time,exchange_id,account_id,model,prompt\n2026-01-02,x,a,m,",
            )
        ),
        FORMAT,
    ),
    Case(
        "decompression-bomb",
        "gzip-spaces-first",
        lambda folder: three(zeros(folder, "log.jsonl.gz", 1500, b" ", after=GOOD)),
        FORMAT,
    ),
    Case(
        "decompression-bomb",
        "account-table",
        lambda folder: three(
            jsonl(folder, [row()]),
            "--accounts",
            zeros(folder, "accounts.jsonl.zst", 1500, b"\n", before=b'{"account_id": "a0"}\n'),
        )[:2],
        FORMAT,
        "times its size",
    ),
]

FRAMES = [
    Case(
        "container-frames",
        "gzip-twice",
        _content("log.jsonl.gz", gzip.compress(GOOD) * 2),
        good=3,
        bad={"duplicate-id": 3},
    ),
    Case(
        "container-frames",
        "zstd-twice",
        _content("log.jsonl.zst", _zstd(GOOD) * 2),
        good=3,
        bad={"duplicate-id": 3},
    ),
    Case(
        "container-frames",
        "gzip-in-gzip",
        _content("log.jsonl.gz", gzip.compress(gzip.compress(GOOD))),
        FORMAT,
    ),
    Case("container-frames", "gzip-checksum", _content("log.jsonl.gz", _damaged_crc()), FORMAT),
    Case(
        "container-frames",
        "gzip-then-noise",
        _content("log.jsonl.gz", gzip.compress(GOOD) + b"\x1f\x8bnoise" * 9),
        FORMAT,
    ),
]


def _fifo(folder):
    os.mkfifo(folder / "log.jsonl")
    return three("log.jsonl")


def _socket(folder):
    held = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(folder)
    try:
        held.bind("log.jsonl")
    finally:
        os.chdir(here)
        held.close()
    return three("log.jsonl")


def _fifo_in_folder(folder):
    (folder / "logs").mkdir()
    jsonl(folder / "logs", [row()])
    os.mkfifo(folder / "logs" / "more.jsonl")
    return three("logs")


KINDS = [
    Case("not-a-file", "pipe", _fifo, ABSENT, "neither"),
    Case("not-a-file", "socket", _socket, ABSENT, "neither"),
    Case("not-a-file", "endless-device", lambda _: three("/dev/zero"), ABSENT, "neither"),
    Case("not-a-file", "empty-device", lambda _: three("/dev/null"), ABSENT, "neither"),
    Case("not-a-file", "pipe-in-folder", _fifo_in_folder, good=1),
]


def _stdin(content, **expected):
    def make(folder):
        raw(folder, content, "given")
        return [["scan", "-", "--check", "--json"]]

    return {"make": make, "stdin": "given", **expected}


STREAM = [
    Case("standard-input", "empty", **_stdin(b"", error=FORMAT, words="empty")),
    Case("standard-input", "compressed", **_stdin(gzip.compress(GOOD), error=FORMAT)),
    Case("standard-input", "bytes", **_stdin(bytes(range(256)) * 99, error=FORMAT)),
    Case(
        "standard-input",
        "one-endless-line",
        **_stdin(
            GOOD + b"[" * (70 << 20) + b"\n" + lines([row(9)]), good=4, bad={"unreadable-record": 1}
        ),
    ),
    Case(
        "standard-input",
        "read-twice",
        make=lambda folder: (
            [["scan", "-", "--accounts", "-", "--check"]] * bool(raw(folder, GOOD, "given"))
        ),
        stdin="given",
        error=FORMAT,
    ),
]

CASES = (*EMPTY, *WRONG, *CUT, *BOMBS, *FRAMES, *KINDS, *STREAM)
