"""HTTP as our servers read it: what comes before a body is bounded."""

from __future__ import annotations

from typing import Any

__all__ = ["LONGEST_HEAD", "http_protocol"]

LONGEST_HEAD = 1 << 16
"""Bytes that a connection may send without getting further: of a head, a chunk's, trailers."""


def http_protocol() -> Any:  # noqa: ANN401 - a class of uvicorn's, or the name of one
    """Return what uvicorn is to read HTTP with.

    Its protocol over httptools keeps a head of any length in memory, for whoever sends one; the one
    over h11, which is taken where httptools is missing, has a bound of its own.
    """
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol  # noqa: PLC0415
    except ImportError:
        return "h11"

    class Bounded(HttpToolsProtocol):
        """Refuses a connection that sends and sends, and gets no further."""

        _moved = False
        _waiting = 0

        def data_received(self, data: bytes) -> None:
            self._moved = False
            super().data_received(data)
            self._waiting = 0 if self._moved else self._waiting + len(data)
            if self._waiting > LONGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("Request head too long.")

        def on_headers_complete(self) -> None:
            self._moved = True
            super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            self._moved = True
            super().on_body(body)

        def on_message_complete(self) -> None:
            self._moved = True
            super().on_message_complete()

    return Bounded
