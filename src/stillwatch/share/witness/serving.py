"""Serving an application from this machine: loopback only, unless it has a TLS certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

from stillwatch.heads import configuration
from stillwatch.listening import listen, url_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.applications import Starlette

__all__ = ["serve"]


def serve(
    app: Starlette,
    host: str,
    port: int,
    tls: tuple[Path, Path] | None,
    announce: Callable[[str], None],
) -> None:
    """Serve an application until the process is told to end.

    Args:
        app: what answers.
        host: address to listen at, in figures or ``localhost``.
        port: port, 0 for one that is free.
        tls: files of a certificate chain and its key, in PEM; None for plain HTTP.
        announce: is told the URL once connections are taken.

    Raises:
        ConfigurationError: an address beyond loopback without TLS, one that cannot be listened at,
            or a certificate that cannot be used.
    """
    listening = listen(host, port, tls)
    announce(url_of(listening, tls))
    config = configuration(
        app,
        tls,
        lifespan="off",
        limit_concurrency=256,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
    )
    uvicorn.Server(config).run(sockets=[listening])
