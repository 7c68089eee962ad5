"""What hostile inputs are made of: rows, files of them, and Parquet written byte by byte."""

from __future__ import annotations

import gzip
import json
import struct

import pyarrow as pa
import pyarrow.parquet as pq

NOW = 1767323045
"""Seconds since 1970: a time that every rule accepts."""


def row(number=0, **changed):
    """Return a good exchange; a value of ``...`` takes a column out."""
    made = {
        "time": NOW + number,
        "exchange_id": f"x{number}",
        "account_id": f"a{number % 3}",
        "model": "m",
        "prompt": f"what is {number}",
    }
    made |= changed
    return {name: value for name, value in made.items() if value is not ...}


def lines(rows):
    """Return rows as JSON Lines; strings and bytes are taken as lines of their own."""
    made = []
    for entry in rows:
        if isinstance(entry, dict):
            made.append(json.dumps(entry).encode())
        else:
            made.append(entry if isinstance(entry, bytes) else entry.encode())
    return b"\n".join(made) + b"\n"


def jsonl(folder, rows, name="log.jsonl"):
    (folder / name).write_bytes(lines(rows))
    return name


def raw(folder, content, name):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def zeros(folder, name, mebibytes, byte=b"0", *, before=b"", after=b""):
    """Write a compressed file that holds one byte over and over."""
    block = byte * (1 << 20)
    if name.endswith(".zst"):
        with pa.CompressedOutputStream(str(folder / name), "zstd") as out:
            out.write(before)
            for _ in range(mebibytes):
                out.write(block)
            out.write(after)
    else:
        member = gzip.compress(block)  # members may follow each other, and compress once
        content = gzip.compress(before) + member * mebibytes + gzip.compress(after)
        (folder / name).write_bytes(content)
    return name


def table(rows=3, **changed):
    """Return good exchanges as a table; further columns replace or join those."""
    made = [row(i) for i in range(rows)]
    columns = {name: pa.array([entry[name] for entry in made]) for name in row()}
    columns["time"] = columns["time"].cast(pa.timestamp("s", "UTC"))
    columns |= changed
    return pa.table({n: c for n, c in columns.items() if c is not ...})


def parquet(folder, made, name="log.parquet", **options):
    pq.write_table(made, folder / name, **options)
    return name


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number):
    return varint((number << 1) ^ (number >> 63))


class Thrift:
    """Structures of the compact protocol, field by field.

    Source: Apache Thrift compact protocol specification; the fields are those of parquet.thrift.
    """

    def __init__(self):
        self._bytes = bytearray()
        self._last = 0

    def _field(self, number, kind):
        self._bytes += bytes([(number - self._last) << 4 | kind])
        self._last = number

    def i32(self, number, value):
        self._field(number, 5)
        self._bytes += zigzag(value)
        return self

    def i64(self, number, value):
        self._field(number, 6)
        self._bytes += zigzag(value)
        return self

    def text(self, number, value):
        self._field(number, 8)
        self._bytes += varint(len(value)) + value
        return self

    def many(self, number, kind, values):
        self._field(number, 9)
        size = len(values)
        self._bytes += (
            bytes([size << 4 | kind]) if size < 15 else bytes([0xF0 | kind]) + varint(size)
        )
        self._bytes += b"".join(values)
        return self

    def inner(self, number, value):
        self._field(number, 12)
        self._bytes += value
        return self

    def done(self):
        return bytes(self._bytes) + b"\0"


NAMES = ("time", "exchange_id", "account_id", "model", "prompt")


def leaf(name, kind=6, repetition=0):
    """Return a schema element; 6 is bytes and 2 a 64-bit integer."""
    made = Thrift().i32(1, kind).i32(3, repetition).text(4, name.encode())
    return (made.i32(6, 0) if kind == 6 else made).done()


def group(name, children, repetition=0, converted=None):
    made = Thrift().i32(3, repetition).text(4, name.encode()).i32(5, children)
    return (made if converted is None else made.i32(6, converted)).done()


def chunk(name, *, values, size, at, kind=6, codec=0, encodings=(0, 3)):
    held = Thrift().i32(1, kind).many(2, 5, [zigzag(e) for e in encodings])
    held.many(3, 8, [varint(len(name)) + name.encode()]).i32(4, codec)
    held.i64(5, values).i64(6, size).i64(7, size).i64(9, at)
    return Thrift().i64(2, at).inner(3, held.done()).done()


def footed(folder, footer, name="log.parquet", *, body=b"", length=None):
    """Write a Parquet file of the given footer."""
    length = len(footer) if length is None else length
    content = b"PAR1" + body + footer + struct.pack("<I", length & 0xFFFFFFFF) + b"PAR1"
    return raw(folder, content, name)


def footer(schema, *, rows, groups=()):
    made = Thrift().i32(1, 2).many(2, 12, schema).i64(3, rows).many(4, 12, list(groups))
    return made.done()


def log_footer(*, rows, extra=(), groups=None, size=100, at=4, group_rows=None):
    """Return the footer of a log whose counts are free."""
    schema = [group("schema", len(NAMES) + bool(extra))]
    schema += [leaf(name, 2 if name == "time" else 6) for name in NAMES]
    schema += list(extra)
    if groups is None:
        chunks = [
            chunk(n, values=rows, size=size, at=at, kind=2 if n == "time" else 6) for n in NAMES
        ]
        held = Thrift().many(1, 12, chunks).i64(2, size * len(NAMES))
        groups = [held.i64(3, rows if group_rows is None else group_rows).done()]
    return footer(schema, rows=rows, groups=groups)
