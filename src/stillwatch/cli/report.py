"""``stillwatch report``: documents of a scan for colleagues, authorities, account holders, all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli.report_options import (
    Output,
    as_json,
    in_a_form,
    needing,
    opened_templates,
    put,
    put_paper,
    read_scan,
    results_option,
)
from stillwatch.cli.report_people import filing, notice
from stillwatch.cli.report_period import executive, transparency
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.records import Campaign
    from stillwatch.report.documents import PublishedScan
    from stillwatch.report.statements.peers import Speaker
    from stillwatch.share.exchange.publishing import Draft
    from stillwatch.share.objects import Object, Tlp

__all__ = ["command"]

_EVERY = 1_000_000


@click.group("report")
def command() -> None:
    """Write reports: of a campaign, to an authority, to an account holder, over a period."""


command.add_command(filing)
command.add_command(notice)
command.add_command(executive)
command.add_command(transparency)


@command.command("templates")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def templates_(folder: Path) -> None:
    """Write the templates that ship into FOLDER, to be changed; files that are there stay."""
    from stillwatch.report.papers import Templates  # noqa: PLC0415 - help imports no template

    for name in Templates().write_out(folder):
        click.echo(name)


@command.command("campaign")
@click.argument("campaign_id", metavar="ID")
@results_option
@in_a_form("html", "pdf", "md", "json", "stix", "ocsf", "misp")
@click.option(
    "--members",
    type=click.IntRange(0, _EVERY),
    help="Accounts listed, most probable first: 100 if absent, none in misp.",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of this member of an exchange, for stix and misp.",
)
@click.option("--epoch", type=click.IntRange(1), help="Epoch of the sketch key, for stix and misp.")
@click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The sketch key that the scan's observations were made with, for stix and misp.",
)
@click.option("--organisation", default="", help="Who speaks, outside of an exchange.")
@click.option(
    "--tlp",
    type=click.Choice(["amber", "amber+strict"]),  # no wider, and red names who has it
    default="amber",
    show_default=True,
    help="Marking of TLP 2.0, for stix and misp.",
)
def campaign_(
    campaign_id: str,
    results: Path,
    output: Output,
    members: int | None,
    home: Path | None,
    epoch: int | None,
    key_file: Path | None,
    organisation: str,
    tlp: Tlp,
) -> None:
    """Report the campaign ID.

    json is its own record, ocsf the events that alerts send, stix what may leave for a peer or an
    authority: what is withheld is named on standard error.
    """
    from stillwatch.report.statements.campaign import (  # noqa: PLC0415 - help imports no table
        campaign_facts,
        campaign_of,
        document_of,
    )

    scan = read_scan(results)
    campaign = campaign_of(scan, campaign_id)
    if output.form == "json":
        put(as_json(document_of(scan, campaign)), output)
    elif output.form == "ocsf":
        put(_ocsf(results, campaign), output)
    elif output.form in {"stix", "misp"}:
        drafts: Sequence[Draft] = ()
        speaker = None
        with needing("share"):
            if output.form == "stix" or key_file is not None:
                drafts = _drafts(results, campaign, epoch, key_file)
                speaker = _speaker(home, key_file, organisation)
            put(_for_others(output, scan, campaign, drafts, speaker, tlp, members or 0), output)
    else:
        shown = 100 if members is None else members
        facts = campaign_facts(scan, campaign, members=shown)
        put_paper("campaign", facts, output, opened_templates(output), scan.as_of)


def _for_others(
    output: Output,
    scan: PublishedScan,
    campaign: Campaign,
    drafts: Sequence[Draft],
    speaker: Speaker | None,
    tlp: Tlp,
    members: int,
) -> str:
    from stillwatch.report.statements.misp import misp_event  # noqa: PLC0415
    from stillwatch.report.statements.peers import WITHHELD, peer_objects  # noqa: PLC0415
    from stillwatch.share.exchange.exports import export  # noqa: PLC0415

    items: list[Object] = []
    if speaker is not None:
        items = peer_objects(drafts, speaker, now=scan.as_of.timestamp(), tlp=tlp)
    if output.form == "stix":
        click.echo("withheld, since the schema has no field for it:", err=True)
        for words in WITHHELD:
            click.echo(f"  {words}", err=True)
        return export(items, "stix")
    if not items:
        click.echo("without --epoch and --key-file the event holds no indicator", err=True)
    if members:
        click.echo("the event holds account ids and is marked TLP:RED", err=True)
    return misp_event(scan, campaign, items, members=members, tlp=tlp)


def _drafts(
    results: Path, campaign: Campaign, epoch: int | None, key_file: Path | None
) -> list[Draft]:
    """Return what of the campaign may be said."""
    from stillwatch.cli.exchange_acting import drafts_of_signatures  # noqa: PLC0415

    found = drafts_of_signatures(results, epoch, key_file)
    mine = [draft for draft in found if draft.campaign == campaign.campaign_id]
    if not mine:
        raise ConfigurationError(
            "the scan kept no signature of this campaign, so that nothing of it can leave",
            where=ascii(campaign.campaign_id)[:200],
            todo="scan observations that were made with the epoch's key (--key-file)",
        )
    return mine


def _speaker(home: Path | None, key_file: Path | None, organisation: str) -> Speaker:
    """Return who says it: a member of an exchange, or a provider that is in none."""
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    from stillwatch.cli.log_input import read_secret  # noqa: PLC0415
    from stillwatch.report.statements.peers import Speaker  # noqa: PLC0415
    from stillwatch.share.exchange.membership import Home  # noqa: PLC0415

    if home is not None:
        member = Home(home)
        return Speaker(member.secret(), member.membership().member)
    if key_file is None or not organisation.strip():
        raise ConfigurationError(
            "who speaks is not said",
            todo="give --home; or --organisation, where you are in no exchange and the key is yours"
            " alone: names are made from it",
        )
    secret = hmac.new(read_secret(key_file), b"stillwatch report speaker 1", hashlib.sha256)
    return Speaker(secret.digest(), name=organisation.strip())


def _ocsf(results: Path, campaign: Campaign) -> str:
    """Return the campaign's incident and its accounts' detections, as alerts send them."""
    from stillwatch.report.alerts import read_scan as read_found  # noqa: PLC0415
    from stillwatch.report.documents.ocsf import ocsf_lines  # noqa: PLC0415

    flagged = read_found(results).flagged
    mine = [one for one in flagged if one.campaign_id == campaign.campaign_id]
    return "".join(ocsf_lines([campaign], mine))
