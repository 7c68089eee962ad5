"""``stillwatch vault``: keyed tokens in place of clear identifiers."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from stillwatch.cli.extras import extra
from stillwatch.cli.oprf import open_http, open_member, operators
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stillwatch.find.sources.vault import Pseudonymised

__all__ = ["command"]


@click.group(name="vault")
def command() -> None:
    """Turn clear identifiers into keyed tokens and pseudonyms.

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


@command.command()
@click.argument("identifiers")
@operators
@click.option(
    "--key",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The member's signing key, which both operators know.",
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Parquet file to write."
)
@click.option(
    "--type",
    "kind",
    type=click.Choice(["email", "phone", "par"]),
    required=True,
    help="Type of the identifiers to take.",
)
@click.option(
    "--purpose",
    type=click.Choice(["suspicion", "sign-up", "payment-change"]),
    default="suspicion",
    show_default=True,
    help="What for; email and phone for suspicion alone.",
)
@click.option(
    "--only",
    type=click.File("r", encoding="utf-8"),
    help="File of account ids to take, one a line; needed for suspicion.",
)
@click.option("--epoch", type=int, help="Epoch; by default the one to publish under.")
@click.option(
    "--log",
    type=click.Path(exists=True, path_type=Path, file_okay=False),
    help="Folder of the exchange's member: its log must hold the epochs' records.",
)
@click.option("--map", "map_", type=click.Path(path_type=Path), help="TOML file of column names.")
@click.option(
    "--format", "format_", help="Format of the input; told by name and content if absent."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def pseudonyms(
    identifiers: str,
    operators: Path,
    key: Path,
    out: Path,
    kind: str,
    purpose: str,
    only: TextIO | None,
    epoch: int | None,
    log: Path | None,
    map_: Path | None,
    format_: str | None,
    *,
    as_json: bool,
) -> None:
    """Write the pseudonyms of IDENTIFIERS, for `exchange match` and `exchange publish`.

    Both key operators are asked; identifiers do not leave this machine. E-mail addresses and phone
    numbers are evaluated for accounts that are suspicious already, which --only names (P-10).
    """
    if purpose == "suspicion" and only is None:
        raise ConfigurationError(
            "P-10: for suspicion, the accounts that are suspicious must be named",
            where="--only",
            todo="give a file of their ids, such as those under review",
        )
    with extra("share", "pseudonyms need"):
        from stillwatch.share.oprf.identifiers import normalise  # noqa: PLC0415 - an extra
    from stillwatch.find.sources import Quarantine, load_mapping  # noqa: PLC0415
    from stillwatch.find.sources.vault import pseudonymise  # noqa: PLC0415

    accounts = None if only is None else frozenset(line.strip() for line in only)
    with open_http() as http, Quarantine(out.parent) as quarantine:
        member = open_member(operators, key, http, 30.0, log)

        def evaluate(values: Sequence[str]) -> Iterator[tuple[int, str]]:
            for made in member.evaluate(kind, values, purpose=purpose, epoch=epoch):
                yield made.epoch, made.value

        made = pseudonymise(
            identifiers,
            out,
            kind=kind,
            usable=lambda value: normalise(kind, value) is not None,
            evaluate=evaluate,
            only=accounts,
            quarantine=quarantine,
            mapping=None if map_ is None else load_mapping(map_),
            format=format_,
        )
    if as_json:
        click.echo(json.dumps({"out": str(out), **dataclasses.asdict(made)}))
    else:
        _say(made, out)


def _say(made: Pseudonymised, out: Path) -> None:
    click.echo(
        f"{made.rows:,} rows, {made.values:,} different values evaluated, epoch {made.epoch}",
        err=True,
    )
    for reason, count in made.bad.items():
        click.echo(f"{count:,} rows left out: {reason}", err=True)
    click.echo(out)
