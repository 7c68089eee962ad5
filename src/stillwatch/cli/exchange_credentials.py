"""``stillwatch exchange key``, ``nats-key``, ``certificate``: what signs, and what is shown."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from stillwatch.cli.exchange_options import home_option, opened_member

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["certificate", "key", "nats_key"]

_overlap = click.option(
    "--overlap",
    default=3600,
    show_default=True,
    type=click.IntRange(0, 86_400),
    help="Seconds that the one before stays good.",
)


@click.group("key")
def key() -> None:
    """Change the key that signs for this member."""


@key.command("new")
@home_option
@_overlap
def new_key(home: Path, overlap: int) -> None:
    """Make a signing key, enrol it with the consent of the one before, and print its id.

    Commands that run meanwhile go on with the new one. Where the hub did not answer, give the
    command again: the same key is enrolled, once.
    """
    with opened_member(home) as member:
        click.echo(member.change_key(overlap))


@key.command("retire")
@click.argument("key_id")
@home_option
def retire(home: Path, key_id: str) -> None:
    """End the key KEY_ID of this member now, which status names."""
    from stillwatch.share.exchange.changing import retire_key  # noqa: PLC0415

    with opened_member(home) as member:
        retire_key(member.client, key_id)


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
