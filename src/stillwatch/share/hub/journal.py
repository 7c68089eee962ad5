"""One writing transaction: leaves and rows are gathered, then written together.

What makes positions unique over replicas is the head's row, which every writing transaction locks
first; ``date_added`` follows the last one given, so that a clock that steps back gives no time
twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from stillwatch.ledger import canonical
from stillwatch.share.hub.audiences import Audience, packed
from stillwatch.share.hub.logbook import Edge
from stillwatch.share.hub.roster import Roster
from stillwatch.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, RowMapping

    from stillwatch.share.hub.publishing import Row

__all__ = ["CHANGES", "Journal", "Record"]

CHANGES = "x-membership"
"""Type of the log's entries that are no STIX object: changes of membership."""

_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Record:
    """One leaf of the log with what it commits to."""

    leaf: int
    """Index in the log."""

    added: int
    """``date_added``, microseconds since 1970."""

    collection: int | None
    """Number of the collection; None for a change of membership."""

    publisher: int
    """Number of the member whose it is."""

    audience: Audience
    """Who may have it."""

    by_hub: bool
    """A withdrawal."""

    revoked: bool
    """Takes the object back."""

    valid_until: int | None
    """End of its life, microseconds since 1970."""

    body: bytes
    """Canonical bytes."""

    salt: bytes
    """Of the commitment, 32 bytes."""

    @property
    def kind(self) -> str:
        """``object``, ``member`` or ``epoch``: what the canonical bytes of entries begin with."""
        if self.collection is not None:
            return "object"
        return "epoch" if self.body.startswith(b'{"envelope"') else "member"


class Journal:
    """A transaction under way.

    Args:
        connection: inside the transaction.
        edge: end of the log as this process last left it; None to read it.
        roster: as this process knows it; None to read it.
        now: microseconds since 1970.
        salts: gives so many random bytes.
    """

    def __init__(
        self,
        connection: Connection,
        edge: Edge | None,
        roster: Roster | None,
        now: int,
        salts: Callable[[int], bytes],
    ) -> None:
        self.connection = connection
        self.now = now
        self.records: list[Record] = []
        """Leaves of this transaction, in order."""
        locked = sa.select(tables.head).with_for_update()
        self.head: RowMapping = connection.execute(locked).mappings().one()
        size = self.head["size"]
        self.edge = edge if edge and edge.size == size else Edge.resume(connection, size)
        fresh = roster is not None and roster.version == self.head["roster"]
        self.roster = roster if roster and fresh else Roster.read(connection)
        self._salts = salts
        self._added = int(self.head["added"])
        self._objects: list[dict[str, Any]] = []
        self._replaced: list[dict[str, Any]] = []
        self._remarked: list[dict[str, Any]] = []
        self._shortened: list[dict[str, Any]] = []
        self._audit: list[dict[str, Any]] = []
        self._roster_changed = False

    def add(self, row: Row) -> Record:
        """Give a version its place in log and collection."""
        given = row.accepted
        record = self._record(
            row.collection, row.publisher, row.audience, given.revoked, given.valid_until,
            given.body, by_hub=row.by_hub,
        )  # fmt: skip
        self._objects.append(
            {
                **_columns(record),
                "id": given.id,
                "version": given.version,
                "modified": given.modified,
                "type": given.type,
                "tlp": given.tlp,
            }
        )
        return record

    def change(self, member: int, change: dict[str, Any]) -> Record:
        """Write a change of membership into the log."""
        return self.entry(CHANGES, change["member"], change, member=member)

    def entry(self, kind: str, name: str, content: dict[str, Any], *, member: int = 0) -> Record:
        """Write what is no object into the log.

        Args:
            kind: its type.
            name: its id.
            content: with its ``time``.
            member: number of the member concerned, 0 for none.
        """
        record = self._record(None, member, None, False, None, canonical(content), by_hub=False)  # noqa: FBT003
        self._objects.append(
            {
                **_columns(record),
                "id": name,
                "version": record.added,
                "modified": content["time"],
                "type": kind,
                "tlp": "",
            }
        )
        return record

    def refresh(self) -> None:
        """Read the roster again after a change of it; all other processes do so too."""
        self._roster_changed = True
        self.roster = Roster.read(self.connection)

    def replace(self, leaf: int, object_id: str, added: int, *, remarked: bool) -> None:
        """Say what took a version's place; `remarked` where marking or audience are others now."""
        self._replaced.append({"old": leaf, "by": added, "mark": remarked})
        if remarked:
            self._remarked.append({"old": leaf, "object": object_id})

    def shorten(self, object_id: str, leaf: int, valid_until: int) -> None:
        """Have older versions end with a newer one: a life that was cut short is cut for all."""
        self._shortened.append({"object": object_id, "old": leaf, "until": valid_until})

    def audit(self, line: dict[str, Any]) -> None:
        """Note an access."""
        self._audit.append(line)

    def finish(self, sign: Callable[[int, bytes], str]) -> str:
        """Write everything and return the newest checkpoint's note.

        Args:
            sign: makes the note of a size and root.
        """
        values: dict[str, Any] = {}
        note = str(self.head["note"])
        if self.records:
            self.connection.execute(sa.insert(tables.objects), self._objects)
            self.edge.append(self.connection, [(r.salt, r.body) for r in self.records])
            note = sign(self.edge.size, self.edge.root())
            values = {"size": self.edge.size, "added": self._added, "note": note}
        if self._replaced:
            self.connection.execute(_REPLACE, self._replaced)
        if self._remarked:
            self.connection.execute(_REMARK, self._remarked)
        if self._shortened:
            self.connection.execute(_SHORTEN, self._shortened)
        if self._audit:
            values |= self._chain()
        if self._roster_changed:
            values["roster"] = self.head["roster"] + 1
        if values:
            self.connection.execute(sa.update(tables.head).values(**values))
        if self.connection.dialect.name == "postgresql" and (self.records or self._roster_changed):
            self.connection.execute(_NOTIFY, {"size": str(self.edge.size)})
        if self._roster_changed:
            self.roster = Roster.read(self.connection)
        return note

    def _record(
        self,
        collection: int | None,
        publisher: int,
        audience: Audience,
        revoked: bool,  # noqa: FBT001 - a column
        valid_until: int | None,
        body: bytes,
        *,
        by_hub: bool,
    ) -> Record:
        self._added = max(self._added + 1, self.now)
        leaf = self.edge.size + len(self.records)
        record = Record(
            leaf, self._added, collection, publisher, audience, by_hub, revoked, valid_until, body,
            self._salts(32),
        )  # fmt: skip
        self.records.append(record)
        return record

    def _chain(self) -> dict[str, Any]:
        number, last = int(self.head["audited"]), bytes(self.head["audit_hash"])
        rows: list[dict[str, Any]] = []
        for line in self._audit:
            number += 1
            written = _encode({**line, "number": number})
            last = hashlib.sha256(last + written).digest()
            rows.append({"number": number, "line": written, "hash": last})
        self.connection.execute(sa.insert(tables.audit), rows)
        return {"audited": number, "audit_hash": last}


_REPLACE = (
    sa.update(tables.objects)
    .where(tables.objects.c.leaf == sa.bindparam("old"))
    .values(superseded=sa.bindparam("by"), remarked=sa.bindparam("mark"))
)
_REMARK = (
    sa.update(tables.objects)
    .where(
        tables.objects.c.id == sa.bindparam("object"),
        tables.objects.c.leaf < sa.bindparam("old"),
        tables.objects.c.superseded.is_not(None),
    )
    .values(remarked=True)
)
_SHORTEN = (
    sa.update(tables.objects)
    .where(
        tables.objects.c.id == sa.bindparam("object"),
        tables.objects.c.leaf < sa.bindparam("old"),
        tables.objects.c.valid_until > sa.bindparam("until"),
    )
    .values(valid_until=sa.bindparam("until"))
)
_NOTIFY = sa.text("SELECT pg_notify('stillwatch_hub', :size)")


def _columns(record: Record) -> dict[str, Any]:
    return {
        "leaf": record.leaf,
        "added": record.added,
        "collection": record.collection,
        "publisher": record.publisher,
        "audience": packed(record.audience),
        "by_hub": record.by_hub,
        "revoked": record.revoked,
        "valid_until": record.valid_until,
        "superseded": None,
        "remarked": False,
        "body": record.body,
        "salt": record.salt,
    }
