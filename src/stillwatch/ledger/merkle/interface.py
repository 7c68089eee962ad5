"""Where the tiles of a log are read and kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from stillwatch.ledger.merkle.hashing import HASH_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TILE_WIDTH", "MemoryTiles", "Tile", "TileStore", "Tiles"]

TILE_WIDTH = 256
"""Hashes in a full tile: a tile is a subtree of height 8."""


@dataclass(frozen=True, order=True)
class Tile:
    """A tile's place in a log."""

    level: int
    """Height above the leaves, in tiles: 0 holds leaf hashes."""

    index: int
    """Place among the tiles of its level, from 0."""

    width: int
    """Hashes it holds, 1 to 256."""


class Tiles(Protocol):
    """Where tiles are read."""

    def read(self, tile: Tile) -> bytes:
        """Return the tile's first `tile.width` hashes or more of them; empty where it has fewer.

        A tile only ever grows, so a wider one answers for a narrower.
        """
        ...


class TileStore(Tiles, Protocol):
    """Where tiles are read and kept."""

    def write(self, tiles: Iterable[tuple[Tile, bytes]]) -> None:
        """Keep tiles, in this order; a wider one may take the place of a narrower."""
        ...


class MemoryTiles:
    """Tiles in a dict."""

    def __init__(self) -> None:
        self._held: dict[tuple[int, int], bytes] = {}

    def read(self, tile: Tile) -> bytes:
        """Return a tile, see `Tiles`."""
        held = self._held.get((tile.level, tile.index), b"")
        return held if len(held) >= tile.width * HASH_BYTES else b""

    def write(self, tiles: Iterable[tuple[Tile, bytes]]) -> None:
        """Keep tiles, see `TileStore`."""
        for tile, content in tiles:
            self._held[tile.level, tile.index] = content
