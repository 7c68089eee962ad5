"""The tree that grows: its right edge, and the tiles that an append changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.ledger.merkle.hashing import EMPTY_ROOT, HASH_BYTES, fold, node_hash
from stillwatch.ledger.merkle.interface import TILE_WIDTH, Tile
from stillwatch.ledger.merkle.proofs import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillwatch.ledger.merkle.interface import Tiles

__all__ = ["Tree", "repairs"]

_FULL = TILE_WIDTH * HASH_BYTES


class Tree:
    """The right edge of a tree: what is needed to append and to say the root.

    >>> from stillwatch.ledger.merkle import MemoryTiles, leaf_hash
    >>> tree, tiles = Tree(), MemoryTiles()
    >>> tiles.write(tree.append([leaf_hash(b"first"), leaf_hash(b"second")]))
    >>> tree.size, tree.root() == node_hash(leaf_hash(b"first"), leaf_hash(b"second"))
    (2, True)
    >>> Tree.resume(tiles, 2).root() == tree.root()
    True
    """

    def __init__(self) -> None:
        self.size = 0
        """Leaves so far."""

        self._edge: list[bytes] = []

    @classmethod
    def resume(cls, tiles: Tiles, size: int) -> Tree:
        """Return the tree of a size, taken up again from tiles.

        Levels above the leaves are computed where they were not written any more.

        Raises:
            RefusedError: L-8 the leaves' tiles do not hold that many.
        """
        tree = cls()
        tree.size = size
        reader = Reader(tiles, size, rebuild=True)
        level, count = 0, size
        while count:
            index, width = divmod(count, TILE_WIDTH)
            edge = reader.hashes(level, index * TILE_WIDTH, width) if width else b""
            tree._edge.append(edge)
            level, count = level + 1, index
        return tree

    @classmethod
    def recover(cls, tiles: Tiles, least: int = 0) -> Tree:
        """Return the tree of all leaves whose hashes are in tiles: what a crash has left.

        Leaves beyond the last checkpoint count as far as no tile is missing among them. Write
        `repairs` before tiles are read for proofs.

        Args:
            tiles: where the tiles are.
            least: leaves that the last checkpoint says there are; the search begins there.

        Raises:
            RefusedError: L-8 the tiles do not hold that many.
        """
        index = least // TILE_WIDTH
        while tiles.read(Tile(0, index, TILE_WIDTH)):
            index += 1
        low, high = 0, TILE_WIDTH - 1
        while low < high:
            middle = (low + high + 1) // 2
            if tiles.read(Tile(0, index, middle)):
                low = middle
            else:
                high = middle - 1
        return cls.resume(tiles, max(least, index * TILE_WIDTH + low))

    def append(self, leaf_hashes: Iterable[bytes]) -> list[tuple[Tile, bytes]]:
        """Append leaves and return the tiles that this changed, lower levels first."""
        added = b"".join(leaf_hashes)
        if len(added) % HASH_BYTES:
            raise RefusedError("L-8", "a leaf's hash has 32 bytes")
        changed: list[tuple[Tile, bytes]] = []
        if not added:
            return changed
        first = self.size // TILE_WIDTH
        self.size += len(added) // HASH_BYTES
        level = 0
        while added:
            if level == len(self._edge):
                self._edge.append(b"")
            whole = self._edge[level] + added
            cut = len(whole) - len(whole) % _FULL
            full = [whole[at : at + _FULL] for at in range(0, cut, _FULL)]
            changed += [(Tile(level, first + n, TILE_WIDTH), tile) for n, tile in enumerate(full)]
            rest = whole[cut:]
            if rest:
                changed.append((Tile(level, first + len(full), len(rest) // HASH_BYTES), rest))
            self._edge[level] = rest
            added = b"".join(fold(tile) for tile in full)
            level, first = level + 1, first // TILE_WIDTH
        return changed

    def root(self) -> bytes:
        """Return the root of all leaves so far, 32 bytes; costs at most 255 hashes a level."""
        root = b""
        for edge in self._edge:
            root = _joined(edge, root)
        return root or EMPTY_ROOT


def repairs(tiles: Tiles, size: int) -> list[tuple[Tile, bytes]]:
    """Return the tiles above the leaves that a crash kept from being written, lower levels first.

    Args:
        tiles: where the tiles are; those of level 0 are there.
        size: leaves of the tree.

    Raises:
        RefusedError: L-8 a tile of level 0 is missing.
    """
    reader = Reader(tiles, size, rebuild=True)
    missing: list[tuple[Tile, bytes]] = []
    level, count = 1, size // TILE_WIDTH
    while count:
        found = []
        for index in range((count - 1) // TILE_WIDTH, -1, -1):
            tile = Tile(level, index, min(TILE_WIDTH, count - index * TILE_WIDTH))
            if tiles.read(tile):
                break  # tiles are written in order: those before it are there
            found.append((tile, reader.hashes(level, index * TILE_WIDTH, tile.width)))
        missing += reversed(found)
        level, count = level + 1, count // TILE_WIDTH
    return missing


def _joined(edge: bytes, tail: bytes) -> bytes:
    """Return the root over the hashes of one level and what lies right of and below them."""
    ends = []
    at, left = 0, len(edge) // HASH_BYTES
    while left:
        width = 1 << (left.bit_length() - 1)
        ends.append(fold(edge[at : at + width * HASH_BYTES]))
        at, left = at + width * HASH_BYTES, left - width
    for end in reversed(ends):
        tail = node_hash(end, tail) if tail else end
    return tail
