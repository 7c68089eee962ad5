"""``stillwatch exchange nats-key`` and ``certificate``: what is shown on a connection."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from stillwatch.cli.exchange_options import home_option, opened_member

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["certificate", "nats_key"]

_overlap = click.option(
    "--overlap",
    default=3600,
    show_default=True,
    type=click.IntRange(0, 86_400),
    help="Seconds that the one before stays good.",
)


@click.command("nats-key")
@home_option
@_overlap
def nats_key(home: Path, overlap: int) -> None:
    """Make and enrol a key for the hub's NATS, which watch --nats uses, and print its name."""
    from stillwatch.share.exchange.credentials import enrol_nats_key  # noqa: PLC0415

    with opened_member(home) as member:
        click.echo(enrol_nats_key(member.client, member.home, member.id, overlap=overlap))


@click.command("certificate")
@home_option
@click.option(
    "--days", default=90, show_default=True, type=click.IntRange(1, 398), help="Good for."
)
@_overlap
def certificate(home: Path, days: int, overlap: int) -> None:
    """Make and enrol a certificate for TLS, in the place of signing, and print its SHA-256."""
    from stillwatch.share.exchange.credentials import enrol_certificate  # noqa: PLC0415

    with opened_member(home) as member:
        click.echo(
            enrol_certificate(
                member.client, member.home, member.id, now=time.time(), days=days, overlap=overlap
            )
        )
