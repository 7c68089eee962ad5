"""Which exchanges hold pieces of text that peers shared, in one compiled pass.

A table of all shared pieces is built once; the pieces of observed exchanges pass through a bitmap
that stops nearly all of them, and the rest are looked up.  Both sides were hashed under the sketch
key of one epoch: observations of ``stillwatch observe --key-file``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Hits", "SharedPieces", "piece_at"]

_BITS = 24
"""The bitmap has 2^24 bits: 2 MiB, which a core's cache holds."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Exchanges that hold pieces of a sketch; H pairs of an exchange and a sketch."""

    row: NDArray[np.int64]
    """(H,) exchange, ascending."""
    sketch: NDArray[np.int32]
    """(H,) sketch, ascending within a row."""
    pieces: NDArray[np.int32]
    """(H,) different pieces of the sketch that the exchange holds."""
    score: NDArray[np.float64]
    """(H,) sum of their weights, nats."""


class SharedPieces:
    """The pieces of some sketches, ready to be looked up.

    Args:
        values: for each of S sketches, its keyed hashes.
        weights: for each, the weights in hundredths of a nat.
        seed: odd 64-bit number, best drawn anew for each table: who knows it can choose pieces
            that all fall into one place and make every look-up slow.

    >>> shared = SharedPieces([[5, 7], [7]], [[200, 100], [300]])
    >>> hits = shared.match(np.array([7, 9, 7, 5], np.uint64), np.array([0, 2, 4]))
    >>> hits.row.tolist(), hits.sketch.tolist(), hits.score.tolist()
    ([0, 0, 1, 1], [0, 1, 0, 1], [1.0, 3.0, 3.0, 3.0])
    """

    def __init__(
        self,
        values: Sequence[Sequence[int]],
        weights: Sequence[Sequence[int]],
        seed: int = 0x9E3779B97F4A7C15,
    ) -> None:
        many = np.array([len(part) for part in values], np.int64)
        flat = np.array([value for part in values for value in part], np.uint64)
        weight = np.array([w for part in weights for w in part], np.int32)
        sketch = np.repeat(np.arange(many.size, dtype=np.int32), many)
        order = np.lexsort((sketch, flat))
        self._weight, self._sketch = weight[order], sketch[order]
        self.known, starts = np.unique(flat[order], return_index=True)
        self._starts = np.append(starts, flat.size).astype(np.int64)
        size = 1 << max(4, int(2 * self.known.size - 1).bit_length())
        self.slots = np.full(size, -1, np.int32)
        self.bitmap = np.zeros(1 << (_BITS - 3), np.uint8)
        self.seed = np.uint64(seed | 1)
        _fill(self.known, self.slots, self.bitmap, self.seed)

    def __len__(self) -> int:
        """Return how many different pieces there are."""
        return self.known.size

    def held_by(self, place: int) -> list[tuple[int, int]]:
        """Return the sketches that hold a piece, each with its weight in hundredths of a nat.

        Args:
            place: what :func:`piece_at` returned.

        >>> SharedPieces([[5, 7], [7]], [[200, 100], [300]]).held_by(1)
        [(0, 100), (1, 300)]
        """
        at = slice(int(self._starts[place]), int(self._starts[place + 1]))
        return list(zip(self._sketch[at].tolist(), self._weight[at].tolist(), strict=True))

    def match(self, facets: NDArray[np.uint64], ptr: NDArray[np.integer]) -> Hits:
        """Return which rows hold pieces of which sketches.

        Args:
            facets: pieces of all rows, one after the other.
            ptr: (n + 1,) offsets into ``facets``.
        """
        row, place = _look_up(
            np.ascontiguousarray(facets, np.uint64),
            np.ascontiguousarray(ptr, np.int64),
            self.known,
            self.slots,
            self.bitmap,
            self.seed,
        )
        pairs = np.unique(np.stack([row, place], axis=1), axis=0) if row.size else _NO_PAIRS
        row, place = pairs[:, 0], pairs[:, 1]
        many = self._starts[place + 1] - self._starts[place]
        at = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
        at += np.repeat(self._starts[place], many)
        rows, sketches = np.repeat(row, many), self._sketch[at]
        order = np.lexsort((sketches, rows))
        rows, sketches, weight = rows[order], sketches[order], self._weight[at][order]
        new = np.ones(rows.size, np.bool_)
        new[1:] = (rows[1:] != rows[:-1]) | (sketches[1:] != sketches[:-1])
        first = np.flatnonzero(new)
        if first.size == 0:
            return Hits(rows, sketches, np.zeros(0, np.int32), np.zeros(0))
        return Hits(
            row=rows[first],
            sketch=sketches[first],
            pieces=np.diff(np.append(first, rows.size)).astype(np.int32),
            score=np.add.reduceat(weight, first) / 100.0,
        )


_NO_PAIRS = np.zeros((0, 2), np.int64)


@nb.njit(cache=True, nogil=True)
def _fill(known: np.ndarray, slots: np.ndarray, bitmap: np.ndarray, seed: np.uint64) -> None:
    mask = np.uint64(slots.size - 1)
    for place in range(known.size):
        mixed = known[place] * seed
        bit = mixed >> np.uint64(40)
        bitmap[bit >> np.uint64(3)] |= np.uint8(1 << (bit & np.uint64(7)))
        slot = (mixed >> np.uint64(8)) & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = place


@nb.njit(cache=True, nogil=True)
def piece_at(
    value: np.uint64, known: np.ndarray, slots: np.ndarray, bitmap: np.ndarray, seed: np.uint64
) -> int:
    """Return the place of a piece in ``SharedPieces.known``, -1 where it is none of them."""
    mixed = value * seed
    bit = mixed >> np.uint64(40)
    if not bitmap[bit >> np.uint64(3)] & np.uint8(1 << (bit & np.uint64(7))):
        return -1
    mask = np.uint64(slots.size - 1)
    slot = (mixed >> np.uint64(8)) & mask
    while slots[slot] >= 0 and known[slots[slot]] != value:
        slot = (slot + np.uint64(1)) & mask
    place: int = slots[slot]
    return place


@nb.njit(cache=True, nogil=True)
def _look_up(
    facets: np.ndarray,
    ptr: np.ndarray,
    known: np.ndarray,
    slots: np.ndarray,
    bitmap: np.ndarray,
    seed: np.uint64,
) -> tuple[np.ndarray, np.ndarray]:
    rows, places = np.empty(1024, np.int64), np.empty(1024, np.int64)
    found = 0
    for row in range(ptr.size - 1):
        for at in range(ptr[row], ptr[row + 1]):
            place = piece_at(facets[at], known, slots, bitmap, seed)
            if place < 0:
                continue
            if found == rows.size:
                wider = np.empty(2 * found, np.int64)
                wider[:found] = rows
                rows = wider
                wider = np.empty(2 * found, np.int64)
                wider[:found] = places
                places = wider
            rows[found], places[found] = row, place
            found += 1
    return rows[:found], places[:found]
