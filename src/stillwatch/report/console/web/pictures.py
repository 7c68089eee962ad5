"""Pictures of the console as geometry: the report's own, fed from what the cases hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from stillwatch.records import TIME, Campaign, Event, FamilyVote, Finding
from stillwatch.report.documents.axis import Axis, Tick
from stillwatch.report.documents.charts import Timeline, timeline
from stillwatch.report.documents.votes import Votes, threshold, votes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from stillwatch.report.console.cases.records import (
        Bin,
        CampaignRow,
        CampaignView,
        Day,
        FindingRow,
        Run,
        VoteRow,
    )

__all__ = ["Days", "Drawn", "days", "drawn"]

_ACTIVITY = pa.schema(
    [
        ("time", TIME),
        ("exchanges", pa.int64()),
        ("accounts_created", pa.int64()),
        ("accounts_blocked", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A campaign's pictures, as the report's templates take them."""

    anchor: str
    campaign: Campaign
    timeline: Timeline
    votes: Votes


@dataclass(frozen=True, slots=True)
class _Column:
    """A day in the picture of days."""

    x: float
    width: float
    """Percent."""
    leaked: float
    late: float
    """Heights of what was taken before and after declarations, percent of the lane."""
    cost: float
    """Height, percent of the lane."""


@dataclass(frozen=True, slots=True)
class Days:
    """What was taken, by day."""

    columns: tuple[_Column, ...]
    ticks: tuple[Tick, ...]
    peak: int
    """Exchanges of the largest day."""
    peak_cost: float
    """Likely cost of the dearest day."""
    exchanges: int
    leaked: int
    cost: tuple[float, float, float] | None
    """Of all days: low, likely, high; None where no day's is known."""


def drawn(
    view: CampaignView, flagged: Mapping[str, datetime], run: Run | None, declared: int
) -> Drawn:
    """Return a campaign's pictures.

    Args:
        view: the campaign.
        flagged: when each of its accounts was flagged.
        run: the scan that weighed it; None where it is not known any more.
        declared: campaigns that stand.
    """
    campaign = _campaign(view.row, flagged, view.findings, view.votes)
    events = [Event(time, kind, model or None) for time, kind, model in view.events]
    asked = threshold(run.groups_tested, run.alpha, declared) if run else 0.0
    return Drawn(
        "campaign",
        campaign,
        timeline(campaign, _activity(view.bins), max(view.as_of, view.row.first_seen), events),
        votes(campaign, asked),
    )


def days(rows: Sequence[Day]) -> Days | None:
    """Return the picture of days, from the first on which something was taken; None without."""
    first = next((number for number, day in enumerate(rows) if day.exchanges), None)
    if first is None:
        return None
    rows = rows[first:]
    axis = Axis(rows[0].day, rows[-1].day + timedelta(days=1))
    peak = max(1, *(day.exchanges for day in rows))
    costs = [day.cost for day in rows if day.cost is not None]
    dearest = max((likely for _, likely, _ in costs), default=0.0)
    columns = []
    for day in rows:
        left = axis.x(day.day)
        width = max(axis.x(day.day + timedelta(days=1)) - left - 0.15, 0.1)
        likely = day.cost[1] if day.cost else 0.0
        columns.append(
            _Column(
                left,
                round(width, 3),
                round(100 * day.leaked / peak, 2),
                round(100 * (day.exchanges - day.leaked) / peak, 2),
                round(100 * likely / dearest, 2) if dearest else 0.0,
            )
        )
    total = tuple(sum(cost[i] for cost in costs) for i in range(3)) if costs else None
    return Days(
        tuple(columns),
        axis.ticks(),
        peak,
        dearest,
        sum(day.exchanges for day in rows),
        sum(day.leaked for day in rows),
        total,  # type: ignore[arg-type] # three of them
    )


def _campaign(
    row: CampaignRow,
    flagged: Mapping[str, datetime],
    findings: Sequence[FindingRow],
    families: Sequence[VoteRow],
) -> Campaign:
    return Campaign(
        campaign_id=row.campaign_id,
        members={},
        flagged_at=dict(flagged.items()),
        findings=tuple(_finding(one, row.campaign_id) for one in findings),
        log_e=row.log_e or 0.0,
        first_seen=row.first_seen,
        declared_at=row.declared_at,
        exchanges=row.exchanges,
        leaked=row.leaked,
        kind=row.kind,
        kind_confidence=row.kind_confidence,
        recommended_measure=row.recommended_measure,
        votes=tuple(FamilyVote(v.family, v.log_e, v.null, v.crowds) for v in families),
    )


def _finding(row: FindingRow, group: str) -> Finding:
    return Finding(
        detector=row.detector,
        family=row.family,
        group=group,
        log_e=row.log_e or 0.0,
        enough_data=row.enough_data,
        effect=row.effect or 0.0,
        n=row.accounts,
        first=row.first,
        last=row.last,
        explanation=row.explanation,
        role=row.role,
    )


def _activity(bins: Sequence[Bin]) -> pa.Table | None:
    if not bins:
        return None
    columns = {
        "time": [one.time for one in bins],
        "exchanges": [one.exchanges for one in bins],
        "accounts_created": [one.created for one in bins],
        "accounts_blocked": [one.blocked for one in bins],
    }
    return pa.table(columns, schema=_ACTIVITY)
