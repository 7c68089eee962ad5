"""Tables as CSV files that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stillwatch.report.documents.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["cell", "rows"]

_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula, also in full width."""


def cell(value: object) -> str:
    r"""Return a value as a cell that is never a formula.

    Texts that could be one get an apostrophe in front, as spreadsheets write text; controls and
    direction marks are spelled out. Numbers stay numbers.

    >>> cell("=HYPERLINK(1)"), cell(" @SUM(1)"), cell(-1.5), cell(None)
    ("'=HYPERLINK(1)", "' @SUM(1)", '-1.5', '')
    >>> cell("\t=1"), cell("plain")
    ('\\t=1', 'plain')
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool | int | float):
        return str(value)
    text = visible(str(value), 1 << 15)
    return f"'{text}" if text.lstrip().startswith(_STARTS) else text


def rows(lines: Iterable[Sequence[object]]) -> bytes:
    """Return lines of cells as CSV after RFC 4180, every text quoted."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([cell(value) for value in line] for line in lines)
    return out.getvalue().encode("utf-8", "backslashreplace")
