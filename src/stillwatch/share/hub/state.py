"""What a hub reads when it starts, and when somebody else has written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.share.hub.roster import Roster
from stillwatch.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.share.hub.journal import Journal

__all__ = ["Head", "keep_cosigned", "read_head", "recent_nonces"]


@dataclass(frozen=True, slots=True)
class Head:
    """The hub as the tables have it."""

    size: int
    """Leaves of the log."""

    note: str
    """The newest checkpoint."""

    cosigned: str
    """The newest checkpoint that its witnesses cosigned."""

    roster: Roster
    """Everybody."""


def read_head(connection: Connection, known: Roster | None = None) -> Head:
    """Return the hub's head; `known` spares reading a roster that has not changed."""
    row = connection.execute(sa.select(tables.head)).mappings().one()
    fresh = known is not None and known.version == row["roster"]
    roster = known if known is not None and fresh else Roster.read(connection)
    return Head(row["size"], row["note"], row["cosigned"], roster)


def keep_cosigned(journal: Journal, size: int, note: str) -> bool:
    """Keep a cosigned checkpoint unless a newer one is there; say whether it was kept."""
    if size < journal.head["cosigned_size"]:
        return False
    values = {"cosigned_size": size, "cosigned": note}
    journal.connection.execute(sa.update(tables.head).values(**values))
    return True


def recent_nonces(connection: Connection, now: int) -> list[tuple[bytes, int]]:
    """Return the nonces that still count, with the second until which they do."""
    query = sa.select(tables.nonces).where(tables.nonces.c.until >= now)
    return [(bytes(row.digest), row.until) for row in connection.execute(query)]
