"""When requests are sent; every clock returns times in order and their session numbers."""

from __future__ import annotations

import numpy as np
from base import DAY, DAYS, HOUR, SPAN


def _shape(rng, count: int, per: float) -> np.ndarray:
    """Return session numbers for count requests, about per of them a session."""
    fresh = rng.random(count) < 1 / max(per, 1.0)
    fresh[:1] = True
    return np.cumsum(fresh) - 1


def _within(rng, starts: np.ndarray, low: float, high: float) -> np.ndarray:
    """Move starts that fall outside the active time to some moment inside it."""
    out = (starts < low) | (starts >= high)
    starts[out] = rng.uniform(low, max(high, low + 60), out.sum())
    return starts


def _fill(rng, sessions: np.ndarray, starts: np.ndarray, gap: float) -> tuple:
    """Lay requests after the starts of their sessions."""
    pause = gap * np.exp(rng.normal(-0.4, 0.9, len(sessions)))
    first = np.r_[True, sessions[1:] != sessions[:-1]]
    pause[first] = 0
    total = np.cumsum(pause)
    base = np.maximum.accumulate(np.where(first, np.arange(len(sessions)), 0))
    times = starts[sessions] + total - total[base]
    order = np.argsort(times, kind="stable")
    return np.clip(times[order], 0, SPAN - 1), sessions[order]


def _dodge(rng, starts: np.ndarray, dark) -> np.ndarray:
    """Postpone what would start while a campaign's machinery is down."""
    for a, b in dark:
        hit = (starts >= a) & (starts < b)
        starts[hit] = b + rng.exponential(900, hit.sum())
    return starts


def human(w, tz: float, low=0.0, high=SPAN, *, per=3.2, gap=110.0, office=None, dark=()):
    """Sessions at a person's own hours, over some of the days."""
    rng, py = w.rng, w.py
    office = py.random() < 0.3 if office is None else office
    centre = py.gauss(12.8, 1.2) if office else py.choice((py.gauss(20.3, 1.7), py.gauss(15, 3)))
    spread = py.uniform(1.8, 3.0) if office else py.uniform(2.0, 4.0)
    weekend = py.uniform(0.02, 0.2) if office else py.uniform(0.7, 1.7)

    def clock(count):
        sessions = _shape(rng, count, per)
        days = np.arange(int(low // DAY), max(int(low // DAY) + 1, int(np.ceil(high / DAY))))
        weight = np.where((days + w.seed) % 7 >= 5, weekend, 1.0) * rng.gamma(0.8, 1, len(days))
        weight = (weight + 1e-9) / (weight + 1e-9).sum()
        n = sessions[-1] + 1
        hours = rng.normal(centre, spread, n) - tz
        starts = rng.choice(days, n, p=weight) * DAY + (hours % 24) * HOUR
        starts = np.sort(_dodge(rng, _within(rng, starts, low, high), dark))
        return _fill(rng, sessions, starts, gap)

    return clock


def steady(w, tz: float, low=0.0, high=SPAN, *, swing=0.7, noise=1.5, dark=()):
    """Machine traffic that follows the day of those it serves."""
    rng = w.rng

    def clock(count):
        hours = np.arange(int(low // HOUR), max(int(low // HOUR) + 1, int(high // HOUR)))
        local = (hours + tz) % 24
        rate = (1 + swing * np.cos((local - 15) / 24 * 2 * np.pi)) * rng.gamma(noise, 1, len(hours))
        picked = rng.choice(hours, count, p=rate / rate.sum())
        times = _within(rng, picked * HOUR + rng.uniform(0, HOUR, count), low, high)
        times = np.clip(np.sort(_dodge(rng, times, dark)), 0, SPAN - 1)
        return times, np.arange(count)

    return clock


def runs(w, starts, *, gap=4.0, per_run=None):
    """Jobs that start at given moments and run until they are through."""
    rng = w.rng
    starts = np.sort(np.clip(np.asarray(starts, float), 0, SPAN - HOUR))

    def clock(count):
        use = starts
        if per_run:
            need = int(np.clip(np.ceil(count / per_run), 1, len(starts)))
            use = np.sort(rng.choice(starts, need, replace=False))
        weight = rng.gamma(4, 1, len(use))
        which = np.sort(rng.choice(len(use), count, p=weight / weight.sum()))
        times, _ = _fill(rng, which, use, gap)
        return times, np.arange(count)

    return clock


def nightly(w, tz: float, low=0.0, high=SPAN, *, gap=5.0):
    """A job a day at one hour, with some days left out."""
    at = (w.py.uniform(0, 6) - tz) % 24 * HOUR
    days = [d for d in range(int(low // DAY), DAYS) if w.py.random() < 0.85 and d * DAY < high]
    starts = [max(low, d * DAY + at + w.py.gauss(0, 120)) for d in days] or [low + HOUR]
    return runs(w, starts, gap=gap)


def lessons(w, windows, *, per=5.0, gap=70.0):
    """Work inside given windows (lessons, an event, a shift) with an own pace."""
    rng = w.rng
    windows = [(a, b) for a, b in windows if a < SPAN]

    def clock(count):
        sessions = _shape(rng, count, per)
        n = sessions[-1] + 1
        which = rng.choice(len(windows), n)
        a = np.array([x[0] for x in windows])[which]
        b = np.array([x[1] for x in windows])[which]
        starts = np.sort(a + (b - a) * rng.beta(1.1, 1.6, n))
        return _fill(rng, sessions, starts, gap)

    return clock


def queue(w, low: float, high: float, *, load=None, dark=(), per=1.0, gap=20.0):
    """Jobs dealt by a dispatcher, round the clock; load is its common hourly weight."""
    rng = w.rng

    def clock(count):
        sessions = _shape(rng, count, per)
        hours = np.arange(int(low // HOUR), max(int(low // HOUR) + 1, int(high // HOUR)))
        rate = np.ones(len(hours)) if load is None else load[np.minimum(hours, DAYS * 24 - 1)]
        rate = rate + 1e-6
        n = sessions[-1] + 1
        starts = rng.choice(hours, n, p=rate / rate.sum()) * HOUR + rng.uniform(0, HOUR, n)
        starts = np.sort(_dodge(rng, _within(rng, starts, low, high), dark))
        return _fill(rng, sessions, starts, gap)

    return clock


def ramp(w, clock, low: float, high: float, power=2.2):
    """Bend a clock so that it starts slowly and ends busy."""

    def bent(count):
        times, sessions = clock(count)
        part = np.clip((times - low) / max(high - low, 1.0), 0, 1)
        return np.clip(low + (high - low) * part ** (1 / power), 0, SPAN - 1), sessions

    return bent
