"""The table of accounts of which something is known."""

from __future__ import annotations

import numba as nb
import numpy as np

__all__ = ["fill_slots", "known_at"]


@nb.njit(cache=True, nogil=True)
def known_at(slots, place_of, key):
    """Return the row of an account, -1 where nothing is known of it.

    Args:
        slots: (2^k,) uint64 keys, 0 where free.
        place_of: (2^k,) int32 rows.
        key: keyed hash, not 0.
    """
    mask = np.uint64(slots.size - 1)
    slot = key & mask
    while slots[slot] != 0:
        if slots[slot] == key:
            return np.int64(place_of[slot])
        slot = (slot + np.uint64(1)) & mask
    return np.int64(-1)


@nb.njit(cache=True, nogil=True)
def fill_slots(keys, slots, place_of):
    """Put accounts into a table; of two of the same key the first stays."""
    mask = np.uint64(slots.size - 1)
    for row in range(keys.size):
        slot = keys[row] & mask
        while slots[slot] != 0 and slots[slot] != keys[row]:
            slot = (slot + np.uint64(1)) & mask
        if slots[slot] == 0:
            slots[slot] = keys[row]
            place_of[slot] = row
