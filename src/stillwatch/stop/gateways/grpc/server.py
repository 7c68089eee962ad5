"""Serves gRPC methods on a listening socket, to those who hold a token or a certificate."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING

from stillwatch.stop.gateways.grpc.calls import Call, Method, Status
from stillwatch.stop.gateways.grpc.http2 import Connection
from stillwatch.stop.gateways.tokens import admits

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence
    from pathlib import Path

    from stillwatch.stop.gateways.grpc.blocks import Headers
    from stillwatch.stop.gateways.grpc.streams import Receiver, Stream

__all__ = ["GrpcServer"]


class GrpcServer:
    """A gRPC server for peers that are known: a proxy of the operator's own.

    Args:
        methods: what can be called.
        tokens: SHA-256 of each bearer token that is taken; empty asks for none.
        longest: bytes of the longest message that is taken.
        most_streams: calls at once on a connection.
    """

    def __init__(
        self,
        methods: Sequence[Method],
        *,
        tokens: Sequence[bytes] = (),
        longest: int = 16 << 20,
        most_streams: int = 8192,
    ) -> None:
        self._methods = {method.path.encode(): method for method in methods}
        self._tokens = tuple(tokens)
        self._longest = longest
        self._most_streams = most_streams
        self._connections: set[Connection] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(
        self,
        listening: socket.socket,
        tls: tuple[Path, Path] | None = None,
        clients: Path | None = None,
    ) -> None:
        """Accept connections.

        Args:
            listening: see `stillwatch.listening`.
            tls: files of a certificate chain and its key, in PEM; None for plain HTTP/2.
            clients: file of the authorities whose client certificates are asked for (mutual TLS).
        """
        loop = asyncio.get_running_loop()
        context = _tls(tls, clients) if tls is not None else None
        self._server = await loop.create_server(self._connect, sock=listening, ssl=context)

    async def close(self, grace: float = 10.0) -> None:
        """Take no more calls, let those that run end, and cancel what is left.

        Args:
            grace: seconds that running calls have.
        """
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.goaway()
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
        for connection in list(self._connections):
            connection.abort()
        for task in self._running:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._running, return_exceptions=True)

    @property
    def calls(self) -> int:
        """Calls that run."""
        return len(self._running)

    def _connect(self) -> Connection:
        held = self._connections
        return Connection(self._open, held.add, held.discard, self._most_streams)

    def _open(self, stream: Stream, headers: Headers) -> Receiver:
        call = Call(stream, headers, self._longest)
        named = dict(headers)
        method = self._methods.get(named.get(b":path", b""))
        given = [value for name, value in headers if name == b"authorization"]
        if not admits(self._tokens, given):
            call.finish(Status.UNAUTHENTICATED, "a bearer token is asked for")
        elif method is None or not named.get(b"content-type", b"").startswith(b"application/grpc"):
            call.finish(Status.UNIMPLEMENTED, "no such method")
        else:
            task = call.begin(method)
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return call


def _tls(tls: tuple[Path, Path], clients: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*tls)
    context.set_alpn_protocols(["h2"])
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
