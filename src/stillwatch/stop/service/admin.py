"""Health, readiness and metrics over HTTP, at an address of their own.

``/healthz`` and ``/readyz`` say nothing but yes or no and ask for no token; ``/metrics`` asks for
the listener's.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from stillwatch.stop.gateways.tokens import admits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

__all__ = ["Admin"]

_TEXT = b"text/plain; version=0.0.4; charset=utf-8"


class Admin:
    """The ASGI application.

    Args:
        shown: returns the metrics.
        ready: returns why requests are not wanted, empty where they are.
        token: that who reads metrics must show; empty asks for none.
    """

    def __init__(
        self, shown: Callable[[], bytes], ready: Callable[[], str], token: bytes = b""
    ) -> None:
        self._shown, self._ready = shown, ready
        self._tokens = (hashlib.sha256(token).digest(),) if token else ()

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        if scope["type"] != "http":
            return
        status, body = self._answer(scope["method"], scope["path"], scope["headers"])
        headers = [
            (b"content-type", _TEXT),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
        ]
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if scope["method"] == "HEAD":
            body = b""
        await send({"type": "http.response.body", "body": body})

    def _answer(
        self, method: str, path: str, headers: Sequence[tuple[bytes, bytes]]
    ) -> tuple[int, bytes]:
        if path not in {"/healthz", "/readyz", "/metrics"}:
            return 404, b"there is no such thing\n"
        if method not in {"GET", "HEAD"}:
            return 405, b"only GET is served here\n"
        if path == "/healthz":
            return 200, b"ok\n"
        if path == "/readyz":
            why = self._ready()
            return (503, f"{why}\n".encode()) if why else (200, b"ready\n")
        given = [value for name, value in headers if name == b"authorization"]
        if not admits(self._tokens, given):
            return 401, b"a bearer token is asked for\n"
        return 200, self._shown()
