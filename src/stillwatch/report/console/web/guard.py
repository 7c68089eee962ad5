"""Every request goes through here: host, session, permission, form, headers, errors."""

from __future__ import annotations

import hmac
import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stillwatch.errors import (
    ConfigurationError,
    OutputError,
    RefusedError,
    StillwatchError,
    UnreachableError,
)
from stillwatch.report.console.cases import ForbiddenError
from stillwatch.report.console.cases.interface import UnknownCaseError
from stillwatch.report.console.web import sessions
from stillwatch.report.console.web.access import Door, Way, opens
from stillwatch.report.console.web.asking import Asked, StoppedError, local, read_form
from stillwatch.report.console.web.pages import link

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from stillwatch.report.console.web.desk import Desk
    from stillwatch.report.console.web.sessions import Session

__all__ = ["POLICY", "guarded"]

_LOG = logging.getLogger("stillwatch.console")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The pages' Content-Security-Policy."""
_HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "same-origin",  # with none at all, browsers hide the origin of a form
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_STATUS: tuple[tuple[type[StillwatchError], int], ...] = (
    (ForbiddenError, 403),
    (UnknownCaseError, 404),
    (RefusedError, 409),
    (ConfigurationError, 400),
    (OutputError, 503),
    (UnreachableError, 502),
)


def guarded(desk: Desk, ways: Sequence[Way]) -> Starlette:
    """Return the application of these ways."""
    missing = Way("/", "GET", Door.ANYONE, _nothing)

    async def not_found(request: Request, _: Exception) -> Response:
        return await _answered(desk, missing, request)

    return Starlette(
        routes=[
            Route(way.path, _endpoint(desk, way), methods=[way.verb], name=f"{way.verb} {way.path}")
            for way in ways
        ],
        exception_handlers={404: not_found, 405: not_found},
    )


def _endpoint(desk: Desk, way: Way) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await _answered(desk, way, request)

    return answer


async def _nothing(_: Desk, __: Asked) -> Response:
    raise StoppedError(404, "There is no such page.")


async def _answered(desk: Desk, way: Way, request: Request) -> Response:
    asked = Asked(request, None, desk.clock())
    try:
        if not way.probe:
            _from_here(desk, request)
        asked = Asked(request, await _session(desk, way, request, asked.now), asked.now)
        if not opens(way, asked.session.person if asked.session else None):
            response = _turned_away(desk, way, asked)
        else:
            if way.verb == "POST":
                asked = await _with_form(desk, way, asked)
            response = await way.call(desk, asked)
    except StoppedError as error:
        response = _refusal(desk, asked, error.status, error.words)
    except ClientDisconnect:
        response = Response(status_code=400)
    except StillwatchError as error:
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
        response = _refusal(desk, asked, status, error.what, error.todo)
    except Exception:  # noqa: BLE001 - no detail leaves, whatever it is
        _LOG.exception("%s %s", way.verb, way.path)  # no query: it names accounts
        response = _refusal(desk, asked, 500, "This went wrong here, and stands in our log.")
    return _headed(desk, response)


def _from_here(desk: Desk, request: Request) -> None:
    """Refuse other names of this server: a page elsewhere could give itself one."""
    if request.headers.get("host", "").lower() not in desk.settings.hosts:
        raise StoppedError(421, "The console is not reached under this name.")


async def _session(desk: Desk, way: Way, request: Request, now: int) -> Session | None:
    token = request.cookies.get(desk.settings.cookie, "")
    if not token:
        return None
    lives = desk.settings.lives
    found = await desk.database.read(sessions.find, token, now, lives)
    if found is not None and not way.live and sessions.stale(found, now):
        await desk.database.write(sessions.touch, found, now, lives)
    return found


def _turned_away(desk: Desk, way: Way, asked: Asked) -> Response:
    if asked.session is not None:
        able = "This is for other roles than yours."
        return _refusal(desk, asked, 403, able, "Ask whoever keeps the console's people.")
    if way.live:
        return Response(status_code=401, headers={"hx-refresh": "true"})
    if way.verb != "GET":
        return _refusal(desk, asked, 401, "You are not signed in.", "Sign in and try again.")
    onward = local(asked.request.url.path + _tail(asked.request.url.query))
    return RedirectResponse(str(link("/sign-in", next=onward).unescape()), 303)


def _tail(query: str) -> str:
    return f"?{query}" if query else ""


async def _with_form(desk: Desk, way: Way, asked: Asked) -> Asked:
    """Return the request with its form, which must come from a page of ours.

    Browsers say where a POST comes from; the token says that it comes from this session's page.
    """
    said = asked.request.headers.get("origin", "")
    try:
        parts = urlsplit(said)
    except ValueError:
        parts = urlsplit("")
    ours = urlsplit(desk.settings.origin).scheme
    if parts.scheme != ours or parts.netloc.lower() != asked.request.headers["host"].lower():
        raise StoppedError(403, "The form does not come from this console; load the page again.")
    form = await read_form(asked.request)
    sent = form.get("form", [""])[0].encode("utf-8", "surrogatepass")
    if way.needs is not Door.ANYONE:
        assert asked.session is not None  # noqa: S101 - the way opened
        if not hmac.compare_digest(sent, asked.session.form.encode()):
            raise StoppedError(403, "The form is not of this session; load the page again.")
    return Asked(asked.request, asked.session, asked.now, form)


def _refusal(desk: Desk, asked: Asked, status: int, words: str, todo: str = "") -> Response:
    return desk.pages.shown("refused", asked, status, words=words, todo=todo)


def _headed(desk: Desk, response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("cache-control", "no-store")
    if desk.settings.secure:
        response.headers["strict-transport-security"] = "max-age=31536000"
    return response
