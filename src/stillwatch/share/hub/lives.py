"""The endpoints of an indicator's life: recalls, acknowledgements, the record of precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
import sqlalchemy as sa

from stillwatch.share.hub.calls import Answer, Call, answered, read_json
from stillwatch.share.hub.judging import LIMIT_RULE, read_precision
from stillwatch.share.hub.refusals import HubError
from stillwatch.share.hub.times import written
from stillwatch.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.share.hub.hub import Hub
    from stillwatch.share.hub.journal import Journal
    from stillwatch.share.hub.roster import Member, Roster

__all__ = ["AcknowledgementBody", "acknowledge", "precision", "recalls"]

_MOST = 1000


class AcknowledgementBody(msgspec.Struct, forbid_unknown_fields=True):
    """A member's word on a recall."""

    id: str
    """Object that was recalled."""
    version: str
    """Its revoked version, as written."""
    outcome: Literal["removed", "not_held"]
    """What the member did."""


async def recalls(hub: Hub, call: Call) -> Answer:
    """List recalls that the member owes its word on, and of its own whose word is missing."""
    rows = await hub.database.read(_open_recalls, call.asker.number)
    shown: dict[int, dict[str, Any]] = {}
    for row in rows:
        entry = shown.setdefault(row.leaf, _described(row, call.asker, hub.roster))
        if row.publisher == call.asker.number:
            entry["waiting"].append(hub.roster.members[row.member].id)
    return answered({"recalls": list(shown.values())}, given=len(shown))


async def acknowledge(hub: Hub, call: Call) -> Answer:
    """Take a member's word on a recall."""
    body = read_json(call.body, AcknowledgementBody)
    member = call.asker.number
    await hub.writer.change(lambda journal: _acknowledge(journal, member, body))
    return answered({"id": body.id, "version": body.version, "outcome": body.outcome}, 201)


async def precision(hub: Hub, call: Call) -> Answer:
    """Return the member's own record of precision."""
    member = call.asker
    found, published = await hub.database.read(_precision, member.number, call.now)
    judged = found.right + found.wrong
    return answered(
        {
            "published": published,
            "confirmed": found.right,
            "false_positive": found.wrong,
            "precision": found.right / judged if judged else None,
            "limited": member.limited,
            "rule": LIMIT_RULE,
        }
    )


def _open_recalls(connection: Connection, member: int) -> list[Any]:
    c = tables.recalls.c
    query = (
        sa.select(tables.recalls)
        .where(c.told.is_(None), sa.or_(c.member == member, c.publisher == member))
        .order_by(c.leaf, c.member)
        .limit(_MOST)
    )
    return list(connection.execute(query))


def _described(row: Any, asker: Member, roster: Roster) -> dict[str, Any]:  # noqa: ANN401 - a row
    made = {
        "collection": roster.collections[row.collection].id,
        "id": row.object,
        "version": row.modified,
        "publisher": roster.members[row.publisher].id,
        "deadline": written(row.deadline),
        "index": row.leaf,
        "acknowledged": False,
    }
    return {**made, "waiting": []} if row.publisher == asker.number else made


def _acknowledge(journal: Journal, member: int, body: AcknowledgementBody) -> None:
    c = tables.recalls.c
    done = journal.connection.execute(
        sa.update(tables.recalls)
        .where(c.object == body.id, c.modified == body.version, c.member == member)
        .values(outcome=body.outcome, told=journal.now)
    )
    if done.rowcount == 0:
        raise HubError(404, "H-0", "there is no such recall for the member")


def _precision(connection: Connection, member: int, now: int) -> tuple[Any, int]:
    c = tables.objects.c
    query = sa.select(sa.func.count(sa.distinct(c.id))).where(
        c.publisher == member, c.type == "indicator"
    )
    return read_precision(connection, member, now), connection.execute(query).scalar_one()
