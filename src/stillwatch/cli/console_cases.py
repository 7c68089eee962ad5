"""Imports, decisions and the log of `stillwatch console`: its data, without its pages."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

import click

from stillwatch.cli.databases import acting, opened
from stillwatch.disk import write_whole
from stillwatch.errors import OutputError

__all__ = ["COMMANDS", "database_option"]

_folder = click.Path(path_type=Path, file_okay=False)
_file = click.Path(path_type=Path, dir_okay=False)

database_option = click.option(
    "--database",
    required=True,
    help="The console's: sqlite:///path or postgresql://user@host/name.",
)
"""``--database``, a URL."""
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")


@click.command("import")
@click.argument("results", type=_folder)
@database_option
@click.option("--state", type=_folder, help="State folder of the scans, for their revisions.")
@click.option("--exchange", type=_folder, help="Home folder of this member of an exchange.")
@click.option(
    "--attribution", type=_file, help="What `stillwatch signatures attribute --json` printed."
)
@_json
def import_(
    results: Path,
    database: str,
    state: Path | None,
    exchange: Path | None,
    attribution: Path | None,
    *,
    as_json: bool,
) -> None:
    """Take in what `stillwatch scan --out RESULTS` wrote; the same results again change nothing.

    Makes the tables where there are none. No text of a prompt is taken.
    """
    from stillwatch.report.console.cases import Sources  # noqa: PLC0415
    from stillwatch.report.console.cases.loading import refresh  # noqa: PLC0415
    from stillwatch.report.console.cases.log import prepare  # noqa: PLC0415

    sources = Sources(
        database=database, results=results, state=state, exchange=exchange, attribution=attribution
    )
    store = opened(database)
    store.now(prepare)
    done = store.now(refresh, sources, now=time.time_ns() // 1_000, who=acting())
    assert done is not None  # noqa: S101 - results are named
    if as_json:
        click.echo(json.dumps(asdict(done)))
    elif done.changed:
        click.echo(
            f"scan {done.run}: new or changed are campaigns: {done.campaigns:,}, "
            f"verdicts: {done.verdicts:,}, revisions: {done.revisions:,}"
        )
    else:
        click.echo(f"scan {done.run}: nothing new")


@click.command("decisions")
@database_option
@click.option("--out", type=_file, help="File to write; standard output if absent.")
def decisions(database: str, out: Path | None) -> None:
    """Write the decisions that stand, for `stillwatch scan --decisions`."""
    from stillwatch.find.campaigns.rulings import encode_rulings  # noqa: PLC0415
    from stillwatch.report.console.cases.standing import standing_rulings  # noqa: PLC0415

    store = opened(database)
    raw = encode_rulings(store.now_reading(standing_rulings))
    if out is None:
        click.echo(raw.decode(), nl=False)
        return
    try:
        write_whole(out, raw)
    except OSError as error:
        raise OutputError(
            f"the decisions cannot be written: {error.strerror}",
            where=str(out),
            todo="name a file that you may write",
        ) from error
    click.echo(out)


@click.command("log")
@database_option
def log(database: str) -> None:
    """Print the log of actions, a line of JSON each, and check its chain.

    The number of lines and the newest hash go to standard error: kept elsewhere, they show a log
    that was cut at its end.
    """
    from stillwatch.report.console.cases.log import lines, verify  # noqa: PLC0415

    store = opened(database)
    held = store.now_reading(lambda connection: list(lines(connection)))
    for line, _ in held:
        click.echo(line.decode())
    count, newest = verify(held)
    click.echo(f"{count} lines, newest hash {newest}", err=True)


COMMANDS = (import_, decisions, log)
"""The commands, for the group of ``stillwatch console``."""
