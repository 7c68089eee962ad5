"""The pieces of ASGI that the HTTP gateways share."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import msgspec

from stillwatch.stop.gateways.outcomes import PROBLEM

__all__ = [
    "JSON",
    "Message",
    "Receive",
    "Refused",
    "Reply",
    "Send",
    "json_of",
    "read_body",
    "write",
]

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Held = TypeVar("Held")

JSON = "application/json"
_SLOWEST = 30.0
"""Seconds that a body may take to come."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer over HTTP."""

    status: int
    body: bytes
    kind: str
    """Media type; empty where there is no body."""


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A call that is answered with a problem (RFC 9457).

    Args:
        status: of the answer.
        title: what is wrong, one sentence.
    """

    def __init__(self, status: int, title: str) -> None:
        super().__init__(title)
        self.status = status
        self.title = title

    def reply(self) -> Reply:
        """Return the answer."""
        told = {"type": "about:blank", "title": self.title, "status": self.status}
        return Reply(self.status, json.dumps(told).encode(), PROBLEM)


def json_of(decoder: msgspec.json.Decoder[Held], raw: bytes) -> Held:
    """Return what a body says.

    Raises:
        Refused: it is not what is asked for; where, but nothing of what it holds, is said.
    """
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise Refused(400, f"The body is not what it should be: {_where(str(error))}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None


async def read_body(receive: Receive, longest: int) -> bytes:
    """Return a request's body.

    Raises:
        Refused: it is longer than is taken, too slow, or the caller left.
    """
    held = bytearray()
    try:
        async with asyncio.timeout(_SLOWEST):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Refused(400, "The body ended before its end.")
                held += message.get("body", b"")
                if len(held) > longest:
                    raise Refused(413, f"A body has at most {longest} bytes.")
                if not message.get("more_body"):
                    return bytes(held)
    except TimeoutError:
        raise Refused(408, "The body took too long to come.") from None


async def write(send: Send, reply: Reply) -> None:
    """Send an answer."""
    headers = [(b"content-length", b"%d" % len(reply.body))] if reply.status != 204 else []
    if reply.kind:
        headers.append((b"content-type", reply.kind.encode()))
    if reply.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if reply.status in {408, 413}:
        headers.append((b"connection", b"close"))
    start = {"type": "http.response.start", "status": reply.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": reply.body})


def _where(message: str) -> str:
    # of the input msgspec says names of fields, in backticks, and values of enumerations, in quotes
    return re.sub(r" '.*'", "", message, flags=re.DOTALL).replace("`", "")[:200]
