"""Pictures as geometry: what the template draws as SVG and repeats as a table.

Horizontal places are percent of the picture's width and vertical ones pixels, so that text
keeps its size at every width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from stillwatch.records import FAMILIES
from stillwatch.report.documents.axis import Axis, Tick, round_step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa

    from stillwatch.records import Campaign, Finding

__all__ = [
    "Bar",
    "Lane",
    "Span",
    "Timeline",
    "Vote",
    "Votes",
    "overview_spans",
    "threshold",
    "timeline",
    "votes",
]

_BINS = 56
_BIN_SCHEMA = ("time", "exchanges", "accounts_created")


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of a lane."""

    x: float
    """Left edge, percent."""
    width: float
    """Percent."""
    height: float
    """Percent of the lane's height."""
    late: bool
    """Whether the bin starts at or after the declaration."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Counts by bin."""

    name: str
    """What is counted."""
    total: int
    """Sum over the bins drawn."""
    peak: int
    """Largest bin."""
    bars: tuple[Bar, ...]
    """Bins with a count."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lanes over one time axis."""

    lanes: tuple[Lane, ...]
    """Creation, traffic and flags, those that are known."""
    first_x: float
    """First harvest exchange, percent."""
    declared_x: float
    """Declaration, percent."""
    ticks: tuple[Tick, ...]
    """Labels of the axis."""
    step: timedelta
    """Width of a bin."""
    rows: tuple[tuple[datetime, tuple[int, ...]], ...]
    """The table twin: start of each bin that is not empty, and a count for each lane."""
    earlier: int
    """Members created before the axis begins; not drawn."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One family's evidence, or the combination."""

    family: str
    """Family, or ``combined``."""
    log_e: float | None
    """Strongest log e-value; None where nothing could be judged."""
    x: float
    """Left edge of the bar, percent."""
    width: float
    """Percent."""
    detectors: tuple[str, ...]
    """Detectors that gave evidence."""
    proposes: bool
    """Whether the group was proposed by this family alone, so that it has no vote."""


@dataclass(frozen=True, slots=True)
class Votes:
    """The families' bars and what the decision asks for."""

    rows: tuple[Vote, ...]
    """Families in their fixed order, then the combination."""
    zero_x: float
    """Place of log e = 0, percent."""
    threshold: float
    """Log e that e-BH asks for."""
    threshold_x: float
    """Its place, percent."""


@dataclass(frozen=True, slots=True)
class Span:
    """One campaign in the overview."""

    campaign: Campaign
    """The campaign."""
    first_x: float
    """First harvest exchange, percent."""
    declared_x: float
    """Declaration, percent."""
    end_x: float
    """Last activity known, percent."""


def threshold(groups: int, alpha: float, declared: int) -> float:
    """Return the log e-value that e-BH asks of each of ``declared`` groups out of ``groups``."""
    return math.log(max(groups, 1) / (alpha * max(declared, 1))) if alpha > 0 else 0.0


def timeline(campaign: Campaign, activity: pa.Table | None, as_of: datetime) -> Timeline:
    """Return one campaign's lanes.

    Args:
        campaign: the campaign.
        activity: its rows of ``tables.ACTIVITY``, or None where the scan kept none.
        as_of: last look; the axis ends there at the latest.
    """
    points = _points(campaign, activity)
    times = [time for time, *_ in points if time >= campaign.first_seen]
    last = min(as_of, max([*times, campaign.declared_at]))
    last = max(last, campaign.first_seen + timedelta(hours=1))
    span = last - campaign.first_seen
    created = [time for time, _, born, _ in points if born and time >= campaign.first_seen - span]
    start = min([campaign.first_seen, *created]) - span * 0.03
    step = max(round_step((last - start) * 1.05, _BINS), _spacing(activity))
    axis = Axis(start, max(last + span * 0.05, last + step))

    bins: dict[datetime, list[int]] = {}
    earlier = 0
    for time, *counts in points:
        if time < start:
            earlier += counts[1]
            continue
        row = bins.setdefault(axis.floor(time, step), [0, 0, 0])
        for index, count in enumerate(counts):
            row[index] += count
    kept = (0, 1, 2) if activity is not None else (2,)
    names = ("exchanges", "accounts created", "accounts flagged")
    rows = tuple((time, tuple(counts[i] for i in kept)) for time, counts in sorted(bins.items()))
    return Timeline(
        lanes=tuple(
            _lane(
                axis,
                step,
                names[index],
                [(time, row[column]) for time, row in rows if row[column]],
                campaign.declared_at,
            )
            for column, index in enumerate(kept)
        ),
        first_x=axis.x(campaign.first_seen),
        declared_x=axis.x(campaign.declared_at),
        ticks=axis.ticks(),
        step=step,
        rows=rows,
        earlier=earlier,
    )


def votes(campaign: Campaign, asked: float) -> Votes:
    """Return the strongest evidence of each family against the threshold ``asked``, log e."""
    strongest: list[tuple[str, float | None, tuple[str, ...], bool]] = []
    for family in FAMILIES:
        mine = [f for f in campaign.findings if f.family == family and f.role != "explanation"]
        evidence = [f for f in mine if f.role == "evidence" and f.enough_data]
        best = max((f.log_e for f in evidence), default=None)
        names = tuple(sorted({f.detector for f in evidence}))
        strongest.append((family, best, names, bool(mine) and all(_proposes(f) for f in mine)))
    strongest.append(("combined", campaign.log_e, (), False))
    values = [_finite(value) for _, value, _, _ in strongest if value is not None]
    low = min(0.0, *values)
    high = max(asked * 1.15, *values, 1.0)
    zero = 100 * -low / (high - low)

    def place(value: float) -> float:
        return 100 * (_finite(value) - low) / (high - low)

    rows = []
    for family, value, names, proposes in strongest:
        end = zero if value is None else place(value)
        left, width = round(min(zero, end), 3), round(abs(end - zero), 3)
        rows.append(Vote(family, value, left, width, names, proposes))
    return Votes(tuple(rows), round(zero, 3), asked, round(place(asked), 3))


def overview_spans(
    campaigns: Sequence[Campaign], first: datetime | None, as_of: datetime
) -> tuple[tuple[Span, ...], tuple[Tick, ...]]:
    """Return the campaigns over the log's whole period, and the axis's ticks."""
    starts = [campaign.first_seen for campaign in campaigns]
    start = min([*starts, first or as_of])
    axis = Axis(start, max(as_of, start + timedelta(hours=1)))
    spans = []
    for campaign in campaigns:
        ends = [finding.last for finding in campaign.findings if finding.last is not None]
        end = max([campaign.declared_at, *campaign.flagged_at.values(), *ends])
        places = (axis.x(campaign.first_seen), axis.x(campaign.declared_at), axis.x(end))
        spans.append(Span(campaign, *places))
    return tuple(spans), axis.ticks()


def _points(campaign: Campaign, activity: pa.Table | None) -> list[tuple[datetime, int, int, int]]:
    """Return (time, exchanges, created, flagged) in no order."""
    points = [(time, 0, 0, 1) for time in campaign.flagged_at.values()]
    if activity is not None:
        columns = (activity.column(name).to_pylist() for name in _BIN_SCHEMA)
        points += [(time, sent, born, 0) for time, sent, born in zip(*columns, strict=True)]
    return points


def _spacing(activity: pa.Table | None) -> timedelta:
    """Return the width of the activity's own bins, as far as it shows."""
    if activity is None:
        return timedelta(0)
    times = sorted(set(activity.column("time").to_pylist()))
    gaps = (later - earlier for earlier, later in pairwise(times))
    return min(gaps, default=timedelta(0))


def _lane(
    axis: Axis,
    step: timedelta,
    name: str,
    counts: Sequence[tuple[datetime, int]],
    declared_at: datetime,
) -> Lane:
    peak = max((count for _, count in counts), default=0)
    bars = []
    for time, count in counts:
        left = axis.x(time)
        width = round(max(axis.x(time + step) - left, 0.2), 3)
        late = time + step > declared_at
        bars.append(Bar(left, width, round(100 * count / peak, 2), late))
    return Lane(name, sum(count for _, count in counts), peak, tuple(bars))


def _proposes(finding: Finding) -> bool:
    return finding.role == "proposal"


def _finite(value: float) -> float:
    return 0.0 if math.isnan(value) else max(-1e6, min(1e6, value))
