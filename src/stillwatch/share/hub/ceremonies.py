"""Records of the key operators' ceremonies, in the log: one for each epoch and generation.

No member posts them: the two operators' signatures on the record say whose it is. The log then
shows every member the same keys, and a second record for one epoch is refused.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from stillwatch.errors import RefusedError
from stillwatch.share.hub.calls import Answer, Call, answered
from stillwatch.share.hub.refusals import HubError
from stillwatch.share.hub.times import SECOND, written
from stillwatch.share.oprf.epochs import EpochRecord, opened
from stillwatch.store import tables

if TYPE_CHECKING:
    from stillwatch.share.hub.hub import Hub
    from stillwatch.share.hub.journal import Journal
    from stillwatch.share.oprf.epochs import Certificate

__all__ = ["CEREMONY", "append_ceremony"]

CEREMONY = "x-oprf-epoch"
"""Type of the log's entries that hold a ceremony's record."""


async def append_ceremony(hub: Hub, call: Call) -> Answer:
    """Take the record of a ceremony into the log; both operators have signed it."""
    if len(hub.settings.oprf_operators) != 2:
        raise HubError(404, "H-0", "the hub was told of no key operators")
    try:
        certificate = opened(call.body, hub.settings.oprf_operators)
    except RefusedError as error:
        wait = hub.tries.wait(call.address, call.now / SECOND)
        after = (("Retry-After", str(int(wait) + 1)),)
        if wait > 0:  # H-8
            raise HubError(429, "H-8", "too many wrong records", headers=after) from error
        raise HubError(422, error.rule, error.what.removeprefix(f"{error.rule}: ")) from error
    index, new = await hub.writer.change(lambda journal: _append(journal, certificate))
    record = certificate.record
    told = {"epoch": record.epoch, "generation": record.generation, "index": index}
    return answered(told, 201, oprf_epoch=record.epoch, new=new)


def _append(journal: Journal, certificate: Certificate) -> tuple[int, bool]:
    """Return the entry's index, and whether it is new.

    Raises:
        HubError: H-16 the log has another record for it, or another key for the epoch.
    """
    record = certificate.record
    c = tables.objects.c
    held = sa.select(c.leaf, c.id, c.body).where(
        c.id.in_([_name(record.epoch, g) for g in range(record.generation + 1)])
    )
    for row in journal.connection.execute(held):
        known = _record_of(bytes(row.body))
        if row.id == _name(record.epoch, record.generation):
            if known != record:  # H-16
                raise HubError(409, "H-16", "the log has another record of this ceremony")
            return int(row.leaf), False
        if {k: v.sum for k, v in known.keys.items()} != {k: v.sum for k, v in record.keys.items()}:
            raise HubError(409, "H-16", "the log has other keys of this epoch")  # H-16
    content = {
        "type": CEREMONY,
        "time": written(journal.now),
        "envelope": msgspec.json.decode(certificate.envelope),
    }
    name = _name(record.epoch, record.generation)
    return journal.entry(CEREMONY, name, content).leaf, True


def _name(epoch: int, generation: int) -> str:
    return f"oprf--{epoch}.{generation}"


def _record_of(body: bytes) -> EpochRecord:
    """Return the record in an entry of the log, whose signatures were checked when it came."""
    payload = msgspec.json.decode(body)["envelope"]["payload"]
    return msgspec.json.decode(base64.b64decode(payload), type=EpochRecord)
