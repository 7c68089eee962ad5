"""HTTP as our servers speak it: what they have alike, and a bound on what comes before a body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import uvicorn

__all__ = ["LONGEST_HEAD", "configuration", "http_protocol"]

LONGEST_HEAD = 1 << 16
"""Bytes that a connection may send without getting further: of a head, a chunk's, trailers."""


def configuration(app: Any, tls: tuple[Path, Path] | None, **own: Any) -> uvicorn.Config:  # noqa: ANN401 - as uvicorn takes
    """Return a server's settings.

    No access log, since paths may hold what is nobody's business and servers note what they answer;
    no header of a proxy is believed, and none says what serves.

    Args:
        app: what answers.
        tls: files of a certificate chain and its key, in PEM; None for plain HTTP.
        own: further settings of uvicorn, which go before these.
    """
    import uvicorn  # noqa: PLC0415 - of extras

    given: dict[str, Any] = {
        "log_level": "warning",
        "access_log": False,
        "http": http_protocol(),
        "ws": "none",
        "proxy_headers": False,
        "server_header": False,
        "ssl_certfile": None if tls is None else str(tls[0]),
        "ssl_keyfile": None if tls is None else str(tls[1]),
    }
    return uvicorn.Config(app, **{**given, **own})


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
