"""``stillwatch updates``: tell the replicas of a decision service what is known."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import click

from stillwatch.cli.extras import extra
from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError

__all__ = ["command"]

_file = click.Path(path_type=Path, dir_okay=False)


@click.group("updates")
def command() -> None:
    """Tell the replicas of a decision service what is known."""
    with extra("serve,nats", "updates need"):
        import stillwatch.stop.service.stream  # noqa: F401, PLC0415 - help imports no client


@command.command("send")
@click.argument(
    "scan", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--intelligence", type=_file, help="What `stillwatch exchange match` wrote.")
@click.option("--measures", type=_file, help="What `stillwatch measures snapshot` wrote.")
@click.option("--nats", required=True, help="URL of NATS.")
@click.option("--credentials", type=_file, help="File of a NATS user's JWT and seed.")
@click.option("--stream", default="STILLWATCH", show_default=True, help="Stream of JetStream.")
@click.option("--prefix", default="stillwatch.updates", show_default=True, help="Of its subjects.")
@click.option("--key", type=_file, required=True, help="Key that signs, and that replicas trust.")
def send(
    scan: Path | None,
    intelligence: Path | None,
    measures: Path | None,
    nats: str,
    credentials: Path | None,
    stream: str,
    prefix: str,
    key: Path,
) -> None:
    """Send what the scan in folder SCAN declared, and other files, to every replica."""
    from stillwatch.ledger import SigningKey  # noqa: PLC0415
    from stillwatch.stop.service.scans import (  # noqa: PLC0415
        SOURCE,
        read_intelligence,
        read_scan,
    )
    from stillwatch.stop.service.stream import Place, send_updates  # noqa: PLC0415
    from stillwatch.stop.service.updates import Update  # noqa: PLC0415

    now = time.time_ns() // 1000
    updates = []
    if scan is not None:
        updates.append(read_scan(scan, version=now))
    if intelligence is not None:
        updates.append(read_intelligence(intelligence, version=now))
    if measures is not None:
        raw = read_small(measures, "the measures", 64 << 20)
        updates.append(Update("measures", SOURCE, now, raw))
    if not updates:
        raise ConfigurationError("there is nothing to send", todo="name a scan's folder or a file")
    place = Place(nats, stream, prefix, credentials)
    asyncio.run(send_updates(place, updates, SigningKey.read(key)))
    click.echo(f"{len(updates)} updates are in the stream", err=True)
