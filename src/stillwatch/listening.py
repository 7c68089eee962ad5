"""Where servers listen: on this machine alone, unless what they say is encrypted."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from typing import TYPE_CHECKING

from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_loopback", "listen", "tls_pair", "url_of"]

_BACKLOG = 256


def listen(host: str, port: int, tls: tuple[Path, Path] | None) -> socket.socket:
    """Return a listening socket.

    Args:
        host: address to listen at, in figures or ``localhost``.
        port: port, 0 for one that is free.
        tls: files of a certificate chain and its key, in PEM; None for plain HTTP.

    Raises:
        ConfigurationError: an address beyond loopback without TLS, one that cannot be listened at,
            or a certificate that cannot be used.
    """
    if tls is None and not is_loopback(host):
        raise ConfigurationError(
            "without a TLS certificate only this machine is served",
            where=host,
            todo="give a certificate and its key, or listen at 127.0.0.1",
        )
    if tls is not None:
        _check(*tls)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"the address cannot be listened on: {error.strerror or error}",
            where=f"{host} port {port}",
            todo="stop what listens there, or name another address or port",
        ) from error


def tls_pair(certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    """Return both files, or None for neither.

    Raises:
        ConfigurationError: one is given without the other.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ConfigurationError(
            "a certificate without its key, or a key without its certificate",
            where="--tls-certificate, --tls-key",
            todo="give both, or none",
        )
    return certificate, key


def url_of(listening: socket.socket, tls: tuple[Path, Path] | None) -> str:
    """Return scheme and authority of a listening socket."""
    host, port = listening.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    return f"{'http' if tls is None else 'https'}://{name}:{port}"


def is_loopback(host: str) -> bool:
    """Say whether an address reaches this machine alone.

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check(certificate: Path, key: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"the TLS certificate or its key cannot be used: {error}",
            where=f"{certificate}, {key}",
            todo="give files in PEM that belong together, the key without a password",
        ) from error
