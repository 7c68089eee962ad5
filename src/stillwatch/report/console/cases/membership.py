"""Members of campaigns, as people move them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

__all__ = ["count", "members_of", "put", "take"]


def members_of(connection: Connection, campaign_id: str) -> dict[str, dict[str, Any]]:
    """Return a campaign's members as rows, by account."""
    table = tables.members
    rows = connection.execute(sa.select(table).where(table.c.campaign_id == campaign_id))
    return {row.account: dict(row._mapping) for row in rows}  # noqa: SLF001 - SQLAlchemy's name


def put(
    connection: Connection,
    campaign_id: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    by_hand: bool = True,
) -> None:
    """Put accounts into a campaign, with what is known of them elsewhere."""
    if rows:
        made = [{**row, "campaign_id": campaign_id, "by_hand": by_hand} for row in rows]
        connection.execute(sa.insert(tables.members), made)
    count(connection, campaign_id)


def take(connection: Connection, campaign_id: str, accounts: Sequence[str]) -> None:
    """Take accounts out of a campaign."""
    table = tables.members
    gone = (table.c.campaign_id == campaign_id) & (table.c.account == sa.bindparam("gone"))
    if accounts:
        connection.execute(sa.delete(table).where(gone), [{"gone": one} for one in accounts])
    count(connection, campaign_id)


def count(connection: Connection, campaign_id: str) -> None:
    """Count a campaign's members anew."""
    table, members = tables.campaigns, tables.members
    counted = connection.execute(
        sa.select(sa.func.count(), sa.func.count(members.c.flagged_at)).where(
            members.c.campaign_id == campaign_id
        )
    ).one()
    change = sa.update(table).where(table.c.campaign_id == campaign_id)
    connection.execute(change.values(members=counted[0], flagged=counted[1]))
