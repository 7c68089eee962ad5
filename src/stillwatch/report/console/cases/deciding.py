"""What people decide about campaigns: checked, done, undone, each in one transaction.

R-1  An act has a reason, of 1 to 2,000 characters.
R-2  What is decided waits for a decision; what was decided is undone first. A campaign that waits
     again, since its evidence grew, is decided anew, and the earlier decision ends.
R-3  What makes a campaign benign has a name, of 1 to 80 characters.
R-4  A merged campaign goes on in another one, that goes on itself.
R-5  What is split off or moved are members, and not all of them.
R-6  What is undone stands, and no later decision rests on it.
R-7  What is requested is something that governance allows (its own rule is named).
R-8  Nobody approves their own request, nobody counts twice, and nobody approves what is over.
R-9  The log's chain holds.

What a decision does to the next scan is said in ``find.campaigns.ruled``.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.errors import RefusedError
from stillwatch.report.console.cases.campaign_page import row_of
from stillwatch.report.console.cases.interface import (
    Benign,
    Confirm,
    Merge,
    Move,
    Reject,
    Split,
)
from stillwatch.report.console.cases.log import Entry, locked, written
from stillwatch.report.console.cases.membership import members_of, put, take
from stillwatch.report.console.cases.reading import held
from stillwatch.report.console.cases.roles import Act, role_for
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from stillwatch.report.console.cases.roles import Person

__all__ = ["ACTS", "LONGEST", "STATES", "decide", "reason"]

LONGEST = 2_000
"""Characters of a reason."""
_NAME = 80
_MOST = 10_000
"""Accounts that are split off at once."""
_WAITING = ("waiting", "again")

ACTS = {
    Confirm: Act.CONFIRM,
    Reject: Act.REJECT,
    Benign: Act.BENIGN,
    Merge: Act.MERGE,
    Split: Act.SPLIT,
    Move: Act.MOVE,
}
"""What each decision asks for."""
STATES = {"confirm": "confirmed", "reject": "rejected", "benign": "benign", "merge": "merged"}
"""State of review after each decision about a campaign as a whole."""


def reason(why: str) -> str:
    """Return a reason without the space around it.

    Raises:
        RefusedError: R-1 it is none.
    """
    why = why.strip()
    if not why or len(why) > LONGEST or why != held(why):
        raise RefusedError("R-1", f"a reason has 1 to {LONGEST:,} characters", todo="say why")
    return why


def decide(
    connection: Connection,
    person: Person,
    decision: Confirm | Reject | Benign | Merge | Split | Move,
    why: str,
    now: int,
) -> int:
    """Decide about a campaign; return the number of the line in the log.

    Args:
        connection: in a transaction.
        person: who decides.
        decision: what.
        why: in their words.
        now: microseconds since 1970.

    Raises:
        ForbiddenError: no role of theirs permits it.
        UnknownCaseError: there is no such campaign.
        RefusedError: R-1 to R-5.
    """
    act = ACTS[type(decision)]
    role = role_for(person, act)
    why = reason(why)
    number = int(locked(connection).actions) + 1
    row = row_of(connection, decision.campaign_id)
    members = members_of(connection, row.campaign_id)
    body: dict[str, Any] = {
        "why": why,
        "at": now,
        "members": sorted(members),
        "log_odds": row.log_odds,
        "name": "",
        "accounts": [],
        "before": {"state": row.state, "waiting": row.waiting},
    }
    other = account = ""
    if isinstance(decision, Merge):
        other = _merge(connection, row, decision, members, body)
    elif isinstance(decision, Split):
        other = _split(connection, row, decision, members, body, now)
    elif isinstance(decision, Move):
        other, account = _move(connection, row, decision, members, body)
    else:
        _review(connection, row, decision, body, number)
    table = tables.campaigns
    if act.value in STATES:
        change = sa.update(table).where(table.c.campaign_id == row.campaign_id)
        connection.execute(change.values(state=STATES[act.value], waiting=None))
    entry = Entry(
        now, person.name, role.value, act.value,
        f"account:{account}" if account else f"campaign:{row.campaign_id}",
        why, row.campaign_id, _told(body, other),
    )  # fmt: skip
    line = written(connection, entry)
    kept = {"number": line, "action": act.value, "campaign_id": row.campaign_id, "other": other}
    kept |= {"account": account, "body": json.dumps(body), "undone_by": None}
    connection.execute(sa.insert(tables.decisions).values(**kept))
    return line


def _told(body: Mapping[str, Any], other: str) -> dict[str, Any]:
    """Return what the log says of a decision beside its reason."""
    told: dict[str, Any] = {"accounts": len(body["members"])}
    if other:
        told["other"] = other
    if body["name"]:
        told["name"] = body["name"]
    if body["accounts"]:
        told["moved"] = body["accounts"][:100]
        told["moved_in_all"] = len(body["accounts"])
    return told


def _review(
    connection: Connection,
    row: Any,  # noqa: ANN401 - a row of the table
    decision: Confirm | Reject | Benign,
    body: dict[str, Any],
    number: int,
) -> None:
    """Check a verdict on a campaign; an earlier one ends where the campaign waits again (R-2)."""
    if row.state not in _WAITING:
        raise RefusedError(
            "R-2", f"the campaign is {row.state} already", where=row.campaign_id,
            todo="undo that decision first",
        )  # fmt: skip
    if isinstance(decision, Benign):
        body["name"] = decision.name.strip()
        if not body["name"] or len(body["name"]) > _NAME or not body["name"].isprintable():
            raise RefusedError("R-3", f"an explanation has a name, 1 to {_NAME} characters")
    table = tables.decisions
    ends = (table.c.campaign_id == row.campaign_id) & table.c.undone_by.is_(None)
    ends &= table.c.action.in_(("reject", "benign"))
    ended = connection.execute(sa.select(table.c.number).where(ends)).scalars().all()
    if ended:
        body["before"]["ended"] = list(ended)
        connection.execute(sa.update(table).where(ends).values(undone_by=number))


def _merge(
    connection: Connection,
    row: Any,  # noqa: ANN401 - as above
    decision: Merge,
    members: Mapping[str, Mapping[str, Any]],
    body: dict[str, Any],
) -> str:
    into = row_of(connection, decision.into)
    if into.campaign_id == row.campaign_id or "merged" in {into.state, row.state}:
        raise RefusedError("R-4", "both have to be campaigns of their own", where=row.campaign_id)
    if row.state not in {*_WAITING, "confirmed"} or into.state not in {*_WAITING, "confirmed"}:
        raise RefusedError(
            "R-4", f"{row.campaign_id} is {row.state}, {into.campaign_id} is {into.state}",
            todo="undo that decision first",
        )  # fmt: skip
    there = members_of(connection, into.campaign_id)
    added = [one for name, one in sorted(members.items()) if name not in there]
    body["before"]["added"] = [one["account"] for one in added]
    put(connection, into.campaign_id, added)
    table = tables.campaigns
    change = sa.update(table).where(table.c.campaign_id == row.campaign_id)
    connection.execute(change.values(merged_into=into.campaign_id))
    return str(into.campaign_id)


def _split(
    connection: Connection,
    row: Any,  # noqa: ANN401 - as above
    decision: Split,
    members: Mapping[str, Mapping[str, Any]],
    body: dict[str, Any],
    now: int,
) -> str:
    chosen = sorted(set(decision.accounts))
    if not chosen or len(chosen) > _MOST or len(chosen) >= len(members):
        raise RefusedError(
            "R-5", f"{len(chosen)} of {len(members)} accounts cannot be split off",
            todo="choose some members and not all",
        )  # fmt: skip
    _all_members(chosen, members)
    seed = "\n".join((*chosen, row.campaign_id, str(now)))
    digest = hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()
    name = f"campaign-{digest}"
    made = dict(row._mapping) | {  # noqa: SLF001 - SQLAlchemy's name
        "campaign_id": name,
        "digest": "",
        "state": "waiting",
        "standing": "made",
        "exchanges": 0,
        "leaked": 0,
        "cost": None,
        "split_from": row.campaign_id,
        "merged_into": "",
        "waiting": now,
    }
    connection.execute(sa.insert(tables.campaigns).values(**made))
    take(connection, row.campaign_id, chosen)
    put(connection, name, [members[account] for account in chosen])
    body["accounts"] = chosen
    body["before"]["members"] = [members[account] for account in chosen]
    return name


def _move(
    connection: Connection,
    row: Any,  # noqa: ANN401 - as above
    decision: Move,
    members: Mapping[str, Mapping[str, Any]],
    body: dict[str, Any],
) -> tuple[str, str]:
    account = decision.account_id
    _all_members([account], members)
    if len(members) == 1:
        raise RefusedError("R-5", "the last member is not moved", todo="reject the campaign")
    to = ""
    if decision.to:
        target = row_of(connection, decision.to)
        to = str(target.campaign_id)
        if to == row.campaign_id or target.state == "merged":
            raise RefusedError("R-5", "that is no other campaign that goes on", where=to)
        if account in members_of(connection, to):
            raise RefusedError("R-5", "the account is a member there already", where=to)
    take(connection, row.campaign_id, [account])
    if to:
        put(connection, to, [members[account]])
    body["accounts"] = [account]
    body["before"]["members"] = [members[account]]
    return to, account


def _all_members(chosen: Sequence[str], members: Mapping[str, Any]) -> None:
    strange = [account for account in chosen if account not in members]
    if strange:
        raise RefusedError("R-5", "no member of this campaign", where=ascii(strange[0])[:120])
