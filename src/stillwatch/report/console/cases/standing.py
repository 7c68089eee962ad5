"""Decisions that stand, as rows, and what they mean for what is imported."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.find.campaigns.rulings import Ruling
from stillwatch.records import utc
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

__all__ = ["Standing", "standing", "standing_rulings"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A decision that stands."""

    number: int
    action: str
    campaign_id: str
    other: str
    """Campaign that it goes on in, or that was made."""
    account: str
    """Moved; empty otherwise."""
    body: Mapping[str, Any]
    """``why``, ``at`` (microseconds), ``members``, ``log_odds``, ``name``, ``accounts`` and
    ``before`` (what stood before)."""


def standing(connection: Connection, campaign_id: str = "") -> list[Standing]:
    """Return what stands, by number; of one campaign where it is named."""
    table = tables.decisions
    query = sa.select(table).where(table.c.undone_by.is_(None)).order_by(table.c.number)
    if campaign_id:
        query = query.where((table.c.campaign_id == campaign_id) | (table.c.other == campaign_id))
    return [
        Standing(
            row.number, row.action, row.campaign_id, row.other, row.account, json.loads(row.body)
        )
        for row in connection.execute(query)
    ]


def standing_rulings(connection: Connection) -> list[Ruling]:
    """Return what stands, as a scan reads it."""
    found = []
    for one in standing(connection):
        body = one.body
        split = one.action == "split"
        found.append(
            Ruling(
                number=one.number,
                action=one.action,
                campaign_id=one.campaign_id,
                at=utc(body["at"]),
                reason=body["why"],
                members=tuple(body["members"]),
                log_odds=body["log_odds"],
                name=one.other if split else body["name"],
                other="" if split else one.other,
                accounts=tuple(body["accounts"]),
            )
        )
    return found
