"""The endpoints of the transparency log: checkpoint, tiles, entries, proofs, salts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.errors import RefusedError
from stillwatch.ledger import merkle, tiles
from stillwatch.share.hub.audiences import unpacked
from stillwatch.share.hub.calls import Answer, Call, answered, text64
from stillwatch.share.hub.feed import entitled
from stillwatch.share.hub.journal import Record
from stillwatch.share.hub.logbook import TableTiles, entry_bundle
from stillwatch.share.hub.refusals import HubError
from stillwatch.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from stillwatch.share.hub.hub import Hub

__all__ = [
    "checkpoint",
    "consistency",
    "entry_of",
    "inclusion",
    "newest_checkpoint",
    "salts",
    "tile",
]

_NOTE = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_MOST_SALTS = 100
_ENTRY = 32


async def checkpoint(hub: Hub, _call: Call) -> Answer:
    """Return the newest checkpoint with its witnesses' cosignatures."""
    note = hub.cosigned if hub.settings.witnesses and hub.cosigned else hub.feed.note
    return Answer(200, note.encode(), _NOTE)


async def newest_checkpoint(hub: Hub, _call: Call) -> Answer:
    """Return the newest checkpoint, cosigned or not."""
    return Answer(200, hub.feed.note.encode(), _NOTE)


async def tile(hub: Hub, call: Call) -> Answer:
    """Return a tile of hashes or of entries (C2SP tlog-tiles)."""
    try:
        wanted, entries = tiles.parse_path(f"tile/{call.places['tile']}")
    except RefusedError as error:
        raise HubError(404, error.rule, "there is no such tile") from error
    read = _read_bundle if entries else _read_tile
    held = await hub.database.read(read, wanted)
    if not held:
        raise HubError(404, "H-0", "there is no such tile yet")
    full = wanted.width == merkle.TILE_WIDTH
    keep = (("Cache-Control", "private, max-age=31536000, immutable"),) if full else ()
    return Answer(200, held, _BYTES, keep)


async def inclusion(hub: Hub, call: Call) -> Answer:
    """Prove that a leaf is in the tree of a size (RFC 9162 2.1.3)."""
    size = call.number("size", hub.feed.size, 1 << 62)
    index = call.number("index", -1, 1 << 62)
    if not 0 <= index < size <= hub.feed.size:  # H-0
        raise HubError(400, "H-0", "index and size are not those of a leaf and its tree")
    found = await hub.database.read(_inclusion, index, size)
    return answered({"index": index, "size": size, "hashes": [text64(h) for h in found]})


async def consistency(hub: Hub, call: Call) -> Answer:
    """Prove that the tree of a size continues that of another (RFC 9162 2.1.4)."""
    second = call.number("second", hub.feed.size, 1 << 62)
    first = call.number("first", 0, 1 << 62)
    if not 0 <= first <= second <= hub.feed.size:  # H-0
        raise HubError(400, "H-0", "first and second are not sizes of the log")
    found = await hub.database.read(_consistency, first, second)
    return answered({"first": first, "second": second, "hashes": [text64(h) for h in found]})


async def salts(hub: Hub, call: Call) -> Answer:
    """Hand out salts of leaves to whom they are due."""
    wanted = [value for key, value in call.query if key == "index"]
    good = all(text.isascii() and text.isdigit() and len(text) < 19 for text in wanted)
    if not 1 <= len(wanted) <= _MOST_SALTS or not good:  # H-0
        raise HubError(400, "H-0", f"index is given 1 to {_MOST_SALTS} times, each a whole number")
    found = await hub.database.read(entry_of, [int(text) for text in wanted])
    shown = [
        {"index": record.leaf, "salt": text64(record.salt)}
        for record in found
        if entitled(record, call.asker, hub.roster, call.now)
    ]
    return answered({"salts": shown}, given=len(shown))


def entry_of(connection: Connection, leaves: Sequence[int]) -> list[Record]:
    """Return what leaves commit to, where that is not erased or replaced."""
    c = tables.objects.c
    query = sa.select(tables.objects).where(c.leaf.in_(leaves), c.remarked.is_(False))
    return [
        Record(
            row.leaf, row.added, row.collection, row.publisher, unpacked(row.audience), row.by_hub,
            row.revoked, row.valid_until, bytes(row.body), bytes(row.salt),
        )
        for row in connection.execute(query.order_by(c.leaf))
    ]  # fmt: skip


def _read_tile(connection: Connection, wanted: merkle.Tile) -> bytes:
    return TableTiles(connection).read(wanted)[: wanted.width * merkle.HASH_BYTES]


def _read_bundle(connection: Connection, wanted: merkle.Tile) -> bytes:
    held = entry_bundle(connection, wanted.index)[: wanted.width * _ENTRY]
    if len(held) < wanted.width * _ENTRY:
        return b""
    return tiles.bundle([held[at : at + _ENTRY] for at in range(0, len(held), _ENTRY)])


def _inclusion(connection: Connection, index: int, size: int) -> list[bytes]:
    return merkle.inclusion_proof(index, size, TableTiles(connection))


def _consistency(connection: Connection, first: int, second: int) -> list[bytes]:
    return merkle.consistency_proof(first, second, TableTiles(connection))
