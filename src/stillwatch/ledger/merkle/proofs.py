"""Roots and proofs, made from the few tiles that they need (RFC 6962 2.1.1, 2.1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.ledger.merkle.hashing import EMPTY_ROOT, HASH_BYTES, fold, node_hash
from stillwatch.ledger.merkle.interface import TILE_WIDTH, Tile

if TYPE_CHECKING:
    from stillwatch.ledger.merkle.interface import Tiles

__all__ = ["Reader", "consistency_proof", "inclusion_proof", "root_at"]

_HEIGHT = 8


def root_at(size: int, tiles: Tiles) -> bytes:
    """Return the root that the tree had at a size, 32 bytes.

    Raises:
        RefusedError: L-8 a tile is missing.
    """
    return Reader(tiles, size).range(0, size) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, tiles: Tiles) -> list[bytes]:
    """Return the hashes that lead from a leaf to the root at a size (RFC 6962 2.1.1).

    For many leaves of one size, keep a `Reader`.

    Raises:
        RefusedError: L-9 there is no such leaf; L-8 a tile is missing.
    """
    return Reader(tiles, size).inclusion_proof(index)


def consistency_proof(old: int, new: int, tiles: Tiles) -> list[bytes]:
    """Return the hashes that show a tree to continue an older one (RFC 6962 2.1.2).

    Raises:
        RefusedError: L-10 the older one is not the smaller; L-8 a tile is missing.
    """
    if not 0 <= old <= new:  # L-10
        raise RefusedError("L-10", f"a tree of {new} leaves does not continue one of {old}")
    if old in {0, new}:
        return []
    reader = Reader(tiles, new)
    proof: list[bytes] = []
    low, high, whole = 0, new, True
    while old < high:
        middle = low + _split(high - low)
        if old <= middle:
            proof.append(reader.range(middle, high))
            high = middle
        else:
            proof.append(reader.range(low, middle))
            low, whole = middle, False
    if not whole:
        proof.append(reader.range(low, high))
    return proof[::-1]


class Reader:
    """Reads nodes of a tree of one size from its tiles, each tile and each subtree once.

    Args:
        tiles: where the tiles are.
        size: leaves of the tree.
        rebuild: compute a tile that is missing from those below it.
    """

    def __init__(self, tiles: Tiles, size: int, *, rebuild: bool = False) -> None:
        self._tiles = tiles
        self._size = size
        self._rebuild = rebuild
        self._held: dict[tuple[int, int], bytes] = {}
        self._roots: dict[tuple[int, int], bytes] = {}

    def inclusion_proof(self, index: int) -> list[bytes]:
        """Return the hashes that lead from a leaf to the root (RFC 6962 2.1.1).

        Raises:
            RefusedError: L-9 there is no such leaf; L-8 a tile is missing.
        """
        if not 0 <= index < self._size:  # L-9
            raise RefusedError("L-9", f"a tree of {self._size} leaves has no leaf {index}")
        proof: list[bytes] = []
        low, high = 0, self._size
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                proof.append(self.range(middle, high))
                high = middle
            else:
                proof.append(self.range(low, middle))
                low = middle
        return proof[::-1]

    def hashes(self, level: int, start: int, count: int) -> bytes:
        """Return neighbouring hashes of one level of tiles, all of them in one tile.

        Raises:
            RefusedError: L-8 the tile is missing or too short.
        """
        index, offset = divmod(start, TILE_WIDTH)
        held = self._held.get((level, index))
        if held is None:
            width = min(TILE_WIDTH, (self._size >> _HEIGHT * level) - index * TILE_WIDTH)
            held = self._tiles.read(Tile(level, index, width))
            if len(held) < width * HASH_BYTES:
                held = self._rebuilt(level, index, width)
            self._held[level, index] = held
        return held[offset * HASH_BYTES : (offset + count) * HASH_BYTES]

    def range(self, low: int, high: int) -> bytes:
        """Return the root over leaves low..high of a subtree that a proof splits off."""
        place = low, high
        held = self._roots.get(place)
        if held is not None:  # neighbouring leaves share all but the lowest
            return held
        ends = []
        while low < high:
            height = (high - low).bit_length() - 1
            level, rest = divmod(height, _HEIGHT)
            ends.append(fold(self.hashes(level, low >> _HEIGHT * level, 1 << rest)))
            low += 1 << height
        root = ends.pop()
        for end in reversed(ends):
            root = node_hash(end, root)
        self._roots[place] = root
        return root

    def _rebuilt(self, level: int, index: int, width: int) -> bytes:
        if level == 0 or not self._rebuild:  # L-8
            raise RefusedError("L-8", "a tile of the log is missing", where=f"{level}/{index}")
        below = range(index * TILE_WIDTH, index * TILE_WIDTH + width)
        return b"".join(fold(self.hashes(level - 1, n * TILE_WIDTH, TILE_WIDTH)) for n in below)


def _split(leaves: int) -> int:
    """Return the largest power of two below a number of leaves."""
    return 1 << ((leaves - 1).bit_length() - 1)
