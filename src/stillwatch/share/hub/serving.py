"""Serving a hub: one process, drained when it is told to end."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import uvicorn

from stillwatch.heads import http_protocol
from stillwatch.share.hub.app import App
from stillwatch.share.hub.describing import description
from stillwatch.share.hub.hub import Hub
from stillwatch.share.hub.shown import protocol

if TYPE_CHECKING:
    import socket
    from pathlib import Path
    from types import FrameType

    from stillwatch.ledger import SigningKey
    from stillwatch.share.hub.settings import HubSettings
    from stillwatch.store import Database

__all__ = ["serve_hub"]


class _Server(uvicorn.Server):
    """Ends streams when told to end, so that the server has nothing to wait for."""

    hub: Hub

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.hub.drain()
        super().handle_exit(sig, frame)


def serve_hub(
    settings: HubSettings,
    database: Database,
    key: SigningKey,
    listening: socket.socket,
    tls: tuple[Path, Path] | None,
) -> None:
    """Serve a hub until the process is told to end, then finish what was begun.

    Args:
        settings: what the operator set.
        database: prepared.
        key: of the log.
        listening: a listening socket.
        tls: files of a certificate chain and its key, in PEM; None for plain HTTP.
    """
    hub = Hub(settings, database, key, lambda: time.time_ns() // 1000, os.urandom)
    config = uvicorn.Config(
        App(hub, description()),
        log_level="warning",
        access_log=False,
        http=protocol() if settings.tls_members else http_protocol(),
        ssl_context_factory=hub.trust.context if tls and settings.tls_members else None,
        lifespan="on",
        ws="none",
        proxy_headers=False,
        server_header=False,
        limit_concurrency=4096,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=20,
        ssl_certfile=None if tls is None else str(tls[0]),
        ssl_keyfile=None if tls is None else str(tls[1]),
    )
    server = _Server(config)
    server.hub = hub
    server.run(sockets=[listening])
