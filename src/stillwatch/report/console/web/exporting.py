"""Tables as files; each leaves a line in the record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stillwatch.report.console.cases import Act
from stillwatch.report.console.cases.log import Entry, written
from stillwatch.report.console.cases.roles import role_for
from stillwatch.report.console.web.exports import rows
from stillwatch.report.console.web.layout import place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from stillwatch.report.console.cases import Query
    from stillwatch.report.console.cases.records import Page
    from stillwatch.report.console.web.asking import Asked
    from stillwatch.report.console.web.desk import Desk

__all__ = ["actions", "campaigns", "decisions", "exchange", "members", "network", "queue"]

_SIZE = 500
_MOST = 400
"""Pages of a file: 200,000 rows."""

_CAMPAIGNS = (
    "campaign_id", "state", "standing", "kind", "kind_confidence", "members", "flagged",
    "first_seen", "declared_at", "exchanges", "leaked", "log_e", "log_odds",
    "recommended_measure", "review_only", "cost", "currency", "waiting_since",
)  # fmt: skip
_MEMBERS = ("account_id", "probability", "flagged_at", "shares", "by_hand", "measure")
_QUEUE = ("item_id", "kind", "campaign_id", "account_id", "title", "why", "since", "weight")
_EXCHANGE = (
    "object_id", "direction", "type", "slot", "publisher", "name", "campaign_id", "modified",
    "ends", "state", "confirmed", "false_positive", "contested", "words",
)  # fmt: skip
_ACTIONS = ("number", "time", "who", "role", "action", "about", "why", "undone_by")


async def campaigns(desk: Desk, asked: Asked) -> Response:
    """Return the list of campaigns as it is filtered and sorted."""
    query = asked.query("campaigns", "state", "standing", "kind", "text", size=_SIZE)
    found = await _every(query, lambda q: desk.cases.campaigns(asked.person, q))
    return await _file(desk, asked, "campaigns", _CAMPAIGNS, found)


async def members(desk: Desk, asked: Asked) -> Response:
    """Return a campaign's accounts."""
    name = asked.one("id")
    query = asked.query("members", "flagged", "text", size=_SIZE)
    found = await _every(query, lambda q: desk.cases.members(asked.person, name, q))
    return await _file(desk, asked, "members", _MEMBERS, found)


async def network(desk: Desk, asked: Asked) -> Response:
    """Return a campaign's network: a line for each account and value that it holds."""
    graph = await desk.cases.graph(asked.person, asked.one("id"), 2_000)
    labels = {node.node_id: (node.kind, node.label) for node in graph.nodes}
    signs = {one.node.node_id: one.sign for one in place(graph).entities}
    lines = [
        (labels[edge.account][1], signs[edge.entity], *labels[edge.entity])
        for edge in graph.edges
        if edge.account in labels and edge.entity in signs
    ]
    return await _sent(desk, asked, "network", ("account", "mark", "kind", "value"), lines)


async def queue(desk: Desk, asked: Asked) -> Response:
    """Return what waits."""
    query = asked.query("queue", "kind", "campaign", size=_SIZE)
    found = await _every(query, lambda q: desk.cases.queue(asked.person, q))
    return await _file(desk, asked, "queue", _QUEUE, found)


async def exchange(desk: Desk, asked: Asked) -> Response:
    """Return what came from peers and went to them."""
    query = asked.query("exchange", "direction", "state", "publisher", size=_SIZE)

    async def items(q: Query) -> Page[Any]:
        return (await desk.cases.exchange(asked.person, q)).items

    return await _file(desk, asked, "exchange", _EXCHANGE, await _every(query, items))


async def actions(desk: Desk, asked: Asked) -> Response:
    """Return the log."""
    query = asked.query("actions", "who", "action", "about", size=_SIZE)
    found = await _every(query, lambda q: desk.cases.actions(asked.person, q))
    return await _file(desk, asked, "log", _ACTIONS, found)


async def decisions(desk: Desk, asked: Asked) -> Response:
    """Return the file that the next scan reads."""
    raw = await desk.cases.decisions(asked.person)
    head = {"content-disposition": 'attachment; filename="decisions.json"'}
    return Response(raw, media_type="application/json", headers=head)


async def _every(query: Query, ask: Callable[[Query], Awaitable[Page[Any]]]) -> list[Any]:
    found: list[Any] = []
    for number in range(1, _MOST + 1):
        page = await ask(replace(query, page=number))
        found += page.rows
        if number >= page.pages:
            break
    return found


async def _file(
    desk: Desk, asked: Asked, name: str, columns: Sequence[str], found: Sequence[object]
) -> Response:
    lines = [[getattr(row, column) for column in columns] for row in found]
    return await _sent(desk, asked, name, columns, lines)


async def _sent(
    desk: Desk,
    asked: Asked,
    name: str,
    columns: Sequence[str],
    lines: Sequence[Sequence[object]],
) -> Response:
    entry = Entry(
        time=asked.now,
        who=asked.person.name,
        role=role_for(asked.person, Act.EXPORT),
        action="export",
        about=f"table:{name}",
        why=f"{len(lines):,} rows saved as a file",
        more={"query": str(asked.request.url.query)[:2000]},
    )
    await desk.database.write(written, entry)
    head = {"content-disposition": f'attachment; filename="stillwatch-{name}.csv"'}
    kind = "text/csv; charset=utf-8; header=present"
    return Response(rows([columns, *lines]), media_type=kind, headers=head)
