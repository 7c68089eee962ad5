"""gRPC over HTTP/2, on the side that answers: calls, their messages and their ends.

The protocol is gRPC's own document, `doc/PROTOCOL-HTTP2.md`.  Messages are not compressed.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from stillwatch.stop.gateways.grpc.blocks import literal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stillwatch.stop.gateways.grpc.blocks import Headers
    from stillwatch.stop.gateways.grpc.streams import Stream

__all__ = ["Call", "Method", "RpcError", "Status"]

_log = logging.getLogger(__name__)
_HEAD = b"\x88" + literal([(b"content-type", b"application/grpc")])
_TIMEOUT = re.compile(rb"(\d{1,8})([HMSmun])")
_SECONDS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
_MOST_UNREAD = 1 << 20
"""Bytes of whole messages that wait for a handler before the peer must."""


class Status(IntEnum):
    """Ends of a call that are used here (gRPC's status codes)."""

    OK = 0
    CANCELLED = 1
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class RpcError(Exception):
    """A call ends with a status other than OK.

    Args:
        status: gRPC status.
        message: what happened, ASCII.
    """

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status


class Call:
    """One call: messages that came, messages that go.

    Args:
        stream: of the connection.
        headers: the call's metadata.
        longest: bytes of the longest message that is taken.
    """

    def __init__(self, stream: Stream, headers: Headers, longest: int) -> None:
        self.headers = headers
        self._stream = stream
        self._longest = longest
        self._loop = asyncio.get_running_loop()
        self._partial = bytearray()
        self._messages: deque[bytes] = deque()
        self._unread = 0
        self._withheld = 0
        self._ended = self._headed = False
        self._failed: RpcError | None = None
        self._arrival: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def receive(self) -> bytes | None:
        """Return the next message, or None when the peer has said all.

        Raises:
            RpcError: what came is no message, or longer than is taken.
        """
        while not self._messages:
            if self._failed is not None:
                raise self._failed
            if self._ended:
                return None
            self._arrival = self._loop.create_future()
            await self._arrival
        message = self._messages.popleft()
        self._unread -= len(message)
        if self._withheld and self._unread < _MOST_UNREAD:
            self._stream.give_back(self._withheld)
            self._withheld = 0
        return message

    async def send(self, message: bytes) -> None:
        """Send a message; wait where the peer does not take what was sent before."""
        if not self._headed:
            self._headed = True
            self._stream.head(_HEAD)
        framed = b"\x00" + len(message).to_bytes(4, "big") + message
        if not self._stream.send(framed):
            self._room = self._loop.create_future()
            await self._room

    def begin(self, method: Method) -> asyncio.Task[None]:
        """Let a method answer the call."""
        self._task = self._loop.create_task(self._run(method))
        return self._task

    def finish(self, status: Status, message: str = "") -> None:
        """End the call."""
        trailers = [(b"grpc-status", b"%d" % status)]
        if message:
            trailers.append((b"grpc-message", message.encode("ascii", "replace")))
        self._stream.close((b"" if self._headed else _HEAD) + literal(trailers))

    def data(self, payload: bytes) -> None:
        """Take bytes of messages."""
        if self._failed is not None:
            return
        partial = self._partial
        partial += payload
        while len(partial) >= 5:
            until = 5 + int.from_bytes(partial[1:5], "big")
            if partial[0]:
                self._fail(Status.UNIMPLEMENTED, "compressed messages are not taken")
                return
            if until > self._longest + 5:
                self._fail(Status.RESOURCE_EXHAUSTED, "the message is longer than is taken")
                return
            if len(partial) < until:
                break
            message = bytes(partial[5:until])
            del partial[:until]
            self._messages.append(message)
            self._unread += len(message)
        if self._unread < _MOST_UNREAD:
            self._stream.give_back(len(payload))
        else:
            self._withheld += len(payload)
        self._wake()

    def end(self) -> None:
        """Note that no message comes any more."""
        if self._partial and self._failed is None:
            self._fail(Status.INVALID_ARGUMENT, "the last message is not whole")
        self._ended = True
        self._wake()

    def reset(self) -> None:
        """Stop the method: the peer is not there."""
        if self._task is not None:
            self._task.cancel()

    def drained(self) -> None:
        """Let the method send on."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def _fail(self, status: Status, message: str) -> None:
        self._failed = RpcError(status, message)
        self._partial.clear()
        self._wake()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    async def _run(self, method: Method) -> None:
        seconds = _timeout(self.headers)
        try:
            if seconds is None:
                await method.answer(self)
            else:
                async with asyncio.timeout(seconds):
                    await method.answer(self)
        except RpcError as error:
            self.finish(error.status, str(error))
        except TimeoutError:
            self.finish(Status.DEADLINE_EXCEEDED, "not answered in time")
        except Exception as error:  # noqa: BLE001 - one call's fault is not the server's
            # a traceback may hold a prompt: only the kind of error is said
            _log.error("a call failed: %s", type(error).__name__)
            self.finish(Status.INTERNAL, "the call failed")
        else:
            self.finish(Status.OK)


@dataclass(frozen=True, slots=True)
class Method:
    """What answers the calls to one path."""

    path: str
    """As in ``/package.Service/Method``."""
    answer: Callable[[Call], Awaitable[None]]
    """Receives and sends until the call is done."""


def _timeout(headers: Headers) -> float | None:
    for name, value in headers:
        if name == b"grpc-timeout":
            match = _TIMEOUT.fullmatch(value)
            return int(match[1]) * _SECONDS[match[2]] if match else None
    return None
