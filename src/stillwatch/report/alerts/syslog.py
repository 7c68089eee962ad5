"""Syslog as RFC 5424 says, over TLS (RFC 5425), TCP (RFC 6587, octet counting) or UDP (RFC 5426).

Syslog has no acknowledgement.  Over TCP and TLS this side ends its half of the connection after
each message and counts the message as taken when the receiver, having read to that end, closes
its own half without a reset.  UDP tells nothing, and loses what it loses.
"""

from __future__ import annotations

import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from stillwatch import __version__
from stillwatch.listening import is_loopback
from stillwatch.report.alerts.http import said, trust
from stillwatch.report.alerts.interface import NotTakenError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from stillwatch.report.alerts.interface import Message
    from stillwatch.report.alerts.options import Options
    from stillwatch.report.documents.ocsf_event import Event

__all__ = ["Syslog", "structured_data", "syslog_lines"]

_SEVERITIES = {1: 6, 3: 4, 4: 3}  # OCSF informational, medium, high: info, warning, error
_DATAGRAM = 65_507  # octets in a UDP datagram over IPv4
_PORTS = {"tls": 6514, "tcp": 601, "udp": 514}
_REFUSED_SECONDS = 0.1
_AUTHPRIV = 10


@dataclass(frozen=True, slots=True)
class Syslog:
    """One syslog receiver."""

    name: str
    """The operator's name for it."""
    host: str
    """Name or address of the machine."""
    port: int
    """Port."""
    transport: str
    """tls, tcp or udp."""
    facility: int
    """RFC 5424 facility, 0 to 23."""
    origin: str
    """HOSTNAME of the messages."""
    enterprise: int | None
    """Private enterprise number under which ids are given as structured data."""
    confirm: bool
    """Whether the receiver must close in order for a message to count."""
    timeout: float
    """Seconds for each step of a delivery."""
    context: ssl.SSLContext
    """Whom to trust."""

    kind = "syslog"

    @classmethod
    def take(cls, name: str, options: Options) -> Self:
        """Read a receiver from its table."""
        host = options.text("host")
        transport = options.choice("transport", ("tls", "tcp", "udp"), "tls")
        plain = options.flag("plain_text_leaves_this_machine", default=False)
        if transport != "tls" and not plain and not is_loopback(host):
            raise options.wrong(
                "transport",
                "is not tls and the host is another machine: account ids would be "
                "readable on the way; to allow it, set plain_text_leaves_this_machine = true",
            )
        number = int(options.number("enterprise_number", 0, 0, 2**32 - 1))
        return cls(
            name=name,
            host=host,
            port=int(options.number("port", _PORTS[transport], 1, 65_535)),
            transport=transport,
            facility=int(options.number("facility", _AUTHPRIV, 0, 23)),
            origin=_header(options.text("hostname", socket.gethostname() or "-"), 255),
            enterprise=number or None,
            confirm=options.flag("confirm", default=True),
            timeout=options.number("timeout_seconds", 20, 0.1, 300),
            context=trust(options.path("ca_file")),
        )

    def deliver(self, message: Message, now: float) -> None:  # noqa: ARG002 - events have times
        """Send a message's events, each as one syslog message."""
        lines = list(syslog_lines(message, self.facility, self.origin, self.enterprise))
        try:
            if self.transport == "udp":
                self._datagrams(lines)
            else:
                self._stream(lines)
        except OSError as error:
            raise NotTakenError(said(error)) from error

    def close(self) -> None:
        """Nothing is held between deliveries."""

    def _stream(self, lines: Iterable[bytes]) -> None:
        with socket.create_connection((self.host, self.port), self.timeout) as plain:
            if self.transport == "tcp":
                _counted(plain, lines)
                plain.shutdown(socket.SHUT_WR)
                self._closed(plain)
                return
            with self.context.wrap_socket(plain, server_hostname=self.host) as secure:
                _counted(secure, lines)
                if self.confirm:
                    # RFC 5425 section 4.4: close_notify both ways, and then nothing was cut
                    secure.unwrap()

    def _closed(self, plain: socket.socket) -> None:
        if not self.confirm:
            return
        end = time.monotonic() + self.timeout
        while plain.recv(4_096):
            if time.monotonic() > end:
                raise NotTakenError("it sends and does not close")

    def _datagrams(self, lines: list[bytes]) -> None:
        longest = max(map(len, lines))
        if longest > _DATAGRAM:
            raise NotTakenError(f"an event of {longest} bytes fits no datagram: use tls")
        family, _, _, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)[
            0
        ]
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.connect(address)
            for line in lines:
                sender.send(line)
            sender.settimeout(_REFUSED_SECONDS)
            with suppress(TimeoutError):
                sender.recv(1)  # a closed port is reported here


def syslog_lines(
    message: Message, facility: int, origin: str, enterprise: int | None
) -> Iterable[bytes]:
    """Yield one RFC 5424 message an event.

    Args:
        message: what to send; its kind is the MSGID.
        facility: 0 to 23.
        origin: HOSTNAME.
        enterprise: number for the structured data of ids, or None for none.
    """
    for event in message.events:
        priority = 8 * facility + _SEVERITIES.get(event.severity, 5)
        stamp = event.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        data = structured_data(message, event, enterprise)
        head = f"<{priority}>1 {stamp} {origin} stillwatch - {message.kind[:32]} {data} "
        yield head.encode("utf-8") + event.text.encode("ascii")


def structured_data(message: Message, event: Event, enterprise: int | None) -> str:
    """Return the STRUCTURED-DATA: the registered ``origin``, and ids under one's own number."""
    found = f'[origin software="stillwatch" swVersion="{_value(__version__)}"]'
    if enterprise is None:
        return found
    values = {
        "id": message.uid,
        "event": event.uid,
        "campaign": event.subject,
        "playbook": message.playbook,
    }
    pairs = " ".join(f'{name}="{_value(value)}"' for name, value in values.items())
    return f"{found}[alert@{enterprise} {pairs}]"


def _counted(stream: socket.socket, lines: Iterable[bytes]) -> None:
    stream.sendall(b"".join(b"%d %s" % (len(line), line) for line in lines))


def _value(text: str) -> str:
    r"""Escape a PARAM-VALUE (RFC 5424 section 6.3.3) and spell out what would break a line.

    >>> _value('a"b]c\\d\n')
    'a\\"b\\]c\\\\d\\\\n'
    """
    spelled = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return re.sub(r'(["\\\]])', r"\\\1", spelled.encode("utf-8", "replace").decode())


def _header(text: str, longest: int) -> str:
    return re.sub(r"[^!-~]", "", text)[:longest] or "-"
