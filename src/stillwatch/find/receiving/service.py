"""The receiver over HTTP: ``POST /v1/traces`` and ``/v1/logs`` of OTLP/HTTP.

https://opentelemetry.io/docs/specs/otlp/#otlphttp; needs the ``share`` extra, which has the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from stillwatch.errors import OutputError
from stillwatch.find.receiving.requests import JSON, LARGEST, PROTOBUF, RequestError, read_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request

    from stillwatch.find.receiving.receiver import Receiver, Taken
    from stillwatch.find.receiving.requests import Signal
    from stillwatch.find.receiving.segments import Segments

__all__ = ["Service", "Totals"]

T = TypeVar("T")

WAITING = 128
"""Requests that are read or wait to be observed, at most."""
WAITING_BYTES = 256 << 20
"""Bytes of their bodies, as they come."""
SLOWEST = 30.0
"""Seconds that a body may take to come."""
TICK = 0.2
"""Seconds between looks whether a segment is due."""
AGAIN = 2
"""Seconds after which a sender that was turned away may try again."""


@dataclass(slots=True)
class Totals:
    """What a service has written."""

    exchanges: int = 0
    """Observations."""
    segments: int = 0
    """Segments."""


class Service:
    """Takes exports in one thread, in order, and writes a segment when one is due.

    Args:
        receiver: observes.
        segments: takes what was observed.
        token: that senders must show as a bearer; None asks for none.
        seconds: after which a segment is written.
        exchanges: after which one is written sooner.
        say: takes a line for the operator.
        stop: ends the server; called where writing fails in no way that is known.
    """

    def __init__(
        self,
        receiver: Receiver,
        segments: Segments,
        *,
        token: bytes | None = None,
        seconds: float = 60.0,
        exchanges: int = 100_000,
        say: Callable[[str], None] = lambda _: None,
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        self.totals = Totals()
        """What was written."""
        self._receiver = receiver
        self._segments = segments
        self._token = token
        self._seconds = seconds
        self._exchanges = exchanges
        self._say = say
        self._stop = stop
        self._worker = ThreadPoolExecutor(1, "observe")
        self._written = time.monotonic()
        self._waiting = self._bytes = 0
        self._failed = False
        self._ticking: asyncio.Task[None] | None = None

    def app(self) -> Starlette:
        """Return the ASGI application; its shutdown leaves the rest to :meth:`close`."""
        routes = [
            Route("/v1/traces", self._traces, methods=["POST"]),
            Route("/v1/logs", self._logs, methods=["POST"]),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    def close(self) -> None:
        """Observe and write the rest.

        Raises:
            OutputError: it cannot be written, and is lost.
        """
        self._worker.shutdown()
        self._receiver.finish()
        self._write()
        if self._ticking is not None and not self._ticking.cancelled():
            self._ticking.result()  # raises what ended it

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        ticking = asyncio.create_task(self._ticks())
        try:
            yield
        finally:
            ticking.cancel()
            await asyncio.wait([ticking])
            self._ticking = ticking

    async def _ticks(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            try:
                await self._in_turn(self._tick)
            except Exception:  # a receiver that takes and never writes would lose everything
                self._stop()
                raise

    async def _in_turn(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _tick(self) -> None:
        self._receiver.settle(time.monotonic())
        late = time.monotonic() - self._written > self._seconds
        if late or self._receiver.rows >= self._exchanges:
            self._written = time.monotonic()
            try:
                self._write()
            except OutputError as error:
                if not self._failed:
                    self._say(error.diagnostics())
                self._failed = True

    def _write(self) -> None:
        if self._receiver.rows:
            written = self._segments.add(self._receiver.batches, time.time())
            self._receiver.batches.clear()
            self.totals.exchanges += written.exchanges
            self.totals.segments += 1
        self._failed = False

    async def _traces(self, request: Request) -> Response:
        return await self._answer(request, "traces")

    async def _logs(self, request: Request) -> Response:
        return await self._answer(request, "logs")

    async def _answer(self, request: Request, signal: Signal) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        said = JSON if kind == JSON else PROTOBUF
        self._waiting += 1
        size = 0
        try:
            self._admit(request)
            body = b""
            async with asyncio.timeout(SLOWEST):
                parts = []
                async for part in request.stream():
                    size += len(part)
                    self._bytes += len(part)
                    self._bounded(size)
                    parts.append(part)
                body = b"".join(parts)
                parts.clear()
            packed = request.headers.get("content-encoding", "").strip().lower()
            taken = await self._in_turn(lambda: self._take(body, signal, kind, packed))
        except TimeoutError:
            return _refusal(RequestError(408, "the body did not come in time", AGAIN), said)
        except RequestError as error:
            return _refusal(error, said)
        finally:
            self._waiting -= 1
            self._bytes -= size
        return Response(_partial(taken, signal, said), media_type=said)

    def _admit(self, request: Request) -> None:
        if self._token is not None:
            scheme, _, shown = request.headers.get("authorization", "").partition(" ")
            right = hmac.compare_digest(shown.strip().encode("utf-8", "replace"), self._token)
            if scheme.lower() != "bearer" or not right:
                raise RequestError(401, "the bearer token is missing or another")
        if self._waiting > WAITING:
            raise RequestError(429, "too many requests wait", AGAIN)
        if self._receiver.full:
            raise RequestError(503, "observations cannot be written at the moment", 30)
        length = request.headers.get("content-length", "0")
        self._bounded(int(length) if length.isdecimal() and len(length) < 20 else LARGEST + 1)

    def _bounded(self, size: int) -> None:
        if size > LARGEST:
            raise RequestError(413, f"the body is over {LARGEST:,} bytes long")
        if self._bytes > WAITING_BYTES:
            raise RequestError(429, "too many requests wait", AGAIN)

    def _take(self, body: bytes, signal: Signal, kind: str, packed: str) -> Taken:
        export = read_request(body, signal=signal, kind=kind, packed=packed)
        most = self._receiver.limits.spans
        if self._receiver.count(export, signal) > most:
            raise RequestError(413, f"the request has over {most:,} spans or log records")
        return self._receiver.take(export, signal, time.monotonic())


def _partial(taken: Taken, signal: Signal, said: str) -> bytes:
    """Return an export's response, with a partial success where something was rejected."""
    if not taken.rejected:
        return b"{}" if said == JSON else b""
    counts = ", ".join(f"{count:,} {reason}" for reason, count in taken.reasons.items())
    words = f"not observed: {counts}"
    if said == JSON:
        name = "rejectedSpans" if signal == "traces" else "rejectedLogRecords"
        held = {name: str(taken.rejected), "errorMessage": words}
        return json.dumps({"partialSuccess": held}).encode()
    inner = b"\x08" + _varint(taken.rejected) + _text(2, words)
    return b"\x0a" + _varint(len(inner)) + inner


def _refusal(error: RequestError, said: str) -> Response:
    """Return ``google.rpc.Status`` in the encoding of the request."""
    body = json.dumps({"message": error.words}).encode() if said == JSON else _text(2, error.words)
    headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    if error.status in (401, 408, 413, 429, 503):
        headers["connection"] = "close"  # the rest of the body is not read
    return Response(body, error.status, headers, media_type=said)


def _text(number: int, text: str) -> bytes:
    data = text.encode()
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
