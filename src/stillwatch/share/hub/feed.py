"""New records to whoever listens: one ring of the newest, and each listener's own place in it.

A listener that falls behind the ring goes on from the tables; nothing waits for it in memory.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from stillwatch.share.hub.audiences import sees, unpacked
from stillwatch.share.hub.calls import text64
from stillwatch.share.hub.journal import Record
from stillwatch.share.hub.times import written
from stillwatch.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.share.hub.roster import Member, Roster

__all__ = ["Feed", "entitled", "read_records", "written_record"]

_RING = 5000


def entitled(record: Record, member: Member, roster: Roster, now: int) -> bool:
    """Say whether a member may have a record now."""
    if record.collection is None:
        return True
    if not member.reads:
        return False
    place = roster.collections.get(record.collection)
    if place is None or not place.holds(member.number):
        return False
    if record.valid_until is not None and record.valid_until <= now and not record.revoked:
        return False
    return sees(member.number, record.audience, record.publisher, by_hub=record.by_hub)


def written_record(record: Record, roster: Roster) -> bytes:
    """Return a record as one line of JSON."""
    place = roster.collections.get(record.collection) if record.collection is not None else None
    publisher = roster.members.get(record.publisher)
    made = {
        "index": record.leaf,
        "kind": record.kind,
        "made_by": "hub" if record.by_hub or record.collection is None else "member",
        "collection": place.id if place else None,
        "publisher": publisher.id if publisher else "",
        "date_added": written(record.added),
        "salt": text64(record.salt),
        "object": msgspec.Raw(record.body),
    }
    return msgspec.json.encode(made)


def read_records(connection: Connection, after: int, count: int) -> list[Record]:
    """Return records after an index, in order, up to so many; erased ones are missing.

    A version whose marking or audience was replaced is missing too (H-7).
    """
    return [
        Record(
            row.leaf, row.added, row.collection, row.publisher, unpacked(row.audience), row.by_hub,
            row.revoked, row.valid_until, bytes(row.body), bytes(row.salt),
        )
        for row in connection.execute(_RECORDS, {"after": after, "count": count})
    ]  # fmt: skip


class Feed:
    """The newest records, and a bell that rings when there are more."""

    def __init__(self, size: int) -> None:
        self.size = size
        """Leaves of the log that listeners may know of."""
        self.note = ""
        """The newest checkpoint."""
        self.closed = False
        """No more will come."""
        self._first = size
        self._ring: deque[tuple[Record, bytes]] = deque(maxlen=_RING)
        self._bell = asyncio.Event()

    def put(self, records: list[Record], size: int, roster: Roster) -> None:
        """Add records that follow the last one; `size` is the log's size with them."""
        for record in records:
            line = written_record(record, roster)
            event = b"event: record\nid: %d\ndata: %b\n\n" % (record.leaf, line)
            self._ring.append((record, event))
        if self._ring:
            self._first = max(self._first, self._ring[0][0].leaf) if self._full else self._first
        self.size = max(self.size, size)
        self.ring()

    @property
    def _full(self) -> bool:
        return len(self._ring) == _RING

    def ring(self) -> None:
        """Wake all listeners."""
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()

    def close(self) -> None:
        """End all streams."""
        self.closed = True
        self.ring()

    def since(self, after: int) -> list[tuple[Record, bytes]] | None:
        """Return what the ring holds after an index; None where it does not reach back so far."""
        if after + 1 < self._first:
            return None
        held: list[tuple[Record, bytes]] = []
        for pair in reversed(self._ring):
            if pair[0].leaf <= after:
                break
            held.append(pair)
        return held[::-1]

    async def wait(self, seconds: float) -> bool:
        """Wait for the bell; False where it did not ring in time."""
        bell = self._bell
        try:
            async with asyncio.timeout(seconds):
                await bell.wait()
        except TimeoutError:
            return False
        return True


_c = tables.objects.c
_RECORDS = (
    sa.select(
        _c.leaf, _c.added, _c.collection, _c.publisher, _c.audience, _c.by_hub, _c.revoked,
        _c.valid_until, _c.body, _c.salt,
    )
    .where(_c.leaf > sa.bindparam("after"), _c.remarked.is_(False))
    .order_by(_c.leaf)
    .limit(sa.bindparam("count"))
)  # fmt: skip
