"""The endpoints of the sketch key's epochs: sealed boxes go through, the hub opens none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from stillwatch.share.hub.calls import Answer, Call, answered, raw64, read_json, text64
from stillwatch.share.hub.refusals import HubError
from stillwatch.share.hub.taxii import stamp_or_400
from stillwatch.share.hub.times import written
from stillwatch.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.share.hub.hub import Hub
    from stillwatch.share.hub.journal import Journal
    from stillwatch.share.hub.roster import Roster

__all__ = ["Box", "BoxesBody", "EpochBody", "add_boxes", "draw", "epochs"]

BOX_BYTES = 80
_MOST_BOXES = 1000


class Box(msgspec.Struct, forbid_unknown_fields=True):
    """The epoch's key, sealed for one member."""

    member: str
    """Id of the member."""
    box: str
    """80 bytes in base64."""


class EpochBody(msgspec.Struct, forbid_unknown_fields=True):
    """An epoch that a member draws."""

    epoch: int
    """Its number: one more than the newest."""
    starts: str
    """RFC 3339."""
    ends: str
    """RFC 3339."""
    commitment: str
    """SHA-256 that binds the drawer to one key, base64."""
    boxes: list[Box]
    """For each reader."""


class BoxesBody(msgspec.Struct, forbid_unknown_fields=True):
    """Boxes for members that have none."""

    boxes: list[Box]
    """One a member."""


async def epochs(hub: Hub, call: Call) -> Answer:
    """List the epochs, with the member's own boxes."""
    rows, boxes = await hub.database.read(_read)
    shown = []
    for row in rows:
        held = {box.member: bytes(box.box) for box in boxes if box.epoch == row.epoch}
        mine = held.get(call.asker.number)
        shown.append(
            {
                "epoch": row.epoch,
                "drawer": hub.roster.members[row.drawer].id,
                "starts": written(row.starts),
                "ends": written(row.ends),
                "commitment": text64(bytes(row.commitment)),
                "box": None if mine is None else text64(mine),
                "missing": _missing(hub.roster, held),
                "due": any(hub.roster.members[number].state != "active" for number in held),
            }
        )
    following = max((row.epoch for row in rows), default=0) + 1
    return answered({"epochs": shown, "next": following}, given=len(shown))


async def draw(hub: Hub, call: Call) -> Answer:
    """Take an epoch; the first to post its number draws it."""
    body = read_json(call.body, EpochBody)
    starts, ends = stamp_or_400(body.starts), stamp_or_400(body.ends)
    if not starts < ends:  # H-0
        raise HubError(400, "H-0", "an epoch ends after it starts")
    row = {
        "epoch": body.epoch,
        "drawer": call.asker.number,
        "starts": starts,
        "ends": ends,
        "commitment": raw64(body.commitment, 32, "commitment"),
    }
    boxes = _boxes(hub.roster, body.boxes)
    if call.asker.number not in boxes:  # H-0
        raise HubError(400, "H-0", "the drawer's own box is missing")
    await hub.writer.change(lambda journal: _draw(journal, row, boxes))
    return answered({"epoch": body.epoch}, 201, epoch=body.epoch)


async def add_boxes(hub: Hub, call: Call) -> Answer:
    """Take boxes for members without one, from a member with one."""
    body = read_json(call.body, BoxesBody)
    text = call.places["epoch"]
    epoch = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    boxes = _boxes(hub.roster, body.boxes)
    asker = call.asker.number
    await hub.writer.change(lambda journal: _add(journal, epoch, asker, boxes))
    return answered({"epoch": epoch, "added": len(boxes)}, 201, epoch=epoch)


def _boxes(roster: Roster, given: list[Box]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for box in given:
        member = roster.by_id.get(box.member)
        if member is None or member.state == "left" or member.number in found:  # H-5
            raise HubError(400, "H-5", "a box is for nobody here, or there are two for one member")
        found[member.number] = raw64(box.box, BOX_BYTES, "box")
    if not 1 <= len(found) <= _MOST_BOXES:  # H-11
        raise HubError(400, "H-11", f"boxes are 1 to {_MOST_BOXES}")
    return found


def _missing(roster: Roster, held: dict[int, bytes]) -> list[str]:
    return [
        member.id
        for member in roster.members.values()
        if member.reads and member.state == "active" and member.number not in held
    ]


def _read(connection: Connection) -> tuple[list[Any], list[Any]]:
    rows = connection.execute(sa.select(tables.epochs).order_by(tables.epochs.c.epoch)).all()
    boxes = connection.execute(sa.select(tables.boxes)).all()
    return list(rows), list(boxes)


def _draw(journal: Journal, row: dict[str, Any], boxes: dict[int, bytes]) -> None:
    newest = journal.connection.execute(sa.select(sa.func.max(tables.epochs.c.epoch))).scalar()
    if row["epoch"] != (newest or 0) + 1:  # H-6
        raise HubError(
            409, "H-6", "somebody drew that epoch, or it is not the next", todo="read the epochs"
        )
    journal.connection.execute(sa.insert(tables.epochs).values(**row))
    _insert(journal, row["epoch"], boxes)


def _add(journal: Journal, epoch: int, asker: int, boxes: dict[int, bytes]) -> None:
    c = tables.boxes.c
    held = set(journal.connection.execute(sa.select(c.member).where(c.epoch == epoch)).scalars())
    if asker not in held:
        raise HubError(404, "H-0", "there is no such epoch that the member has a box of")
    if held & boxes.keys():  # H-6
        raise HubError(409, "H-6", "a member has its box already")
    _insert(journal, epoch, boxes)


def _insert(journal: Journal, epoch: int, boxes: dict[int, bytes]) -> None:
    rows = [{"epoch": epoch, "member": number, "box": box} for number, box in boxes.items()]
    journal.connection.execute(sa.insert(tables.boxes), rows)
