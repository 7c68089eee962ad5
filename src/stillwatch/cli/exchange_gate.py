"""``stillwatch exchange stand`` and the hand-over of ``watch``: from a scan to peers' gateways."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.exchange_acting import drafts_of_signatures, send_under
from stillwatch.cli.exchange_options import home_option, opened_member
from stillwatch.errors import (
    ConfigurationError,
    InputFormatError,
    OutputError,
    StillwatchError,
)

if TYPE_CHECKING:
    from stillwatch.share.exchange.member import Member
    from stillwatch.share.exchange.publishing import Draft
    from stillwatch.share.objects import Indicator

__all__ = ["hand_over", "stand"]

_AWAY = 2.0
"""Seconds after which a hub that was away is asked again."""
_LARGEST = 2 << 30


def hand_over(member: Member, path: Path, secret: bytes) -> int:
    """Write what a decision service looks up of peers' indicators; return how many there are.

    Args:
        member: whose store it is.
        path: file that ``indicators`` of serve.toml names; replaced whole.
        secret: the epoch's sketch key, which is the service's ``key_file``.

    Raises:
        OutputError: it cannot be written.
    """
    from stillwatch.disk import write_whole  # noqa: PLC0415 - help imports no kernel
    from stillwatch.find.features.files import key_fingerprint  # noqa: PLC0415
    from stillwatch.find.features.hashing import key_from_secret  # noqa: PLC0415
    from stillwatch.share.exchange.at_the_gate import MOST, at_the_gate  # noqa: PLC0415
    from stillwatch.stop.service.bodies import Indicators, indicators_body  # noqa: PLC0415
    from stillwatch.stop.serving import Pieces, Place  # noqa: PLC0415

    words, places = at_the_gate(member.weighted(), key_fingerprint(key_from_secret(secret)))
    found = Indicators(
        tuple(
            Pieces(
                one.indicator,
                one.actor,
                one.values,
                one.weights,
                one.licence,
                belief=one.belief,
                most=MOST,
            )
            for one in words
        ),
        tuple(
            Place(one.indicator, one.actor, one.entity, one.value, one.nats, one.licence)
            for one in places
        ),
    )
    try:
        write_whole(path, indicators_body(found), private=True)
    except OSError as error:
        raise OutputError(
            f"the indicators cannot be handed over: {error.strerror}",
            where=str(path),
            todo="name a file in a folder that you may write",
        ) from error
    return len(words) + len(places)


@click.command("stand")
@click.argument("scan", type=click.Path(path_type=Path, file_okay=False))
@home_option
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="Standing policy that two people signed.",
)
@click.option(
    "--epoch", type=click.IntRange(1), required=True, help="Epoch of the sketch key of the hashes."
)
@options.key_file("The epoch's sketch key, with which the scan observes.")
@click.option(
    "--licence",
    type=click.Choice(["observe", "limit", "challenge"]),
    default="observe",
    show_default=True,
    help="The most that members may do on it alone.",
)
@click.option(
    "--every",
    default=0.2,
    show_default=True,
    type=click.FloatRange(0.01),
    help="Seconds between looks at the folder.",
)
@click.option("--seconds", type=click.FloatRange(0), help="Stop after so long; without it, never.")
def stand(
    scan: Path,
    home: Path,
    policy: Path,
    epoch: int,
    key_file: Path | None,
    licence: str,
    every: float,
    seconds: float | None,
) -> None:
    """Publish each campaign that scans into the folder SCAN declare, once, under a policy.

    What only a person may decide is not published, and what was published once, be it recalled
    since, is not published again. The bytes that leave are printed.
    """
    if key_file is None:
        raise ConfigurationError("--key-file is missing", todo="name the epoch's sketch key")
    end = None if seconds is None else time.monotonic() + seconds
    seen: object = None
    with opened_member(home) as member:
        while True:
            stamp = _stamp(scan)
            if stamp is not None and stamp != seen:
                try:
                    drafts = drafts_of_signatures(
                        scan, epoch, key_file, without=_for_a_person(scan)
                    )
                    send_under(member, _fresh(member, drafts, licence), policy)
                except StillwatchError as error:
                    click.echo(f"not published: {error}", err=True)
                    if member.store.waiting():  # the hub is away
                        if end is not None and time.monotonic() >= end:
                            return
                        time.sleep(_AWAY)
                        continue
                seen = stamp
            if end is not None and time.monotonic() >= end:
                return
            time.sleep(every)


def _for_a_person(scan: Path) -> set[str]:
    """Return the campaigns of a scan that a person must decide."""
    from stillwatch.disk import read_small  # noqa: PLC0415

    try:
        document = json.loads(read_small(scan / "campaigns.json", "the scan", _LARGEST))
        return {one["campaign_id"] for one in document["campaigns"] if one.get("review_only")}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputFormatError(
            "this is not the document of a scan", where=str(scan), todo="scan again"
        ) from error


def _fresh(member: Member, drafts: list[Draft], licence: str) -> list[Indicator]:
    """Return the indicators of what was never published."""
    from stillwatch.share.exchange.publishing import Terms, drafted  # noqa: PLC0415
    from stillwatch.share.exchange.store import slot_of  # noqa: PLC0415
    from stillwatch.share.objects import campaign_ref  # noqa: PLC0415

    secret = member.home.secret()
    fresh = [
        draft
        for draft in drafts
        if member.store.own(campaign_ref(secret, draft.campaign), slot_of(draft.content)) is None
    ]
    terms = Terms(licence=licence)
    return drafted(
        fresh, store=member.store, member=member.id, secret=secret, terms=terms, now=time.time()
    )


def _stamp(scan: Path) -> object:
    try:
        found = (scan / "campaigns.json").stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
