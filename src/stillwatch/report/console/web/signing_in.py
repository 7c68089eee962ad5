"""Signing in and out."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from typing import TYPE_CHECKING

import sqlalchemy as sa
from starlette.responses import RedirectResponse, Response

from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.report.console.web import passwords, people, sessions
from stillwatch.report.console.web.asking import StoppedError, local
from stillwatch.report.console.web.openid import Pending
from stillwatch.store import console_people as tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.report.console.web.asking import Asked
    from stillwatch.report.console.web.desk import Desk
    from stillwatch.report.console.web.openid import Provider
    from stillwatch.report.console.web.sessions import Session

__all__ = ["away", "back", "form", "leave", "sign_in"]

_AWAY = 10 * 60_000_000
"""Microseconds within which a browser must come back from the provider."""
_BACK = "/sign-in/back"


async def form(desk: Desk, asked: Asked) -> Response:
    """Show how one signs in."""
    onward = local(asked.one("next", "/"))
    if asked.session is not None:
        return RedirectResponse(onward, 303)
    return _form(desk, asked, onward)


async def sign_in(desk: Desk, asked: Asked) -> Response:
    """Take a name and a password."""
    if not desk.settings.local:
        raise StoppedError(404, "There is no such page.")
    name, onward = asked.field("name").strip(), local(asked.field("next"))
    async with desk.checking:
        found = await desk.database.read(people.by_name, name[: people.LONGEST_NAME])
        counted = found.person.name if found else sessions.unknown(name)
        if await desk.database.read(sessions.limited, counted, asked.address, asked.now):
            words = "Too many attempts were refused; wait a quarter of an hour."
            return _form(desk, asked, onward, 429, words)
        kept = found.password if found else None
        right = await asyncio.to_thread(passwords.matches, asked.field("password"), kept)
        if not right or found is None or found.disabled:
            await desk.database.write(
                sessions.refused, counted, asked.address, asked.now, by="password"
            )
            return _form(desk, asked, onward, 401, "Name or password is not right.")
    return await _begun(desk, asked, found, onward, "password")


async def away(desk: Desk, asked: Asked) -> Response:
    """Send the browser to the identity provider."""
    provider = _provider(desk)
    onward = local(asked.one("next", "/"))
    try:
        place, pending = await provider.begin(desk.settings.origin + _BACK, onward)
    except (RefusedError, UnreachableError) as error:
        return _form(desk, asked, onward, 502, f"The identity provider: {error.what}.")
    token = secrets.token_urlsafe(32)
    await desk.database.write(_remember, token, pending, asked.now)
    response = RedirectResponse(place, 303)
    _set(desk, response, f"{desk.settings.cookie}-away", token, _AWAY // 1_000_000)
    return response


async def back(desk: Desk, asked: Asked) -> Response:
    """Take the browser back from the identity provider."""
    provider = _provider(desk)
    token = asked.request.cookies.get(f"{desk.settings.cookie}-away", "")
    pending = await desk.database.write(_recall, token, asked.now)
    if pending is None:
        return _form(desk, asked, "/", 401, "The sign-in took too long; begin again.")
    answer = {name: asked.one(name) for name in asked.request.query_params}
    try:
        known = await provider.finish(answer, pending, desk.settings.origin + _BACK)
    except (RefusedError, UnreachableError) as error:
        await desk.database.write(
            sessions.refused, sessions.unknown(""), asked.address, asked.now, by="provider"
        )
        return _form(desk, asked, pending.onward, 401, f"The sign-in failed: {error.what}.")
    found = await desk.database.write(people.known_by_provider, known, asked.now)
    if found.disabled:
        return _form(desk, asked, pending.onward, 403, "This account may not sign in.")
    response = await _begun(desk, asked, found, local(pending.onward), "provider")
    response.delete_cookie(f"{desk.settings.cookie}-away", secure=desk.settings.secure)
    return response


async def leave(desk: Desk, asked: Asked) -> Response:
    """End the session."""
    assert asked.session is not None  # noqa: S101 - the guard let nobody else through
    await desk.database.write(sessions.end, asked.session, asked.now, asked.address)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(
        desk.settings.cookie, secure=desk.settings.secure, httponly=True, samesite="lax"
    )
    response.headers["clear-site-data"] = '"cache"'
    return response


async def _begun(desk: Desk, asked: Asked, found: people.Entry, onward: str, by: str) -> Response:
    begun = await desk.database.write(_begin, asked.session, found, asked.now, asked.address, by)
    response = RedirectResponse(onward, 303)
    lasts = desk.settings.lives.whole // 1_000_000
    _set(desk, response, desk.settings.cookie, begun.token, lasts)
    return response


def _begin(
    connection: Connection,
    before: Session | None,
    found: people.Entry,
    now: int,
    address: str,
    by: str,
) -> Session:
    if before is not None:
        sessions.end(connection, before, now, address)
    return sessions.begin(connection, found, now, address, by=by)


def _set(desk: Desk, response: Response, name: str, token: str, seconds: int) -> None:
    # lax: a link to a page works, and so does the way back from the provider
    response.set_cookie(
        name,
        token,
        max_age=seconds,
        path="/",
        secure=desk.settings.secure,
        httponly=True,
        samesite="lax",
    )


def _form(desk: Desk, asked: Asked, onward: str, status: int = 200, words: str = "") -> Response:
    called = desk.provider.settings.called if desk.provider else ""
    return desk.pages.shown(
        "sign-in",
        asked,
        status,
        words=words,
        onward=onward,
        local=desk.settings.local,
        called=called,
        typed=asked.field("name")[: people.LONGEST_NAME],
    )


def _provider(desk: Desk) -> Provider:
    if desk.provider is None:
        raise StoppedError(404, "There is no such page.")
    return desk.provider


def _remember(connection: Connection, token: str, pending: Pending, now: int) -> None:
    table = tables.waiting
    connection.execute(sa.delete(table).where(table.c.made < now - _AWAY))
    row = {
        "cookie_hash": _hash(token),
        "state": pending.state,
        "nonce": pending.nonce,
        "verifier": pending.verifier,
        "onward": pending.onward,
        "made": now,
    }
    connection.execute(sa.insert(table).values(**row))


def _recall(connection: Connection, token: str, now: int) -> Pending | None:
    """Return what is remembered of a browser, once."""
    table = tables.waiting
    own = table.c.cookie_hash == _hash(token)
    row = connection.execute(sa.select(table).where(own)).first()
    connection.execute(sa.delete(table).where(own))
    if row is None or now - row.made > _AWAY:
        return None
    return Pending(row.state, row.nonce, row.verifier, row.onward)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
