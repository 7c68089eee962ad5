"""The generic cell rate algorithm over a bounded table (ITU-T I.371, ATM Forum TM 4.0).

A bucket is one number: its theoretical arrival time, when it will be full again.  One that is full
needs no place, so that a place whose time has passed is free, and dropping it loses nothing.
"""

from __future__ import annotations

import numba as nb
import numpy as np

__all__ = ["MOST", "WAYS", "charge_all"]

WAYS = 8
"""Places in which a bucket may lie."""
MOST = 9_000_000_000_000
"""Largest cost and burst, thousandths: times a million it still fits 63 bits."""


@nb.njit(cache=True, nogil=True)
def _place(table, low, high, now):
    """Return a bucket's place; where it has none, the place that it may take.

    Of places in use, the one soonest full is taken: the least is forgotten.
    """
    sets = np.uint64(table.shape[0] // WAYS)
    # the key is a keyed hash: its high bits choose the set without a division's pattern
    base = np.int64(((np.uint64(low) >> np.uint64(32)) * sets) >> np.uint64(32)) * WAYS
    taken = base
    for place in range(base, base + WAYS):
        if table[place, 0] == low and table[place, 1] == high:
            return place
        if table[place, 2] < table[taken, 2]:
            taken = np.int64(place)
    table[taken, 0], table[taken, 1], table[taken, 2] = low, high, now
    return taken


@nb.njit(cache=True, nogil=True)
def charge_all(table, asked, many, now, told, places):
    """Charge buckets, all of them or none.

    Args:
        table: (n, 3) int64: key in two halves, and the time at which it is full, microseconds.
        asked: (8, 5) int64: key in two halves, cost, rate, burst.
        many: rows of ``asked`` that hold something.
        now: microseconds since 1970.
        told: (8, 4) int64, filled: allowed, remaining, retry after, reset after.
        places: (8,) int64, scratch.
    """
    every = True
    for i in range(many):
        low, high = asked[i, 0], asked[i, 1]
        rate = max(asked[i, 3], 1)
        burst = min(max(asked[i, 4], 1), MOST)
        full = (burst * 1_000_000 + rate - 1) // rate
        cost = min(max(asked[i, 2], 0), burst)  # the dearest request passes when it is full
        step = (cost * 1_000_000 + rate - 1) // rate
        due = np.int64(-1)
        for j in range(i):  # the same bucket twice in one request: charged for both
            if asked[j, 0] == low and asked[j, 1] == high:
                due = now + told[j, 3]
                places[i] = places[j]
        if due < 0:
            places[i] = _place(table, low, high, now)
            due = table[places[i], 2]
        due = max(due, now)
        if due > now + full:  # a clock went back or a burst shrank: it is empty, and fills from now
            due = now + full
            table[places[i], 2] = due
        wait = due + step - (now + full)
        allowed = wait <= 0
        every = every and allowed
        after = due + step - now if allowed else due - now
        told[i, 0] = 1 if allowed else 0
        told[i, 1] = (full - after) * rate // 1_000_000 if allowed else 0
        told[i, 2] = 0 if allowed else wait
        told[i, 3] = after
    if every:
        for i in range(many):
            table[places[i], 2] = now + told[i, 3]
    return every
