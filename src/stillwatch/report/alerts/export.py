"""Verdicts for the operator's own enforcement: each account's newest change since a time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from stillwatch.records import TIME, Verdict, verdict_schema
from stillwatch.report.documents.csv_verdicts import VERDICT_COLUMNS, csv_lines, verdict_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stillwatch.report.alerts.memory import VerdictChange
    from stillwatch.report.alerts.reading import FoundScan

__all__ = ["ChangedVerdict", "changed_since", "changes_csv", "changes_jsonl", "changes_table"]


@dataclass(frozen=True, slots=True)
class ChangedVerdict:
    """A verdict and what happened to it last."""

    verdict: Verdict
    """As it is now; a withdrawn one has score 0 and no campaign to act upon."""
    change: str
    """flagged, changed or withdrawn."""
    changed_at: datetime
    """When, UTC."""


def changed_since(
    found: FoundScan, changes: Iterable[VerdictChange], since: datetime
) -> tuple[ChangedVerdict, ...]:
    """Return the verdicts whose flag or change is at or after a time, oldest change first.

    Args:
        found: a scan.
        changes: what an outbox wrote down since then, oldest first; nothing where there is none.
        since: UTC.
    """
    last = {change.account_id: change for change in changes}
    rows = []
    for verdict in found.flagged:
        change = last.pop(verdict.account_id, None)
        if change is not None and change.change != "withdrawn":
            rows.append(ChangedVerdict(verdict, change.change, change.changed_at))
        elif verdict.flagged_at is not None and verdict.flagged_at >= since:
            rows.append(ChangedVerdict(verdict, "flagged", verdict.flagged_at))
    for change in last.values():
        gone = change.change == "withdrawn"
        verdict = Verdict(
            account_id=change.account_id,
            campaign_id=change.campaign_id,
            flagged_at=change.flagged_at,
            score=0.0 if gone else change.score,
            reasons=(),
            recommended_measure=change.recommended_measure,
        )
        rows.append(ChangedVerdict(verdict, change.change, change.changed_at))
    return tuple(sorted(rows, key=lambda row: (row.changed_at, str(row.verdict.account_id))))


def changes_csv(rows: Iterable[ChangedVerdict]) -> Iterator[str]:
    """Yield the rows as CSV; cells that look like formulas are marked."""
    head = (*VERDICT_COLUMNS, "change", "changed_at")
    cells = ((*verdict_cells(row.verdict), row.change, row.changed_at) for row in rows)
    return csv_lines(head, cells)


def changes_jsonl(rows: Iterable[ChangedVerdict]) -> Iterator[str]:
    """Yield the rows as JSON Lines, ASCII; account ids are exact."""
    for row in rows:
        verdict = row.verdict
        document = {
            "account_id": verdict.account_id,
            "campaign_id": verdict.campaign_id,
            "flagged_at": None if verdict.flagged_at is None else _text(verdict.flagged_at),
            "score": verdict.score,
            "reasons": list(verdict.reasons),
            "recommended_measure": verdict.recommended_measure,
            "change": row.change,
            "changed_at": _text(row.changed_at),
        }
        yield json.dumps(document, ensure_ascii=True) + "\n"


def changes_table(rows: Iterable[ChangedVerdict], account_type: pa.DataType) -> pa.Table:
    """Return the rows as a table: the columns of ``verdicts.parquet``, change and changed_at."""
    schema = verdict_schema(account_type)
    for field in (pa.field("change", pa.string()), pa.field("changed_at", TIME)):
        schema = schema.append(field.with_nullable(nullable=False))
    listed = list(rows)
    columns = {name: [getattr(row.verdict, name) for row in listed] for name in VERDICT_COLUMNS}
    columns["change"] = [row.change for row in listed]
    columns["changed_at"] = [row.changed_at for row in listed]
    return pa.Table.from_pydict(columns, schema=schema)


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
