"""ASGI middleware: wraps an application that speaks one of the four APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.stop.gateways.asgi import Reply, write
from stillwatch.stop.gateways.gateway import Passing
from stillwatch.stop.gateways.outcomes import PROBLEM, Outcome, UndecidedError, problem
from stillwatch.stop.gateways.paths import MODEL_HEADER, OURS, renamed, shape_of
from stillwatch.stop.gateways.room import Held

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stillwatch.stop.gateways.asgi import Message, Receive, Send
    from stillwatch.stop.gateways.gateway import Gateway
    from stillwatch.stop.gateways.trust import Client
    from stillwatch.stop.interface import Effect, Shape

__all__ = ["StopMiddleware"]


_OURS = frozenset(name.encode() for name in OURS)


class StopMiddleware:
    """Asks about each request before the application sees it, and passes its answer through.

    Args:
        app: speaks one or more of the four APIs; other paths are left alone.
        gateway: what to ask.
        who: says who sent a request, given its scope, by what the server's own authentication put
            there; raises `UndecidedError` where nobody is known.  Headers alone are a client's
            word, unless a proxy in front removes what clients send under the same names.
    """

    def __init__(
        self,
        app: Callable[[Message, Receive, Send], Awaitable[None]],
        gateway: Gateway,
        who: Callable[[Message], Client],
    ) -> None:
        self._app = app
        self._gateway = gateway
        self._who = who
        self._gone = _OURS | {name.encode() for name in gateway.trust.own}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Take one request."""
        watched = shape_of(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if watched is None:
            if scope["type"] == "http":
                self._gateway.note(Outcome.UNWATCHED)
                scope = _without(scope, _OURS)
            await self._app(scope, receive, send)
            return
        held = Held(self._gateway.room)
        try:
            await self._watch(scope, receive, send, watched, held)
        finally:
            held.release()

    async def _watch(
        self, scope: Message, receive: Receive, send: Send, watched: tuple[Shape, str], held: Held
    ) -> None:
        body, whole, left = await _body(receive, self._gateway.longest, held)
        if left:
            self._gateway.note(Outcome.GONE)
            return
        try:
            if not whole and len(body) <= self._gateway.longest:
                raise UndecidedError(Outcome.NO_ROOM)  # noqa: TRY301 - told as the others
            if not whole:
                raise UndecidedError(Outcome.BODY_TOO_LONG)  # noqa: TRY301 - told as the others
            encodings = [_latin(v) for n, v in scope["headers"] if n == b"content-encoding"]
            shape, model = watched
            decided = await self._gateway.decide(self._who(scope), shape, model, body, encodings)
        except UndecidedError as error:
            self._gateway.note(error.outcome)
            if self._gateway.closed:
                status, told = problem(error.outcome)
                await write(send, Reply(status, told, PROBLEM))
            else:
                inner = _without(scope, self._gone)
                await self._app(inner, _again(body, receive, whole=whole), send)
            return
        decision, effect = decided
        if effect.status:
            await _answer(send, effect)
            return
        passing = Passing(self._gateway, decision, effect)
        out = _Out(passing, effect, send, self._gateway)
        inner = _redirected(_without(scope, self._gone), watched, effect)
        try:
            await self._app(inner, _again(effect.forward or body, receive, whole=True), out.send)
        finally:
            await passing.tell()


class _Out:
    """An answer's way out."""

    def __init__(self, passing: Passing, effect: Effect, send: Send, gateway: Gateway) -> None:
        self._passing = passing
        self._effect = effect
        self._send = send
        self._gateway = gateway
        self._over = False

    async def send(self, message: Message) -> None:
        """Pass on one event of the application's."""
        if message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] == "http.response.body":
            await self._body(message)
        else:
            await self._send(message)

    async def _start(self, message: Message) -> None:
        headers = [(bytes(n).lower(), bytes(v)) for n, v in message.get("headers", ())]
        self._passing.begin(message["status"])
        if self._passing.alters:
            if any(n == b"content-encoding" and v != b"identity" for n, v in headers):
                self._gateway.note(Outcome.ENCODED_ANSWER)
                status, told = problem(Outcome.ENCODED_ANSWER)
                self._over = True
                await write(self._send, Reply(status, told, PROBLEM))
                return
            headers = [(n, v) for n, v in headers if n != b"content-length"]
        names = {name.encode() for name, _ in self._effect.headers}
        headers = [(n, v) for n, v in headers if n not in names]
        headers += [(n.encode(), v.encode("latin-1")) for n, v in self._effect.headers]
        await self._send({**message, "headers": headers})

    async def _body(self, message: Message) -> None:
        if self._over:
            return
        more = message.get("more_body", False)
        out = self._passing.feed(message.get("body", b""))
        if not more:
            out += self._passing.end()
        if out or not more:
            await self._send({**message, "body": out})


async def _body(receive: Receive, longest: int, room: Held) -> tuple[bytes, bool, bool]:
    """Return a body, whether it is all of it, and whether the client left."""
    held = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(held), False, True
        held += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(held), len(held) <= longest, False
        if len(held) > longest or not room.until(len(held)):
            return bytes(held), False, False


def _without(scope: Message, gone: frozenset[bytes]) -> Message:
    """Return a scope without headers that only the operator sets."""
    return {**scope, "headers": [(n, v) for n, v in scope["headers"] if n not in gone]}


def _again(body: bytes, receive: Receive, *, whole: bool) -> Receive:
    """Return a receive that gives the body that was read, and then what comes."""
    first = {"type": "http.request", "body": body, "more_body": not whole}
    waiting = [first]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _redirected(scope: Message, watched: tuple[Shape, str], effect: Effect) -> Message:
    """Return the scope that the application sees."""
    length = len(effect.forward)
    gone = {b"accept-encoding", *(name.encode() for name, _ in effect.forward_headers)}
    if length:
        gone |= {b"content-length", b"content-encoding", b"transfer-encoding"}
    headers = [(n, v) for n, v in scope["headers"] if n not in gone]
    headers += [(n.encode(), v.encode("latin-1")) for n, v in effect.forward_headers if v]
    inner = {**scope, "headers": headers}
    if length:
        headers.append((b"content-length", b"%d" % length))
    if effect.model:
        headers.append((MODEL_HEADER.encode(), effect.model.encode("latin-1")))
        inner["path"] = renamed(scope["path"], watched[1], effect.model)
        inner["raw_path"] = inner["path"].encode()
    # a file that the server sends by itself would pass by the filter
    inner["extensions"] = {
        name: held for name, held in (scope.get("extensions") or {}).items() if "send" not in name
    }
    return inner


async def _answer(send: Send, effect: Effect) -> None:
    headers = [(n.encode(), v.encode("latin-1")) for n, v in effect.headers]
    headers.append((b"content-length", b"%d" % len(effect.body)))
    await send({"type": "http.response.start", "status": effect.status, "headers": headers})
    await send({"type": "http.response.body", "body": effect.body})


def _latin(value: bytes) -> str:
    return value.decode("latin-1")
