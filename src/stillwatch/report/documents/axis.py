"""A time axis in percent of its width, with round bins and round ticks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

__all__ = ["Axis", "Tick", "round_step"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = 3600
_STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        *(60, 300, 900, 1800),
        *(hours * _HOUR for hours in (1, 2, 3, 6, 12)),
        *(days * 24 * _HOUR for days in (1, 2, 4, 7, 14, 28, 56, 112, 364, 728, 3640)),
    )
)


@dataclass(frozen=True, slots=True)
class Tick:
    """One labelled place on the axis."""

    x: float
    """Place, percent of the width."""
    label: str
    """Day, with the hour where ticks are closer than a day."""
    anchor: str
    """SVG text-anchor that keeps the label inside the picture."""


def round_step(span: timedelta, most: int) -> timedelta:
    """Return the smallest round step of which at most ``most`` fit into ``span``.

    >>> round_step(timedelta(days=28), most=60)
    datetime.timedelta(seconds=43200)
    """
    return next((step for step in _STEPS if span <= step * most), span / most)


@dataclass(frozen=True, slots=True)
class Axis:
    """A span of time mapped to 0 to 100 %."""

    start: datetime
    """Left edge, UTC."""
    end: datetime
    """Right edge, after start."""

    def x(self, time: datetime) -> float:
        """Return a time's place, percent of the width, clamped to the axis."""
        share = (time - self.start) / (self.end - self.start)
        return round(100 * min(1.0, max(0.0, share)), 3)

    def floor(self, time: datetime, step: timedelta) -> datetime:
        """Return the start of the bin of ``step`` that holds a time."""
        return _EPOCH + ((time - _EPOCH) // step) * step

    def ticks(self, most: int = 4) -> tuple[Tick, ...]:
        """Return at most ``most + 1`` round ticks."""
        step = round_step(self.end - self.start, most)
        time = self.floor(self.start, step)
        time = time if time == self.start else time + step
        ticks = []
        while time <= self.end:
            label = f"{time.day} {time:%b}"
            if step < timedelta(days=1):
                label += f" {time:%H:%M}"
            elif step > timedelta(days=180):
                label = f"{time:%b %Y}"
            x = self.x(time)
            anchor = "start" if x < 12 else "end" if x > 88 else "middle"
            ticks.append(Tick(x, label, anchor))
            time += step
        return tuple(ticks)
