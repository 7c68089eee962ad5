"""A back-test as CSV: what was flagged at which look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stillwatch.report.documents.csv_verdicts import csv_lines
from stillwatch.report.documents.folder import staged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["HISTORY", "HISTORY_COLUMNS", "write_history"]

HISTORY = "backtest.csv"
"""Name of the file."""
HISTORY_COLUMNS = ("time", "campaign_id", "event", "flagged", "members", "exchanges", "leaked")
"""Its columns: look, campaign, whether it was declared or grew, accounts flagged then and so far,
and the campaign's exchanges in all and before its declaration."""


def write_history(rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Write a history beside a scan's results.

    Args:
        rows: by column.
        out: the folder.

    Raises:
        OutputError: it cannot be written.
    """
    lines = csv_lines(HISTORY_COLUMNS, [[row[name] for name in HISTORY_COLUMNS] for row in rows])
    with staged(out, [HISTORY]) as stage:
        (stage / HISTORY).write_text("".join(lines), encoding="utf-8", newline="")
