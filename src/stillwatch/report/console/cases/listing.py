"""Lists: filtered, sorted and cut into pages by the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.errors import ConfigurationError
from stillwatch.records import utc
from stillwatch.report.console.cases.interface import ORDERS
from stillwatch.report.console.cases.records import (
    AccountRow,
    CampaignRow,
    GroupRow,
    Member,
    Page,
)
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from stillwatch.report.console.cases.interface import Query

__all__ = [
    "accounts",
    "campaign_row",
    "campaigns",
    "currency_of",
    "group_row",
    "groups",
    "members",
    "paged",
    "time_of",
]

_YES = {"yes": True, "no": False}
_LONGEST = 1_024
_SIZES = (1, 500)


def time_of(value: int | None) -> datetime | None:
    """Return microseconds since 1970 as a time, None as None."""
    return None if value is None else utc(value)


def paged(
    connection: Connection,
    chosen: sa.Select[Any],
    query: Query,
    kind: str,
    orders: Mapping[str, Any],
    last: Any,  # noqa: ANN401 - a column of SQLAlchemy's
) -> tuple[list[Any], int, int]:
    """Return the rows of a page, the rows on all pages, and the page's number.

    Args:
        connection: that reads.
        chosen: filtered, without order.
        query: page, size, order.
        kind: of the list, a name of ORDERS.
        orders: column by name.
        last: column that decides among equals.

    Raises:
        ConfigurationError: the order, page or size is none.
    """
    if not _SIZES[0] <= query.size <= _SIZES[1] or not 1 <= query.page < 1 << 31:
        raise ConfigurationError(
            f"no page {query.page} of {query.size} rows", todo="give 1 to 500 rows a page"
        )
    sort = query.sort or ORDERS[kind][0]
    if sort not in ORDERS[kind]:
        raise ConfigurationError(
            f"{kind} cannot be sorted by {sort!r}", todo=f"one of {', '.join(ORDERS[kind])}"
        )
    counted = sa.select(sa.func.count()).select_from(chosen.subquery())
    total = int(connection.execute(counted).scalar_one())
    page = max(1, min(query.page, -(-total // query.size)))
    column, start = orders[sort], (page - 1) * query.size
    most = min(query.size, total - start)
    turned = start > total // 2  # a late page is an early one from the other end
    if turned:
        start = total - start - most
    down = query.descending is not turned
    order = [column.desc() if down else column.asc(), last.desc() if turned else last.asc()]
    if getattr(column, "nullable", True):  # what is not known stands last, whatever the order
        order[0] = order[0].nulls_first() if turned else order[0].nulls_last()
    chosen = chosen.order_by(*order).limit(max(most, 0)).offset(start)
    rows = list(connection.execute(chosen))
    return rows[::-1] if turned else rows, total, page


def _filters(query: Query, known: tuple[str, ...]) -> Mapping[str, str]:
    for name, value in query.filters.items():
        if name not in known or len(value) > _LONGEST or "\0" in value:
            raise ConfigurationError(
                f"no filter {name!r} of that kind", todo=f"one of {', '.join(known)}"
            )
    return {name: value for name, value in query.filters.items() if value}


def _flag(filters: Mapping[str, str], name: str) -> bool | None:
    if name not in filters:
        return None
    if filters[name] not in _YES:
        raise ConfigurationError(f"the filter {name} is yes or no", where=filters[name])
    return _YES[filters[name]]


def _begins(column: Any, text: str) -> Any:  # noqa: ANN401 - a column of SQLAlchemy's
    """Return that a text begins so, letter by letter: LIKE folds case in one database of two."""
    return sa.func.substr(column, 1, len(text)) == text


def currency_of(connection: Connection) -> str:
    """Return the currency of the newest scan, empty where it reckoned none."""
    runs = tables.runs
    query = sa.select(runs.c.currency).order_by(runs.c.number.desc()).limit(1)
    return connection.execute(query).scalar() or ""


def campaign_row(row: Any, currency: str) -> CampaignRow:  # noqa: ANN401 - a row of the table
    """Return a campaign as lists show it."""
    return CampaignRow(
        campaign_id=row.campaign_id,
        state=row.state,
        standing=row.standing,
        kind=row.kind,
        kind_confidence=row.kind_confidence,
        members=row.members,
        flagged=row.flagged,
        first_seen=utc(row.first_seen),
        declared_at=utc(row.declared_at),
        exchanges=row.exchanges,
        leaked=row.leaked,
        log_e=row.log_e,
        log_odds=row.log_odds,
        recommended_measure=row.measure,
        review_only=row.review_only,
        cost=row.cost,
        currency=currency,
        waiting_since=time_of(row.waiting),
    )


def campaigns(connection: Connection, query: Query) -> Page[CampaignRow]:
    """Return campaigns."""
    table = tables.campaigns
    chosen = sa.select(table)
    for name, value in _filters(query, ("state", "standing", "kind", "text")).items():
        if name == "text":
            chosen = chosen.where(_begins(table.c.campaign_id, value))
        else:
            chosen = chosen.where(table.c[name] == value)
    orders = {name: table.c[name] for name in ORDERS["campaigns"]}
    rows, total, page = paged(connection, chosen, query, "campaigns", orders, table.c.campaign_id)
    currency = currency_of(connection)
    return Page(tuple(campaign_row(row, currency) for row in rows), total, page, query.size)


def members(connection: Connection, campaign_id: str, query: Query) -> Page[Member]:
    """Return a campaign's accounts."""
    table, verdicts = tables.members, tables.accounts
    chosen = sa.select(table).where(table.c.campaign_id == campaign_id)
    filters = _filters(query, ("flagged", "text"))
    flagged = _flag(filters, "flagged")
    if flagged is not None:
        empty = table.c.flagged_at.is_(None)
        chosen = chosen.where(~empty if flagged else empty)
    if "text" in filters:
        chosen = chosen.where(_begins(table.c.account, filters["text"]))
    orders = {
        "probability": table.c.probability,
        "flagged_at": table.c.flagged_at,
        "account_id": table.c.account,
    }
    rows, total, page = paged(connection, chosen, query, "members", orders, table.c.account)
    asked = sa.select(verdicts.c.account, verdicts.c.measure).where(
        verdicts.c.account.in_([row.account for row in rows])
    )
    measure = {row.account: row.measure for row in connection.execute(asked)}
    shown = tuple(
        Member(
            account_id=row.account,
            probability=row.probability,
            flagged_at=time_of(row.flagged_at),
            shares=row.shares,
            by_hand=row.by_hand,
            measure=measure.get(row.account, ""),
        )
        for row in rows
    )
    return Page(shown, total, page, query.size)


def accounts(connection: Connection, query: Query, *, exact: bool) -> Page[AccountRow]:
    """Return accounts that the newest scan saw.

    Args:
        connection: that reads.
        query: which.
        exact: only the account whose whole id is the filter ``text``.
    """
    table = tables.accounts
    filters = _filters(query, ("campaign", "flagged", "text"))
    chosen = sa.select(table.c.account).where(~table.c.gone)  # by an index alone
    if exact:
        chosen = chosen.where(table.c.account == filters.get("text", ""))
    elif "text" in filters:
        chosen = chosen.where(_begins(table.c.account, filters["text"]))
    if "campaign" in filters:
        chosen = chosen.where(table.c.campaign_id == filters["campaign"])
    flagged = _flag(filters, "flagged")
    if flagged is not None:
        empty = table.c.flagged_at.is_(None)
        chosen = chosen.where(~empty if flagged else empty)
    orders = {
        "score": table.c.score,
        "flagged_at": table.c.flagged_at,
        "account_id": table.c.account,
    }
    rows, total, page = paged(connection, chosen, query, "accounts", orders, table.c.account)
    names = [row.account for row in rows]
    asked = connection.execute(sa.select(table).where(table.c.account.in_(names)))
    found = {row.account: row for row in asked}
    shown = tuple(
        AccountRow(row.account, row.campaign_id, time_of(row.flagged_at), row.score, row.measure)
        for row in (found[name] for name in names)
    )
    return Page(shown, total, page, query.size)


def group_row(row: Any) -> GroupRow:  # noqa: ANN401 - a row of the table
    """Return a group as lists show it."""
    return GroupRow(row.name, row.accounts, row.log_e, row.rule, row.explained)


def groups(connection: Connection, query: Query) -> Page[GroupRow]:
    """Return the groups that the newest scan did not declare."""
    table = tables.groups
    names = ("name", "accounts", "log_e", "rule", "explained")
    chosen = sa.select(*(table.c[name] for name in names))
    explained = _flag(_filters(query, ("explained",)), "explained")
    if explained is not None:
        chosen = chosen.where(table.c.explained == explained)
    orders = {"log_e": table.c.log_e, "accounts": table.c.accounts}
    rows, total, page = paged(connection, chosen, query, "groups", orders, table.c.name)
    return Page(tuple(group_row(row) for row in rows), total, page, query.size)
