"""CSV and TSV files with a header line."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from stillwatch.errors import InputFormatError
from stillwatch.find.sources.files import HEAD, open_bytes, read_head
from stillwatch.find.sources.interface import FileLayout, Rejected
from stillwatch.find.sources.mapping import printable
from stillwatch.find.sources.records import pack
from stillwatch.find.sources.rules import RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.find.sources.interface import InputFile, RawBatch, Selection
    from stillwatch.find.sources.records import Record

__all__ = ["Csv"]

LONGEST_ROW = 64 << 20
"""Characters of a row, and so of a field, whose limit in Python is less than a long prompt."""
BATCH_CHARACTERS = 64 << 20
DELIMITERS = ",\t;|"


class Csv:
    """Comma, tab, semicolon or bar separated values; a quoted field may span lines."""

    name = "csv"
    suffixes: tuple[str, ...] = (".csv", ".tsv")

    def recognises(self, head: bytes) -> bool:
        """Whether the first line is printable text in several fields, or one word."""
        first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0]
        if b"\0" in first or not first.strip():
            return False
        try:
            text = first.decode("utf-8").strip()
        except UnicodeDecodeError:
            return False
        several = any(mark in text for mark in DELIMITERS) or re.fullmatch(r'"?\w+"?', text)
        return bool(several) and text.replace("\t", "").isprintable()

    def layout(self, file: InputFile) -> FileLayout:
        """Return the names of the header line."""
        return FileLayout(tuple(self._header(file)[0]))

    def integer_ids(self, file: InputFile, column: str) -> bool:  # noqa: ARG002
        """Whether ids are integers: never, since CSV has no types."""
        return False

    def read(self, file: InputFile, selection: Selection) -> Iterator[RawBatch]:
        """Yield the rows of one file; a row with too many or few fields is rejected."""
        header, delimiter = self._header(file)
        records: list[Record] = []
        positions: list[int] = []
        rejected: list[Rejected] = []
        size = 0
        for position, row in enumerate(_rows(file, delimiter)):
            if row is None:
                rejected.append(Rejected(position, RECORD, {"problem": "text after a quote"}))
            elif len(row) != len(header):
                if row:
                    fields = {"fields": len(row), "expected": len(header)}
                    rejected.append(Rejected(position, RECORD, fields))
            else:
                records.append(dict(zip(header, row, strict=True)))
                positions.append(position)
                size += sum(map(len, row))
            if len(records) + len(rejected) >= selection.batch_rows or size > BATCH_CHARACTERS:
                yield pack(records, positions, selection, rejected)
                records, positions, rejected, size = [], [], [], 0
        if records or rejected:
            yield pack(records, positions, selection, rejected)

    def _header(self, file: InputFile) -> tuple[list[str], str]:
        head = read_head(file.path)
        first, ended, _ = head.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
        if not ended and len(head) == HEAD:
            raise InputFormatError(
                "the header line is over 64 KiB long",
                where=file.shown,
                todo="write a CSV of fewer columns, or as JSON Lines or Parquet",
            )
        line = first.decode("utf-8", "replace").rstrip("\r")
        delimiter = max(DELIMITERS, key=line.count)
        names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
        twice = {name for name, times in Counter(names).items() if times > 1}
        if twice or not any(names):
            raise InputFormatError(
                f"the header names {', '.join(map(printable, sorted(twice)[:12]))} twice"
                if twice
                else "no header line",
                where=file.shown,
                todo="give the file one header line with distinct names",
            )
        return names, delimiter


class _Lines:
    """Lines of a text, those of one row never longer than a row may be."""

    def __init__(self, text: io.TextIOWrapper, shown: str) -> None:
        self._text = text
        self._shown = shown
        self.held = 0
        """Characters since the row began."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        self.held += len(line)
        if self.held > LONGEST_ROW:
            raise InputFormatError(
                "a row of the CSV is over 64 MiB long",
                where=self._shown,
                todo="look for a quote that is not closed, or for a line that does not end",
            )
        return line


def _rows(file: InputFile, delimiter: str) -> Iterator[list[str] | None]:
    """Yield the fields of each row after the header, None where its quotes are wrong."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_ROW))
    at = -1
    with open_bytes(file.path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
        lines = _Lines(text, file.shown)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            row: list[str] | None
            try:
                row = next(reader)
                lines.held = 0
            except StopIteration:
                return
            except csv.Error as error:
                if "expected after" not in str(error):
                    # After a quote that never closes no later row boundary can be trusted.
                    raise InputFormatError(
                        f"the CSV cannot be read after row {at}: {error}",
                        where=file.shown,
                        todo="look for a quote that is not closed in the row after it",
                    ) from error
                row, lines.held = None, 0
            except (OSError, pa.ArrowException) as error:
                raise InputFormatError(
                    f"the compressed file is damaged: {error}",
                    where=file.shown,
                    todo="fetch it again",
                ) from error
            if at >= 0:
                yield row
            at += 1
