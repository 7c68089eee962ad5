"""The pages that show one thing: a campaign, its accounts, its network, an account, a group."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from stillwatch.report.console.cases import Query
from stillwatch.report.console.web.asking import StoppedError
from stillwatch.report.console.web.layout import Drawing, place
from stillwatch.report.console.web.pictures import drawn
from stillwatch.report.console.web.weighing import facts

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.responses import Response

    from stillwatch.report.console.cases import Person
    from stillwatch.report.console.cases.records import Graph, Run
    from stillwatch.report.console.web.asking import Asked
    from stillwatch.report.console.web.desk import Desk

__all__ = ["account", "campaign", "group", "members", "network"]

_MEMBERS = 50
"""Members on the campaign's own page."""
_WHOLE = 500
"""Rows a page that the cases give at most."""
_FLAGGED = 4
"""Pages of flags that the timeline draws."""
_NODES = 2_000


async def campaign(desk: Desk, asked: Asked) -> Response:
    """Show a campaign."""
    name = asked.one("id")
    view, page, flagged, (run, declared) = await asyncio.gather(
        desk.cases.campaign(asked.person, name),
        desk.cases.members(asked.person, name, Query(size=_MEMBERS, sort="probability")),
        _flagged(desk, asked.person, name),
        _run(desk, asked.person),
    )
    return desk.pages.shown(
        "campaign",
        asked,
        view=view,
        picture=drawn(view, flagged, run, declared),
        page=page,
        flags_cut=view.row.flagged > len(flagged),
        sorted_findings=_sorted(view.findings),
        weighed=facts(view, run.alpha if run else None),
        done=asked.done(),
        in_queue=asked.one("queue") == "1",
    )


async def members(desk: Desk, asked: Asked) -> Response:
    """Show all accounts of a campaign."""
    name = asked.one("id")
    query = asked.query("members", "flagged", "text", size=100)
    page = await desk.cases.members(asked.person, name, query)
    return desk.pages.shown("members", asked, page=page, asks=query, name=name)


async def network(desk: Desk, asked: Asked) -> Response:
    """Show a campaign's accounts and what they share, as a picture and as a table."""
    name = asked.one("id")
    # who may not see it is told before anything is drawn from memory
    graph = await desk.cases.graph(asked.person, name, _NODES)
    picture = await _placed(desk, name, graph)
    part = asked.one("part") == "picture" and "hx-request" in asked.request.headers
    rows, total, page, pages = _nodes(asked, picture)
    return desk.pages.shown(
        "network-picture" if part else "network",
        asked,
        name=name,
        graph=graph,
        picture=picture,
        rows=rows,
        total=total,
        number=page,
        pages=pages,
    )


async def account(desk: Desk, asked: Asked) -> Response:
    """Show one account."""
    view = await desk.cases.account(asked.person, asked.one("id"), asked.number("peers", 1))
    in_queue = asked.one("queue") == "1"
    return desk.pages.shown("account", asked, view=view, done=asked.done(), in_queue=in_queue)


async def group(desk: Desk, asked: Asked) -> Response:
    """Show a group that was not declared."""
    view = await desk.cases.group(asked.person, asked.one("id"))
    return desk.pages.shown("group", asked, view=view, sorted_findings=_sorted(view.findings))


async def _flagged(desk: Desk, person: Person, name: str) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for number in range(1, _FLAGGED + 1):
        query = Query(number, _WHOLE, "account_id", descending=False, filters={"flagged": "yes"})
        page = await desk.cases.members(person, name, query)
        found |= {row.account_id: row.flagged_at for row in page.rows if row.flagged_at}
        if number >= page.pages:
            break
    return found


async def _run(desk: Desk, person: Person) -> tuple[Run | None, int]:
    """Return the newest scan and how many campaigns stand; read again when something changed."""
    version = await desk.cases.version()
    kept = desk.kept.get("run")
    if kept is None or kept[0] != version:
        shown = await desk.cases.now(person)
        kept = (version, (shown.run, shown.run.campaigns if shown.run else 0))
        desk.kept["run"] = kept
    run, declared = kept[1]
    return run, declared


async def _placed(desk: Desk, name: str, graph: Graph) -> Drawing:
    version = await desk.cases.version()
    kept = desk.kept.get("network")
    if kept is None or kept[0] != f"{version} {name}":
        kept = (f"{version} {name}", await asyncio.to_thread(place, graph))
        desk.kept["network"] = kept
    drawing: Drawing = kept[1]
    return drawing


def _nodes(asked: Asked, picture: Drawing) -> tuple[list[Any], int, int, int]:
    """Return the table's rows as the URL asks for them, their number, the page and the pages."""
    sort, text = asked.one("sort", "holds"), asked.one("text").strip().lower()
    keys = {
        "holds": lambda one: one.holds,
        "weight": lambda one: one.node.weight,
        "kind": lambda one: one.node.kind,
        "label": lambda one: one.node.label,
    }
    if sort not in keys:
        raise StoppedError(400, "This list cannot be sorted so.")
    every = [*picture.entities, *picture.accounts]
    kept = [one for one in every if text in one.node.label.lower() or text in one.node.kind.lower()]
    kept.sort(key=keys[sort], reverse=asked.one("dir", "down") != "up")
    pages = max(1, -(-len(kept) // 100))
    page = min(asked.number("page", 1), pages)
    return kept[(page - 1) * 100 : page * 100], len(kept), page, pages


def _sorted(findings: Any) -> dict[str, list[Any]]:  # noqa: ANN401 - rows of findings
    """Return findings by what they say."""
    judged = [one for one in findings if one.role == "evidence"]
    return {
        "evidence": [one for one in judged if one.enough_data],
        "silent": [one for one in judged if not one.enough_data],
        "proposals": [one for one in findings if one.role == "proposal"],
        "explained": [one for one in findings if one.role == "explanation"],
    }
