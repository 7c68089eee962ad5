"""Serving a hub: one process, drained when it is told to end."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import uvicorn

from stillwatch.heads import configuration
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
    own: dict[str, Any] = {}
    if tls is not None and settings.tls_members:
        own = {"http": protocol(), "ssl_context_factory": hub.trust.context}
    config = configuration(
        App(hub, description()),
        tls,
        lifespan="on",
        limit_concurrency=4096,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=20,
        **own,
    )
    server = _Server(config)
    server.hub = hub
    server.run(sockets=[listening])
