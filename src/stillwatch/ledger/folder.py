"""A log's tiles as files, laid out as they are served (C2SP tlog-tiles)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stillwatch.disk import flush
from stillwatch.errors import OutputError
from stillwatch.ledger.merkle import HASH_BYTES, TILE_WIDTH, Tile
from stillwatch.ledger.tiles import tile_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["FolderTiles"]


class FolderTiles:
    """Tiles below a folder: what `write` has returned from is on the disk.

    Args:
        folder: the log's prefix; one process writes to it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, tile: Tile) -> bytes:
        """Return a tile or a wider one in its place, see `merkle.Tiles`."""
        exact = self._folder / tile_path(tile)
        full = self._folder / tile_path(Tile(tile.level, tile.index, TILE_WIDTH))
        for path in (exact, full, *_wider(full, tile.width)):
            try:
                held = path.read_bytes()
            except OSError:
                continue
            if len(held) >= tile.width * HASH_BYTES:
                return held
        return b""

    def write(self, tiles: Iterable[tuple[Tile, bytes]]) -> None:
        """Keep tiles in this order; a full one takes the place of its partial ones.

        Raises:
            OutputError: the folder cannot be written.
        """
        try:
            for tile, content in tiles:
                self._write(tile, content)
        except OSError as error:
            raise OutputError(
                f"a tile of the log cannot be written: {error.strerror}",
                where=str(self._folder),
                todo="check the folder's mode and the room on its disk",
            ) from error

    def _write(self, tile: Tile, content: bytes) -> None:
        path = self._folder / tile_path(tile)
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
            above = path.parent
            while above != self._folder:
                above = above.parent
                flush(above)
        partial = path.with_name(f"{path.name}.new")
        partial.write_bytes(content)
        flush(partial)
        os.replace(partial, path)  # noqa: PTH105 - atomic on every system
        flush(path.parent)
        if tile.width == TILE_WIDTH:
            for old in _wider(path, 0):
                old.unlink()


def _wider(full: Path, width: int) -> list[Path]:
    """Return the partial tiles of a place that have more than a number of hashes."""
    folder = full.with_name(f"{full.name}.p")
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.name.isdecimal() and int(path.name) > width]
