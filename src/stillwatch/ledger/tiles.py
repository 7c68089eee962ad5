"""Paths and contents of a log's files (C2SP tlog-tiles)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.ledger.merkle import TILE_WIDTH, Tile

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "LONGEST_ENTRY",
    "bundle",
    "bundle_path",
    "parse_path",
    "tile_path",
    "unbundle",
]

LONGEST_ENTRY = (1 << 16) - 1
"""Bytes that an entry may have in a bundle."""

_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


def tile_path(tile: Tile) -> str:
    """Return the path of a tile of hashes below the log's prefix.

    >>> tile_path(Tile(0, 1234067, 5))
    'tile/0/x001/x234/067.p/5'
    """
    return f"tile/{tile.level}/{_place(tile)}"


def bundle_path(tile: Tile) -> str:
    """Return the path of the entries under a tile of level 0.

    >>> bundle_path(Tile(0, 12, 256))
    'tile/entries/012'
    """
    return f"tile/entries/{_place(tile)}"


def parse_path(path: str) -> tuple[Tile, bool]:
    """Return the tile that a path names, and whether its entries are meant.

    Raises:
        RefusedError: L-16 the path is not in its one spelling.

    >>> parse_path("tile/entries/x001/002.p/7")
    (Tile(level=0, index=1002, width=7), True)
    """
    form = _PATH.fullmatch(path)
    if form is None:  # L-16
        raise RefusedError("L-16", "the path names no tile")
    entries = form[1] == "entries"
    index = int(form[2].replace("/", "").replace("x", ""))
    tile = Tile(0 if entries else int(form[1]), index, int(form[3] or TILE_WIDTH))
    if (
        path != (bundle_path if entries else tile_path)(tile) or tile.level > 63 or tile.index >> 62
    ):  # L-16
        raise RefusedError("L-16", "the path names no tile in its one spelling")
    return tile, entries


def bundle(entries: Sequence[bytes]) -> bytes:
    r"""Return entries one after the other, each after its length in 2 bytes.

    Raises:
        RefusedError: L-17 they are more than 256, or one is too long.

    >>> bundle([b"a", b"bc"])
    b'\x00\x01a\x00\x02bc'
    """
    if len(entries) > TILE_WIDTH or any(len(entry) > LONGEST_ENTRY for entry in entries):  # L-17
        raise RefusedError("L-17", "a bundle has over 256 entries or one over 65,535 bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(raw: bytes, width: int) -> list[bytes]:
    """Return the entries of a bundle.

    Args:
        raw: the bundle.
        width: entries that it has to have.

    Raises:
        RefusedError: L-17 it is cut short, or has another number of entries.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(raw) and len(entries) < width:
        start = at + 2
        at = start + int.from_bytes(raw[at:start], "big")
        entries.append(raw[start:at])
    if at != len(raw) or len(entries) != width:  # L-17
        raise RefusedError("L-17", f"a bundle does not hold {width} entries")
    return entries


def _place(tile: Tile) -> str:
    digits = str(tile.index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    partial = "" if tile.width == TILE_WIDTH else f".p/{tile.width}"
    return "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]]) + partial
