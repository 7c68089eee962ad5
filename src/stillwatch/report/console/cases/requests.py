"""Measures and publications that people ask for and others agree to, under DESIGN's table.

How many agree is governance's word (``stop.responses.governance``): who asks counts as one, and
where two are asked for they are two different people.  What is approved is not in force: a measure
is a statement that analysts sign with their own keys, and the console holds none.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.errors import RefusedError
from stillwatch.records import FAMILIES
from stillwatch.report.console.cases.acts import open_state
from stillwatch.report.console.cases.campaign_page import details, row_of
from stillwatch.report.console.cases.deciding import reason
from stillwatch.report.console.cases.interface import (
    RUNGS,
    Approve,
    Decline,
    Request,
    UnknownCaseError,
    Withdraw,
)
from stillwatch.report.console.cases.log import Entry, locked, written
from stillwatch.report.console.cases.reading import held
from stillwatch.report.console.cases.roles import Act, role_for
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.report.console.cases.roles import Person
    from stillwatch.stop.responses import Policy

__all__ = ["answer", "ask"]

_HOUR = 3_600_000_000
_LIFE = 72 * _HOUR
"""Microseconds after which a request that nobody answered lapses."""
_PUBLISH = "publish"


def ask(
    connection: Connection, person: Person, wanted: Request, why: str, policy: Policy, now: int
) -> int:
    """Ask for a measure or a publication; return the number of the line in the log.

    Raises:
        ForbiddenError: no role of theirs permits it.
        UnknownCaseError: there is no such campaign or account.
        RefusedError: R-1; R-7, or governance's own rule, where nobody may approve it.
    """
    role = role_for(person, Act.REQUEST)
    why = reason(why)
    locked(connection)
    if wanted.rung not in RUNGS or bool(wanted.campaign_id) == bool(wanted.account_id):
        raise RefusedError("R-7", "a request is for a measure, on a campaign or on an account")
    accounts, grounds = _about(connection, wanted)
    needed, rule = _governed(wanted, accounts, grounds, why, policy, now)
    name = f"q-{secrets.token_hex(8)}"
    enough = needed <= 1
    entry = Entry(
        now, person.name, role.value, "request", f"request:{name}", why, held(wanted.campaign_id),
        {"rung": wanted.rung, "on": held(wanted.campaign_id or wanted.account_id),
         "accounts": accounts, "hours": wanted.hours, "needed": needed, "rule": rule},
    )  # fmt: skip
    number = written(connection, entry)
    connection.execute(
        sa.insert(tables.requests).values(
            request_id=name,
            rung=wanted.rung,
            campaign_id=held(wanted.campaign_id),
            account=held(wanted.account_id),
            accounts=accounts,
            grounds=json.dumps(grounds),
            why=why,
            hours=wanted.hours,
            requested_by=person.name,
            at=now,
            until=now + _LIFE,
            needed=needed,
            rule=rule,
            state="approved" if enough else "waiting",
            declined_by="",
        )
    )
    _agree(connection, name, person.name, number, now)
    return number


def _about(connection: Connection, wanted: Request) -> tuple[int, list[str]]:
    """Return how many accounts are concerned, and the families of the findings about them."""
    if wanted.campaign_id:
        row = row_of(connection, wanted.campaign_id)
        if row.state in {"rejected", "benign", "merged"}:
            raise RefusedError("R-7", f"the campaign is {row.state}", where=row.campaign_id)
        return row.members, _grounds(connection, [row.campaign_id])
    table, members = tables.accounts, tables.members
    account = held(wanted.account_id)
    if (
        connection.execute(sa.select(table.c.account).where(table.c.account == account)).first()
        is None
    ):
        raise UnknownCaseError("there is no such account", where=ascii(account)[:120])
    query = sa.select(members.c.campaign_id).where(members.c.account == account)
    return 1, _grounds(connection, list(connection.execute(query).scalars()))


def _grounds(connection: Connection, campaigns: list[str]) -> list[str]:
    found = set()
    for name in campaigns:
        for finding in details(connection, name).get("findings") or ():
            if finding["role"] == "evidence" and (finding["log_e"] or 0.0) > 0:
                found.add(finding["family"])
    return [family for family in FAMILIES if family in found]


def _governed(
    wanted: Request, accounts: int, grounds: list[str], why: str, policy: Policy, now: int
) -> tuple[int, str]:
    """Return how many people have to agree, and by which rule."""
    from stillwatch.stop.interface import Rung  # noqa: PLC0415 - extra `serve`
    from stillwatch.stop.responses import Measure  # noqa: PLC0415
    from stillwatch.stop.responses.governance import check_measure, people_needed  # noqa: PLC0415

    if wanted.rung == _PUBLISH:
        if not wanted.campaign_id:
            raise RefusedError("R-7", "what is published is a campaign")
        return 1, "DESIGN 7: one analyst, or a standing policy"
    rung = Rung[wanted.rung.upper()]
    rule = policy.rules[rung]
    measure = Measure(
        measure_id="m-" + "0" * 16,
        rung=rung,
        campaign=wanted.campaign_id,
        account=wanted.account_id,
        proposed=now,
        expires=now + round(wanted.hours * _HOUR),
        why=why,
        grounds=tuple(grounds),
        accounts=max(accounts, 1),
        most_of_traffic=rule.most_of_traffic,
        most_of_accounts=rule.most_of_accounts,
    )
    forbidden = check_measure(measure, policy)
    if forbidden:
        name, _, words = forbidden.partition(": ")
        raise RefusedError(name, words, where=wanted.campaign_id or wanted.account_id)
    needed = people_needed(measure, policy)
    by = (
        "G-7"
        if rung is Rung.REFUSE
        else "G-9"
        if rung >= Rung.HOLD
        else "G-6"
        if needed > 1
        else "G-5"
    )
    return max(needed, 1), f"{by}: {needed} {'person' if needed == 1 else 'different people'}"


def _agree(connection: Connection, name: str, who: str, number: int, now: int) -> None:
    row = {"request_id": name, "who": who, "at": now, "action": number}
    connection.execute(sa.insert(tables.approvals).values(**row))


def answer(
    connection: Connection,
    person: Person,
    given: Approve | Decline | Withdraw,
    why: str,
    now: int,
) -> int:
    """Approve, decline or withdraw a request; return the number of the line in the log.

    Raises:
        ForbiddenError: no role of theirs permits it.
        UnknownCaseError: there is no such request.
        RefusedError: R-1, R-8.
    """
    act = Act.REQUEST if isinstance(given, Withdraw) else Act.APPROVE
    role = role_for(person, act)
    why = reason(why)
    locked(connection)
    row = _row(connection, given.request_id)
    own = row.requested_by == person.name
    state = open_state(row, now)
    if state != "waiting":
        raise RefusedError("R-8", f"the request is {state}", where=row.request_id)
    if own and not isinstance(given, Withdraw):
        raise RefusedError(
            "R-8", "nobody approves or declines their own request", where=row.request_id,
            todo="withdraw it, or ask somebody else",
        )  # fmt: skip
    if isinstance(given, Withdraw) and not own:
        raise RefusedError("R-8", "only who asked withdraws a request", where=row.request_id)
    table, people = tables.requests, tables.approvals
    query = sa.select(people.c.who).where(people.c.request_id == row.request_id)
    agreed = set(connection.execute(query).scalars())
    if isinstance(given, Approve) and person.name in agreed:
        raise RefusedError("R-8", "nobody counts twice", where=row.request_id)
    word = {Approve: "approve", Decline: "decline", Withdraw: "withdraw"}[type(given)]
    more: dict[str, Any] = {"rung": row.rung, "requested_by": row.requested_by}
    entry = Entry(
        now, person.name, role.value, word, f"request:{row.request_id}", why, row.campaign_id, more
    )
    number = written(connection, entry)
    if isinstance(given, Approve):
        _agree(connection, row.request_id, person.name, number, now)
        values = {"state": "approved" if len(agreed) + 1 >= row.needed else "waiting"}
    elif isinstance(given, Decline):
        values = {"state": "declined", "declined_by": person.name}
    else:
        values = {"state": "withdrawn"}
    change = sa.update(table).where(table.c.request_id == row.request_id)
    connection.execute(change.values(**values))
    return number


def _row(connection: Connection, request_id: str) -> Any:  # noqa: ANN401 - a row of the table
    table = tables.requests
    query = sa.select(table).where(table.c.request_id == held(request_id))
    row = connection.execute(query).first()
    if row is None:
        raise UnknownCaseError("there is no such request", where=ascii(request_id)[:80])
    return row
