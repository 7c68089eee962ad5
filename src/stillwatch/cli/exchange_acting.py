"""``stillwatch exchange publish|contest|recall|release``: what leaves, and what is taken back."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli import options
from stillwatch.cli.exchange_options import (
    approve_option,
    as_json_option,
    home_option,
    opened_member,
    printed,
)
from stillwatch.errors import (
    ConfigurationError,
    IncompatibleObservationsError,
    InputFormatError,
)

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from stillwatch.share.exchange.member import Member
    from stillwatch.share.exchange.publishing import Draft
    from stillwatch.share.objects import Indicator, Object

__all__ = [
    "contest",
    "drafts_of_signatures",
    "publish",
    "recall",
    "release",
    "send_under",
]

_DAY = 86_400.0
_tlp = click.option(
    "--tlp",
    type=click.Choice(["clear", "green", "amber", "amber+strict", "red"]),
    default="amber",
    show_default=True,
    help="Marking of TLP 2.0.",
)
_to = click.option("--to", "audience", multiple=True, help="Id of a member that may have it.")
_note = click.option("--note", default="", help="Remark for analysts; screened.")


@click.command("publish")
@click.argument("source", required=False, type=click.Path(exists=True, path_type=Path))
@home_option
@click.option("--campaign", "campaigns", multiple=True, help="Only this campaign; may be repeated.")
@click.option("--epoch", type=click.IntRange(1), help="Epoch of the sketch key of the hashes.")
@options.key_file("The epoch's sketch key, with which the signature was made.")
@click.option("--text-only", is_flag=True, help="Of signatures, the pieces of text alone.")
@click.option(
    "--contents",
    type=click.File("r", encoding="utf-8"),
    help="JSON Lines of pseudonyms and networks, each with its campaign.",
)
@click.option(
    "--confidence", default=75, show_default=True, type=click.IntRange(1, 100), help="In a hundred."
)
@click.option(
    "--licence",
    type=click.Choice(["observe", "limit", "challenge"]),
    default="observe",
    show_default=True,
    help="The most that members may do on it alone.",
)
@_tlp
@_to
@click.option(
    "--days", type=click.FloatRange(0, min_open=True), help="Life; the longest if absent."
)
@_note
@click.option("--dry-run", is_flag=True, help="Print the bytes that would leave, and send nothing.")
@approve_option
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Standing policy that two people signed, instead of --approve.",
)
@as_json_option
def publish(
    source: Path | None,
    home: Path,
    contents: Any,  # noqa: ANN401 - a text file
    policy: Path | None,
    approved_by: str,
    *,
    campaigns: tuple[str, ...],
    epoch: int | None,
    key_file: Path | None,
    text_only: bool,
    dry_run: bool,
    as_json: bool,
    **said: Any,  # noqa: ANN401 - the fields of Terms
) -> None:
    """Publish what declared campaigns left: SOURCE is a scan's output folder or a signature.

    The exact bytes are shown before anything leaves. Without SOURCE and --contents, what waits from
    before is sent.
    """
    from stillwatch.share.exchange.publishing import Terms, drafted, read_drafts  # noqa: PLC0415

    drafts: list[Draft] = (
        [] if source is None else drafts_of_signatures(source, epoch, key_file, text_only=text_only)
    )
    if contents is not None:
        drafts += read_drafts(contents, now=time.time())
    drafts = [draft for draft in drafts if not campaigns or draft.campaign in campaigns]
    with opened_member(home) as member:
        items = drafted(
            drafts,
            store=member.store,
            member=member.id,
            secret=member.home.secret(),
            terms=Terms(**said),
            now=time.time(),
        )
        _show(member.signed(items))
        if dry_run:
            click.echo(f"{len(items)} objects would leave; nothing was sent", err=True)
            return
        if items:
            approved_by = _approval(member, items, approved_by, policy)
        _send(member, items, approved_by, as_json=as_json)


def send_under(member: Member, items: Sequence[Indicator], policy: Path) -> None:
    """Send what a standing policy lets leave, and what waits from before.

    Raises:
        ConfigurationError: the policy does not let one leave; nothing does.
        UnreachableError: the hub is away; they wait.
        RefusedError: the hub refuses this member altogether.
    """
    _show(member.signed(items))
    _send(member, items, _approval(member, items, "", policy) if items else "", as_json=False)


def drafts_of_signatures(
    source: Path,
    epoch: int | None,
    key_file: Path | None,
    *,
    text_only: bool = False,
    without: Container[str] | None = None,
) -> list[Draft]:
    """Return what a scan's folder or a signature says, as it may travel.

    Args:
        source: output folder of a scan, or a signature.
        epoch: of the sketch key.
        key_file: that key.
        text_only: pieces of text alone.
        without: campaigns to leave out, and with them signatures that hold no piece; None for
            all, and an error where one holds none.

    Raises:
        ConfigurationError: the epoch or the key is missing.
        IncompatibleObservationsError: a signature was made with another key.
    """
    from stillwatch.cli.log_input import read_secret  # noqa: PLC0415
    from stillwatch.find.features.files import key_fingerprint  # noqa: PLC0415
    from stillwatch.find.features.hashing import key_from_secret  # noqa: PLC0415
    from stillwatch.find.features.veil import Veil  # noqa: PLC0415
    from stillwatch.find.signatures import from_scan, read_signature  # noqa: PLC0415
    from stillwatch.share.exchange.publishing import Draft  # noqa: PLC0415
    from stillwatch.share.objects.signatures import behaviour_of, sketch_of  # noqa: PLC0415

    if epoch is None or key_file is None:
        raise ConfigurationError(
            "--epoch or --key-file is missing",
            todo="name the epoch, and the key that the observations were made with",
        )
    secret = read_secret(key_file)
    fingerprint = key_fingerprint(key_from_secret(secret))
    scan = source.is_dir() or source.name == "campaigns.json"
    found = from_scan(source) if scan else (read_signature(source),)
    for item in found:
        if item.key != fingerprint:
            raise IncompatibleObservationsError(
                f"the signature was made with key {item.key}, the file holds {fingerprint}",
                where=item.campaign,
                todo="observe with the epoch's key, and scan these observations",
            )
    if without is not None:
        found = tuple(one for one in found if one.pieces and one.campaign not in without)
    make, veil = sketch_of if text_only else behaviour_of, Veil.of(secret)
    return [
        Draft(item.campaign, make(item, epoch, veil), float(item.declared), float(item.declared))
        for item in found
    ]


def _show(items: Sequence[Object]) -> None:
    from stillwatch.share.objects import canonical  # noqa: PLC0415

    for item in items:
        click.echo(canonical(item).decode(), err=False)


def _approval(
    member: Member, items: Sequence[Indicator], approved_by: str, policy: Path | None
) -> str:
    """Return who approved that objects leave.

    Raises:
        ConfigurationError: nobody did.
    """
    from stillwatch.share.exchange.policy import approve, read_policy  # noqa: PLC0415

    if approved_by.strip():
        return approved_by.strip()
    why = "nobody approved"
    if policy is not None:
        found = read_policy(policy)
        sent = member.store.sent_since(time.time() - _DAY)
        refused = approve(found, items, sent_today=sent, now=time.time())
        if refused is None:
            return "policy of " + ", ".join(found.approved_by)
        why = refused
    raise ConfigurationError(
        f"nothing was sent: {why}",
        todo="read the bytes above, then give --approve with your name, or another --policy",
    )


def _send(member: Member, items: Sequence[Object], approved_by: str, *, as_json: bool) -> None:
    sent = member.publish(items, approved_by=approved_by)
    for number, words in sent.refused:
        click.echo(f"refused: {number}: {words}", err=True)
    document = {"taken": sent.taken, "refused": len(sent.refused)}
    if as_json:
        printed(document, as_json=True)
    else:
        click.echo(f"{sent.taken} objects are in the hub's log", err=True)


def _indicator(member: Member, number: str, *, own: bool) -> Indicator:
    """Return an indicator that is held, or of one's own that was sent.

    Raises:
        InputFormatError: there is none.
    """
    from stillwatch.share.objects import Indicator  # noqa: PLC0415

    item = (member.store.last_sent(number) if own else None) or member.store.newest(number)
    if not isinstance(item, Indicator) or (own and item.created_by_ref != member.id):
        raise InputFormatError(
            "there is no such indicator" + (" of this member" if own else ""),
            where=ascii(number),
            todo="stillwatch exchange export --format csv lists ids",
        )
    return item


@click.command("contest")
@click.argument("indicator", metavar="ID")
@home_option
@click.option(
    "--outcome",
    type=click.Choice(["confirmed", "false-positive", "contested", "inconclusive"]),
    default="contested",
    show_default=True,
    help="What this member found.",
)
@click.option(
    "--grounds",
    type=click.Choice(["local-finding", "benign-population", "appeal", "review", "licensed"]),
    help="What that rests on; needed where it finds fault.",
)
@_tlp
@_to
@_note
@click.option("--dry-run", is_flag=True, help="Print the bytes that would leave, and send nothing.")
@approve_option
@as_json_option
def contest(
    indicator: str,
    home: Path,
    outcome: str,
    approved_by: str,
    *,
    dry_run: bool,
    as_json: bool,
    **said: Any,  # noqa: ANN401 - the fields of a sighting
) -> None:
    """Say what this member found of the indicator ID: the word goes to its author and to others."""
    from stillwatch.share.objects import new_sighting  # noqa: PLC0415

    with opened_member(home) as member:
        item = _indicator(member, indicator, own=False)
        word = new_sighting(
            item,
            outcome,
            author=member.id,
            now=time.time(),
            number=secrets.token_bytes(16),
            **said,
        )
        _show(member.signed([word]))
        if dry_run:
            return
        _send(member, [word], _named(approved_by), as_json=as_json)


@click.command("recall")
@click.argument("indicators", metavar="ID...", nargs=-1, required=True)
@home_option
@click.option(
    "--reason",
    type=click.Choice(["false-positive", "appeal", "error", "superseded", "legal"]),
    required=True,
    help="Why.",
)
@click.option(
    "--hours",
    default=72.0,
    show_default=True,
    type=click.FloatRange(1, 720),
    help="By when members act and acknowledge.",
)
@click.option("--dry-run", is_flag=True, help="Print the bytes that would leave, and send nothing.")
@approve_option
@as_json_option
def recall(
    indicators: tuple[str, ...],
    home: Path,
    reason: str,
    hours: float,
    approved_by: str,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take indicators of this member back, everywhere."""
    from stillwatch.share.objects import recalled  # noqa: PLC0415

    with opened_member(home) as member:
        now = time.time()
        back = [
            recalled(
                _indicator(member, name, own=True),
                now=now,
                reason=reason,
                deadline=now + 3_600.0 * hours,
            )
            for name in dict.fromkeys(indicators)
        ]
        _show(member.signed(back))
        if dry_run:
            return
        _send(member, back, _named(approved_by), as_json=as_json)


@click.command("release")
@click.argument("indicator", metavar="ID")
@home_option
@approve_option
def release(indicator: str, home: Path, approved_by: str) -> None:
    """Let the indicator ID, which was held back, be matched again."""
    who = _named(approved_by)
    with opened_member(home) as member:
        if not member.store.release(indicator):
            raise InputFormatError(
                "it is not held back", where=ascii(indicator), todo="see stillwatch exchange status"
            )
        click.echo(f"{indicator} is matched again, by {who}", err=True)


def _named(approved_by: str) -> str:
    if not approved_by.strip():
        raise ConfigurationError(
            "nobody approved", todo="read the bytes above, then give --approve with your name"
        )
    return approved_by.strip()
