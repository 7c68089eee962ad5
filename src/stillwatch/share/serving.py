"""How the servers of the exchange are run by uvicorn: what hub, witness and operator have alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import uvicorn

from stillwatch.heads import http_protocol

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["configuration"]


def configuration(app: Any, tls: tuple[Path, Path] | None, **own: Any) -> uvicorn.Config:  # noqa: ANN401 - as uvicorn takes
    """Return a server's settings.

    No access log, since each server notes what it answers; no header of a proxy is believed, and
    none says what serves.

    Args:
        app: what answers.
        tls: files of a certificate chain and its key, in PEM; None for plain HTTP.
        own: further settings of uvicorn, which go before these.
    """
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
