"""``stillwatch observe --otlp-listen``: the receiver's socket, and its end at a signal."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli.extras import extra
from stillwatch.errors import ConfigurationError
from stillwatch.listening import is_loopback, listen, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stillwatch.find.receiving.service import Totals
    from stillwatch.find.sources import ColumnMapping

__all__ = ["Listening", "receive"]

_FIRST = {
    "resourceSpans": [
        {
            "scopeSpans": [
                {
                    "spans": [
                        {
                            "traceId": "1",
                            "spanId": "1",
                            "startTimeUnixNano": 1_772_445_600_000_000_000,
                            "attributes": [
                                {"key": name, "value": {"stringValue": "first"}}
                                for name in ("account.id", "gen_ai.request.model", "gen_ai.prompt")
                            ],
                        }
                    ]
                }
            ]
        }
    ]
}


@dataclass(frozen=True, slots=True)
class Listening:
    """Where and how a receiver listens."""

    address: str
    """``HOST:PORT``; port 0 takes a free one."""
    tls: tuple[Path, Path] | None = None
    """PEM files of the certificate and its key."""
    token: bytes | None = None
    """Bearer token that senders must show."""

    def place(self) -> tuple[str, int]:
        """Return address and port.

        Raises:
            ConfigurationError: the address is not understood, or others could reach it without
                TLS and a token.

        >>> Listening("localhost:4318").place()
        ('127.0.0.1', 4318)
        """
        host, _, port = self.address.rpartition(":")
        host = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
        number = int(port) if port.isdecimal() and len(port) < 6 else -1
        try:
            ipaddress.ip_address(host)
        except ValueError:
            number = -1
        if not 0 <= number <= 65_535:
            raise ConfigurationError(
                "--otlp-listen is no address and port",
                where=ascii(self.address),
                todo="write it as 127.0.0.1:4318",
            )
        if not is_loopback(host) and (self.tls is None or self.token is None):
            raise ConfigurationError(
                "prompts would cross the network for anybody to read and write",
                where=self.address,
                todo="listen on 127.0.0.1, or give --tls-certificate, --tls-key and --token-file",
            )
        return host, number


def receive(
    listening: Listening,
    out: Path,
    *,
    key: int,
    mapping: ColumnMapping | None,
    seconds: float,
    exchanges: int,
) -> tuple[Totals, int]:
    """Receive until SIGTERM or SIGINT, then write the rest.

    Args:
        listening: where.
        out: folder that segments are added to.
        key: of all hashes.
        mapping: the operator's names of attributes.
        seconds: after which a segment is written.
        exchanges: after which one is written sooner.

    Returns:
        What was written, and how many exchanges broke a rule.

    Raises:
        MissingExtraError: the server is not installed.
        OutputError: the folder cannot be written; at the end, the rest is lost then.
        ConfigurationError: the address is not allowed or taken, or TLS files are not usable.
    """
    from stillwatch.find.receiving import Receiver, Segments  # noqa: PLC0415 - no kernel in help

    host, port = listening.place()
    with extra("share", "receiving needs"):
        import uvicorn  # noqa: F401, PLC0415 - an extra

        from stillwatch.find.receiving.service import Service  # noqa: PLC0415 - an extra
    _no_core_dumps()
    Receiver().take(_FIRST, "traces", 0.0)  # compiles what observes: no sender waits for it
    receiver = Receiver(key=key, mapping=mapping)
    with Segments.opened(out, key) as segments, listen(host, port, listening.tls) as bound:
        service = Service(
            receiver,
            segments,
            token=listening.token,
            seconds=seconds,
            exchanges=exchanges,
            say=lambda line: click.echo(line, err=True),
            stop=lambda: signal.raise_signal(signal.SIGTERM),
        )
        server = _server(service.app(), listening)
        with _ended_by_signals(server):
            click.echo(f"listening on {url_of(bound, listening.tls)}", err=True)
            try:
                server.run([bound])
            finally:
                service.close()
    return service.totals, sum(receiver.rejected.values())


def _server(app: Any, listening: Listening) -> Any:  # noqa: ANN401 - of an extra
    import uvicorn  # noqa: PLC0415 - an extra

    from stillwatch.heads import configuration  # noqa: PLC0415 - of an extra

    config = configuration(
        app, listening.tls, log_config=None, limit_concurrency=512, timeout_graceful_shutdown=10
    )
    return uvicorn.Server(config)


@contextlib.contextmanager
def _ended_by_signals(server: Any) -> Iterator[None]:  # noqa: ANN401 - of an extra
    """Let SIGTERM and SIGINT end the server in order, and nothing else of the process."""
    # uvicorn raises the signals again once it has ended, before the rest could be written
    server.capture_signals = contextlib.nullcontext
    held = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def end(*_: object) -> None:
        server.should_exit = True

    try:
        for number in held:
            signal.signal(number, end)
        yield
    finally:
        for number, before in held.items():
            signal.signal(number, before)


def _no_core_dumps() -> None:
    """Keep a crash from writing memory, which holds prompts, to the disk."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
