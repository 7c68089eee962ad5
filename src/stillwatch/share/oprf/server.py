"""The operator's service over HTTP.

    GET  /oprf/v1/epochs            signed records of all epochs
    GET  /oprf/v1/counters          what was evaluated in all, signed
    GET  /oprf/v1/counters/mine     what the member that asks had evaluated, signed
    POST /oprf/v1/evaluate          a member's batch
    POST /oprf/v1/ceremony          the other operator's message

The last three are signed requests (RFC 9421). What is refused is told as a problem (RFC 9457) that
names its rule.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from stillwatch.errors import RefusedError, StillwatchError
from stillwatch.heads import configuration
from stillwatch.ledger import requests
from stillwatch.listening import url_of
from stillwatch.share.oprf.machine import register
from stillwatch.share.oprf.operator import ready
from stillwatch.share.oprf.wire import LONGEST

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request

    from stillwatch.ledger import VerifyKey
    from stillwatch.ledger.requests import Signed
    from stillwatch.share.oprf.operator import Operator

__all__ = ["application", "problem", "serve"]

_STATUS = {"P-1": 409, "P-7": 429, "P-8": 409, "P-10": 403}
"""HTTP status by rule; signatures' rules (R-…) are 401, others 400."""
_MEMBERS_FOR = 2.0
"""Seconds that the list of members is used before it is read again."""


def application(operator: Operator, origin: str, clock: Callable[[], float]) -> Starlette:
    """Return the service as an ASGI application.

    Args:
        operator: who answers.
        origin: scheme and authority that requests are signed for.
        clock: gives seconds since 1970.
    """
    return _Service(operator, origin, clock).application()


def problem(error: StillwatchError, status: int | None = None) -> Response:
    """Return an error as a problem (RFC 9457)."""
    rule = error.rule if isinstance(error, RefusedError) else ""
    if status is None:
        status = 401 if rule.startswith("R-") else _STATUS.get(rule, 400)
    held = {
        "type": f"urn:stillwatch:rule:{rule}" if rule else "about:blank",
        "title": error.what,
        "status": status,
        "rule": rule,
        "detail": error.todo,
        "where": error.where if rule else "",  # paths of this machine are not the caller's
    }
    headers = {"Retry-After": "3600"} if status == 429 else {}
    return Response(
        json.dumps({name: value for name, value in held.items() if value != ""}),
        status,
        headers,
        "application/problem+json",
    )


def serve(
    operator: Operator,
    bound: socket.socket,
    clock: Callable[[], float],
    *,
    tls: tuple[Path, Path] | None = None,
    announce: Callable[[str], None],
) -> None:
    """Answer until the process is told to end.

    Args:
        operator: who answers.
        bound: socket, see `stillwatch.listening`.
        clock: gives seconds since 1970.
        tls: certificate and key files.
        announce: is told the URL, once it is listened on.

    Raises:
        ConfigurationError: P-1 the other operator is on this machine.
    """
    register(operator.home)  # P-1
    ready(operator.home, int(clock()))  # P-1
    origin = operator.home.settings.origin or url_of(bound, tls)
    settings = configuration(
        application(operator, origin, clock),
        tls,
        limit_concurrency=256,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=LONGEST,
    )
    announce(url_of(bound, tls))
    uvicorn.Server(settings).run(sockets=[bound])


class _Service:
    """Routes, and who may use them."""

    def __init__(self, operator: Operator, origin: str, clock: Callable[[], float]) -> None:
        self._operator = operator
        self._origin = origin
        self._clock = clock
        self._members: dict[str, tuple[str, VerifyKey]] = {}
        self._members_read = float("-inf")

    def application(self) -> Starlette:
        """Return the ASGI application."""
        routes = [
            Route("/oprf/v1/epochs", self.epochs, methods=["GET"]),
            Route("/oprf/v1/counters", self.counters, methods=["GET"]),
            Route("/oprf/v1/counters/mine", self.mine, methods=["GET"]),
            Route("/oprf/v1/evaluate", self.evaluate, methods=["POST"]),
            Route("/oprf/v1/ceremony", self.ceremony, methods=["POST"]),
        ]
        handlers = {StillwatchError: _refused, HTTPException: _not_served}
        return Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]

    async def epochs(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        """Answer with the records of all epochs, each an envelope."""
        records = await run_in_threadpool(self._operator.records)
        return _json(b'{"epochs":[%s]}' % b",".join(records))

    async def counters(self, request: Request) -> Response:  # noqa: ARG002 - as above
        """Answer with what was evaluated in all (P-7)."""
        return _json(await run_in_threadpool(self._operator.counters, int(self._clock())))

    async def mine(self, request: Request) -> Response:
        """Answer a member with what it had evaluated (P-7)."""
        _, member = await self._member(request, b"")
        now = int(self._clock())
        return _json(await run_in_threadpool(self._operator.counters, now, member))

    async def evaluate(self, request: Request) -> Response:
        """Answer a member's batch (P-3, P-4)."""
        raw = await _body(request)
        signed, member = await self._member(request, raw)
        now = int(self._clock())
        return _json(await run_in_threadpool(self._operator.evaluate, raw, signed, member, now))

    async def ceremony(self, request: Request) -> Response:
        """Answer the other operator's message (P-1)."""
        raw = await _body(request)
        peer = self._operator.home.peer
        self._signed(request, raw, lambda keyid: peer if keyid == peer.key_id else None)
        return _json(await run_in_threadpool(self._operator.ceremony, raw, int(self._clock())))

    async def _member(self, request: Request, raw: bytes) -> tuple[Signed, str]:
        """Return who signed a request, and the member's name (P-3)."""
        now = self._clock()
        if not 0 <= now - self._members_read < _MEMBERS_FOR:
            self._members = await run_in_threadpool(self._operator.home.members)
            self._members_read = now
        members = self._members
        signed = self._signed(request, raw, lambda keyid: members.get(keyid, ("", None))[1])
        return signed, members[signed.keyid][0]

    def _signed(
        self, request: Request, raw: bytes, find_key: Callable[[str], VerifyKey | None]
    ) -> Signed:
        scope = request.scope
        url = requests.request_url(self._origin, scope["raw_path"], scope["query_string"])
        headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]]
        now = int(self._clock())
        return requests.verify_request(request.method, url, headers, raw, find_key, now=now)


async def _body(request: Request) -> bytes:
    """Return a request's body, which is short."""
    held = b""
    async for piece in request.stream():
        held += piece
        if len(held) > LONGEST:  # P-3
            raise _TooLongError("P-3", f"a request has at most {LONGEST:,} bytes")
    return held


class _TooLongError(RefusedError):
    """A body that is too long."""


def _json(raw: bytes) -> Response:
    return Response(raw, media_type="application/json")


async def _refused(request: Request, error: StillwatchError) -> Response:  # noqa: ARG001 - Starlette's
    if isinstance(error, _TooLongError):
        return problem(error, 413)
    return problem(error, None if isinstance(error, RefusedError) else 500)


async def _not_served(request: Request, error: HTTPException) -> Response:  # noqa: ARG001 - as above
    return problem(StillwatchError(error.detail), error.status_code)
