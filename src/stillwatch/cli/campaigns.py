"""``stillwatch campaigns``: what a scan declared, as a list or one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.errors import ConfigurationError
from stillwatch.report.documents import read_campaigns
from stillwatch.report.documents.lineage import lineage_of
from stillwatch.report.documents.visible import shorten
from stillwatch.report.documents.words import count, log_value, measure, share, when

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillwatch.records import Campaign

__all__ = ["command"]

_MEMBERS = 20

_out = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Output folder of the scan.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


@click.group("campaigns")
def command() -> None:
    """Show the campaigns that a scan declared."""


@command.command("list")
@_out
@_json
def list_(out: Path, *, as_json: bool) -> None:
    """List the campaigns, earliest declaration first."""
    scan = read_campaigns(out)
    if as_json:
        click.echo(json.dumps(scan.document["campaigns"], indent=1))
        return
    if not scan.campaigns:
        click.echo(f"no campaign declared among {count(scan.accounts)} accounts", err=True)
        return
    head = ("campaign", "kind", "members", "declared, UTC", "exchanges", "leaked", "recommended")
    rows = [
        (
            shorten(item.campaign_id, 40),
            shorten(item.kind, 24),
            count(len(item.members)),
            when(item.declared_at),
            count(item.exchanges),
            share(item.leaked, item.exchanges),
            shorten(item.recommended_measure, 32) + (", review" if item.review_only else ""),
        )
        for item in scan.campaigns
    ]
    for line in _aligned([head, *rows], right={2, 4, 5}):
        click.echo(line)


@command.command("show")
@click.argument("campaign_id", metavar="ID")
@_out
@_json
def show(campaign_id: str, out: Path, *, as_json: bool) -> None:
    """Show one campaign: its evidence, explanations and members."""
    scan = read_campaigns(out)
    for item, document in zip(scan.campaigns, scan.document["campaigns"], strict=True):
        if item.campaign_id == campaign_id:
            if as_json:
                click.echo(json.dumps(document, indent=1))
            else:
                click.echo("\n".join(_described(item, scan.campaigns)))
            return
    raise _unknown(campaign_id)


def _described(item: Campaign, campaigns: Sequence[Campaign]) -> Iterable[str]:
    yield f"campaign     {shorten(item.campaign_id)}"
    yield f"kind         {shorten(item.kind)} ({share(item.kind_confidence, 1)} sure)"
    yield f"members      {count(len(item.members))}, {count(len(item.flagged_at))} flagged"
    yield f"first seen   {when(item.first_seen)} UTC"
    yield f"declared     {when(item.declared_at)} UTC"
    leaked = f"{count(item.leaked)} ({share(item.leaked, item.exchanges)})"
    yield f"exchanges    {count(item.exchanges)}, {leaked} before the declaration"
    yield f"combined     log e {log_value(item.log_e)}"
    meaning = measure(item.recommended_measure)
    yield f"recommended  {shorten(item.recommended_measure)}" + (f": {meaning}" if meaning else "")
    for words, ids in lineage_of(item, campaigns):
        yield f"lineage      {words} {', '.join(shorten(one, 60) for one in ids)}"
    if item.review_only:
        yield "             an explanation stands beside the evidence: a person must decide"
    yield ""
    yield "findings"
    for finding in item.findings:
        value = log_value(finding.log_e if finding.enough_data else None)
        value = {"proposal": "proposal", "explanation": "explanation"}.get(finding.role, value)
        yield f"  {shorten(finding.family, 20)}/{shorten(finding.detector, 40)}  [{value}]"
        yield f"      {shorten(finding.explanation, 400)}"
    if item.explanations:
        yield ""
        yield "explanations considered"
        for sentence in item.explanations:
            yield f"  {shorten(sentence, 400)}"
    yield ""
    yield f"members, {min(_MEMBERS, len(item.members))} most probable of {len(item.members)}"
    ranked = sorted(item.members.items(), key=lambda pair: (-pair[1], str(pair[0])))
    rows = [
        (
            "  " + shorten(account, 60),
            f"{probability:.3f}",
            f"flagged {when(item.flagged_at[account])}"
            if account in item.flagged_at
            else "to review",
        )
        for account, probability in ranked[:_MEMBERS]
    ]
    yield from _aligned(rows, right=set())


def _aligned(rows: Sequence[Sequence[str]], right: set[int]) -> Iterable[str]:
    if not rows:
        return
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def _unknown(campaign_id: str) -> ConfigurationError:
    return ConfigurationError(
        "the scan declared no such campaign",
        where=ascii(campaign_id),
        todo="stillwatch campaigns list prints the ids",
    )
