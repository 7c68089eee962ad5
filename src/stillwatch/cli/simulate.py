"""``stillwatch simulate``: make a world with truth."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["command"]


@click.command("simulate")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New folder.")
@click.option("--exchanges", type=int, required=True, help="Exchanges of each provider.")
@click.option("--accounts", type=int, help="Accounts; default one for every 33 exchanges.")
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same bytes.")
@click.option("--days", type=int, default=28, show_default=True, help="Days of the world.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2026-03-02",
    show_default=True,
    help="First day.",
)
@click.option("--cohorts", help="Cohorts, comma-separated; default all.")
@click.option("--adversaries", help="Adversaries, comma-separated, or none; default all.")
@click.option("--prevalence", type=float, default=0.03, show_default=True, help="Attackers' share.")
@click.option(
    "--regime",
    type=click.Choice(["ordinary", "small", "people"]),
    default="ordinary",
    show_default=True,
    help="small: campaigns of 6 to 200 accounts; people: they send people's own prompts.",
)
@click.option(
    "--text",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of Parquet files of prompts; default the built-in generator.",
)
@click.option("--providers", type=int, default=1, show_default=True, help="Worlds side by side.")
@click.option("--json", "as_json", is_flag=True, help="Say what was written as JSON.")
def command(
    *,
    out: Path,
    exchanges: int,
    accounts: int | None,
    seed: int,
    days: int,
    start: datetime,
    cohorts: str | None,
    adversaries: str | None,
    prevalence: float,
    regime: str,
    text: Path | None,
    providers: int,
    as_json: bool,
) -> None:
    """Make a simulated log with accounts, events and the truth about them."""
    from stillwatch.worlds.simulation.building import (  # noqa: PLC0415 (--help stays fast)
        Settings,
        simulate,
    )

    settings = Settings(
        out=out,
        exchanges=exchanges,
        seed=seed,
        accounts=accounts,
        days=days,
        start=start.date(),
        cohorts=_names(cohorts),
        adversaries=_names(adversaries),
        prevalence=prevalence,
        regime=regime,
        text=text,
        providers=providers,
    )
    for built in simulate(settings, _progress):
        row = {
            "folder": str(built.folder),
            "exchanges": built.exchanges,
            "accounts": built.accounts,
            "harvest": built.harvest,
        }
        click.echo(json.dumps(row) if as_json else _sentence(row))


def _names(words: str | None) -> tuple[str, ...] | None:
    """Return comma-separated names; None for all, nothing for ``none``."""
    if words is None:
        return None
    if words.strip() == "none":
        return ()
    return tuple(word.strip() for word in words.split(",") if word.strip())


def _sentence(row: dict[str, object]) -> str:
    return (
        f"{row['folder']}: {row['exchanges']:,} exchanges of {row['accounts']:,} accounts, "
        f"{row['harvest']:,} harvested"
    )


def _progress(what: str, share: float) -> None:
    """Draw a bar on a terminal, and nothing elsewhere."""
    if sys.stderr.isatty():
        filled = int(30 * share)
        click.echo(
            f"\r{what:9} [{'#' * filled}{'.' * (30 - filled)}] {share:4.0%}",
            err=True,
            nl=False,
        )
        if share >= 1:
            click.echo("", err=True)
