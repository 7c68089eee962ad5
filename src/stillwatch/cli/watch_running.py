"""The work of ``stillwatch watch``: broker, state, metrics and signals brought together."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import signal
import time
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from stillwatch.cli.alert import tell
from stillwatch.cli.extras import extra
from stillwatch.cli.scan import beside
from stillwatch.disk import read_small, write_whole
from stillwatch.errors import ConfigurationError, OutputError, StillwatchError
from stillwatch.find.campaigns import Settings
from stillwatch.find.features.rows import HOUR
from stillwatch.find.sources import Quarantine
from stillwatch.find.state import StateFolder
from stillwatch.find.streaming import Limits, Pace, Watch
from stillwatch.find.streaming.metrics import Page, served, text_of
from stillwatch.listening import is_loopback, listen, url_of
from stillwatch.report.alerts import read_configuration
from stillwatch.report.documents import write_scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pyarrow as pa

    from stillwatch.find.sources import ColumnMapping
    from stillwatch.find.state import Continued
    from stillwatch.find.streaming import Reader, Told

__all__ = ["Job", "Place", "watch"]

_SECOND = 1_000_000
_METRICS = 5.0
"""Seconds between writings of the metrics' file."""
_PATIENCE = 5.0
"""Seconds that a look waits for receivers of alerts; the next one goes on from there."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the stream is, as given."""

    broker: str
    stream: str
    subject: str = ""
    consumer: str = "stillwatch-watch"
    credentials: Path | None = None
    ca: Path | None = None
    client_config: Path | None = None

    def reader(self) -> Reader:
        """Return what reads it.

        Raises:
            ConfigurationError: the broker's URL or settings are not understood, or prompts would
                cross the network in clear.
            MissingExtraError: the client is not installed.
        """
        parts = [urlsplit(one) for one in self.broker.split(",")]
        kind = parts[0].scheme
        try:
            usable = all(one.hostname and (one.port or kind != "kafka") for one in parts[:1])
        except ValueError:
            usable = False
        if kind not in ("nats", "tls", "kafka") or not usable or parts[0].path not in ("", "/"):
            raise ConfigurationError(
                "the broker is not understood",
                todo="write nats://HOST:PORT, tls://HOST:PORT or kafka://HOST:PORT",
            )
        if "@" in self.broker:
            raise ConfigurationError(
                "a password or token stands in the broker's URL, where others can see it",
                todo="give --credentials or --client-config instead",
            )
        return self._kafka() if kind == "kafka" else self._jetstream(kind)

    def _jetstream(self, kind: str) -> Reader:
        with extra("nats", "reading JetStream needs"):
            from stillwatch.find.streaming.jetstream import (  # noqa: PLC0415 - an extra
                JetStream,
                JetStreamReader,
            )
        if kind == "nats":
            hosts = [urlsplit(one if "//" in one else f"//{one}") for one in self._servers()]
            _private([one.hostname or "" for one in hosts], "tls://")
        for word in (self.stream, self.consumer):
            if not word or set(word) & set(" .*>/\\") or not word.isprintable():
                raise ConfigurationError(
                    f"{word!a} is no name of a stream or consumer", todo="name one without . * >"
                )
        return JetStreamReader(
            JetStream(
                self.broker, self.stream, self.subject, self.consumer, self.credentials, self.ca
            )
        )

    def _kafka(self) -> Reader:
        with extra("kafka", "reading Kafka needs"):
            from stillwatch.find.streaming.kafka import (  # noqa: PLC0415 - an extra
                Kafka,
                KafkaReader,
            )
        settings: dict[str, Any] = {}
        if self.client_config is not None:
            raw = read_small(self.client_config, "the client's settings")
            try:
                settings = _flat(tomllib.loads(raw.decode()))
            except ValueError as error:
                raise ConfigurationError(
                    "the client's settings are not TOML",
                    where=str(self.client_config),
                    todo='write "security.protocol" = "sasl_ssl" and so on, one a line',
                ) from error
        servers = ",".join(one.removeprefix("kafka://").rstrip("/") for one in self._servers())
        if not str(settings.get("security.protocol", "plaintext")).lower().endswith("ssl"):
            hosts = [one.rpartition(":")[0].strip("[]") for one in servers.split(",")]
            _private(hosts, 'security.protocol = "ssl" or "sasl_ssl" in --client-config')
        return KafkaReader(Kafka(servers, self.stream, self.consumer, settings))

    def _servers(self) -> list[str]:
        return self.broker.split(",")


@dataclass(frozen=True, slots=True)
class Job:
    """What to do with the stream."""

    state: Path
    out: Path
    beside: tuple[str | None, tuple[str, ...], str | None, str | None] = (None, (), None, None)
    """Account table, events, tokens and peers' matches."""
    step: int = 1
    """Hours between looks."""
    alpha: float = 0.05
    mapping: ColumnMapping | None = None
    key: int = 0
    late: int = 3600
    """Seconds."""
    idle: int = 300
    """Seconds."""
    seconds: float = 60.0
    messages: int = 100_000
    lake: Path | None = None
    metrics: Path | None = None
    listen: str | None = None
    alerts: tuple[Path, Path] | None = None
    """File of receivers and folder of the outbox."""


def watch(place: Place, job: Job, *, once: bool) -> None:
    """Watch until SIGTERM or SIGINT, or the end of the stream.

    Args:
        place: the stream.
        job: what to do with it.
        once: end when the stream is read to its end.

    Raises:
        StillwatchError: a setting is not usable, or something cannot be read or written.
    """
    reader = place.reader()
    if job.alerts is not None:
        read_configuration(job.alerts[0])  # what is wrong in it is said now, and not after a look
    with StateFolder.opened(job.state) as state, _metrics(job) as show:
        at = Watch(
            state,
            reader,
            settings=Settings(
                step=job.step * HOUR,
                alpha=job.alpha,
                key=job.key,
                scratch=next(p for p in (job.out, *job.out.absolute().parents) if p.is_dir()),
            ),
            pace=Pace(job.late * _SECOND, job.idle * _SECOND),
            out=job.out,
            tell=lambda found: _told(found, job),
            tables=lambda: _tables(job),
            mapping=job.mapping,
            lake=job.lake,
            limits=Limits(seconds=job.seconds, messages=job.messages),
            say=lambda line: click.echo(line, err=True),
        )
        with _ended_by_signals(at):
            click.echo(f"watching {reader.name}", err=True)
            at.run(once=once, watched=show)
        told = at.told()
    click.echo(
        f"{told.exchanges:,} exchanges in the state; {told.reading.messages:,} messages read, "
        f"{sum(told.bad.values()):,} in quarantine"
    )


def _told(found: Continued, job: Job) -> None:
    """Write what a look found, and alert; a receiver that is away holds up no look."""
    write_scan(found.result, job.out, found.activity)
    if job.alerts is not None:
        try:
            _, _, states = tell(job.out, *job.alerts, _PATIENCE)
        except StillwatchError as error:
            click.echo(error.diagnostics(), err=True)
            return
        for one in states:
            if one.waiting:
                click.echo(f"{one.waiting:,} alerts wait for {one.name}", err=True)


def _tables(job: Job) -> dict[str, pa.Table]:
    with Quarantine(job.out) as quarantine:
        return beside(*job.beside, job.mapping, quarantine)


@contextlib.contextmanager
def _metrics(job: Job) -> Iterator[Callable[[Told], None]]:
    """Yield what takes each telling, and shows it where the operator asked for it."""
    page, written = Page(), 0.0

    def show(told: Told) -> None:
        nonlocal written
        now = time.monotonic()
        if now - written < (_METRICS if job.listen is None else 1.0) and told.connected:
            return
        written = now
        page.body = text_of(told).encode()
        if job.metrics is not None:
            try:
                write_whole(job.metrics, page.body)
            except OSError as error:
                raise OutputError(
                    f"the metrics cannot be written: {error.strerror or error}",
                    where=str(job.metrics),
                    todo="name a file in a folder that you may write",
                ) from error

    if job.listen is None:
        yield show
        return
    with listen(*_address(job.listen), None) as bound:
        click.echo(f"metrics on {url_of(bound, None)}/metrics", err=True)
        with served(bound, page):
            yield show


def _address(given: str) -> tuple[str, int]:
    """Return host and port.

    >>> _address("localhost:9464"), _address("[::1]:0")
    (('127.0.0.1', 9464), ('::1', 0))
    """
    host, _, port = given.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(host)
        number = int(port) if port.isdecimal() and len(port) < 6 else -1
    except ValueError:
        number = -1
    if not 0 <= number <= 65_535:
        raise ConfigurationError(
            "--metrics-listen is no address and port",
            where=ascii(given),
            todo="write it as 127.0.0.1:9464",
        )
    return host, number


def _flat(given: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return names with dots, which TOML takes for tables where they are not quoted.

    >>> _flat({"security": {"protocol": "ssl"}, "sasl.username": "u"})
    {'security.protocol': 'ssl', 'sasl.username': 'u'}
    """
    found: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[before + name] = value
    return found


def _private(hosts: list[str], how: str) -> None:
    """Refuse to read prompts over a network in clear."""
    for host in hosts:
        if not is_loopback(host):
            raise ConfigurationError(
                "prompts would cross the network in clear", where=host, todo=f"use {how}"
            )


@contextlib.contextmanager
def _ended_by_signals(at: Watch) -> Iterator[None]:
    """Let SIGTERM and SIGINT end a watch in order; a second one ends the process at once."""
    held = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def end(number: int, _: object) -> None:
        if at.stopping:
            os._exit(128 + number)
        at.stopping = True

    try:
        for number in held:
            signal.signal(number, end)
        yield
    finally:
        for number, before in held.items():
            signal.signal(number, before)
