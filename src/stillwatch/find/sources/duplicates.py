"""Ids seen before, in bounded memory.

Ids are kept as keyed 64-bit hashes in open-addressing tables.  Two generations are held: when the
young one is full it becomes the old one and the former old one is dropped, so a repeated id is
always recognised within the last ``generation`` distinct ids and memory never passes two tables.
Among n ids, the chance that any two differ and hash alike is about n²/2⁶⁵ (1 in 100,000 at 16
million).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SeenIds"]

GENERATION = 1 << 24
"""Distinct ids of one generation: 16.7 million, at most 256 MiB a table and 512 MiB in all."""

_SMALLEST = 1 << 16


@njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def _turned(x: np.uint64, left: int) -> np.uint64:
    return (x << np.uint64(left)) | (x >> np.uint64(64 - left))


@njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def _round(
    a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    a += b
    b = _turned(b, 13) ^ a
    a = _turned(a, 32)
    c += d
    d = _turned(d, 16) ^ c
    a += d
    d = _turned(d, 21) ^ a
    c += b
    b = _turned(b, 17) ^ c
    return a, b, _turned(c, 32), d


@njit(cache=True)  # type: ignore[untyped-decorator]
def _hash(data: np.ndarray, start: int, end: int, key: np.ndarray) -> np.uint64:
    """Hash bytes with SipHash-2-4 (Aumasson and Bernstein, 2012) under a key of two words.

    Whoever chooses ids could otherwise make different ones hash alike, so that exchanges vanish
    as repeated, or all fall into one place of the table.
    """
    a = key[0] ^ np.uint64(0x736F6D6570736575)
    b = key[1] ^ np.uint64(0x646F72616E646F6D)
    c = key[0] ^ np.uint64(0x6C7967656E657261)
    d = key[1] ^ np.uint64(0x7465646279746573)
    size = end - start
    for block in range(size // 8 + 1):
        at = start + 8 * block
        word = np.uint64(0)
        for k in range(min(8, end - at)):
            word |= np.uint64(data[at + k]) << np.uint64(8 * k)
        if block == size // 8:
            word |= np.uint64(size & 0xFF) << np.uint64(56)
        d ^= word
        a, b, c, d = _round(a, b, c, d)
        a, b, c, d = _round(a, b, c, d)
        a ^= word
    c ^= np.uint64(0xFF)
    for _ in range(4):
        a, b, c, d = _round(a, b, c, d)
    state = a ^ b ^ c ^ d
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
    key: np.ndarray,
    repeated: np.ndarray,
) -> int:
    """Mark usable rows seen before, remember the others, return how many were new."""
    added = 0
    for row in range(len(usable)):
        if not usable[row]:
            continue
        value = _hash(data, offsets[row], offsets[row + 1], key)
        at = _find(young, value)
        if young[at] == value or old[_find(old, value)] == value:
            repeated[row] = True
        else:
            young[at] = value
            added += 1
    return added


@njit(cache=True)  # type: ignore[untyped-decorator]
def _copy(source: np.ndarray, target: np.ndarray) -> None:
    for key in source:
        if key != np.uint64(0):
            target[_find(target, key)] = key


class SeenIds:
    """Recognises ids that came before.

    Args:
        generation: distinct ids held in a table.
        key: 16 bytes that key the hashes; drawn when not given, so that nobody can choose ids
            that hash alike.

    >>> import pyarrow as pa
    >>> seen = SeenIds()
    >>> seen.repeated(pa.array(["a", "b", "a"]), np.ones(3, bool)).tolist()
    [False, False, True]
    """

    def __init__(self, generation: int = GENERATION, key: bytes | None = None) -> None:
        self._generation = generation
        self._key = np.frombuffer(secrets.token_bytes(16) if key is None else key, np.uint64)
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
        self._held += _mark(data, offsets, usable, self._young, self._old, self._key, repeated)
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
