"""The hub as an ASGI application: reads requests, asks who they are from, answers, notes it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from stillwatch.share.hub.audits import Folded
from stillwatch.share.hub.calls import JSON, TAXII, Answer, Call, read_json
from stillwatch.share.hub.credentials import by_certificate
from stillwatch.share.hub.media import accepts, is_of
from stillwatch.share.hub.members import JoinBody
from stillwatch.share.hub.membership import read_key
from stillwatch.share.hub.quotas import SAVED_SECONDS, Bucket
from stillwatch.share.hub.refusals import HubError
from stillwatch.share.hub.routes import Found, find
from stillwatch.share.hub.shown import CERTIFICATE
from stillwatch.share.hub.times import SECOND, written

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import TypeAlias

    from stillwatch.share.hub.access import Asker
    from stillwatch.share.hub.hub import Hub

    Message: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]

__all__ = ["App"]

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_LONGEST_QUERY = 16_384
_LONGEST_OF_STRANGERS = 65_536
_KEY_ID = re.compile(r';keyid="([0-9a-f]{64})"')
_STRANGERS_A_SECOND = 5.0
"""Requests by nobody known that are noted one by one."""


class App:
    """The application of one hub.

    Args:
        hub: does the work.
        description: OpenAPI description of the part that is not TAXII.
    """

    def __init__(self, hub: Hub, description: bytes) -> None:
        self.hub = hub
        self._description = description
        self._strangers = Bucket(SAVED_SECONDS * _STRANGERS_A_SECOND, 0.0)
        self._folded = Folded()
        self._unnoted = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Take one connection's request, or run the hub for the server's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._take(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self.hub.running():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _take(self, scope: Message, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        plain = self._plain(method, path)
        if plain is not None:
            await _send(plain, send)
            return
        now = self.hub.clock()
        line: dict[str, Any] = {"time": written(now), "method": method, "path": _bounded(path)}
        try:
            answer = await self._answer(scope, receive, line, now)
        except HubError as error:
            answer = self._refused(error, path, line)
        except Exception:  # noqa: BLE001 - logged, and answered with an id that leads there
            _log.exception("a request failed: %s %s", method, _bounded(path))
            failed = HubError(500, "H-12", "the hub failed", todo="tell the operator the error_id")
            answer = self._refused(failed, path, line)
        line |= {"status": answer.status, **dict(answer.noted)}
        nonce = line.pop("nonce", None)
        if self._may_note(line, now):
            self.hub.writer.note(line, nonce)
        elif nonce is not None:
            self.hub.writer.remember(nonce)
        if answer.lines is None:
            await _send(answer, send)
        else:
            await self._stream(answer, receive, send)

    def _may_note(self, line: dict[str, Any], now: int) -> bool:
        """Say whether to note a request; what is not is counted, or it would fill disks."""
        if "member" in line:
            reads = line["status"] == 200 and line["path"].startswith("/exchange/v1/log/")
            return not reads or self._folded.may_note(line, now)
        if self._strangers.take(1, _STRANGERS_A_SECOND, now / SECOND) > 0:
            self._unnoted += 1
            return False
        if self._unnoted:
            line["strangers_not_noted"], self._unnoted = self._unnoted, 0
        return True

    async def _answer(
        self, scope: Message, receive: Receive, line: dict[str, Any], now: int
    ) -> Answer:
        found = find(scope["method"], scope["path"])
        if not isinstance(found, Found):
            if found:
                allow = (("Allow", ", ".join(sorted(found))),)
                raise HubError(405, "H-0", "the path has other methods", headers=allow)
            raise HubError(404, "H-0", "there is no such path")
        if "\0" in scope["path"]:
            raise HubError(404, "H-0", "no name holds a NUL")
        if not self.hub.ready:
            raise HubError(503, "H-12", "the hub is stopping", headers=(("Retry-After", "5"),))
        headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]]
        _check_framing(headers)
        shown = scope.get("state", {}).get(CERTIFICATE)
        body = await self._body(receive, dict(headers), shown, now)
        call = await self._call(scope, found, headers, body, now, line)
        _check_media(found, call)
        return await found.route.endpoint(self.hub, call)

    async def _body(
        self, receive: Receive, headers: dict[str, str], shown: bytes | None, now: int
    ) -> bytes:
        """Return the body; little of it, before the signature is checked, for an unknown key."""
        named = _KEY_ID.search(headers.get("signature-input", ""))
        roster = self.hub.roster
        known = named is not None and named[1] in roster.keys
        known = known or (shown is not None and by_certificate(roster, shown, now) is not None)
        most = self.hub.settings.max_content_length
        try:
            async with asyncio.timeout(self.hub.settings.patience):
                return await _read_body(receive, headers, most if known else _LONGEST_OF_STRANGERS)
        except TimeoutError as error:  # H-11
            close = (("Connection", "close"),)
            raise HubError(408, "H-11", "the request takes too long", headers=close) from error

    async def _call(
        self,
        scope: Message,
        found: Found,
        headers: list[tuple[str, str]],
        body: bytes,
        now: int,
        line: dict[str, Any],
    ) -> Call:
        route = found.route
        candidate = read_key(read_json(body, JoinBody).verify_key) if route.joins else None
        raw_path = scope.get("raw_path") or scope["path"].encode()
        raw_query = scope["query_string"]
        if len(raw_query) > _LONGEST_QUERY:  # H-11
            raise HubError(400, "H-11", "the query is too long")
        if raw_query:
            line["query"] = _bounded(raw_query.decode("latin-1"))
        asker: Asker | None = None
        if not (route.vouched or (route.open_log and self.hub.settings.public_log)):
            shown = scope.get("state", {}).get(CERTIFICATE)
            asker = await self.hub.access.identify(
                scope["method"], raw_path, raw_query, headers, body, self.hub.roster, now,
                candidate, shown,
            )  # fmt: skip
            line["key"] = asker.key_id[:16] or "none"
            if asker.mark is not None:
                line["nonce"] = asker.mark
        member = asker.member if asker else None
        if member is not None:
            line["member"] = member.id
            self.hub.access.admit(member, now)
            if not member.roles & route.roles:  # H-3
                raise HubError(403, "H-3", "the member's role does not allow it")
            if route.signed and asker is not None and not asker.key_id:  # H-1
                raise HubError(401, "H-1", "this has to be signed, certificate or not")
        elif asker is not None and not route.joins:  # H-1
            raise HubError(401, "H-1", "nobody who may ask has this key")
        query = tuple(parse_qsl(raw_query.decode("latin-1"), keep_blank_values=True))
        if any("\0" in value for _, value in query):  # H-0, which PostgreSQL has no text for
            raise HubError(400, "H-0", "a parameter holds a NUL")
        key_id = asker.key_id if asker else ""
        return Call(
            scope["method"], scope["path"], query, dict(headers), body, found.places, member,
            key_id, candidate, now, (scope.get("client") or ("",))[0],
        )  # fmt: skip

    def _refused(self, error: HubError, path: str, line: dict[str, Any]) -> Answer:
        line["rule"] = error.rule
        error_id = self.hub.chance(8).hex()
        line["error_id"] = error_id
        kind = TAXII if path.startswith("/taxii2") else JSON
        return Answer(error.status, _encode(error.body(error_id)), kind, error.headers)

    def _plain(self, method: str, path: str) -> Answer | None:
        """Return what needs no signature."""
        if method != "GET":
            return None
        if path == "/healthz":
            return Answer(200, b'{"alive":true}')
        if path == "/readyz":
            ready = self.hub.ready
            return Answer(200 if ready else 503, b'{"ready":true}' if ready else b'{"ready":false}')
        if path == "/exchange/v1/openapi.json":
            return Answer(200, self._description)
        return None

    async def _stream(self, answer: Answer, receive: Receive, send: Send) -> None:
        """Send a body as it comes; end where the other side goes, or does not read."""

        async def give() -> None:
            assert answer.lines is not None  # noqa: S101 - checked by the caller
            async with contextlib.aclosing(answer.lines) as lines:
                await send(_start(answer))
                async for chunk in lines:
                    async with asyncio.timeout(self.hub.settings.patience):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        giving, going = asyncio.create_task(give()), asyncio.create_task(gone())
        await asyncio.wait({giving, going}, return_when=asyncio.FIRST_COMPLETED)
        for task in (giving, going):
            task.cancel()
        done = await asyncio.gather(giving, going, return_exceptions=True)
        if isinstance(done[0], TimeoutError):
            _log.info("a member that did not read its stream was cut off")


def _check_framing(headers: list[tuple[str, str]]) -> None:
    """Refuse a body of two lengths, whose end a proxy may see elsewhere (RFC 9112, section 6.1)."""
    names = {name for name, _ in headers}
    if {"content-length", "transfer-encoding"} <= names:  # H-0
        close = (("Connection", "close"),)
        raise HubError(400, "H-0", "the body's length is stated in two ways", headers=close)


def _check_media(found: Found, call: Call) -> None:
    """Refuse media types that the surface does not have (TAXII 2.1, section 1.6.8)."""
    route = found.route
    if route.taxii and not accepts(call.headers.get("accept", "")):
        raise HubError(406, "H-0", f"the answer would be {TAXII}", todo="accept that")
    if call.body and not is_of(call.headers.get("content-type", ""), route.media_type):
        raise HubError(415, "H-0", f"the body is not {route.media_type}")


async def _read_body(receive: Receive, headers: dict[str, str], most: int) -> bytes:
    told = headers.get("content-length", "0")
    if told.isdigit() and int(told) > most:  # H-11
        raise HubError(413, "H-11", f"the request is over {most:,} bytes long")
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HubError(400, "H-0", "the request ended early")
        part = message.get("body", b"")
        length += len(part)
        if length > most:  # H-11
            raise HubError(413, "H-11", f"the request is over {most:,} bytes long")
        parts.append(part)
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _start(answer: Answer) -> Message:
    headers = [
        (b"content-type", answer.content_type.encode()),
        *((name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers),
    ]
    if answer.lines is None:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


async def _send(answer: Answer, send: Send) -> None:
    await send(_start(answer))
    await send({"type": "http.response.body", "body": answer.body})


def _bounded(text: str) -> str:
    cut = text[:300]
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(c if c.isprintable() and c.isascii() else "?" for c in cut)
