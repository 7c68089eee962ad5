"""What a hub does beside answering: forget what is over, judge publishers by their sightings."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.share.hub.audits import erase_old
from stillwatch.share.hub.judging import judge
from stillwatch.share.hub.statuses import drop_old_statuses
from stillwatch.share.hub.times import DAY, SECOND
from stillwatch.store import tables

if TYPE_CHECKING:
    from stillwatch.share.hub.hub import Hub
    from stillwatch.share.hub.journal import Journal

__all__ = ["erase_expired", "keep_house"]

_BETWEEN = 10.0
_AT_ONCE = 5000


async def keep_house(hub: Hub) -> None:
    """Judge and forget, every ten seconds, until cancelled."""
    days, audited = hub.settings.retention_days, hub.settings.audit_days

    def work(journal: Journal) -> None:
        judge(journal)
        drop_old_statuses(journal.connection, journal.now)
        erase_expired(journal, days)
        erase_old(journal, audited)
        gone = tables.nonces.c.until < journal.now // SECOND
        journal.connection.execute(sa.delete(tables.nonces).where(gone))

    while True:
        await asyncio.sleep(_BETWEEN)
        with contextlib.suppress(Exception):  # the store is away: the next round does it
            await hub.writer.change(work)


def erase_expired(journal: Journal, days: int) -> int:
    """Erase objects and salts so many days after ``valid_until``; return how many.

    The log keeps their commitments, which say nothing without the salts; its proofs stay good.
    """
    c = tables.objects.c
    over = (
        sa.select(c.leaf)
        .where(c.valid_until < journal.now - days * DAY)
        .order_by(c.valid_until)
        .limit(_AT_ONCE)
    )
    done = journal.connection.execute(sa.delete(tables.objects).where(c.leaf.in_(over)))
    return int(done.rowcount)
