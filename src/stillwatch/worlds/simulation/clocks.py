"""When accounts speak: sessions by their holders' own clocks, machines, nights, events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.worlds.simulation.columns import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Accounts,
    Bools,
    Floats,
    Ints,
    Schedule,
)

__all__ = ["Window", "sessions"]

_RESUME = 0.45  # share of conversations that follow another in the same sitting
_AT_ONCE = 0.7  # share of new accounts whose first request follows the opening


@dataclass(frozen=True, slots=True)
class Window:
    """The world's time and each account's part of it."""

    start: int
    """First instant of the world."""
    end: int
    """Instant after the last."""
    low: Ints
    """Earliest time, one an account."""
    high: Ints
    """Instant after the last, one an account."""

    @property
    def days(self) -> int:
        """Days of the world, a part of a day counting as one."""
        return max(1, -(-(self.end - self.start) // DAY))


def sessions(
    rng: np.random.Generator,
    block: Accounts,
    rhythm: str,
    *,
    volume: Ints,
    window: Window,
    turns: float,
) -> Schedule:
    """Return when each account speaks; see ``World.sessions``."""
    row = np.repeat(np.arange(len(block)), volume)
    if not len(row):
        return Schedule(*(np.zeros(0, dtype=np.int64) for _ in range(4)))
    place = np.arange(len(row))
    first = np.zeros(len(row), dtype=bool)
    first[np.cumsum(volume)[volume > 0] - volume[volume > 0]] = True
    opens = first | (rng.random(len(row)) < 1 / max(turns, 1.0))
    sits = first | (opens & (rng.random(len(row)) >= _RESUME))
    if rhythm in ("machine", "nightly"):
        sits = opens
    opened = np.maximum.accumulate(np.where(opens, place, 0))
    number = np.cumsum(opens)
    conversation: Ints = number - number[np.maximum.accumulate(np.where(first, place, 0))]
    owner = row[sits]
    begins = _begins(rng, block, rhythm, owner, window)
    begins = _first_request(
        rng,
        block,
        owner=owner,
        first=first[sits],
        begins=begins,
        window=window,
    )
    pause = _pauses(rng, rhythm, len(row), opens)
    pause[sits] = 0
    elapsed = np.cumsum(pause)
    sat = np.maximum.accumulate(np.where(sits, place, 0))
    time = begins[np.cumsum(sits) - 1] + elapsed - elapsed[sat]
    return Schedule(row, time, conversation, place - opened)


def _begins(
    rng: np.random.Generator,
    block: Accounts,
    rhythm: str,
    owner: Ints,
    window: Window,
) -> Ints:
    """Return the time at which each sitting begins."""
    low, high = window.low[owner], window.high[owner]
    if rhythm == "burst":
        inside: Ints = low + ((high - low) * rng.beta(1.2, 2.2, len(owner))).astype(np.int64)
        return inside
    habit = np.cumsum(_day_weights(rng, block, rhythm, window), axis=1)
    habit /= habit[:, -1:]
    flat = (habit + np.arange(len(block))[:, None]).ravel()
    found = np.searchsorted(flat, owner + rng.random(len(owner)), side="right")
    day = np.minimum(found - owner * window.days, window.days - 1)
    hour = (_hours(rng, len(block), rhythm, owner) - block.offset[owner]) % 24
    begins = window.start + day * DAY + (hour * HOUR).astype(np.int64)
    outside = (begins < low) | (begins >= high)
    room = np.minimum(high - low, DAY)
    moved: Ints = np.where(outside, low + (rng.random(len(owner)) * room).astype(np.int64), begins)
    return moved


def _day_weights(rng: np.random.Generator, block: Accounts, rhythm: str, window: Window) -> Floats:
    """Return how much each account does on each day of the world, shape (accounts, days)."""
    n, days = len(block), window.days
    shape = {"person": 0.7, "office": 1.5, "machine": 6.0, "nightly": 4.0}[rhythm]
    weight = rng.gamma(shape, 1.0, (n, days)) + 1e-3
    weekday = (window.start // DAY + np.arange(days) + 3) % 7
    slack = {
        "person": np.minimum(rng.lognormal(-0.3, 0.6, n), 2.5),
        "office": rng.beta(1, 9, n),
        "machine": rng.uniform(0.5, 1.05, n),
        "nightly": rng.uniform(0.3, 1.0, n),
    }[rhythm]
    weight *= np.where((weekday >= 5)[None, :], slack[:, None], 1.0)
    begin = window.start + np.arange(days) * DAY
    overlap = np.minimum(window.high[:, None], begin + DAY) - np.maximum(window.low[:, None], begin)
    weight *= np.clip(overlap / DAY, 0, 1)
    return np.asarray(weight + 1e-12)


def _hours(rng: np.random.Generator, n: int, rhythm: str, owner: Ints) -> Floats:
    """Return the local hour at which each sitting begins."""
    size = len(owner)
    if rhythm == "office":
        begin = rng.normal(8.8, 0.9, n)[owner]
        return np.asarray(begin + 9.5 * rng.beta(1.5, 1.7, size))
    if rhythm == "nightly":
        begin = rng.uniform(-1, 5, n)[owner]
        return np.asarray(begin + np.minimum(rng.exponential(0.9, size), 6))
    if rhythm == "machine":
        even = rng.random(size)
        depth = rng.uniform(0, 0.8, n)[owner]  # a machine's own customers sleep too
        peak = rng.uniform(0, 24, n)[owner]
        return np.asarray(24 * even - depth * 24 / 7 * np.sin(2 * np.pi * even) + peak)
    centre = rng.normal(14.5, 3.2, n)[owner]
    spread = rng.uniform(1.5, 4.5, n)[owner]
    evening = rng.random(size) < rng.uniform(0, 0.6, n)[owner]
    hour = np.where(
        evening,
        rng.normal(20.8, 1.4, size),
        centre + spread * rng.standard_normal(size),
    )
    return np.asarray(hour)


def _first_request(
    rng: np.random.Generator,
    block: Accounts,
    *,
    owner: Ints,
    first: Bools,
    begins: Ints,
    window: Window,
) -> Ints:
    """Let most new accounts speak soon after they were opened."""
    new = first & (block.created[owner] == window.low[owner]) & (begins > window.low[owner])
    new &= rng.random(len(owner)) < _AT_ONCE
    soon = window.low[owner] + (rng.exponential(20 * MINUTE, len(owner))).astype(np.int64)
    return np.where(new, np.minimum(soon, window.high[owner] - 1), begins)


def _pauses(
    rng: np.random.Generator,
    rhythm: str,
    n: int,
    opens: Bools,
) -> Ints:
    """Return the pause before each exchange that does not begin a sitting."""
    if rhythm in ("machine", "nightly"):
        return (SECOND * rng.lognormal(1.6, 0.8, n)).astype(np.int64)
    seconds = np.where(opens, rng.lognormal(5.4, 0.9, n), rng.lognormal(4.3, 0.9, n))
    return (SECOND * np.minimum(seconds, 3600)).astype(np.int64)
