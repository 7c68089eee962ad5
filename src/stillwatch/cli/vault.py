"""``stillwatch vault``: keyed tokens in place of clear identifiers."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

__all__ = ["command"]


@click.group(name="vault")
def command() -> None:
    """Turn clear identifiers into keyed tokens.

    The only command that sees clear values; run it where the identifiers already are.
    """


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
def keygen(file: Path) -> None:
    """Write a fresh key to FILE, readable by its owner alone."""
    from stillwatch.find.sources.vault import make_key  # noqa: PLC0415 - help imports no kernel

    make_key(file)
    click.echo(f"wrote a new vault key to {file}; without it no later token matches", err=True)


@command.command()
@click.argument("identifiers")
@click.option("--key", required=True, type=click.Path(path_type=Path), help="Key file.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Parquet file to write."
)
@click.option("--map", "map_", type=click.Path(path_type=Path), help="TOML file of column names.")
@click.option(
    "--format", "format_", help="Format of the input; told by name and content if absent."
)
@click.option(
    "--provider-rules",
    is_flag=True,
    help="Fold spellings that mail providers treat alike (+tags, Gmail dots). Changes tokens.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def tokenise(
    identifiers: str,
    key: Path,
    out: Path,
    map_: Path | None,
    format_: str | None,
    *,
    provider_rules: bool,
    as_json: bool,
) -> None:
    """Write the tokens of IDENTIFIERS (account_id, type, value, valid_from).

    Rows that are no identifiers go to quarantine/identifiers.jsonl beside the output, with their
    position and length and without their value.
    """
    from stillwatch.find.sources import Quarantine, load_mapping  # noqa: PLC0415
    from stillwatch.find.sources.vault import read_key  # noqa: PLC0415
    from stillwatch.find.sources.vault import tokenise as run  # noqa: PLC0415

    with Quarantine(out.parent) as quarantine:
        made = run(
            identifiers,
            out,
            key=read_key(key),
            quarantine=quarantine,
            mapping=None if map_ is None else load_mapping(map_),
            format=format_,
            provider_rules=provider_rules,
        )
    if as_json:
        click.echo(json.dumps({"out": str(out), **dataclasses.asdict(made)}))
        return
    types = ", ".join(f"{count:,} {kind}" for kind, count in made.types.items())
    click.echo(f"{made.rows:,} identifiers ({types}), {made.patterned:,} patterned", err=True)
    for reason, count in made.bad.items():
        click.echo(f"{count:,} rows left out: {reason}", err=True)
    click.echo(out)
