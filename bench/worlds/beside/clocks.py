"""When requests arrive: people's sessions, machines' jobs, campaigns' shared curves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
DAYS = 28

Times = NDArray[np.int64]
Clock = tuple[Times, NDArray[np.int64]]
"""Times in order and, for each, the number of its session."""


def _sizes(rng: np.random.Generator, n: int, mean: float) -> NDArray[np.int64]:
    """Split n into sessions of geometric length."""
    sizes = rng.geometric(1 / max(mean, 1.0), size=n)
    last = int(np.searchsorted(np.cumsum(sizes), n))
    sizes = sizes[: last + 1]
    sizes[-1] -= int(sizes.sum()) - n
    return sizes


def _spread(
    rng: np.random.Generator, starts: Times, sizes: NDArray[np.int64], gap: float, sigma: float
) -> Clock:
    """Place each session's requests after its start, with log-normal gaps in seconds."""
    session = np.repeat(np.arange(len(sizes)), sizes)
    gaps = rng.lognormal(np.log(gap), sigma, size=len(session)) * SECOND
    first = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    gaps[first] = 0
    run = np.cumsum(gaps)
    times = (starts[session] + run - run[first][session]).astype(np.int64)
    order = np.argsort(times, kind="stable")
    return times[order], session[order]


def people(
    rng: np.random.Generator,
    n: int,
    window: tuple[int, int],
    offset: float,
    *,
    office: float = 0.5,
    mean: float = 4.0,
    gap: float = 80.0,
) -> Clock:
    """Return a person's times: waking hours of their zone, weekdays, sessions.

    Args:
        rng: source of chance.
        n: number of requests.
        window: first and last moment, µs.
        offset: hours ahead of UTC.
        office: how much of it happens in office hours on weekdays, 0 to 1.
        mean: requests a session.
        gap: median seconds between requests of a session.
    """
    sizes = _sizes(rng, n, mean)
    count = len(sizes)
    days = np.arange(window[0] // DAY, window[1] // DAY + 1)
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday
    weights = np.where(weekday < 5, 1.0, 1.1 - 0.9 * office) * rng.gamma(1.2, 1.0, len(days))
    day = rng.choice(days, size=count, p=weights / weights.sum())
    at_work = rng.random(count) < office
    peak = rng.normal(20.5, 1.2)
    hour = np.where(at_work, rng.normal(13, 2.8, count), rng.normal(peak, 2.4, count))
    starts = (day * DAY + ((hour - offset) % 24) * HOUR).astype(np.int64)
    starts = np.clip(starts, window[0], window[1] - 30 * SECOND)
    times, session = _spread(rng, starts, sizes, gap, 1.0)
    return np.minimum(times, window[1]), session


def machine(
    rng: np.random.Generator, n: int, window: tuple[int, int], mode: str, offset: float = 0.0
) -> Clock:
    """Return a program's times: steady, batch, nightly or office."""
    low, high = window
    if mode == "steady":
        times = np.sort(rng.integers(low, high, size=n))
        return times, np.arange(n)
    if mode == "office":
        return people(rng, n, window, offset, office=0.95, mean=8, gap=25)
    runs = max(1, min(n, int(rng.integers(2, 9 if mode == "batch" else 26))))
    sizes = rng.multinomial(n - runs, np.full(runs, 1 / runs)) + 1
    if mode == "nightly":
        days = rng.integers(low // DAY, max(high // DAY, low // DAY + 1), size=runs)
        at = (rng.integers(0, 6) - offset) % 24 * HOUR + int(rng.integers(0, 60)) * 60 * SECOND
        starts = days * DAY + at + rng.integers(0, 40 * SECOND, size=runs)
    else:
        starts = rng.integers(low, high, size=runs)
    starts = np.clip(starts, low, high - HOUR).astype(np.int64)
    times, session = _spread(rng, starts, sizes, float(rng.uniform(2, 25)), 0.5)
    return np.clip(times, low, high), session


def curve(rng: np.random.Generator, start: int, mode: str, offset: float) -> NDArray[np.float64]:
    """Return a campaign's activity by hour of the month.

    Modes: queue (rises and falls with the backlog), shift (an operator's hours), lockstep (a few
    hours alone), rotation (some days on, then gone, then back), ramp (slow start), flat.
    """
    hours = np.arange(DAYS * 24)
    local = (hours + start // HOUR + offset) % 24
    day = hours // 24
    base = np.exp(np.repeat(np.cumsum(rng.normal(0, 0.35, DAYS * 4)), 6))
    if mode == "shift":
        begin = rng.integers(6, 12)
        base = base * np.where((local >= begin) & (local < begin + 10), 1.0, 0.04)
    elif mode == "lockstep":
        base = base * (rng.random(len(hours)) < rng.uniform(0.04, 0.15))
    elif mode == "rotation":
        period, on = int(rng.integers(7, 13)), int(rng.integers(2, 5))
        base = base * np.where((day + rng.integers(0, period)) % period < on, 1.0, 0.0)
    elif mode == "ramp":
        base = base * (0.02 + (day / DAYS) ** 2)
    elif mode == "flat":
        base = np.ones(len(hours))
    return base + 1e-9


def by_curve(
    rng: np.random.Generator,
    n: int,
    window: tuple[int, int],
    start: int,
    weights: NDArray[np.float64],
    *,
    run: float,
    gap: float,
) -> Clock:
    """Return times drawn from a shared curve within an account's own window."""
    hours = start + np.arange(len(weights)) * HOUR
    inside = np.where((hours >= window[0] - HOUR) & (hours < window[1]), weights, 0.0)
    if inside.sum() <= 0:
        return people(rng, n, window, 0.0)
    sizes = _sizes(rng, n, run)
    chosen = rng.choice(len(hours), size=len(sizes), p=inside / inside.sum())
    starts = hours[chosen] + rng.integers(0, HOUR, size=len(sizes))
    starts = np.clip(starts, window[0], window[1] - 30 * SECOND)
    times, session = _spread(rng, starts, sizes, gap, 0.8)
    return np.clip(times, window[0], window[1]), session
