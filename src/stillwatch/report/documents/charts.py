"""Pictures as geometry: what the template draws as SVG and repeats as a table.

Horizontal places are percent of the picture's width and vertical ones pixels, so that text
keeps its size at every width.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from stillwatch.report.documents.axis import Axis, Tick, round_step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa

    from stillwatch.records import Campaign, Event

__all__ = [
    "Bar",
    "Happening",
    "Lane",
    "Span",
    "Timeline",
    "overview_spans",
    "timeline",
]

_BINS = 56
_COUNTS = ("exchanges", "accounts_created", "accounts_blocked")
_NAMES = ("exchanges", "accounts created", "accounts flagged", "accounts blocked")
_CREATED, _FLAGGED, _BLOCKED = 1, 2, 3
_EVENTS = 8
_CLOSE = 7.0
"""Percent within which numbers would touch on a telephone."""


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
class Happening:
    """One event of the provider on the axis."""

    number: int
    """Number beside its mark and in the list below."""
    x: float
    """Place, percent."""
    level: int
    """Row of its number below the axis, 0 on top; marks that are close take turns."""
    event: Event
    """The event."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lanes over one time axis."""

    lanes: tuple[Lane, ...]
    """Traffic, creation, flags and blocks, those that are known."""
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
    happenings: tuple[Happening, ...] = ()
    """The provider's events within the axis, releases before others, earliest first."""


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


def timeline(
    campaign: Campaign,
    activity: pa.Table | None,
    as_of: datetime,
    events: Sequence[Event] = (),
) -> Timeline:
    """Return one campaign's lanes.

    Args:
        campaign: the campaign.
        activity: its rows of ``tables.ACTIVITY``, or None where the scan kept none.
        as_of: last look; the axis ends there at the latest.
        events: the provider's; those within the axis are marked.
    """
    points = _points(campaign, activity)
    times = [point.time for point in points if point.time >= campaign.first_seen]
    last = min(as_of, max([*times, campaign.declared_at]))
    last = max(last, campaign.first_seen + timedelta(hours=1))
    span = last - campaign.first_seen
    near = campaign.first_seen - span
    created = [point.time for point in points if point.counts[1] and point.time >= near]
    start = min([campaign.first_seen, *created]) - span * 0.03
    step = max(round_step((last - start) * 1.05, _BINS), _spacing(activity))
    axis = Axis(start, max(last + span * 0.05, last + step))

    bins: dict[datetime, list[int]] = {}
    earlier = 0
    for point in points:
        if point.time < start:
            earlier += point.counts[1]
            continue
        row = bins.setdefault(axis.floor(point.time, step), [0, 0, 0, 0])
        for index, count in enumerate(point.counts):
            row[index] += count
    kept = [0, _FLAGGED] if activity is not None else [_FLAGGED]
    kept += [lane for lane in (_CREATED, _BLOCKED) if any(row[lane] for row in bins.values())]
    kept.sort()
    rows = tuple((time, tuple(counts[i] for i in kept)) for time, counts in sorted(bins.items()))
    return Timeline(
        lanes=tuple(
            _lane(
                axis,
                step,
                _NAMES[index],
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
        happenings=_happenings(events, axis),
    )


def _happenings(events: Sequence[Event], axis: Axis) -> tuple[Happening, ...]:
    within = [event for event in events if axis.start <= event.time <= axis.end]
    within.sort(key=lambda event: ("release" not in event.type, event.time))
    kept = sorted(within[:_EVENTS], key=lambda event: event.time)
    marks: list[Happening] = []
    for number, event in enumerate(kept, start=1):
        x = axis.x(event.time)
        close = [mark for mark in marks if x - mark.x < _CLOSE]
        level = min(set(range(len(close) + 1)) - {mark.level for mark in close})
        marks.append(Happening(number, x, level, event))
    return tuple(marks)


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


@dataclass(frozen=True, slots=True)
class _Point:
    """Counts at a time, in the order of ``_NAMES``."""

    time: datetime
    counts: tuple[int, int, int, int]


def _points(campaign: Campaign, activity: pa.Table | None) -> list[_Point]:
    """Return counts in no order of time."""
    points = [_Point(time, (0, 0, 1, 0)) for time in campaign.flagged_at.values()]
    if activity is not None:
        none = [0] * activity.num_rows
        columns = [
            activity.column(name).to_pylist() if name in activity.schema.names else none
            for name in _COUNTS
        ]
        times = activity.column("time").to_pylist()
        points += [
            _Point(time, (sent, born, 0, ended))
            for time, sent, born, ended in zip(times, *columns, strict=True)
        ]
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
