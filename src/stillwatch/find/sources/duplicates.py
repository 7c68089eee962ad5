"""Ids seen before, in bounded memory.

Ids are kept as 64-bit hashes in open-addressing tables.  Two generations are held: when the young
one is full it becomes the old one and the former old one is dropped, so a repeated id is always
recognised within the last ``generation`` distinct ids and memory never passes two tables.  Among
n ids, the chance that any two differ and hash alike is about n²/2⁶⁵ (1 in 100,000 at 16 million).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SeenIds"]

GENERATION = 1 << 24
"""Distinct ids of one generation: 16.7 million, at most 256 MiB a table and 512 MiB in all."""

_SMALLEST = 1 << 16


@njit(cache=True)  # type: ignore[untyped-decorator]
def _hash(data: np.ndarray, start: int, end: int) -> np.uint64:
    """Hash bytes, eight at a time, by multiply and shift (the finaliser of MurmurHash3)."""
    state = np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(end - start)
    at = start
    while at < end:
        word = np.uint64(0)
        for k in range(min(8, end - at)):
            word |= np.uint64(data[at + k]) << np.uint64(8 * k)
        state ^= word
        state ^= state >> np.uint64(33)
        state *= np.uint64(0xFF51AFD7ED558CCD)
        state ^= state >> np.uint64(33)
        state *= np.uint64(0xC4CEB9FE1A85EC53)
        state ^= state >> np.uint64(33)
        at += 8
    return state if state != np.uint64(0) else np.uint64(1)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _find(table: np.ndarray, key: np.uint64) -> int:
    mask = np.uint64(len(table) - 1)
    at = key & mask
    while table[at] != np.uint64(0) and table[at] != key:
        at = (at + np.uint64(1)) & mask
    return int(at)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _mark(
    data: np.ndarray,
    offsets: np.ndarray,
    usable: np.ndarray,
    young: np.ndarray,
    old: np.ndarray,
    repeated: np.ndarray,
) -> int:
    """Mark usable rows seen before, remember the others, return how many were new."""
    added = 0
    for row in range(len(usable)):
        if not usable[row]:
            continue
        key = _hash(data, offsets[row], offsets[row + 1])
        at = _find(young, key)
        if young[at] == key or old[_find(old, key)] == key:
            repeated[row] = True
        else:
            young[at] = key
            added += 1
    return added


@njit(cache=True)  # type: ignore[untyped-decorator]
def _copy(source: np.ndarray, target: np.ndarray) -> None:
    for key in source:
        if key != np.uint64(0):
            target[_find(target, key)] = key


class SeenIds:
    """Recognises ids that came before.

    >>> import pyarrow as pa
    >>> seen = SeenIds()
    >>> seen.repeated(pa.array(["a", "b", "a"]), np.ones(3, bool)).tolist()
    [False, False, True]
    """

    def __init__(self, generation: int = GENERATION) -> None:
        self._generation = generation
        self._young = np.zeros(_SMALLEST, np.uint64)
        self._old = np.zeros(1, np.uint64)
        self._held = 0

    def repeated(self, ids: pa.Array, usable: np.ndarray) -> np.ndarray:
        """Return which usable rows repeat an earlier usable id, and remember the others.

        Args:
            ids: string array without nulls among the usable rows.
            usable: bool, one a row; other rows are neither looked up nor remembered.
        """
        repeated = np.zeros(len(ids), np.bool_)
        if len(ids) == 0:
            return repeated
        self._make_room(len(ids))
        _, offset_buffer, data_buffer = ids.buffers()
        offsets = np.frombuffer(offset_buffer, np.int32)[ids.offset : ids.offset + len(ids) + 1]
        data = np.frombuffer(data_buffer or b"\0", np.uint8)
        self._held += _mark(data, offsets, usable, self._young, self._old, repeated)
        return repeated

    def _make_room(self, rows: int) -> None:
        if self._held and self._held + rows > self._generation:
            self._old, self._young = self._young, np.zeros(_SMALLEST, np.uint64)
            self._held = 0
        need = len(self._young)
        while (self._held + rows) * 4 > need * 3:
            need *= 2
        if need > len(self._young):
            grown = np.zeros(need, np.uint64)
            _copy(self._young, grown)
            self._young = grown
