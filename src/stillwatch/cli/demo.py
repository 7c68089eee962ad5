"""``stillwatch demo``: a small world, its scan, and the truth beside the result."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

__all__ = ["command"]

_ADVERSARIES = "recycled,lock-step,look-alike"


@click.command("demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="New folder for the world and the scan.",
)
@click.option("--exchanges", default=60_000, show_default=True, help="Exchanges of the world.")
@click.option("--seed", default=7, show_default=True, help="Same seed, same world.")
def command(*, out: Path, exchanges: int, seed: int) -> None:
    """Make a small world, scan it, and print what was found against the truth."""
    from stillwatch.cli.scan import run  # noqa: PLC0415
    from stillwatch.errors import OutputError  # noqa: PLC0415
    from stillwatch.find.sources import Quarantine  # noqa: PLC0415
    from stillwatch.worlds.evaluation import evaluate, report_lines  # noqa: PLC0415
    from stillwatch.worlds.simulation import simulate  # noqa: PLC0415

    world, result = out / "world", out / "out"
    if world.exists():
        raise OutputError(
            "the demo's folder exists already", where=str(out), todo="name another with --out"
        )
    click.echo(f"making a world of {exchanges:,} exchanges in {world}", err=True)
    simulate(world, exchanges=exchanges, seed=seed)
    click.echo("scanning it", err=True)
    with Quarantine(result / "quarantine") as quarantine:
        run(
            str(world / "exchanges"),
            result,
            quarantine=quarantine,
            accounts=str(world / "accounts.parquet"),
            events=(str(world),),
        )
    for line in report_lines(evaluate(world, result / "verdicts.parquet")):
        click.echo(line)
    click.echo(f"report: {result / 'report.html'}  ({datetime.now(UTC):%H:%M} UTC)", err=True)
