"""One campaign, one group, one network: everything that their pages show."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.records import utc
from stillwatch.report.console.cases.acts import actions_of, approvals_of
from stillwatch.report.console.cases.interface import UnknownCaseError
from stillwatch.report.console.cases.listing import campaign_row, currency_of, group_row
from stillwatch.report.console.cases.overview import newest_run
from stillwatch.report.console.cases.peers import shared_of
from stillwatch.report.console.cases.reading import held
from stillwatch.report.console.cases.records import (
    Bin,
    CampaignView,
    Edge,
    FindingRow,
    Graph,
    GroupView,
    History,
    Node,
    Stream,
    VoteRow,
)
from stillwatch.report.console.cases.standing import standing
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from stillwatch.report.console.cases.records import MeasureRow

__all__ = ["campaign", "details", "findings_of", "graph", "group", "history_of", "row_of"]

_MOST = 500
"""Lines of history and of findings that a page gets."""


def row_of(connection: Connection, campaign_id: str) -> Any:  # noqa: ANN401 - a row of the table
    """Return a campaign's row.

    Raises:
        UnknownCaseError: there is no such campaign.
    """
    table = tables.campaigns
    query = sa.select(table).where(table.c.campaign_id == held(campaign_id))
    row = connection.execute(query).first()
    if row is None:
        raise UnknownCaseError("there is no such campaign", where=ascii(campaign_id)[:120])
    return row


def details(connection: Connection, campaign_id: str) -> dict[str, Any]:
    """Return what is shown of a campaign and neither sorted nor filtered."""
    table = tables.details
    query = sa.select(table.c.body).where(table.c.campaign_id == campaign_id)
    body = connection.execute(query).scalar()
    found: dict[str, Any] = {} if body is None else json.loads(body)
    return found


def campaign(
    connection: Connection, campaign_id: str, measures: tuple[MeasureRow, ...]
) -> CampaignView:
    """Return a campaign.

    Args:
        connection: that reads.
        campaign_id: of it.
        measures: on it, as their own database says.

    Raises:
        UnknownCaseError: there is no such campaign.
    """
    row = row_of(connection, campaign_id)
    body = details(connection, campaign_id)
    run = tables.runs
    as_of = connection.execute(sa.select(run.c.as_of).where(run.c.number == row.last_run)).scalar()
    newest = newest_run(connection)
    benign = [one.body["name"] for one in standing(connection, campaign_id) if one.body["name"]]
    parent = tables.campaigns.c
    children = sa.select(parent.campaign_id).where(parent.split_from == campaign_id)
    children = children.order_by(parent.campaign_id)
    return CampaignView(
        row=campaign_row(row, currency_of(connection)),
        as_of=utc(as_of or row.declared_at),
        bins=tuple(
            Bin(utc(one.time), one.exchanges, one.leaked, one.created, one.blocked)
            for one in _children(connection, tables.bins, campaign_id, "time")
        ),
        events=() if newest is None else newest.events,
        votes=tuple(
            VoteRow(one.family, one.log_e, tuple(json.loads(one.crowd)), one.crowds)
            for one in _children(connection, tables.votes, campaign_id, "family")
        ),
        findings=findings_of(body.get("findings") or []),
        explanations=tuple(body.get("explanations") or ()),
        benign=benign[-1] if benign else "",
        streams=tuple(
            Stream(
                one.kind, one.name, one.exchanges, one.leaked, one.input_tokens, one.output_tokens
            )
            for one in _children(connection, tables.streams, campaign_id, "name")
        ),
        entities=_entities(connection, campaign_id),
        harvested=tuple((one["kind"], one["confidence"]) for one in body.get("harvested") or ()),
        damage=body.get("damage"),
        examples=tuple(body.get("examples") or ()),
        split_from=row.split_from,
        merged=tuple(body.get("merged") or ()),
        merged_into=row.merged_into,
        split_off=tuple(connection.execute(children).scalars()),
        history=history_of(connection, campaign_id=campaign_id),
        decisions=actions_of(connection, campaign_id=campaign_id),
        requests=approvals_of(connection, campaign_id=campaign_id),
        measures=measures,
        shared=shared_of(connection, campaign_id),
        attribution=_attribution(connection, campaign_id),
    )


def _children(connection: Connection, table: sa.Table, campaign_id: str, order: str) -> list[Any]:
    query = sa.select(table).where(table.c.campaign_id == campaign_id).order_by(table.c[order])
    return list(connection.execute(query))


def _entities(connection: Connection, campaign_id: str) -> tuple[tuple[str, str, int, int], ...]:
    rows = _children(connection, tables.entities, campaign_id, "name")
    found = [(one.kind, one.name, one.held, one.others) for one in rows]
    return tuple(sorted(found, key=lambda one: (-one[2], one)))


def _attribution(connection: Connection, campaign_id: str) -> tuple[tuple[str, float, str], ...]:
    table = tables.attribution
    query = sa.select(table).where(table.c.campaign_id == campaign_id)
    rows = connection.execute(query.order_by(table.c.probability.desc(), table.c.actor))
    return tuple((row.actor, row.probability, row.words) for row in rows)


def findings_of(rows: list[Mapping[str, Any]]) -> tuple[FindingRow, ...]:
    """Return findings as pages show them, strongest first."""
    found = [
        FindingRow(
            detector=row["detector"],
            family=row["family"],
            role=row["role"],
            log_e=row["log_e"],
            enough_data=row["enough_data"],
            effect=row["effect"],
            accounts=row["n"],
            first=None if row["first"] is None else datetime.fromisoformat(row["first"]),
            last=None if row["last"] is None else datetime.fromisoformat(row["last"]),
            explanation=row["explanation"],
            exchanges=tuple(row["exchanges"]),
        )
        for row in rows[:_MOST]
    ]
    found.sort(key=lambda one: (-(one.log_e or 0.0), one.detector))
    return tuple(found)


def history_of(
    connection: Connection, *, campaign_id: str = "", account_id: str = ""
) -> tuple[History, ...]:
    """Return what was said of a campaign as a whole, or of an account, newest first."""
    table = tables.history
    if account_id:
        chosen = table.c.account == account_id
    else:
        chosen = (table.c.campaign_id == campaign_id) & (table.c.account == "")
    query = sa.select(table).where(chosen).order_by(table.c.number.desc()).limit(_MOST)
    return tuple(
        History(utc(r.time), r.run, r.kind, r.campaign_id, r.account, r.was, r.now)
        for r in connection.execute(query)
    )


def group(connection: Connection, name: str) -> GroupView:
    """Return a group that was not declared, with its evidence.

    Raises:
        UnknownCaseError: the newest scan says of no such group.
    """
    table = tables.groups
    row = connection.execute(sa.select(table).where(table.c.name == held(name))).first()
    if row is None:
        raise UnknownCaseError("there is no such group", where=ascii(name)[:120])
    return GroupView(group_row(row), findings_of(json.loads(row.body)))


def graph(connection: Connection, campaign_id: str, most: int) -> Graph:
    """Return a campaign's network, of so many nodes at most.

    Entities come first, most held first; then the members that hold most of them.  What the others
    hold is counted by kind.

    Raises:
        UnknownCaseError: there is no such campaign.
    """
    row = row_of(connection, campaign_id)
    most = max(2, min(most, 2_000))
    shared = tables.entities
    entities = connection.execute(
        sa.select(shared)
        .where(shared.c.campaign_id == campaign_id)
        .order_by(shared.c.held.desc(), shared.c.name)
        .limit(most // 2)
    ).all()
    table = tables.members
    chosen = connection.execute(
        sa.select(table.c.account, table.c.probability)
        .where(table.c.campaign_id == campaign_id)
        .order_by(table.c.shares.desc(), table.c.probability.desc(), table.c.account)
        .limit(most - len(entities))
    ).all()
    drawn = {one.account for one in chosen}
    kinds = {one.name: one.kind for one in entities}
    link = tables.edges
    edges, together = [], dict.fromkeys(sorted(set(kinds.values())), 0)
    links = sa.select(link.c.name, link.c.account).where(link.c.campaign_id == campaign_id)
    for name, account in connection.execute(links.order_by(link.c.name, link.c.account)):
        if name not in kinds:
            continue
        if account in drawn:
            edges.append(Edge(f"account:{account}", f"entity:{name}"))
        else:
            together[kinds[name]] += 1
    nodes = [Node(f"entity:{one.name}", one.kind, one.name, float(one.held)) for one in entities]
    nodes += [
        Node(f"account:{one.account}", "account", one.account, _sound(one.probability))
        for one in chosen
    ]
    return Graph(tuple(nodes), tuple(edges), max(0, row.members - len(chosen)), together)


def _sound(value: float) -> float:
    return value if math.isfinite(value) else 0.0
