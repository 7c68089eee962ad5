"""When accounts speak: people, offices, machines, schedules, runs and events.

A clock is called with a count and returns times, in seconds since the world began, and the number
of the session to which each belongs. Fewer may come back where a window is too short.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAY", "HOURS", "MONTH", "Burst", "Clock", "Cron", "Human", "Lockstep", "Machine"]

DAY = 86_400.0
MONTH = 28 * DAY
Clock = Callable[[int], tuple[NDArray[np.float64], NDArray[np.int64]]]

_SHAPES = {
    "office": "0 0 0 0 0 0 1 3 8 10 10 9 5 8 10 10 9 7 3 1 1 1 0 0",
    "evening": "3 1 1 0 0 0 1 2 3 3 3 4 5 4 3 3 4 5 6 8 10 10 9 6",
    "student": "5 3 2 1 0 0 0 1 4 6 7 6 5 6 7 7 6 5 5 7 9 10 9 7",
    "spread": "2 1 1 1 1 1 2 4 6 7 7 7 7 7 7 7 7 6 6 6 6 5 4 3",
    "night": "8 9 10 9 7 4 1 0 0 0 0 0 0 0 0 0 0 0 0 1 2 3 5 7",
}
HOURS: dict[str, NDArray[np.float64]] = {
    name: np.array(text.split(), dtype=float) / np.array(text.split(), dtype=float).sum()
    for name, text in _SHAPES.items()
}
"""Share of a day's sessions by local hour."""


@dataclass(slots=True)
class Human:
    """Sessions at local hours, on some days more than on others."""

    rng: np.random.Generator
    weekday: int
    zone: float
    shape: str = "evening"
    weekend: float = 0.8
    begin: float = 0.0
    end: float = MONTH
    turns: float = 3.0
    gap: float = 70.0

    def __call__(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw that many times."""
        rng = self.rng
        first, last = int(self.begin // DAY), max(int(np.ceil(self.end / DAY)), 1)
        days = np.arange(first, max(last, first + 1))
        weight = rng.gamma(0.7, 1.0, len(days)) + 1e-9
        weight[((days + self.weekday) % 7) >= 5] *= self.weekend + 1e-9
        sessions = max(1, int(rng.poisson(count / self.turns)))
        day = rng.choice(days, sessions, p=weight / weight.sum())
        hour = rng.choice(24, sessions, p=HOURS[self.shape]) + rng.random(sessions)
        start = day * DAY + (hour - self.zone) * 3600.0
        which = np.sort(rng.integers(0, sessions, count))
        steps = np.cumsum(rng.lognormal(np.log(self.gap), 1.0, count))
        opening = np.searchsorted(which, which)
        times = start[which] + steps - steps[opening]
        early = times < self.begin
        times[early] += DAY
        return _within(times, which, self.begin, self.end)


@dataclass(slots=True)
class Machine:
    """Requests that arrive at a rate, which the machine's own users may shape over the day."""

    rng: np.random.Generator
    weekday: int
    zone: float = 0.0
    shape: str | None = None
    weekend: float = 1.0
    begin: float = 0.0
    end: float = MONTH

    def __call__(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw that many times, each its own session."""
        rng = self.rng
        times = rng.uniform(self.begin, self.end, count * 4 if self.shape else count)
        if self.shape:
            local = times + self.zone * 3600.0
            keep = HOURS[self.shape][(local // 3600 % 24).astype(int)]
            weekend = ((local // DAY + self.weekday) % 7) >= 5
            keep = np.where(weekend, keep * self.weekend, keep) + 1e-6
            chosen = rng.choice(len(times), count, replace=False, p=keep / keep.sum())
            times = times[chosen]
        return _within(times, np.arange(count), self.begin, self.end)


@dataclass(slots=True)
class Cron:
    """A job at fixed hours: each run sends its requests one after the other."""

    rng: np.random.Generator
    hour: float
    period: float = DAY
    pace: float = 6.0
    begin: float = 0.0
    end: float = MONTH

    def __call__(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw that many times, a session a run."""
        first = np.ceil((self.begin - self.hour * 3600) / self.period)
        starts = np.arange(first * self.period + self.hour * 3600, self.end, self.period)
        if not len(starts):
            starts = np.array([self.begin])
        which = np.sort(self.rng.integers(0, len(starts), count))
        steps = np.cumsum(self.rng.exponential(self.pace, count))
        times = starts[which] + 2 + steps - steps[np.searchsorted(which, which)]
        return _within(times, which, self.begin, self.end)


@dataclass(slots=True)
class Burst:
    """A few runs, each at a steady pace, at times of the holder's choosing."""

    rng: np.random.Generator
    starts: list[float]
    length: float
    begin: float = 0.0
    end: float = MONTH

    def __call__(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw that many times, a session a run."""
        which = self.rng.integers(0, len(self.starts), count)
        offset = self.rng.uniform(0, self.length, count)
        times = np.asarray(self.starts)[which] + offset
        return _within(times, which, self.begin, self.end)


@dataclass(slots=True)
class Lockstep:
    """A shared queue hands out jobs in rounds; each worker answers with some delay."""

    rng: np.random.Generator
    rounds: NDArray[np.float64]
    spread: float
    begin: float = 0.0
    end: float = MONTH

    def __call__(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw that many times, each its own session."""
        open_rounds = self.rounds[(self.rounds >= self.begin) & (self.rounds < self.end)]
        if not len(open_rounds):
            open_rounds = np.array([self.begin])
        times = self.rng.choice(open_rounds, count) + self.rng.exponential(self.spread, count)
        return _within(times, np.arange(count), self.begin, self.end)


def _within(
    times: NDArray[np.float64], which: NDArray[np.int64], begin: float, end: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    keep = (times >= max(begin, 0.0)) & (times < min(end, MONTH))
    times, which = times[keep], which[keep]
    order = np.argsort(times, kind="stable")
    return times[order], which[order]
