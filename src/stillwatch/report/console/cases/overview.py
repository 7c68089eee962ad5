"""The first page: where everything stands, and what changed since somebody last looked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.records import utc
from stillwatch.report.console.cases.listing import time_of
from stillwatch.report.console.cases.records import Change, Day, Now, Run
from stillwatch.report.console.cases.verdicts import COUNTED
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.report.console.cases.records import SourceHealth

__all__ = ["NEWS", "changes", "newest_run", "now", "run_of", "version"]

NEWS = frozenset({"declared", "grew", "again", "merged", "aside", "gone", *COUNTED})
"""Kinds of change that scans bring; all others are acts of people."""
_RUNS = 30
_DAYS = 400


def version(connection: Connection) -> str:
    """Return what changes with every import and act."""
    row = connection.execute(sa.select(tables.head)).first()
    return "" if row is None else f"{row.imports}.{row.actions}"


def newest_run(connection: Connection) -> Run | None:
    """Return the newest scan."""
    table = tables.runs
    row = connection.execute(sa.select(table).order_by(table.c.number.desc()).limit(1)).first()
    return None if row is None else run_of(row)


def run_of(row: Any) -> Run:  # noqa: ANN401 - a row of the table
    """Return a scan as pages show it."""
    return Run(
        number=row.number,
        as_of=utc(row.as_of),
        first=time_of(row.first),
        loaded=utc(row.loaded),
        exchanges=row.exchanges,
        accounts=row.accounts,
        campaigns=row.campaigns,
        flagged=row.flagged,
        harvested=row.harvested,
        leaked=row.leaked,
        groups_tested=row.groups_tested,
        alpha=row.alpha,
        missing=tuple(json.loads(row.missing)),
        events=tuple((utc(at), kind, model) for at, kind, model in json.loads(row.events)),
        folder=row.folder,
    )


def now(
    connection: Connection,
    since: int,
    waiting: dict[str, int],
    health: tuple[SourceHealth, ...],
) -> Now:
    """Return the first page.

    Args:
        connection: that reads.
        since: changes after this, microseconds since 1970.
        waiting: items of the queue by kind.
        health: of the sources.
    """
    table = tables.campaigns
    states = sa.select(table.c.state, sa.func.count()).group_by(table.c.state)
    runs = sa.select(tables.runs).order_by(tables.runs.c.number.desc()).limit(_RUNS)
    shown = tuple(run_of(row) for row in connection.execute(runs))
    days = sa.select(tables.days).order_by(tables.days.c.day.desc()).limit(_DAYS)
    newest = connection.execute(
        sa.select(tables.runs.c.currency).order_by(tables.runs.c.number.desc()).limit(1)
    ).scalar()
    return Now(
        run=shown[0] if shown else None,
        version=version(connection),
        states={row[0]: int(row[1]) for row in connection.execute(states)},
        waiting=waiting,
        days=tuple(_day(row) for row in connection.execute(days))[::-1],
        currency=newest or "",
        runs=shown,
        changes=changes(connection, since),
        health=health,
    )


def changes(connection: Connection, since: int, most: int = 200) -> tuple[Change, ...]:
    """Return what scans and people changed since a time, newest first.

    Changes of accounts are told together, by import, kind and campaign.
    """
    table, acts = tables.history, tables.actions
    whole = (table.c.account == "") & (table.c.time > since)
    order = table.c.number.desc()
    rows = connection.execute(sa.select(table).where(whole).order_by(order).limit(most))
    found = [_change(row) for row in rows]
    done = (acts.c.time > since) & (acts.c.action != "import")
    rows = connection.execute(
        sa.select(acts).where(done).order_by(acts.c.number.desc()).limit(most)
    )
    for row in rows:
        why = json.loads(bytes(row.line))["why"]
        words = f"{row.who}: {row.action} {row.about}" + (f" ({why})" if why else "")
        found.append(Change(utc(row.time), row.action, row.campaign_id, "", words))
    found.sort(key=lambda change: change.time, reverse=True)
    return tuple(found[:most])


def _change(row: Any) -> Change:  # noqa: ANN401 - a row of the table
    if row.kind in COUNTED:
        return Change(utc(row.time), row.kind, row.campaign_id, row.was, f"{row.kind}: {row.now}")
    words = _between(row.was, row.now)
    return Change(utc(row.time), row.kind, row.campaign_id, "", words)


def _between(was: str, now_: str) -> str:
    return f"{was} → {now_}" if was and now_ else now_ or was


def _day(row: Any) -> Day:  # noqa: ANN401 - a row of the table
    cost = None if row.likely is None else (row.low, row.likely, row.high)
    return Day(utc(row.day), row.exchanges, row.leaked, row.created, row.blocked, cost)
