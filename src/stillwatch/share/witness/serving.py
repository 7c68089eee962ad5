"""Serving an application from this machine: loopback only, unless it has a TLS certificate."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from typing import TYPE_CHECKING

import uvicorn

from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.applications import Starlette

__all__ = ["listen", "serve"]


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
    listening, url = listen(host, port, tls)
    announce(url)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        limit_concurrency=256,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
        ssl_certfile=None if tls is None else str(tls[0]),
        ssl_keyfile=None if tls is None else str(tls[1]),
    )
    uvicorn.Server(config).run(sockets=[listening])


def listen(host: str, port: int, tls: tuple[Path, Path] | None) -> tuple[socket.socket, str]:
    """Return a listening socket and its URL.

    Args:
        host: address to listen at, in figures or ``localhost``.
        port: port, 0 for one that is free.
        tls: files of a certificate chain and its key, in PEM; None for plain HTTP.

    Raises:
        ConfigurationError: as `serve`.
    """
    if tls is None and not _loopback(host):
        raise ConfigurationError(
            "without a TLS certificate only this machine is served",
            where=host,
            todo="give --tls-certificate and --tls-key, or listen at 127.0.0.1",
        )
    if tls is not None:
        _check(*tls)
    listening = _listening(host, port)
    scheme = "http" if tls is None else "https"
    name = f"[{host}]" if ":" in host else host
    return listening, f"{scheme}://{name}:{listening.getsockname()[1]}"


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen: {error.strerror}", where=f"{host} port {port}", todo="name another"
        ) from error


def _check(certificate: Path, key: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"the certificate or its key cannot be used: {error}",
            where=str(certificate),
            todo="give files in PEM that belong together",
        ) from error
