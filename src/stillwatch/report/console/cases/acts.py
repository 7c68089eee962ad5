"""The log and the requests, as pages show them."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.records import utc
from stillwatch.report.console.cases.listing import paged
from stillwatch.report.console.cases.records import Action, Approval, Page
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.report.console.cases.interface import Query

__all__ = ["action_of", "actions", "actions_of", "approvals", "approvals_of", "open_state"]

_MOST = 200
_FILTERS = ("who", "action", "about")


def action_of(row: Any, undone_by: int | None = None) -> Action:  # noqa: ANN401 - a row of the table
    """Return a line of the log as pages show it."""
    said = json.loads(bytes(row.line))
    return Action(
        number=said["number"],
        time=utc(said["time"]),
        who=said["who"],
        role=said["role"],
        action=said["action"],
        about=said["about"],
        why=said["why"],
        more=said["more"],
        undone_by=undone_by,
    )


def _with_undone(connection: Connection, rows: list[Any]) -> tuple[Action, ...]:
    table = tables.decisions
    numbers = [row.number for row in rows]
    query = sa.select(table.c.number, table.c.undone_by).where(table.c.number.in_(numbers))
    undone = {row.number: row.undone_by for row in connection.execute(query)}
    return tuple(action_of(row, undone.get(row.number)) for row in rows)


def actions(connection: Connection, query: Query) -> Page[Action]:
    """Return the log."""
    table = tables.actions
    chosen = sa.select(table)
    for name, value in query.filters.items():
        if value and name in _FILTERS:
            chosen = chosen.where(table.c[name] == value.replace("\0", ""))
    orders = {"number": table.c.number}
    rows, total, page = paged(connection, chosen, query, "actions", orders, table.c.number)
    return Page(_with_undone(connection, rows), total, page, query.size)


def actions_of(
    connection: Connection, *, campaign_id: str = "", account_id: str = ""
) -> tuple[Action, ...]:
    """Return the lines about a campaign, or an account, newest first."""
    table = tables.actions
    if account_id:
        chosen = table.c.about == f"account:{account_id}"
    else:
        chosen = table.c.campaign_id == campaign_id
    query = sa.select(table).where(chosen).order_by(table.c.number.desc()).limit(_MOST)
    return _with_undone(connection, list(connection.execute(query)))


def approvals(connection: Connection, state: str, now: int) -> tuple[Approval, ...]:
    """Return requests in a state, all where it is empty; newest first.

    Args:
        connection: that reads.
        state: see ``Approval``.
        now: microseconds since 1970; a request that waits lapses at its end.
    """
    table = tables.requests
    chosen = sa.select(table)
    if state == "lapsed":
        chosen = chosen.where((table.c.state == "waiting") & (table.c.until <= now))
    elif state == "waiting":
        chosen = chosen.where((table.c.state == "waiting") & (table.c.until > now))
    elif state:
        chosen = chosen.where(table.c.state == state)
    return _approvals(connection, chosen, now)


def approvals_of(
    connection: Connection, *, campaign_id: str = "", request_id: str = "", now: int = 0
) -> tuple[Approval, ...]:
    """Return a campaign's requests, or one request."""
    table = tables.requests
    if request_id:
        chosen = sa.select(table).where(table.c.request_id == request_id)
    else:
        chosen = sa.select(table).where(table.c.campaign_id == campaign_id)
    return _approvals(connection, chosen, now)


def open_state(row: Any, now: int) -> str:  # noqa: ANN401 - a row of the table
    """Return how a request stands at a time."""
    lapsed = row.state == "waiting" and 0 < row.until <= now
    return "lapsed" if lapsed else str(row.state)


def _approvals(connection: Connection, chosen: sa.Select[Any], now: int) -> tuple[Approval, ...]:
    table, given = tables.requests, tables.approvals
    rows = connection.execute(chosen.order_by(table.c.at.desc()).limit(_MOST)).all()
    people: dict[str, list[str]] = {row.request_id: [] for row in rows}
    asked = sa.select(given).where(given.c.request_id.in_(people)).order_by(given.c.action)
    for one in connection.execute(asked):
        people[one.request_id].append(one.who)
    return tuple(
        Approval(
            request_id=row.request_id,
            rung=row.rung,
            campaign_id=row.campaign_id,
            account_id=row.account,
            accounts=row.accounts,
            grounds=tuple(json.loads(row.grounds)),
            why=row.why,
            hours=row.hours,
            requested_by=row.requested_by,
            at=utc(row.at),
            until=utc(row.until),
            needed=row.needed,
            people=tuple(people[row.request_id]),
            declined_by=row.declined_by,
            state=open_state(row, now),
            rule=row.rule,
            command=_command(row) if row.state == "approved" else "",
        )
        for row in rows
    )


def _command(row: Any) -> str:  # noqa: ANN401 - a row of the table
    """Return what an analyst runs to sign what was approved."""
    if row.rung == "publish":
        words = ["stillwatch", "exchange", "publish", "RESULTS", "--campaign", row.campaign_id]
        return shlex.join(words)
    on = ("--account", row.account) if row.account else ("--campaign", row.campaign_id)
    words = ["stillwatch", "measures", "propose", row.rung, *on, "--hours", f"{row.hours:g}"]
    words += [part for ground in json.loads(row.grounds) for part in ("--ground", ground)]
    return shlex.join([*words, "--accounts", str(row.accounts), "--why", row.why])
