"""Verdicts as CSV that a spreadsheet opens without running anything in it.

A cell that a spreadsheet would take for a formula gets an apostrophe in front, and control
characters are spelled out, so that a row is a line.  Programs that must have an account id byte
for byte read the Parquet or JSON twin.
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stillwatch.report.documents.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stillwatch.records import Verdict

__all__ = ["VERDICT_COLUMNS", "csv_lines", "verdict_cells", "verdicts_csv"]

VERDICT_COLUMNS = (
    "account_id",
    "campaign_id",
    "flagged_at",
    "score",
    "reasons",
    "recommended_measure",
)
"""Columns of ``verdicts.csv``, in order."""

_FORMULA = frozenset("=+-@|%\uff1d\uff0b\uff0d\uff20")
_LONGEST = 8_000


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    r"""Yield a header and rows as RFC 4180 lines; every text is quoted.

    Args:
        head: column names.
        rows: cells; numbers stay numbers, times become ISO 8601 in UTC, None is empty.

    >>> list(csv_lines(["a"], [["=1+1"], [-5], [None]]))[1:]
    ['"\'=1+1"\r\n', '-5\r\n', '""\r\n']
    """
    yield _written(head)
    for row in rows:
        yield _written([_cell(value) for value in row])


def verdict_cells(verdict: Verdict) -> tuple[object, ...]:
    """Return a verdict's cells in the order of ``VERDICT_COLUMNS``."""
    return (
        verdict.account_id,
        verdict.campaign_id,
        verdict.flagged_at,
        verdict.score,
        "; ".join(verdict.reasons),
        verdict.recommended_measure,
    )


def verdicts_csv(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Yield the lines of ``verdicts.csv``."""
    return csv_lines(VERDICT_COLUMNS, (verdict_cells(verdict) for verdict in verdicts))


def _cell(value: object) -> object:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case _:
            text = visible(str(value), _LONGEST)
            return f"'{text}" if text.lstrip()[:1] in _FORMULA else text


def _written(row: Sequence[object]) -> str:
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerow(row)
    return file.getvalue()
