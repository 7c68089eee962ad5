"""``stillwatch watch``: read a stream, and find campaigns while it runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.log_input import read_secret
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from stillwatch.find.sources import ColumnMapping

__all__ = ["command"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _duration(_: click.Context, parameter: click.Parameter, value: str) -> int:
    """Return seconds.

    >>> option = click.Option(["--late"])
    >>> [_duration(click.Context(click.Command("watch")), option, t) for t in ("90s", "2m", "1h")]
    [90, 120, 3600]
    """
    found = re.fullmatch(r"(\d{1,6})([smhd])", value.strip())
    if found is None:
        raise ConfigurationError(
            f"{parameter.opts[0]} {value!a} is no length of time",
            todo="write it as 90s, 2m, 1h or 1d",
        )
    return int(found[1]) * _UNITS[found[2]]


@click.command("watch")
@click.argument("broker")
@click.option("--stream", required=True, help="Stream of JetStream, or topic of Kafka.")
@click.option("--state", type=_FOLDER, required=True, help="Folder that keeps what is read.")
@click.option("--out", type=_FOLDER, required=True, help="Folder for the results of each look.")
@click.option("--subject", default="", help="JetStream: only messages of subjects that match.")
@click.option(
    "--consumer",
    default="stillwatch-watch",
    show_default=True,
    help="Consumer or group under which the broker shows how far this watch has come.",
)
@click.option("--credentials", type=_FILE, help="JetStream: file of a user's JWT and seed.")
@click.option("--ca", type=_FILE, help="JetStream: certificates to trust, PEM.")
@click.option(
    "--client-config", type=_FILE, help="Kafka: TOML file of librdkafka's connection settings."
)
@options.accounts
@options.events
@options.tokens
@options.intelligence
@options.step
@options.alpha
@options.mapping
@options.key_file("Secret that keys all hashes; without it they are not keyed.")
@click.option(
    "--late",
    default="1h",
    show_default=True,
    callback=_duration,
    help="How late an exchange may come before its look runs without it.",
)
@click.option(
    "--idle",
    default="5m",
    show_default=True,
    callback=_duration,
    help="After which a partition that was read to its end holds up no look.",
)
@click.option(
    "--commit-seconds",
    default=60.0,
    show_default=True,
    type=click.FloatRange(min=0.1),
    help="Seconds after which what was read is committed.",
)
@click.option(
    "--commit-messages",
    default=100_000,
    show_default=True,
    type=click.IntRange(1, 1_000_000),
    help="Messages after which it is committed sooner.",
)
@click.option("--lake", type=_FOLDER, help="Keep the exchanges, too, as Parquet in this folder.")
@click.option("--metrics", type=click.Path(path_type=Path), help="Write metrics to this file.")
@click.option("--metrics-listen", help="Serve /metrics here, such as 127.0.0.1:9464.")
@click.option("--receivers", type=_FILE, help="TOML file of receivers to alert after each look.")
@click.option("--outbox", type=_FOLDER, help="Folder of alerts; goes with --receivers.")
@click.option("--once", is_flag=True, help="End with the stream, and look at all of it.")
def command(
    *,
    broker: str,
    stream: str,
    state: Path,
    out: Path,
    subject: str,
    consumer: str,
    credentials: Path | None,
    ca: Path | None,
    client_config: Path | None,
    accounts: str | None,
    events: tuple[str, ...],
    tokens: str | None,
    intelligence: str | None,
    step: int,
    alpha: float,
    map_: ColumnMapping | None,
    key_file: Path | None,
    late: int,
    idle: int,
    commit_seconds: float,
    commit_messages: int,
    lake: Path | None,
    metrics: Path | None,
    metrics_listen: str | None,
    receivers: Path | None,
    outbox: Path | None,
    once: bool,
) -> None:
    """Read exchanges from BROKER, and look for campaigns as event time passes.

    BROKER is nats://HOST:PORT or tls://HOST:PORT of NATS JetStream, or kafka://HOST:PORT; a
    message is one JSON object with the columns of a JSON Lines log. The verdicts are those of a
    scan of the same exchanges. Ends in order at SIGTERM, and goes on where it was.
    """
    from stillwatch.cli import watch_running as running  # noqa: PLC0415 - help imports no kernel
    from stillwatch.find.features.hashing import key_from_secret  # noqa: PLC0415 - as above

    if (receivers is None) != (outbox is None):
        raise ConfigurationError(
            "--receivers and --outbox go together", todo="give both, or neither"
        )
    place = running.Place(broker, stream, subject, consumer, credentials, ca, client_config)
    alerts = None if receivers is None or outbox is None else (receivers, outbox)
    job = running.Job(
        state, out, (accounts, events, tokens, intelligence), step=step, alpha=alpha, mapping=map_,
        key=key_from_secret(read_secret(key_file)), late=late, idle=idle, seconds=commit_seconds,
        messages=commit_messages, lake=lake, metrics=metrics, listen=metrics_listen, alerts=alerts,
    )  # fmt: skip
    running.watch(place, job, once=once)
