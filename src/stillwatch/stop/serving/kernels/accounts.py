"""What is remembered of accounts: a bounded table of fixed records.

An account's place is in one of ``WAYS`` places that its keyed hash chooses.  Where all are taken,
the account that asked for least lately is forgotten: who floods the table with new accounts pushes
out other cheap ones, and never one that was charged much.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from stillwatch.stop.serving.kernels.panes import PANE

__all__ = [
    "ANSWERS",
    "ASKED",
    "COLUMNS",
    "COST",
    "FIRST",
    "LAST",
    "OUTPUT",
    "OWED",
    "PANE_NUMBER",
    "REQUESTS",
    "SEEN",
    "SHARED",
    "WAYS",
    "account_at",
    "add_to",
    "find_account",
    "roll",
    "see",
]

WAYS = 16
"""Places in which an account may lie."""
SEEN = 128
"""Segments that an account is remembered to have sent."""
PANE_NUMBER, FIRST, LAST, OWED = 0, 1, 2, 3
REQUESTS, ANSWERS, OUTPUT, ASKED, SHARED, COST = 4, 6, 8, 10, 12, 14
COLUMNS = 16
"""Columns of counts, uint32 and saturating: pane; first and last time, seconds; what is owed from
answers longer than expected, thousandths; then of this pane and the one before: requests, answers,
tokens answered, tokens asked, requests that held shared segments, cost in thousandths."""
_FULL = np.uint32(0xFFFFFFFF)
_MARK, _BACK = np.uint16(0xFFFC), np.uint16(2)


@nb.njit(cache=True, nogil=True)
def add_to(counts, row, column, value):
    """Add to a count, which stays at its highest."""
    counts[row, column] = min(np.int64(counts[row, column]) + value, np.int64(_FULL))


@nb.njit(cache=True, nogil=True)
def find_account(keys, key):
    """Return the place of an account, -1 where it is not remembered."""
    sets = np.uint64(keys.size // WAYS)
    base = np.int64(((key >> np.uint64(32)) * sets) >> np.uint64(32)) * WAYS
    for row in range(base, base + WAYS):
        if keys[row] == key:
            return row
    return np.int64(-1)


@nb.njit(cache=True, nogil=True)
def account_at(keys, counts, seen, key, now):
    """Return the place of an account, which it takes now where it had none.

    Args:
        keys: (n,) uint64, 0 where a place is free.
        counts: (n, COLUMNS) uint32.
        seen: (n, SEEN) uint16.
        key: keyed hash of the account, not 0.
        now: seconds since 1970.
    """
    row = find_account(keys, key)
    if row >= 0:
        return row
    sets = np.uint64(keys.size // WAYS)
    base = np.int64(((key >> np.uint64(32)) * sets) >> np.uint64(32)) * WAYS
    pane = now // PANE
    taken, least, oldest = base, np.int64(1) << 62, np.int64(1) << 62
    for row in range(base, base + WAYS):
        if keys[row] == 0:
            taken = np.int64(row)
            break
        age = pane - np.int64(counts[row, PANE_NUMBER])
        weight = np.int64(0)
        if age <= 1:
            weight = np.int64(counts[row, COST])
            if age <= 0:
                weight += np.int64(counts[row, COST + 1])
        last = np.int64(counts[row, LAST])
        if weight < least or (weight == least and last < oldest):
            taken, least, oldest = np.int64(row), weight, last
    keys[taken] = key
    counts[taken, :] = 0
    seen[taken, :] = 0
    counts[taken, PANE_NUMBER] = pane
    counts[taken, FIRST] = now
    counts[taken, LAST] = now
    return taken


@nb.njit(cache=True, nogil=True)
def roll(counts, seen, row, pane):
    """Bring a record to a pane; one that is already later stays there."""
    age = pane - np.int64(counts[row, PANE_NUMBER])
    if age <= 0:
        return
    for column in range(REQUESTS, COLUMNS, 2):
        counts[row, column + 1] = counts[row, column] if age == 1 else 0
        counts[row, column] = 0
    stale = np.uint16(pane & 1)
    for slot in range(SEEN):  # what bears the new pane's mark is two panes old
        if age > 1 or (seen[row, slot] & np.uint16(1)) == stale:
            seen[row, slot] = 0
    counts[row, PANE_NUMBER] = pane


@nb.njit(cache=True, nogil=True)
def see(seen, row, segment, pane):
    """Remember that an account sent a segment; return whether it had sent it lately.

    A print is 14 bits, whether the segment came back, and the pane.  It has two slots to lie in;
    what came back gives way only to what came back too, so that prompts that differ each time do
    not push out the template that they are written in.
    """
    mark = np.uint16((segment >> np.uint64(40)) << np.uint64(2)) | np.uint16(4)
    late = np.uint16(pane & 1)
    one = np.int64(segment & np.uint64(SEEN - 1))
    two = np.int64((segment >> np.uint64(8)) & np.uint64(SEEN - 1))
    for slot in (one, two):
        if seen[row, slot] & _MARK == mark:
            seen[row, slot] = mark | _BACK | late
            return True
    # the slot that says less: free, then of the pane before, then what did not come back
    slot = one
    if _standing(seen[row, two], late) < _standing(seen[row, one], late):
        slot = two
    if seen[row, slot] & _BACK and (seen[row, slot] & np.uint16(1)) == late:
        return False
    seen[row, slot] = mark | late
    return False


@nb.njit(cache=True, inline="always")
def _standing(held, late):
    """Return how much a slot says: nothing, once or again before, once or again lately."""
    if held == 0:
        return 0
    again = 2 if held & _BACK else 1
    return again + 2 if (held & np.uint16(1)) == late else again
