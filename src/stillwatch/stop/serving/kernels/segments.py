"""How many unrelated holders sent a segment of text lately: a bounded table of small counters.

A counter is a HyperLogLog of 16 registers of 4 bits (Flajolet et al. 2007), exact enough from
three holders on, with linear counting where it is nearly empty.  A segment lies in one of ``WAYS``
places, under a print of 48 bits: counts of two segments are never mixed, as they would be in a
Count-Min sketch, and an innocent's words never take over a crowd's.  Where all places are taken,
the segment with the fewest holders is forgotten, so that words nobody repeats push out each other.

Who has been cleared is counted beside the others: a public template's first users were cleared only
after they had sent it, and are no crowd from then on.  How many are left is a difference, which is
none at all once each of them was seen again.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from stillwatch.find.features.hashing import mix
from stillwatch.stop.serving.kernels.panes import PANE

__all__ = [
    "CELL",
    "CROWD",
    "WAYS",
    "count_crowd",
    "estimate",
    "hold",
    "holders_of",
    "joined",
    "segment_at",
]

CELL = 5
"""Columns of a segment: print and pane, then counters of this pane and of the one before, of all
but the cleared, and of the cleared."""

WAYS = 8
"""Places in which a segment may lie."""
CROWD = 1024
"""Registers of the count of all holders."""
_PRINT = np.uint64(0xFFFFFFFFFFFF0000)
_PANES = np.uint64(0xFFFF)


@nb.njit(cache=True, nogil=True)
def joined(a, b):
    """Return the counter of everybody whom one of two counters has seen."""
    out = np.uint64(0)
    for shift in range(0, 64, 4):
        nibble = np.uint64(15) << np.uint64(shift)
        out |= max(a & nibble, b & nibble)
    return out


@nb.njit(cache=True, nogil=True)
def estimate(counter):
    """Return the holders that a counter has seen, about."""
    empty, total = 0, 0.0
    for shift in range(0, 64, 4):
        rank = (counter >> np.uint64(shift)) & np.uint64(15)
        if rank == 0:
            empty += 1
        total += 1.0 / np.float64(np.uint64(1) << rank)
    if empty > 4:
        return 16.0 * np.log(16.0 / empty)
    return 0.673 * 256.0 / total


@nb.njit(cache=True, nogil=True)
def _sighting(segment, holder):
    """Return the register's shift and the rank that a holder of a segment puts into it."""
    drawn = mix(segment ^ holder)
    rank = np.uint64(1)
    rest = drawn >> np.uint64(4)
    while rank < np.uint64(15) and (rest & np.uint64(1)) == 0:
        rest >>= np.uint64(1)
        rank += np.uint64(1)
    return (drawn & np.uint64(15)) << np.uint64(2), rank


@nb.njit(cache=True, nogil=True)
def segment_at(cells, segment, pane):
    """Return a segment's place, which it takes now where it had none.

    Args:
        cells: (n, CELL) uint64.
        segment: keyed hash.
        pane: number of the pane.
    """
    spread = mix(segment >> np.uint64(16))  # of the print alone, which is all that is kept
    sets = np.uint64(cells.shape[0] // WAYS)
    base = np.int64(((spread >> np.uint64(32)) * sets) >> np.uint64(32)) * WAYS
    mark = (segment & _PRINT) | (np.uint64(pane) & _PANES)
    taken, fewest = base, 1e18
    turn = np.int64(spread & np.uint64(WAYS - 1))  # ties fall on another place each time
    for step in range(WAYS):
        row = base + ((step + turn) & (WAYS - 1))
        held = cells[row, 0]
        age = (np.uint64(pane) - held) & _PANES
        if held & _PRINT == segment & _PRINT and held != 0:
            if age == 0 or age > np.uint64(0x7FFF):  # the clock went back: it stays
                return row
            for now in (1, 3):
                cells[row, now + 1] = cells[row, now] if age == 1 else np.uint64(0)
                cells[row, now] = 0
            cells[row, 0] = mark
            return row
        if held == 0 or (age > 1 and age <= np.uint64(0x7FFF)):
            holders = -1.0
        elif age == 1:
            holders = 0.5 * estimate(joined(cells[row, 1], cells[row, 3]))
        else:
            holders = estimate(joined(cells[row, 1], cells[row, 3]))
            holders += 0.5 * estimate(joined(cells[row, 2], cells[row, 4]))
        if holders < fewest:
            taken, fewest = row, holders
    cells[taken, 0] = mark
    for column in range(1, CELL):
        cells[taken, column] = 0
    return taken


@nb.njit(cache=True, nogil=True)
def _counted(others, cleared):
    """Return the holders of a segment, and those of them that nobody cleared, about."""
    if cleared == 0:
        everybody = estimate(others)
        return everybody, everybody
    everybody = estimate(joined(others, cleared))
    return everybody, max(everybody - estimate(cleared), 0.0)


@nb.njit(cache=True, nogil=True)
def holders_of(cells, row):
    """Return how many holders a segment has, and how many of them nobody cleared, about."""
    return _counted(joined(cells[row, 1], cells[row, 2]), joined(cells[row, 3], cells[row, 4]))


@nb.njit(cache=True, nogil=True)
def hold(cells, row, segment, holder, cleared):
    """Count a holder of a segment.

    Args:
        cells: (n, CELL) uint64, changed.
        row: of the segment.
        segment: keyed hash.
        holder: keyed hash.
        cleared: whether a scan has looked at the holder and found nothing.

    Returns:
        The holders that there were, those of them that nobody cleared, and whether this one is new.
    """
    column = 3 if cleared else 1
    others, innocent = joined(cells[row, 1], cells[row, 2]), joined(cells[row, 3], cells[row, 4])
    shift, rank = _sighting(segment, holder)
    nibble = np.uint64(15) << shift
    here = rank << shift
    new = here > (joined(others, innocent) & nibble)
    if here > (cells[row, column] & nibble):
        cells[row, column] = (cells[row, column] & ~nibble) | here
    everybody, left = _counted(others, innocent)
    return everybody, left, new


@nb.njit(cache=True, nogil=True)
def count_crowd(crowd, told, holder, now):
    """Count a holder among all; return how many there were lately, about.

    Args:
        crowd: (2, CROWD) uint8: registers of this pane and of the one before.
        told: (2,) int64: number of this pane, and the estimate as it last was.
        holder: keyed hash.
        now: seconds since 1970.
    """
    pane = now // PANE
    age = pane - told[0]
    if age > 0:
        for i in range(CROWD):
            crowd[1, i] = crowd[0, i] if age == 1 else 0
            crowd[0, i] = 0
        told[0] = pane
        told[1] = -1
    drawn = mix(holder)
    place = np.int64(drawn & np.uint64(CROWD - 1))
    rest = drawn >> np.uint64(10)
    rank = np.uint8(1)
    while rank < 50 and (rest & np.uint64(1)) == 0:
        rest >>= np.uint64(1)
        rank += np.uint8(1)
    if rank > crowd[0, place]:
        crowd[0, place] = rank
        if rank > crowd[1, place]:
            told[1] = -1
    if told[1] < 0:
        empty, total = 0, 0.0
        for i in range(CROWD):
            most = max(crowd[0, i], crowd[1, i])
            if most == 0:
                empty += 1
            total += 2.0 ** -np.float64(most)
        if empty > CROWD // 4:
            told[1] = np.int64(np.rint(CROWD * np.log(CROWD / empty)))
        else:
            told[1] = np.int64(np.rint(0.7213 / (1 + 1.079 / CROWD) * CROWD * CROWD / total))
    return told[1]
