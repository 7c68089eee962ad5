"""The transparency log in tables: tiles, commitments, and the tree that a process goes on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.ledger import commit, merkle
from stillwatch.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

__all__ = ["Edge", "TableTiles", "entry_bundle"]

_COMMITMENT = 32
_WIDTH = merkle.TILE_WIDTH

_PUT_TILE = sa.text(
    "INSERT INTO hub_tiles (level, tile, content) VALUES (:level, :tile, :content)"
    " ON CONFLICT (level, tile) DO UPDATE SET content = excluded.content"
)
_PUT_ENTRIES = sa.text(
    "INSERT INTO hub_entries (tile, content) VALUES (:tile, :content)"
    " ON CONFLICT (tile) DO UPDATE SET content = excluded.content"
)
_TILE = sa.select(tables.tiles.c.content).where(
    tables.tiles.c.level == sa.bindparam("level"), tables.tiles.c.tile == sa.bindparam("tile")
)
_ENTRIES = sa.select(tables.entries.c.content).where(tables.entries.c.tile == sa.bindparam("tile"))


class TableTiles:
    """Tiles in the tables, as `stillwatch.ledger.merkle.TileStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self, tile: merkle.Tile) -> bytes:
        """Return a tile's hashes, or nothing where there are fewer."""
        place = {"level": tile.level, "tile": tile.index}
        held = self._connection.execute(_TILE, place).scalar()
        return bytes(held) if held and len(held) >= tile.width * merkle.HASH_BYTES else b""

    def write(self, tiles: Iterable[tuple[merkle.Tile, bytes]]) -> None:
        """Keep tiles."""
        rows = [{"level": t.level, "tile": t.index, "content": held} for t, held in tiles]
        if rows:
            self._connection.execute(_PUT_TILE, rows)


def entry_bundle(connection: Connection, tile: int) -> bytes:
    """Return the commitments of a tile, 32 bytes each; empty where there are none."""
    held = connection.execute(_ENTRIES, {"tile": tile}).scalar()
    return bytes(held) if held else b""


class Edge:
    """The growing end of the log."""

    def __init__(self, tree: merkle.Tree, commitments: bytes) -> None:
        self._tree = tree
        self._commitments = commitments

    @classmethod
    def resume(cls, connection: Connection, size: int) -> Edge:
        """Return the end of the log of a size, from the tables."""
        tree = merkle.Tree.resume(TableTiles(connection), size)
        tail = entry_bundle(connection, size // _WIDTH) if size % _WIDTH else b""
        return cls(tree, tail[: size % _WIDTH * _COMMITMENT])

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._tree.size

    def root(self) -> bytes:
        """Return the root, 32 bytes."""
        return self._tree.root()

    def append(self, connection: Connection, leaves: Sequence[tuple[bytes, bytes]]) -> None:
        """Append salted contents (salt, canonical bytes) and write what that changes."""
        new = [commit(salt, content) for salt, content in leaves]
        first = self.size // _WIDTH
        TableTiles(connection).write(self._tree.append(merkle.leaf_hash(entry) for entry in new))
        whole = self._commitments + b"".join(new)
        wide = _WIDTH * _COMMITMENT
        bundles = [whole[at : at + wide] for at in range(0, len(whole), wide)]
        rows = [{"tile": first + n, "content": bundle} for n, bundle in enumerate(bundles)]
        if rows:
            connection.execute(_PUT_ENTRIES, rows)
        self._commitments = whole[len(whole) - len(whole) % wide :]
