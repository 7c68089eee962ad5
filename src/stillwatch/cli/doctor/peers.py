"""D-18 and D-19: the hub as a member sees it, and clocks."""

from __future__ import annotations

import email.utils
import time
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.cli.doctor.interface import Finding, fail, ok, warn
from stillwatch.errors import StillwatchError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.cli.doctor.installation import Installation

__all__ = ["clock", "hub"]

_PATIENCE = 5.0
_OFF, _FAR_OFF = 5.0, 60.0
"""Seconds from which a clock is told, and from which signed requests begin to be refused."""
_LOG = "/exchange/v1/log/"


def hub(found: Installation) -> Iterator[Finding]:
    """D-18: the hub answers, its log continues what was seen, and a pull was made lately."""
    for place in found.named("home"):
        if (
            place.command.startswith("exchange")
            and (Path(place.value) / "membership.json").exists()
        ):
            try:
                yield from _seen(Path(place.value), found)
            except StillwatchError as error:
                yield fail(error.what, error.todo, error.where or place.value)


def _seen(home: Path, found: Installation) -> Iterator[Finding]:
    from stillwatch.share.exchange.logview import RemoteTiles, advanced  # noqa: PLC0415
    from stillwatch.share.exchange.member import Member  # noqa: PLC0415 - an extra
    from stillwatch.share.exchange.pulling import anchor_of  # noqa: PLC0415

    with Member(home, clock=time.time, patience=_PATIENCE) as member:
        note = member.client.get_bytes(f"{_LOG}checkpoint")
        tiles = RemoteTiles(lambda path: member.client.get_bytes(_LOG + path))
        anchor, before = anchor_of(member.membership), member.store.view()
        view = advanced(before, note, anchor, tiles, now=found.now)
        where = member.membership.hub
        yield ok(
            f"{anchor.origin}: {view.checkpoint.size:,} leaves, and continues what was seen", where
        )
        pulled = float(member.store.meta("pulled", "0") or 0)
        todo = "run stillwatch exchange pull, or watch, and see that it goes on running"
        if not pulled:
            yield warn("nothing was ever pulled", todo, where)
        elif found.now - pulled > found.recent:
            yield warn(
                f"the last pull was {(found.now - pulled) / 3600:,.0f} hours ago", todo, where
            )
        if not anchor.threshold:
            yield warn(
                "no witness has to have cosigned the log",
                "name witnesses on joining, see docs/how-to/join-an-exchange.md",
                where,
            )


def clock(found: Installation) -> Iterator[Finding]:
    """D-19: this machine's clock is that of the servers it talks to."""
    addresses = list(found.clocks)
    for place in found.named("home"):
        path = Path(place.value) / "membership.json"
        if place.command.startswith("exchange") and path.exists():
            from stillwatch.share.exchange.membership import Home  # noqa: PLC0415 - an extra

            try:
                addresses.append(Home(Path(place.value)).membership().hub)
            except StillwatchError:
                continue  # D-18 says so
    for address in dict.fromkeys(addresses):
        yield _compared(address)


def _compared(address: str) -> Finding:
    import httpx  # noqa: PLC0415 - an extra

    try:
        # the certificate is not what is asked about: a Date is taken from whoever answers there
        answer = httpx.head(address, timeout=_PATIENCE, verify=False)  # noqa: S501
        there = email.utils.parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError, TypeError) as error:
        return warn(
            f"its clock cannot be compared: {type(error).__name__}",
            "check the address, or name another with --clock",
            address,
        )
    ahead = time.time() - there
    said = f"this machine's clock is {abs(ahead):,.0f} s {'ahead' if ahead > 0 else 'behind'}"
    if abs(ahead) > _FAR_OFF:
        return fail(f"{said}: signed requests are refused", "set it by a time server", address)
    if abs(ahead) > _OFF:
        return warn(said, "set it by a time server", address)
    return ok("the clocks agree within 5 s", address)
