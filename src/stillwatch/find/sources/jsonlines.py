"""JSON Lines, one object a line, and files that hold one JSON array of objects."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import pyarrow as pa

from stillwatch.errors import InputFormatError
from stillwatch.find.sources.files import open_bytes, read_head
from stillwatch.find.sources.interface import FileLayout, Rejected
from stillwatch.find.sources.records import dig, names_in, pack
from stillwatch.find.sources.rules import RECORD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stillwatch.find.sources.interface import InputFile, RawBatch, Selection
    from stillwatch.find.sources.records import Record

__all__ = [
    "HEAD_ROWS",
    "JsonLines",
    "Line",
    "Parsed",
    "layout_of",
    "pack_rows",
    "parse_lines",
    "parse_object",
    "read_lines",
    "read_whole",
    "split_lines",
]

LONGEST_LINE = 64 << 20
"""Bytes; a longer line goes to quarantine without being held in memory."""
LONGEST_DOCUMENT = 256 << 20
"""Bytes of a file that is one JSON document; longer ones must be JSON Lines."""
MOST_PARTS = 1 << 20
"""Objects and lists of a line; one of more goes to quarantine, as it would fill the memory."""
PARTS_AN_OBJECT = 4
"""Values that each of them may have, at the most of all."""
MOST_NAMES = 100_000
"""Names that are kept of the first rows, about; values may be keyed by what people write."""
HEAD_ROWS = 10_000
"""Rows that tell a file's columns."""
BATCH_BYTES = 64 << 20
"""Bytes of lines in a batch, about."""
CHUNK = 1 << 20
BOM = b"\xef\xbb\xbf"


Line = tuple[int, bytes | None]
"""Number of a line, 0-based, and its bytes; None for one that is too long."""


class Parsed(NamedTuple):
    """One record of a file."""

    position: int
    """Line, or place in the array, 0-based."""
    size: int
    """Bytes that it took, 0 where not known."""
    record: Record | Rejected
    """The object, or why there is none."""


class JsonLines:
    """JSON Lines."""

    name = "jsonl"
    suffixes: tuple[str, ...] = (".jsonl", ".ndjson", ".json")

    def recognises(self, head: bytes) -> bool:
        """Whether the file starts with an object, or an array of objects."""
        start = head.removeprefix(BOM).lstrip()
        return start.startswith(b"{") or _is_array(start)

    def layout(self, file: InputFile) -> FileLayout:
        """Return the keys of the first 10,000 rows."""
        return layout_of(itertools.islice(_records(file), HEAD_ROWS))

    def integer_ids(self, file: InputFile, column: str) -> bool:
        """Whether every id is an integer.

        Where the first rows are all integers the rest of the file is searched for an id that is
        not, so that one late string makes the whole column a string.
        """
        found = False
        for parsed in itertools.islice(_records(file), HEAD_ROWS):
            value = None if isinstance(parsed.record, Rejected) else dig(parsed.record, column)
            if value is not None and type(value) is not int:
                return False
            found = found or value is not None
        return found and not _has_other_id(file, column)

    def read(self, file: InputFile, selection: Selection) -> Iterator[RawBatch]:
        """Yield the rows of one file."""
        yield from pack_rows(_records(file), selection)


def layout_of(head: Iterable[Parsed]) -> FileLayout:
    """Return the keys of the first rows as the columns of all."""
    top: dict[str, None] = {}
    nested: dict[str, None] = {}
    for parsed in head:
        if not isinstance(parsed.record, Rejected) and len(top) + len(nested) < MOST_NAMES:
            top.update(dict.fromkeys(parsed.record))
            nested.update((n, None) for n in names_in(parsed.record) if n not in top)
    return FileLayout(tuple(top), tuple(nested), complete=False)


def pack_rows(rows: Iterable[Parsed], selection: Selection) -> Iterator[RawBatch]:
    """Gather rows into batches of bounded size."""
    records: list[Record] = []
    positions: list[int] = []
    rejected: list[Rejected] = []
    size = 0
    for parsed in rows:
        size += parsed.size
        if isinstance(parsed.record, Rejected):
            rejected.append(parsed.record)
        else:
            records.append(parsed.record)
            positions.append(parsed.position)
        if len(records) + len(rejected) >= selection.batch_rows or size > BATCH_BYTES:
            yield pack(records, positions, selection, rejected)
            records, positions, rejected, size = [], [], [], 0
    if records or rejected:
        yield pack(records, positions, selection, rejected)


def _is_array(start: bytes) -> bool:
    return start[:1] == b"[" and start[1:].lstrip()[:1] in (b"{", b"]")


def _records(file: InputFile) -> Iterator[Parsed]:
    if _is_array(read_head(file.path).removeprefix(BOM).lstrip()):
        yield from _array(file)
        return
    yield from parse_lines(read_lines(file))


def parse_lines(lines: Iterable[Line]) -> Iterator[Parsed]:
    """Parse lines."""
    for position, line in lines:
        if line is None:
            yield Parsed(position, 0, Rejected(position, RECORD, {"line": "over 64 MiB"}))
        else:
            yield parse_object(line, position)


def _array(file: InputFile) -> Iterator[Parsed]:
    document = read_whole(file)
    for position, entry in enumerate(document if isinstance(document, list) else ()):
        if isinstance(entry, dict):
            yield Parsed(position, 0, entry)
        else:
            kind = {"record": type(entry).__name__}
            yield Parsed(position, 0, Rejected(position, RECORD, kind))


def parse_object(line: bytes, position: int) -> Parsed:
    """Parse one line; what is not an object becomes a rejected row, without its content.

    >>> parse_object(b'{"a": 1}', 0).record
    {'a': 1}
    """
    if _swells(line, MOST_PARTS):
        fields = {"problem": "too many parts", "bytes": len(line)}
        return Parsed(position, len(line), Rejected(position, RECORD, fields))
    try:
        record = json.loads(line.decode("utf-8", "surrogateescape"))
    except RecursionError:
        error = "nested too deeply"
    except ValueError as problem:
        # The message of a JSON error says where, and never repeats the text.
        error = problem.msg if isinstance(problem, json.JSONDecodeError) else "number too long"
    else:
        if isinstance(record, dict):
            return Parsed(position, len(line), record)
        error = f"not an object but {type(record).__name__}"
    fields = {"problem": error, "bytes": len(line)}
    return Parsed(position, len(line), Rejected(position, RECORD, fields))


def read_lines(file: InputFile) -> Iterator[Line]:
    """Yield the lines of a file, see :func:`split_lines`.

    Raises:
        InputFormatError: the compressed stream is damaged.
    """
    with open_bytes(file.path) as stream:
        yield from split_lines(stream, file.shown)


def split_lines(stream: BinaryIO | pa.NativeFile, shown: str) -> Iterator[Line]:
    """Yield the lines that are not blank, without their ends; None for one over 64 MiB.

    Args:
        stream: read to its end, a mebibyte at a time.
        shown: what to call it in an error.

    Raises:
        InputFormatError: the stream breaks off.
    """
    parts: list[bytes] = []  # of a line whose end has not been seen
    size = number = 0
    first = True
    while chunk := _chunk(stream, shown):
        if first:
            chunk, first = chunk.removeprefix(BOM), False
        head, ended, rest = chunk.partition(b"\n")
        size += len(head)
        if size <= LONGEST_LINE:
            parts.append(head)
        else:
            parts.clear()
        if not ended:
            continue
        yield from _line(number, parts, size)
        number += 1
        if rest.isspace():  # a file of line ends is not gone through one by one
            number += rest.count(b"\n")
            last = rest.rpartition(b"\n")[2]
        else:
            *lines, last = rest.split(b"\n")
            for line in lines:
                if line and not line.isspace():
                    yield number, line
                number += 1
        parts, size = [last], len(last)
    yield from _line(number, parts, size)


def _line(number: int, parts: list[bytes], size: int) -> Iterator[Line]:
    """Yield the line that the parts make, unless it is blank."""
    if size > LONGEST_LINE:
        yield number, None
        return
    line = b"".join(parts)
    if line and not line.isspace():
        yield number, line


def _chunk(stream: BinaryIO | pa.NativeFile, shown: str) -> bytes:
    try:
        return bytes(stream.read(CHUNK))
    except (OSError, pa.ArrowException) as error:
        raise InputFormatError(
            f"the input breaks off or its compression is damaged: {error}",
            where=shown,
            todo="fetch it again",
        ) from error


def _swells(text: bytes, most: int) -> bool:
    """Say whether JSON would take far more memory than its text: each object takes 60 bytes."""
    if len(text) < most:
        return False
    opened = text.count(b"{") + text.count(b"[")
    return opened > most or text.count(b",") > PARTS_AN_OBJECT * most


def read_whole(file: InputFile) -> object:
    """Parse a file that is one JSON document.

    Raises:
        InputFormatError: the file is over 256 MiB, of millions of parts, damaged or not JSON.
    """
    parts: list[bytes] = []
    size = 0
    with open_bytes(file.path) as stream:
        while part := _chunk(stream, file.shown):
            parts.append(part)
            size += len(part)
            if size > LONGEST_DOCUMENT:
                raise InputFormatError(
                    "the file is one JSON document of over 256 MiB",
                    where=file.shown,
                    todo="write JSON Lines instead, one object a line (jq -c '.[]')",
                )
    held = b"".join(parts).removeprefix(BOM)
    parts.clear()
    if _swells(held, 4 * MOST_PARTS):
        raise InputFormatError(
            "the file is one JSON document of too many parts",
            where=file.shown,
            todo="write JSON Lines instead, one object a line (jq -c '.[]')",
        )
    try:
        document: object = json.loads(held.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        what = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        raise InputFormatError(
            f"the file is not JSON: {what}", where=file.shown, todo="write the file again"
        ) from error
    return document


def _has_other_id(file: InputFile, column: str) -> bool:
    if _is_array(read_head(file.path).removeprefix(BOM).lstrip()):
        values = (dig(p.record, column) for p in _array(file) if isinstance(p.record, dict))
        return any(value is not None and type(value) is not int for value in values)
    key = re.escape(json.dumps(column.rpartition(".")[2]).encode())
    suspect = re.compile(key + rb"\s*:\s*(?:[^\s\dn-]|-?\d+[.eE])")
    for position, line in read_lines(file):
        if line is None or not suspect.search(line):
            continue
        record = parse_object(line, position).record
        value = None if isinstance(record, Rejected) else dig(record, column)
        if value is not None and type(value) is not int:
            return True
    return False
