"""JSON Lines from standard input: read once, held nowhere.

The rows go by once, so that ids are taken as text (a mapping's ``account_id_type`` says
otherwise): whether all are integers is not known before the last.
"""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, BinaryIO

from stillwatch.errors import InputFormatError
from stillwatch.find.sources.interface import FileLayout, InputFile
from stillwatch.find.sources.jsonlines import (
    HEAD_ROWS,
    JsonLines,
    layout_of,
    pack_rows,
    parse_lines,
    split_lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.find.sources.interface import RawBatch, Selection
    from stillwatch.find.sources.jsonlines import Parsed

__all__ = ["STANDARD_INPUT", "StandardInput"]

STANDARD_INPUT = "-"
"""Location that means standard input."""
HEAD_BYTES = 64 << 20
"""Bytes of first rows that tell the columns, at most."""


class StandardInput:
    """JSON Lines of a stream that cannot be read again.

    Args:
        stream: the bytes; standard input when not given.
    """

    name = "jsonl"
    suffixes: tuple[str, ...] = ()
    file = InputFile(STANDARD_INPUT, "standard input")
    """What the rest of the program calls it."""

    def __init__(self, stream: BinaryIO | None = None) -> None:
        lines = split_lines(sys.stdin.buffer if stream is None else stream, self.file.shown)
        first = next(lines, None)
        if first is None or (first[1] is not None and not first[1].lstrip().startswith(b"{")):
            raise InputFormatError(
                "standard input is not JSON Lines" if first else "standard input is empty",
                where=self.file.shown,
                todo="write one JSON object a line (jq -c '.[]' makes them of an array)",
            )
        self._rows: Iterator[Parsed] | None = parse_lines(itertools.chain([first], lines))
        self._head: list[Parsed] = []

    def recognises(self, head: bytes) -> bool:
        """Whether the bytes start with a JSON object."""
        return JsonLines().recognises(head)

    def layout(self, file: InputFile) -> FileLayout:  # noqa: ARG002 - there is one
        """Return the keys of the first 10,000 rows, or of the first 64 MiB."""
        size = sum(row.size for row in self._head)
        while self._rows is not None and len(self._head) < HEAD_ROWS and size < HEAD_BYTES:
            row = next(self._rows, None)
            if row is None:
                break
            self._head.append(row)
            size += row.size
        return layout_of(self._head)

    def integer_ids(self, file: InputFile, column: str) -> bool:  # noqa: ARG002 - as the protocol
        """Whether every id is an integer: not known in time."""
        return False

    def read(self, file: InputFile, selection: Selection) -> Iterator[RawBatch]:
        """Yield the rows, once.

        Raises:
            InputFormatError: the stream breaks off, or was read before.
        """
        if self._rows is None:
            raise InputFormatError(
                "standard input can be read only once",
                where=file.shown,
                todo="write the rows to a file, where a second reading is needed",
            )
        rows, head = self._rows, self._head
        self._rows, self._head = None, []
        yield from pack_rows(itertools.chain(_drain(head), rows), selection)


def _drain(head: list[Parsed]) -> Iterator[Parsed]:
    """Yield the rows held, letting go of each."""
    head.reverse()
    while head:
        yield head.pop()
