"""``stillwatch exchange epoch``: the sketch key that members share, and the hub never sees."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli.exchange_options import as_json_option, home_option, opened_member, printed
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from stillwatch.share.exchange.client import HubClient

__all__ = ["epoch"]

_DAY = 86_400.0


@click.group("epoch")
def epoch() -> None:
    """Draw, hand on and read the sketch key of an epoch."""


@epoch.command("list")
@home_option
@as_json_option
def list_(home: Path, *, as_json: bool) -> None:
    """List the epochs, and whether this member can open each."""
    with opened_member(home) as member:
        said = member.client.get("/exchange/v1/epochs")
        if as_json:
            printed(said, as_json=True)
            return
        for one in said["epochs"]:
            words = "key held" if one["box"] else "no key yet"
            due = ", to be drawn anew: a member left" if one["due"] else ""
            click.echo(f"{one['epoch']:6}  {one['starts']} to {one['ends']}  {words}{due}")


@epoch.command("draw")
@home_option
@click.option(
    "--days", default=90.0, show_default=True, type=click.FloatRange(1, 366), help="How long."
)
def draw(home: Path, days: float) -> None:
    """Draw the next epoch's key and seal it for every member; print its number."""
    from stillwatch.share.exchange.epochs import boxes_for, commitment_to  # noqa: PLC0415
    from stillwatch.share.objects import stamp  # noqa: PLC0415

    with opened_member(home) as member:
        number = int(member.client.get("/exchange/v1/epochs")["next"])
        key, now = secrets.token_bytes(32), time.time()
        document = {
            "epoch": number,
            "starts": stamp(now),
            "ends": stamp(now + days * _DAY),
            "commitment": commitment_to(key),
            "boxes": boxes_for(key, number, _sealing_keys(member.client), os.urandom(32)),
        }
        member.client.post("/exchange/v1/epochs", document)
        click.echo(number)


@epoch.command("hand-on")
@click.argument("number", type=click.IntRange(1))
@home_option
def hand_on(number: int, home: Path) -> None:
    """Seal the key of epoch NUMBER for members that joined since."""
    from stillwatch.share.exchange.epochs import boxes_for  # noqa: PLC0415

    with opened_member(home) as member:
        one = _epoch(member.client.get("/exchange/v1/epochs"), number)
        key = _opened(home, one)
        missing = set(one["missing"])
        found = {
            who: theirs for who, theirs in _sealing_keys(member.client).items() if who in missing
        }
        if found:
            boxes = boxes_for(key, number, found, os.urandom(32))
            member.client.post(f"/exchange/v1/epochs/{number}/boxes", {"boxes": boxes})
        click.echo(f"handed on to {len(found)} members", err=True)


@epoch.command("key")
@click.argument("number", type=click.IntRange(1))
@home_option
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write, for `observe --key-file`.",
)
def key(number: int, home: Path, to: Path) -> None:
    """Write the key of epoch NUMBER into a file that its owner alone can read."""
    from stillwatch.share.exchange.membership import write_private  # noqa: PLC0415

    with opened_member(home) as member:
        found = _opened(home, _epoch(member.client.get("/exchange/v1/epochs"), number))
    write_private(to, found.hex().encode() + b"\n")
    click.echo(to)


def _sealing_keys(client: HubClient) -> dict[str, str]:
    """Return the sealing keys of members that may read."""
    return {
        one["member"]: one["sealing_key"]
        for one in client.get("/exchange/v1/members")["members"]
        if one["state"] == "active"
        and one.get("sealing_key")
        and {"publish", "read"} & set(one["roles"])
    }


def _epoch(said: dict[str, Any], number: int) -> dict[str, Any]:
    epochs: list[dict[str, Any]] = said["epochs"]
    for one in epochs:
        if one["epoch"] == number:
            return one
    raise ConfigurationError(
        "there is no such epoch", where=str(number), todo="stillwatch exchange epoch list"
    )


def _opened(home: Path, one: dict[str, Any]) -> bytes:
    from stillwatch.share.exchange.epochs import open_box  # noqa: PLC0415
    from stillwatch.share.exchange.membership import Home  # noqa: PLC0415

    if not one["box"]:
        raise ConfigurationError(
            "no member has sealed the key of this epoch for us yet",
            where=str(one["epoch"]),
            todo="ask any member to run `stillwatch exchange epoch hand-on`",
        )
    held = Home(home)
    return open_box(
        str(one["box"]),
        int(str(one["epoch"])),
        held.membership().member,
        held.sealing(),
        str(one["commitment"]),
    )
