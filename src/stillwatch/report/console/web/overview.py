"""The pages that show many things at once: now, lists, exchange, log, help."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from starlette.responses import Response

from stillwatch.report.console.cases import Act
from stillwatch.report.console.web.asking import StoppedError
from stillwatch.report.console.web.pages import FILES
from stillwatch.report.console.web.pictures import days
from stillwatch.store import console_people as tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.report.console.web.asking import Asked
    from stillwatch.report.console.web.desk import Desk

__all__ = [
    "accounts",
    "campaigns",
    "exchange",
    "file",
    "groups",
    "health",
    "helping",
    "live",
    "log",
    "now",
]

_SHIFT = 8
"""Hours of a shift, where the URL says nothing else."""
_SIGN_INS = 100


async def now(desk: Desk, asked: Asked) -> Response:
    """Show how things stand, and what changed since the last shift."""
    return desk.pages.shown("now", asked, **await _now(desk, asked))


async def live(desk: Desk, asked: Asked) -> Response:
    """Return the part of the first page that moves, nothing where nothing has."""
    if asked.one("version") == await _version(desk):
        return Response(status_code=204)
    return desk.pages.shown("now-live", asked, **await _now(desk, asked))


async def _version(desk: Desk) -> str:
    """Return what changes with the cases, and with the health of what they rest on."""
    states = [(one.kind, one.name, one.state) for one in await desk.cases.health()]
    digest = hashlib.sha256(repr(states).encode()).hexdigest()[:12]
    return f"{await desk.cases.version()}.{digest}"


async def _now(desk: Desk, asked: Asked) -> dict[str, Any]:
    since, hours = _since(asked)
    shown = await desk.cases.now(asked.person, since)
    return {
        "shown": shown,
        "picture": days(shown.days),
        "since": since,
        "hours": hours,
        "version": await _version(desk),
    }


def _since(asked: Asked) -> tuple[datetime, str]:
    """Return the time that the URL asks for: ``since`` as a time, or ``hours`` back."""
    current = datetime.fromtimestamp(asked.now / 1e6, UTC)
    raw = asked.one("since")
    if raw:
        try:
            time = datetime.fromisoformat(raw)
            time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise StoppedError(400, "The time is to be like 2026-11-22T06:00.") from error
        return min(time, current), ""
    hours = asked.number("hours", _SHIFT)
    if hours > 24 * 366:
        raise StoppedError(400, "The first page looks back a year at most.")
    return current - timedelta(hours=hours), str(hours)


async def campaigns(desk: Desk, asked: Asked) -> Response:
    """List campaigns."""
    query = asked.query("campaigns", "state", "standing", "kind", "text")
    page = await desk.cases.campaigns(asked.person, query)
    return desk.pages.shown("campaigns", asked, page=page, asks=query)


async def accounts(desk: Desk, asked: Asked) -> Response:
    """List accounts."""
    query = asked.query("accounts", "campaign", "flagged", "text")
    page = await desk.cases.accounts(asked.person, query)
    return desk.pages.shown("accounts", asked, page=page, asks=query)


async def groups(desk: Desk, asked: Asked) -> Response:
    """List groups that were weighed and not declared."""
    query = asked.query("groups", "explained")
    page = await desk.cases.groups(asked.person, query)
    return desk.pages.shown("groups", asked, page=page, asks=query)


async def exchange(desk: Desk, asked: Asked) -> Response:
    """Show what came from peers and went to them."""
    query = asked.query("exchange", "direction", "state", "publisher")
    found = await desk.cases.exchange(asked.person, query)
    return desk.pages.shown("exchange", asked, found=found, page=found.items, asks=query)


async def log(desk: Desk, asked: Asked) -> Response:
    """Show who did what, and who signed in."""
    query = asked.query("actions", "who", "action", "about")
    page = await desk.cases.actions(asked.person, query)
    signed = []
    if asked.person.may(Act.PEOPLE):
        signed = await desk.database.read(_sign_ins)
    shown: dict[str, Any] = {"page": page, "asks": query, "signed": signed, "done": asked.done()}
    return desk.pages.shown("log", asked, **shown)


async def helping(desk: Desk, asked: Asked) -> Response:
    """Show what the pages are and which keys they know."""
    return desk.pages.shown("help", asked)


async def health(_: Desk, __: Asked) -> Response:
    """Say that the process answers."""
    return Response("ok\n", media_type="text/plain")


async def file(_: Desk, asked: Asked) -> Response:
    """Return a static file."""
    found = FILES.get(asked.request.path_params["name"])
    if found is None:
        raise StoppedError(404, "There is no such file.")
    raw, kind, digest = found
    kept = "public, max-age=31536000, immutable" if asked.one("v") == digest else "no-cache"
    return Response(raw, media_type=kind, headers={"cache-control": kept})


def _sign_ins(connection: Connection) -> list[tuple[datetime, str, str, str, str]]:
    table = tables.sign_ins
    rows = connection.execute(sa.select(table).order_by(table.c.number.desc()).limit(_SIGN_INS))
    return [
        (
            datetime.fromtimestamp(row.at / 1e6, UTC),
            row.event,
            "nobody's" if row.name.startswith("~") else row.name,
            row.address,
            row.by,
        )
        for row in rows
    ]
