"""One account: why, why not, what is missing, what was said before, who is near it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.report.console.cases.acts import actions_of
from stillwatch.report.console.cases.campaign_page import details, findings_of, history_of
from stillwatch.report.console.cases.interface import UnknownCaseError
from stillwatch.report.console.cases.listing import time_of
from stillwatch.report.console.cases.overview import newest_run
from stillwatch.report.console.cases.reading import held
from stillwatch.report.console.cases.records import AccountRow, AccountView, Page, PeerRow
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.report.console.cases.records import Appeal, FindingRow, MeasureRow

__all__ = ["account", "account_row", "campaigns_of"]

_PEERS = 50


def account_row(connection: Connection, account_id: str) -> Any:  # noqa: ANN401 - a row of the table
    """Return an account's row.

    Raises:
        UnknownCaseError: there is no such account.
    """
    table = tables.accounts
    query = sa.select(table).where(table.c.account == held(account_id))
    row = connection.execute(query).first()
    if row is None:
        raise UnknownCaseError("there is no such account", where=ascii(account_id)[:120])
    return row


def campaigns_of(connection: Connection, account_id: str) -> tuple[str, ...]:
    """Return the campaigns that an account is a member of."""
    table = tables.members
    query = sa.select(table.c.campaign_id).where(table.c.account == account_id)
    return tuple(connection.execute(query.order_by(table.c.campaign_id)).scalars())


def account(
    connection: Connection,
    account_id: str,
    peers: int,
    measures: tuple[MeasureRow, ...],
    appeals: tuple[Appeal, ...],
) -> AccountView:
    """Return an account.

    Args:
        connection: that reads.
        account_id: of it, as text.
        peers: page of the accounts that hold what it holds.
        measures: on it and on its campaigns.
        appeals: of it.

    Raises:
        UnknownCaseError: there is no such account.
    """
    row = account_row(connection, account_id)
    table = tables.members
    member = connection.execute(
        sa.select(table).where(table.c.account == row.account).order_by(table.c.campaign_id)
    ).all()
    words = sa.select(tables.reasons.c.words).where(tables.reasons.c.digest == row.reasons)
    reasons = json.loads(connection.execute(words).scalar() or "[]")
    found: list[FindingRow] = []
    explanations: list[str] = []
    for one in member:
        body = details(connection, one.campaign_id)
        found += findings_of(body.get("findings") or [])
        explanations += body.get("explanations") or []
    newest = newest_run(connection)
    return AccountView(
        row=AccountRow(
            row.account, row.campaign_id, time_of(row.flagged_at), row.score, row.measure
        ),
        member_of=tuple((m.campaign_id, m.probability, time_of(m.flagged_at)) for m in member),
        why=(*reasons, *_why(found)),
        why_not=(*explanations, *_why_not(row, found, member=bool(member))),
        missing=(*_missing(found), *(newest.missing if newest else ())),
        history=history_of(connection, account_id=row.account),
        peers=_peers(connection, row.account, peers),
        measures=measures,
        appeals=appeals,
        decisions=actions_of(connection, account_id=row.account),
    )


def _why(found: list[FindingRow]) -> list[str]:
    return [
        _said(one)
        for one in found
        if one.role == "evidence" and one.enough_data and (one.log_e or 0.0) > 0
    ]


def _why_not(row: Any, found: list[FindingRow], *, member: bool) -> list[str]:  # noqa: ANN401 - a row of the table
    said = [
        _said(one)
        for one in found
        if one.enough_data
        and (one.role == "explanation" or (one.role == "evidence" and (one.log_e or 0.0) < 0))
    ]
    if row.gone:
        said.append("the newest scan did not see the account")
    elif row.flagged_at is None and member:
        said.append(
            f"membership probability {row.score:.3f} was not enough to flag it: "
            "it goes to review and never to an automatic block"
        )
    elif row.flagged_at is None:
        said.append("it belongs to no declared campaign")
    return said


def _missing(found: list[FindingRow]) -> list[str]:
    return [
        f"{one.detector}: not enough data. {one.explanation}"
        for one in found
        if one.role == "evidence" and not one.enough_data
    ]


def _said(one: FindingRow) -> str:
    weight = "" if one.log_e is None else f", log e {one.log_e:,.1f}"
    return f"{one.explanation} ({one.family}{weight})"


def _peers(connection: Connection, account_id: str, page: int) -> Page[PeerRow]:
    """Return the accounts that hold an entity with this one, those that share most first."""
    mine, theirs = tables.edges.alias("mine"), tables.edges.alias("theirs")
    near = (
        sa.select(theirs.c.account, sa.func.count().label("many"))
        .select_from(mine)
        .join(theirs, (theirs.c.campaign_id == mine.c.campaign_id) & (theirs.c.name == mine.c.name))
        .where((mine.c.account == account_id) & (theirs.c.account != account_id))
        .group_by(theirs.c.account)
    )
    ranked = connection.execute(near.order_by(sa.desc("many"), theirs.c.account)).all()
    page = max(1, min(page, -(-len(ranked) // _PEERS)))
    names = [row.account for row in ranked[(page - 1) * _PEERS : page * _PEERS]]
    shared = (
        sa.select(theirs.c.account, theirs.c.name)
        .select_from(mine)
        .join(theirs, (theirs.c.campaign_id == mine.c.campaign_id) & (theirs.c.name == mine.c.name))
        .where((mine.c.account == account_id) & theirs.c.account.in_(names))
    )
    by: dict[str, set[str]] = {name: set() for name in names}
    for name, entity in connection.execute(shared):
        by[name].add(entity)
    table = tables.accounts
    asked = sa.select(table.c.account, table.c.campaign_id).where(table.c.account.in_(names))
    campaign = {row.account: row.campaign_id for row in connection.execute(asked)}
    rows = tuple(PeerRow(n, campaign.get(n, ""), tuple(sorted(by[n]))) for n in names)
    return Page(rows, len(ranked), page, _PEERS)
