"""Taking a decision back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.errors import RefusedError
from stillwatch.report.console.cases.deciding import STATES, reason
from stillwatch.report.console.cases.interface import UnknownCaseError
from stillwatch.report.console.cases.log import Entry, locked, written
from stillwatch.report.console.cases.membership import put, take
from stillwatch.report.console.cases.roles import Act, role_for
from stillwatch.report.console.cases.standing import standing
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.report.console.cases.roles import Person
    from stillwatch.report.console.cases.standing import Standing

__all__ = ["undo"]

_HELD = (
    tables.campaigns,
    tables.details,
    tables.members,
    tables.bins,
    tables.votes,
    tables.streams,
    tables.entities,
    tables.edges,
)
"""What a campaign that people made has rows in."""


def undo(connection: Connection, person: Person, number: int, why: str, now: int) -> int:
    """Take a decision back; return the number of the line in the log.

    Raises:
        ForbiddenError: no role of theirs permits it, or it is another person's.
        UnknownCaseError: there is no such decision.
        RefusedError: R-1, R-6.
    """
    why = reason(why)
    locked(connection)
    acts, table = tables.actions, tables.decisions
    query = sa.select(acts.c.who, table.c.undone_by).join(table, table.c.number == acts.c.number)
    found = connection.execute(query.where(acts.c.number == number)).first()
    if found is None:
        raise UnknownCaseError("there is no such decision", where=str(number))
    own = found.who == person.name and person.may(Act.UNDO)
    role = role_for(person, Act.UNDO if own else Act.UNDO_OTHERS)
    if found.undone_by is not None:
        raise RefusedError("R-6", "it does not stand any more", where=f"line {number}")
    stands = {one.number: one for one in standing(connection)}
    one = stands[number]
    touched = _touched(one)
    later = [n for n, other in stands.items() if n > number and touched & _touched(other)]
    if later:
        raise RefusedError(
            "R-6", "later decisions rest on it", where=f"line {number}",
            todo=f"undo line {max(later)} first",
        )  # fmt: skip
    _back(connection, one)
    entry = Entry(
        now, person.name, role.value, "undo", f"action:{number}", why,
        one.campaign_id, {"number": number, "action": one.action},
    )  # fmt: skip
    line = written(connection, entry)
    connection.execute(sa.update(table).where(table.c.number == number).values(undone_by=line))
    return line


def _touched(one: Standing) -> set[str]:
    return {name for name in (one.campaign_id, one.other) if name}


def _back(connection: Connection, one: Standing) -> None:
    """Put back what stood before a decision."""
    table, before = tables.campaigns, one.body["before"]
    change = sa.update(table).where(table.c.campaign_id == one.campaign_id)
    if one.action in STATES:
        values = {"state": before["state"], "waiting": before["waiting"]}
        if one.action == "merge":
            take(connection, one.other, before["added"])
            values["merged_into"] = ""
        connection.execute(change.values(**values))
        ended = tables.decisions
        if before.get("ended"):
            again = sa.update(ended).where(ended.c.number.in_(before["ended"]))
            connection.execute(again.values(undone_by=None))
        return
    moved = one.body["accounts"]
    if one.other:
        take(connection, one.other, moved)
    take(connection, one.campaign_id, moved)
    for by_hand in (False, True):
        rows = [row for row in before["members"] if row["by_hand"] is by_hand]
        put(connection, one.campaign_id, rows, by_hand=by_hand)
    if one.action == "split":
        for child in _HELD:
            connection.execute(sa.delete(child).where(child.c.campaign_id == one.other))
