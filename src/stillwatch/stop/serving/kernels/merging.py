"""What replicas remember, united; and put back into tables."""

from __future__ import annotations

import numba as nb
import numpy as np

from stillwatch.stop.serving.kernels import accounts as of
from stillwatch.stop.serving.kernels.segments import joined, segment_at

__all__ = ["merge_accounts", "merge_segments", "place_accounts", "place_segments"]

_PANES = np.uint64(0xFFFF)


@nb.njit(cache=True, nogil=True)
def _unite(counts, seen, into, row):
    """Take one record into another that is of the same pane."""
    first = min(counts[into, of.FIRST], counts[row, of.FIRST])
    counts[into, of.FIRST] = first
    counts[into, of.LAST] = max(counts[into, of.LAST], counts[row, of.LAST])
    of.add_to(counts, into, of.OWED, np.int64(counts[row, of.OWED]))
    for column in range(of.REQUESTS, of.COLUMNS):
        of.add_to(counts, into, column, np.int64(counts[row, column]))
    pane = np.uint16(counts[into, of.PANE_NUMBER] & np.uint32(1))
    for slot in range(of.SEEN):
        a, b = seen[into, slot], seen[row, slot]
        # a later sighting before an earlier one, what came back before what did not: a total order
        a_late, b_late = (a & np.uint16(1)) == pane, (b & np.uint16(1)) == pane
        a_back, b_back = a & np.uint16(2), b & np.uint16(2)
        if a == 0 or (b != 0 and (b_late, b_back, b) > (a_late, a_back, a)):
            seen[into, slot] = b


@nb.njit(cache=True, nogil=True)
def _merge_accounts(keys, counts, seen):
    """Unite neighbours of equal keys, in place; return how many are left."""
    left = 0
    start = 0
    while start < keys.size:
        end = start + 1
        latest = np.int64(counts[start, of.PANE_NUMBER])
        while end < keys.size and keys[end] == keys[start]:
            latest = max(latest, np.int64(counts[end, of.PANE_NUMBER]))
            end += 1
        for row in range(start, end):
            of.roll(counts, seen, row, latest)
        for row in range(start + 1, end):
            _unite(counts, seen, start, row)
        keys[left] = keys[start]
        counts[left] = counts[start]
        seen[left] = seen[start]
        left += 1
        start = end
    return left


def merge_accounts(
    keys: np.ndarray, counts: np.ndarray, seen: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return records with those of equal keys united, by ascending key.

    Args:
        keys: (n,) uint64; ``counts`` and ``seen`` likewise, as in ``kernels.accounts``.
        counts: (n, COLUMNS) uint32.
        seen: (n, SEEN) uint16.
    """
    order = np.argsort(keys, kind="stable")
    keys, counts, seen = keys[order], counts[order], seen[order]
    left = _merge_accounts(keys, counts, seen)
    return keys[:left].copy(), counts[:left].copy(), seen[:left].copy()


@nb.njit(cache=True, nogil=True)
def merge_segments(cells):
    """Return cells with those of equal prints united.

    Args:
        cells: (n, CELL) uint64, by ascending print, as in ``kernels.segments``.
    """
    out = cells.copy()
    left = 0
    for row in range(cells.shape[0]):
        if left == 0 or (out[left - 1, 0] ^ cells[row, 0]) > _PANES:
            out[left] = cells[row]
            left += 1
            continue
        held = out[left - 1]
        age = (cells[row, 0] - held[0]) & _PANES
        if age == 0:
            for column in range(1, held.size):
                held[column] = joined(held[column], cells[row, column])
        elif age <= np.uint64(0x7FFF):  # this one is later
            held[0] = cells[row, 0]
            for now in (1, 3):
                before = held[now] if age == 1 else np.uint64(0)
                held[now] = cells[row, now]
                held[now + 1] = joined(before, cells[row, now + 1])
        elif age == _PANES:  # this one is of the pane before
            for now in (1, 3):
                held[now + 1] = joined(held[now + 1], cells[row, now])
    return out[:left].copy()


@nb.njit(cache=True, nogil=True)
def place_accounts(keys, counts, seen, to_keys, to_counts, to_seen):
    """Put records into an empty table; those charged least give way."""
    for row in range(keys.size):
        at = _room(to_keys, to_counts, keys[row], counts[row])
        if at >= 0:
            to_keys[at] = keys[row]
            to_counts[at] = counts[row]
            to_seen[at] = seen[row]


@nb.njit(cache=True, nogil=True)
def _room(keys, counts, key, record):
    """Return a place for a record; -1 where all are taken by dearer ones."""
    sets = np.uint64(keys.size // of.WAYS)
    base = np.int64(((key >> np.uint64(32)) * sets) >> np.uint64(32)) * of.WAYS
    taken = np.int64(-1)
    least = np.int64(record[of.COST]) + np.int64(record[of.COST + 1])
    for row in range(base, base + of.WAYS):
        if keys[row] == 0:
            return row
        weight = np.int64(counts[row, of.COST]) + np.int64(counts[row, of.COST + 1])
        if weight < least:
            taken, least = np.int64(row), weight
    return taken


@nb.njit(cache=True, nogil=True)
def place_segments(cells, into):
    """Put cells into an empty table; those with the fewest holders give way."""
    for row in range(cells.shape[0]):
        at = segment_at(into, cells[row, 0], np.int64(cells[row, 0] & _PANES))
        into[at] = cells[row]
