"""``stillwatch signatures``: what declared campaigns left, kept, shown, passed on and compared."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from stillwatch.find.signatures import Attribution, Signature

__all__ = ["command"]

_signatures = click.option(
    "--signatures",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of signatures.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
_CANDIDATES = 3


@click.group("signatures")
def command() -> None:
    """Keep, show, pass on and compare what declared campaigns left."""


@command.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of signatures; made when absent.",
)
@_json
def import_(source: Path, to: Path, *, as_json: bool) -> None:
    """Add the signatures of SOURCE: a scan's output folder, or a file that was exported."""
    from stillwatch.find.signatures import Store, from_scan, read_signature  # noqa: PLC0415

    scan = source.is_dir() or source.name == "campaigns.json"
    found = from_scan(source) if scan else (read_signature(source),)
    store = Store(to)
    known = {item.campaign for item in store.signatures}
    store.add(found, str(source))
    names = [item.campaign for item in found]
    if as_json:
        click.echo(json.dumps({"imported": names, "signatures": len(store.signatures)}))
        return
    for name in names:
        click.echo(f"{name}  {'replaced' if name in known else 'added'}")
    if not names:
        click.echo("the scan declared no campaign, so that there is no signature", err=True)


@command.command("list")
@_signatures
@_json
def list_(signatures: Path, *, as_json: bool) -> None:
    """List the signatures, earliest declaration first."""
    from stillwatch.find.signatures import Store  # noqa: PLC0415

    store = Store(signatures)
    if as_json:
        click.echo(json.dumps([_summary(item) for item in store.signatures], indent=1))
        return
    if not store.signatures:
        click.echo("there is no signature in this folder", err=True)
        return
    click.echo(f"{'campaign':32}  {'declared':10}  accounts  exchanges  pieces  key")
    for item in store.signatures:
        click.echo(
            f"{item.campaign:32}  {_day(item)}  {item.accounts:8,}  {item.exchanges:9,}  "
            f"{len(item.pieces):6}  {item.key}"
        )


@command.command("show")
@click.argument("campaign", metavar="ID")
@_signatures
@_json
def show(campaign: str, signatures: Path, *, as_json: bool) -> None:
    """Show one signature, and which of the others may be of the same actor."""
    from stillwatch.find.signatures import Store, attribute, encode  # noqa: PLC0415

    store = Store(signatures)
    signature = store.get(campaign)
    if as_json:
        click.echo(encode(signature), nl=False)
        return
    click.echo(f"campaign   {signature.campaign}")
    click.echo(f"declared   {_day(signature)}")
    click.echo(f"of         {signature.accounts:,} accounts, {signature.exchanges:,} exchanges")
    click.echo(f"against    {signature.background:,} other accounts")
    click.echo(f"key        {signature.key}")
    rare = sum(piece.weight >= 400 for piece in signature.pieces)
    click.echo(f"pieces     {len(signature.pieces)} of text, {rare} of them rare")
    click.echo(f"clients    {len(signature.clients)}")
    click.echo(f"blocks     {len(signature.blocks)}")
    click.echo(f"habits     {', '.join(signature.habits)}")
    for line in _lines(attribute(signature, store.signatures)):
        click.echo(line)


@command.command("export")
@click.argument("campaign", metavar="ID")
@_signatures
@click.option(
    "--to", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write."
)
def export(campaign: str, signatures: Path, to: Path) -> None:
    """Write one signature to a file, to be given to another provider."""
    from stillwatch.find.signatures import Store, write_signature  # noqa: PLC0415

    write_signature(Store(signatures).get(campaign), to)
    click.echo(to)


@command.command("attribute")
@click.argument("source", type=click.Path(path_type=Path))
@_signatures
@_json
def attribute_(source: Path, signatures: Path, *, as_json: bool) -> None:
    """Say whose the campaigns of SOURCE are: a scan's output folder, or an exported file."""
    from stillwatch.find.signatures import (  # noqa: PLC0415
        Store,
        attribute,
        from_scan,
        read_signature,
    )

    scan = source.is_dir() or source.name == "campaigns.json"
    found = from_scan(source) if scan else (read_signature(source),)
    known = Store(signatures).signatures
    answers = [attribute(item, known) for item in found]
    if as_json:
        click.echo(json.dumps([_answer(answer) for answer in answers], indent=1))
        return
    for answer in answers:
        click.echo(answer.campaign)
        for line in _lines(answer):
            click.echo(line)
    if not answers:
        click.echo("the scan declared no campaign", err=True)


def _day(signature: Signature) -> str:
    try:
        return f"{datetime.fromtimestamp(signature.declared, UTC):%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):
        return "unknown   "


def _summary(signature: Signature) -> dict[str, object]:
    return {
        "campaign": signature.campaign,
        "declared": signature.declared,
        "accounts": signature.accounts,
        "exchanges": signature.exchanges,
        "pieces": len(signature.pieces),
        "key": signature.key,
    }


def _answer(answer: Attribution) -> dict[str, object]:
    return {
        "campaign": answer.campaign,
        "confidence": round(answer.confidence, 4),
        "unknown": round(answer.unknown, 4),
        "candidates": [
            {"campaign": name, "probability": round(p, 4)} for name, p in answer.candidates
        ],
    }


def _lines(answer: Attribution) -> list[str]:
    """Return the answers, most probable first; the unknown actor is one of them."""
    ranked = [*answer.candidates[:_CANDIDATES], ("an unknown actor", answer.unknown)]
    ranked.sort(key=lambda item: -item[1])
    return [f"  {100 * p:5.1f} %  {name}" for name, p in ranked]
