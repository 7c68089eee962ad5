"""What waits for a person: campaigns, grey accounts, requests, appeals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.errors import ConfigurationError
from stillwatch.records import utc
from stillwatch.report.console.cases.interface import ORDERS
from stillwatch.report.console.cases.records import Page, QueueItem
from stillwatch.report.console.cases.roles import Act
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from stillwatch.report.console.cases.interface import Query
    from stillwatch.report.console.cases.records import Appeal
    from stillwatch.report.console.cases.roles import Person

__all__ = ["KINDS", "queue", "waiting"]

KINDS = ("campaign", "account", "request", "appeal")
_DECIDING = (Act.CONFIRM, Act.REJECT, Act.BENIGN, Act.MERGE, Act.SPLIT)
_FILTERS = ("kind", "campaign")
_MOST = 10_000
"""Items of a kind that are looked at."""


def waiting(connection: Connection, appeals: tuple[Appeal, ...], now: int) -> dict[str, int]:
    """Return how many items wait, by kind."""
    counts = (_campaigns(), _accounts(), _requests(now))
    found = [
        connection.execute(sa.select(sa.func.count()).select_from(chosen.subquery())).scalar_one()
        for chosen in counts
    ]
    return dict(zip(KINDS, (*map(int, found), len(appeals)), strict=True))


def queue(
    connection: Connection,
    person: Person,
    query: Query,
    appeals: tuple[Appeal, ...],
    now: int,
) -> Page[QueueItem]:
    """Return a page of what waits.

    Args:
        connection: that reads.
        person: who looks; each item says what they may do about it.
        query: which.
        appeals: that wait.
        now: microseconds since 1970.

    Raises:
        ConfigurationError: no such filter or order, or no page of that size.
    """
    sort = query.sort or ORDERS["queue"][0]
    kind, campaign = (query.filters.get(name, "") for name in _FILTERS)
    strange = [name for name in query.filters if name not in _FILTERS]
    if strange or sort not in ORDERS["queue"] or (kind and kind not in KINDS):
        raise ConfigurationError(
            f"the queue has no {strange or sort or kind}", todo=f"kinds: {', '.join(KINDS)}"
        )
    if not 1 <= query.size <= 500 or not 1 <= query.page < 1 << 31:
        raise ConfigurationError("no page of that size", todo="give 1 to 500 rows a page")
    made = {
        "campaign": lambda: _campaign_items(connection, person),
        "account": lambda: _account_items(connection, person),
        "request": lambda: _request_items(connection, person, now),
        "appeal": lambda: _appeal_items(appeals),
    }
    items = [item for name in KINDS if kind in {"", name} for item in made[name]()]
    if campaign:
        items = [item for item in items if item.campaign_id == campaign]
    items.sort(key=lambda item: (item.kind, item.item_id))
    items.sort(
        key=lambda item: item.since.timestamp() if sort == "since" else item.weight,
        reverse=query.descending,
    )
    page = max(1, min(query.page, -(-len(items) // query.size)))
    at = (page - 1) * query.size
    return Page(tuple(items[at : at + query.size]), len(items), page, query.size)


def _campaigns() -> sa.Select[Any]:
    table = tables.campaigns
    names = (
        "campaign_id", "state", "kind", "members", "exchanges", "leaked", "cost", "log_odds",
        "review_only", "waiting",
    )  # fmt: skip
    return sa.select(*(table.c[name] for name in names)).where(table.c.waiting.is_not(None))


def _accounts() -> sa.Select[Any]:
    """Return grey accounts: the scan flagged none of them and asks that a person looks."""
    table, moved = tables.accounts, tables.decisions
    return sa.select(table.c.account, table.c.score, table.c.reasons).where(
        (table.c.measure == "review")
        & table.c.flagged_at.is_(None)
        & ~table.c.gone
        & ~sa.exists().where((moved.c.account == table.c.account) & moved.c.undone_by.is_(None))
    )


def _requests(now: int) -> sa.Select[Any]:
    table = tables.requests
    return sa.select(table).where((table.c.state == "waiting") & (table.c.until > now))


def _able(person: Person, acts: tuple[Act, ...]) -> tuple[str, ...]:
    return tuple(act.value for act in acts if person.may(act))


def _campaign_items(connection: Connection, person: Person) -> Iterator[QueueItem]:
    acts = _able(person, _DECIDING)
    table = tables.campaigns
    rows = connection.execute(_campaigns().order_by(table.c.waiting).limit(_MOST))
    for row in rows:
        why = "declared and not decided"
        if row.state == "again":
            why = "its evidence grew after it was decided"
        elif row.review_only:
            why = "an explanation stands beside the evidence"
        yield QueueItem(
            item_id=f"campaign:{row.campaign_id}",
            kind="campaign",
            campaign_id=row.campaign_id,
            account_id="",
            title=f"{row.kind}, {row.members:,} accounts, {row.leaked:,} of "
            f"{row.exchanges:,} exchanges leaked",
            why=why,
            since=utc(row.waiting),
            weight=float(row.cost if row.cost is not None else row.log_odds or 0.0),
            acts=acts,
        )


def _account_items(connection: Connection, person: Person) -> Iterator[QueueItem]:
    acts = _able(person, (Act.MOVE, Act.REQUEST))
    found = connection.execute(_accounts().limit(_MOST)).all()
    member, words = tables.members, tables.reasons
    asked = sa.select(words).where(words.c.digest.in_({row.reasons for row in found}))
    said = {row.digest: json.loads(row.words) for row in connection.execute(asked)}
    held = sa.select(member.c.account, member.c.campaign_id).where(
        member.c.account.in_([row.account for row in found])
    )
    of = {row.account: row.campaign_id for row in connection.execute(held)}
    newest = sa.select(tables.runs.c.as_of).order_by(tables.runs.c.number.desc()).limit(1)
    since = utc(connection.execute(newest).scalar() or 0)
    for row in found:
        campaign, why = of.get(row.account, ""), said.get(row.reasons)
        yield QueueItem(
            item_id=f"account:{row.account}",
            kind="account",
            campaign_id=campaign,
            account_id=row.account,
            title=f"score {row.score:.2f}, not flagged",
            why=why[0] if why else "the scan asks that a person looks",
            since=since,
            weight=row.score,
            acts=acts if campaign else tuple(a for a in acts if a != Act.MOVE.value),
        )


def _request_items(connection: Connection, person: Person, now: int) -> Iterator[QueueItem]:
    for row in connection.execute(_requests(now).limit(_MOST)):
        own = row.requested_by == person.name
        acts = ("withdraw",) if own else ("approve", "decline") if person.may(Act.APPROVE) else ()
        on = row.campaign_id or row.account
        yield QueueItem(
            item_id=f"request:{row.request_id}",
            kind="request",
            campaign_id=row.campaign_id,
            account_id=row.account,
            title=f"{row.rung} on {on}, {row.accounts:,} accounts, asked by {row.requested_by}",
            why=row.rule,
            since=utc(row.at),
            weight=float(row.accounts),
            acts=acts,
        )


def _appeal_items(appeals: tuple[Appeal, ...]) -> Iterator[QueueItem]:
    for one in appeals:
        yield QueueItem(
            item_id=f"appeal:{one.appeal_id}",
            kind="appeal",
            campaign_id=one.campaign_id,
            account_id=one.account_id,
            title=one.words[:200],
            why="an account holder contests a decision; it is answered at the appeals desk",
            since=one.filed,
            weight=1.0,
        )
