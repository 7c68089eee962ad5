"""What the commands of ``stillwatch exchange`` have in common."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.share.exchange.member import Member

__all__ = ["approve_option", "as_json_option", "home_option", "opened_member", "printed"]

home_option = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of this member: keys, membership and store.",
)
"""``--home``, a folder."""
as_json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON instead of lines."
)
"""``--json``, a flag."""
approve_option = click.option(
    "--approve", "approved_by", default="", metavar="NAME", help="Who approves that it leaves."
)
"""``--approve``, a name; empty where nobody did."""


def opened_member(folder: Path, *, patience: float = 30.0) -> Member:
    """Return the member of a folder.

    Args:
        folder: the member's.
        patience: seconds that a connection, or the wait between two parts of an answer, may take.
    """
    from stillwatch.share.exchange.member import Member  # noqa: PLC0415 - help imports no client

    return Member(folder, clock=time.time, patience=patience)


def printed(document: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a document as JSON or as lines."""
    if as_json:
        click.echo(json.dumps(document))
        return
    for name, value in document.items():
        click.echo(f"{name.replace('_', ' '):16}{value}")
