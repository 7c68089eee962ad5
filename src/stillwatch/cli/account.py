"""``stillwatch account``: why an account was flagged, why not, and what was missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.report.documents import read_campaigns, read_verdict
from stillwatch.report.documents.visible import shorten
from stillwatch.report.documents.words import log_value, when

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillwatch.records import Campaign, Verdict

__all__ = ["command"]


@click.group("account")
def command() -> None:
    """Explain what a scan says of one account."""


@command.command("show")
@click.argument("account", metavar="ID")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Output folder of the scan.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def show(account: str, out: Path, *, as_json: bool) -> None:
    """Say why the account was flagged, why not, and what could not be judged."""
    scan = read_campaigns(out)
    verdict = read_verdict(out, scan, account)
    near = [item for item in scan.campaigns if verdict.account_id in item.members]
    why, why_not = _why(verdict, near), _why_not(verdict, near)
    missing = [*_abstentions(near), *scan.missing]
    if as_json:
        document = {
            "account_id": verdict.account_id,
            "flagged_at": verdict.flagged_at.isoformat() if verdict.flagged_at else None,
            "campaign_id": verdict.campaign_id,
            "score": verdict.score,
            "recommended_measure": verdict.recommended_measure,
            "member_of": [item.campaign_id for item in near],
            "why": why,
            "why_not": why_not,
            "missing": missing,
        }
        click.echo(json.dumps(document, indent=1))
        return
    click.echo("\n".join(_described(verdict, why, why_not, missing)))


def _described(
    verdict: Verdict, why: Sequence[str], why_not: Sequence[str], missing: Sequence[str]
) -> Iterable[str]:
    yield f"account      {shorten(verdict.account_id)}"
    if verdict.flagged_at is None:
        yield "flagged      no"
    else:
        campaign = shorten(verdict.campaign_id or "none")
        yield f"flagged      {when(verdict.flagged_at)} UTC, campaign {campaign}"
    yield f"score        {verdict.score:.3f}"
    yield f"recommended  {shorten(verdict.recommended_measure)}"
    for title, sentences in (("why", why), ("why not", why_not), ("missing", missing)):
        yield ""
        yield title
        yield from (f"  {shorten(sentence, 400)}" for sentence in sentences or ("nothing",))


def _why(verdict: Verdict, near: Sequence[Campaign]) -> list[str]:
    """Return the verdict's reasons, then the evidence of the account's campaigns."""
    reasons = list(verdict.reasons)
    for item in near:
        reasons += [
            f"{finding.explanation} ({finding.family}, log e {log_value(finding.log_e)})"
            for finding in item.findings
            if finding.role == "evidence" and finding.enough_data and finding.log_e > 0
        ]
    return reasons


def _why_not(verdict: Verdict, near: Sequence[Campaign]) -> list[str]:
    """Return what speaks for the account, or why nothing was decided against it."""
    sentences = [sentence for item in near for sentence in item.explanations]
    for item in near:
        sentences += [
            f"{finding.explanation} ({finding.family}, log e {log_value(finding.log_e)})"
            for finding in item.findings
            if finding.enough_data
            and (
                finding.role == "explanation" or (finding.role == "evidence" and finding.log_e < 0)
            )
        ]
    if verdict.flagged_at is None and near:
        sentences.append(
            f"membership probability {verdict.score:.3f} was not enough to flag it: "
            "it goes to review and never to an automatic block"
        )
    elif verdict.flagged_at is None:
        sentences.append("it belongs to no declared campaign")
    return sentences


def _abstentions(near: Sequence[Campaign]) -> list[str]:
    return [
        f"{finding.detector}: not enough data. {finding.explanation}"
        for item in near
        for finding in item.findings
        if finding.role == "evidence" and not finding.enough_data
    ]
