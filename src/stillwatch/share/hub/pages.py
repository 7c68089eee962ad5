"""Pages of a collection: rows in order of ``date_added``, seen with a member's eyes.

A page reads the rows after a place through an index, so that its time does not depend on how many
there are. What a member may not see, and what has expired, is passed over; after `_FARTHEST` rows
the page ends as it is and says ``more``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.share.hub.audiences import sees, unpacked
from stillwatch.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

__all__ = ["Filters", "Page", "Reading", "Shown", "newest_added", "read_page"]

_FARTHEST = 20_000
"""Rows that one page looks at."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What of a collection is asked for."""

    ids: frozenset[str] = frozenset()
    """Object ids; empty for all."""

    types: frozenset[str] = frozenset()
    """STIX types; empty for all."""

    spec_versions: frozenset[str] = frozenset()
    """Versions of STIX; empty for all."""

    every: bool = False
    """All versions."""

    first: bool = False
    """The first version."""

    last: bool = True
    """The newest version."""

    versions: frozenset[int] = frozenset()
    """Versions by time, microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A version that a member may see."""

    added: int
    """``date_added``, microseconds since 1970."""

    id: str
    """STIX id."""

    modified: str
    """Version as written in the object."""

    body: bytes
    """Canonical bytes; empty where they were not asked for."""


@dataclass(slots=True)
class Page:
    """Part of a reading."""

    shown: list[Shown] = field(default_factory=list)
    """In order of ``date_added``."""

    looked: int = 0
    """``date_added`` of the last row looked at."""

    more: bool = False
    """The reading goes on."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Whose reading, of what, until where."""

    collection: int
    """Number of the collection."""

    member: int
    """Number of the member."""

    filters: Filters
    """What is asked for."""

    upto: int
    """Last ``date_added`` of the reading."""

    now: int
    """Microseconds since 1970."""

    bodies: bool
    """The objects are wanted, and not only their names."""


def newest_added(connection: Connection, collection: int) -> int:
    """Return the last ``date_added`` of a collection; 0 where it is empty."""
    return connection.execute(_NEWEST, {"collection": collection}).scalar() or 0


def read_page(connection: Connection, reading: Reading, after: int, limit: int) -> Page:
    """Return up to `limit` versions after a place.

    Args:
        connection: in a transaction that sees all up to `reading.upto`.
        reading: whose and what.
        after: ``date_added``, exclusive.
        limit: versions at most.
    """
    page = Page(looked=after)
    scanned = 0
    while True:
        step = min(max(limit + 1 - len(page.shown), 64), _FARTHEST)
        rows = _rows(connection, reading, page.looked, step)
        visible = list(_visible(connection, reading, rows))
        for row in visible:
            if len(page.shown) == limit:
                page.more = True
                return page
            page.looked = row.added
            page.shown.append(
                Shown(row.added, row.id, row.modified, bytes(row.body) if reading.bodies else b"")
            )
        if len(rows) < step:
            page.looked = reading.upto if not page.shown else page.looked
            return page
        page.looked = rows[-1].added
        scanned += len(rows)
        if scanned >= _FARTHEST:
            page.more = True
            return page


def _rows(connection: Connection, reading: Reading, after: int, step: int) -> list[Any]:
    bound: dict[str, Any] = {"after": after, "upto": reading.upto, "step": step}
    ids = bool(reading.filters.ids)
    if ids:
        bound["ids"] = sorted(reading.filters.ids)
    else:
        bound["of"] = reading.collection
    return list(connection.execute(_STATEMENTS[reading.bodies, ids], bound))


def _visible(connection: Connection, reading: Reading, rows: Iterable[Any]) -> Iterator[Any]:
    wanted = reading.filters
    seen = [
        row
        for row in rows
        if row.collection == reading.collection
        and (not wanted.types or row.type in wanted.types)
        and (not wanted.spec_versions or "2.1" in wanted.spec_versions)
        and _shown(row, reading.member, reading.now)
    ]
    firsts = _firsts(connection, reading, seen) if wanted.first and not wanted.every else set()
    for row in seen:
        newest = row.superseded is None or row.superseded > reading.upto
        if (
            wanted.every
            or (wanted.last and newest)
            or row.version in wanted.versions
            or row.leaf in firsts
        ):
            yield row


def _shown(row: Any, member: int, now: int) -> bool:  # noqa: ANN401 - a row
    """Say whether a member may see a version now.

    One that another marking or audience has replaced is gone (H-7); what has expired is shown only
    where it takes the object back.
    """
    if row.remarked or (row.valid_until is not None and row.valid_until <= now and not row.revoked):
        return False
    return sees(member, unpacked(row.audience), row.publisher, by_hub=row.by_hub)


def _firsts(connection: Connection, reading: Reading, rows: list[Any]) -> set[int]:
    """Return the leaves of the first version of each id that the member may see."""
    names = sorted({row.id for row in rows})
    firsts: dict[str, int] = {}
    if names:
        found = connection.execute(_ALL_OF.order_by(_c.leaf), {"ids": names})
        for row in found:
            if row.collection == reading.collection and _shown(row, reading.member, reading.now):
                firsts.setdefault(row.id, row.leaf)
    return set(firsts.values())


_c = tables.objects.c
_SEEN = (
    _c.leaf, _c.collection, _c.added, _c.id, _c.version, _c.modified, _c.type, _c.publisher,
    _c.audience, _c.by_hub, _c.revoked, _c.valid_until, _c.superseded, _c.remarked,
)  # fmt: skip
_BETWEEN = (_c.added > sa.bindparam("after"), _c.added <= sa.bindparam("upto"))


def _statement(*, bodies: bool, ids: bool) -> sa.Select[Any]:
    chosen = sa.select(*_SEEN, _c.body) if bodies else sa.select(*_SEEN)
    # through the index of ids: a few rows, wherever in the collection they are
    among = _c.id.in_(sa.bindparam("ids", expanding=True)) if ids else _c.collection == _OF
    order = _c.leaf if ids else _c.added
    return chosen.where(*_BETWEEN, among).order_by(order).limit(sa.bindparam("step"))


_OF: sa.BindParameter[int] = sa.bindparam("of")
_STATEMENTS = {
    (bodies, ids): _statement(bodies=bodies, ids=ids)
    for bodies in (True, False)
    for ids in (True, False)
}
_ALL_OF = sa.select(*_SEEN).where(_c.id.in_(sa.bindparam("ids", expanding=True)))
_NEWEST = (
    sa.select(_c.added)
    .where(_c.collection == sa.bindparam("collection"))
    .order_by(_c.added.desc())
    .limit(1)
)
