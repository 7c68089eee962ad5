"""Status resources: what became of an envelope, kept for a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.share.hub.times import DAY
from stillwatch.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["drop_old_statuses", "read_status"]

_c = tables.statuses.c


def read_status(connection: Connection, status_id: bytes, member: int) -> bytes | None:
    """Return the status resource that a member's post made; None where there is none."""
    query = sa.select(_c.content).where(_c.id == status_id, _c.member == member)
    held = connection.execute(query).scalar()
    return bytes(held) if held is not None else None


def drop_old_statuses(connection: Connection, now: int) -> None:
    """Forget what is over a day old."""
    connection.execute(sa.delete(tables.statuses).where(_c.made < now - DAY))
