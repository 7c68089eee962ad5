"""``stillwatch observe``: exchanges in, keyed observations out, and no prompt kept."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.log_input import counted, read_secret
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from stillwatch.find.features.files import Written
    from stillwatch.find.sources import ColumnMapping, Quarantine

__all__ = ["command"]


@click.command("observe")
@click.argument("exchanges")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the observations; those in it are replaced when the run ends well.",
)
@options.key_file(
    "Secret that keys all hashes; the same for all observations that are scanned together."
)
@click.option("--unkeyed", is_flag=True, help="Do without a key: addresses can be found by trial.")
@options.mapping
@options.format_name
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(
    *,
    exchanges: str,
    out: Path,
    key_file: Path | None,
    unkeyed: bool,
    map_: ColumnMapping | None,
    format_: str | None,
    as_json: bool,
) -> None:
    """Write keyed observations of EXCHANGES, from which `stillwatch scan` works alone.

    EXCHANGES is what `stillwatch scan` takes, or - for JSON Lines from standard input. An
    observation holds ids, times, counts and keyed hashes, and no prompt.
    """
    from stillwatch.find.sources import Quarantine  # noqa: PLC0415

    if (key_file is None) != unkeyed:
        raise ConfigurationError(
            "--key-file and --unkeyed are both given" if unkeyed else "--key-file is missing",
            todo="give a file with a long random secret, or --unkeyed",
        )
    key = read_secret(key_file)
    with Quarantine(out) as quarantine:
        written = run(exchanges, out, quarantine=quarantine, key=key, mapping=map_, format_=format_)
    bad = sum(quarantine.rows("exchanges").values())
    if as_json:
        click.echo(json.dumps({"out": str(out), **asdict(written), "quarantined": bad}))
        return
    click.echo(
        f"{written.exchanges:,} exchanges of {written.days:,} days observed, "
        f"{written.size / 2**20:,.1f} MiB in {out}"
    )
    if bad:
        click.echo(f"{bad:,} rows of exchanges are in {out / 'quarantine'}", err=True)


def run(
    exchanges: str,
    out: Path,
    *,
    quarantine: Quarantine,
    key: bytes,
    mapping: ColumnMapping | None = None,
    format_: str | None = None,
) -> Written:
    """Read, observe and write; the command's work, also used by benchmarks."""
    from stillwatch.find.campaigns import observe_all  # noqa: PLC0415
    from stillwatch.find.features.files import write_observations  # noqa: PLC0415
    from stillwatch.find.features.hashing import key_from_secret  # noqa: PLC0415
    from stillwatch.find.sources import open_exchanges  # noqa: PLC0415

    number = key_from_secret(key)
    source = open_exchanges(exchanges, mapping=mapping, quarantine=quarantine, format=format_)
    good = counted(source.batches(), quarantine, exchanges)
    return write_observations(observe_all(good, key=number), out, key=number)
