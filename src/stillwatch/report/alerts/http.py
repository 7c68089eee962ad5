"""One POST over a connection of its own: TLS checked, redirects not followed, time bounded."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stillwatch.listening import is_loopback
from stillwatch.report.alerts.interface import DAY, NotTakenError
from stillwatch.report.documents.visible import visible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stillwatch.report.alerts.options import Options

__all__ = ["Address", "Answer", "post", "retry_after", "take_address", "trust"]

_ANSWER_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Address:
    """Where to post."""

    host: str
    """Name or address of the machine."""
    port: int
    """TCP port."""
    target: str
    """Path and query; may be a secret of its own, and is never shown."""
    tls: bool
    """Whether the connection is encrypted; plain text goes to this machine only."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    """HTTP status."""
    headers: Mapping[str, str]
    """Header fields by lower-case name."""
    body: bytes
    """The first 64 KiB."""


def take_address(options: Options, name: str = "url") -> Address:
    """Take an address from a table.

    Raises:
        ConfigurationError: it is no https address without credentials, or is http and leads
            beyond this machine.
    """
    text = options.text(name)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise options.wrong(name, "is no address") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.fragment:
        raise options.wrong(name, "is no http or https address")
    if parts.username is not None or parts.password is not None:
        raise options.wrong(name, "holds credentials")
    if not text.isascii() or " " in text:
        raise options.wrong(name, "is not percent-encoded")
    tls = parts.scheme == "https"
    if not tls and not is_loopback(parts.hostname):
        raise options.wrong(name, "must be https: it leads beyond this machine")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.hostname, port or (443 if tls else 80), target, tls)


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that checks certificate and name, against the given authorities alone.

    Raises:
        OSError: the file holds no certificate.
    """
    return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))


def post(
    address: Address,
    headers: Mapping[str, str],
    body: bytes,
    *,
    timeout: float,
    context: ssl.SSLContext,
) -> Answer:
    """Post once and return the answer, whatever its status.

    Args:
        address: where.
        headers: header fields.
        body: content.
        timeout: seconds for a step; the whole takes at most twice that.
        context: whom to trust.

    Raises:
        NotTakenError: there is no answer.
    """
    connection = (
        HTTPSConnection(address.host, address.port, timeout=timeout, context=context)
        if address.tls
        else HTTPConnection(address.host, address.port, timeout=timeout)
    )
    watchdog: threading.Timer | None = None
    try:
        connection.connect()
        if not address.tls and not is_loopback(connection.sock.getpeername()[0]):
            raise NotTakenError("the name led beyond this machine, and the address is not https")
        watchdog = threading.Timer(2 * timeout, _abort, [connection.sock])
        watchdog.daemon = True
        watchdog.start()
        connection.request("POST", address.target, body, dict(headers))
        response = connection.getresponse()
        fields = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, fields, response.read(_ANSWER_BYTES))
    except (OSError, HTTPException) as error:
        raise NotTakenError(said(error)) from error
    finally:
        if watchdog is not None:
            watchdog.cancel()
        connection.close()


def said(error: Exception) -> str:
    """Return an error of the network in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {visible(error.verify_message, 200)}"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    words = error.strerror if isinstance(error, OSError) and error.strerror else ""
    return f"no answer: {visible(words or type(error).__name__, 200)}"


def retry_after(answer: Answer, now: float) -> float | None:
    """Return the seconds that a receiver asks to be left alone, a day at most.

    Args:
        answer: its answer; the field is seconds or a date (RFC 9110, section 10.2.3).
        now: seconds since 1970.
    """
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), DAY)
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max((date - datetime.fromtimestamp(now, UTC)).total_seconds(), 0.0), DAY)


def _abort(connection: socket.socket) -> None:
    """End a connection whose other side sends a byte at a time for ever."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
