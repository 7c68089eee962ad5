"""Asking the witnesses to cosign the log's checkpoints, one newer than the last at a time."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import httpx

from stillwatch.errors import StillwatchError
from stillwatch.ledger import VerifyKey, merkle
from stillwatch.ledger.checkpoints import parse_checkpoint
from stillwatch.share.hub.logbook import TableTiles
from stillwatch.share.hub.state import keep_cosigned
from stillwatch.share.hub.times import SECOND
from stillwatch.share.witness import ask_witness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from stillwatch.ledger import Note
    from stillwatch.ledger.notes import SignatureLine
    from stillwatch.share.hub.hub import Hub
    from stillwatch.share.hub.settings import Witness

__all__ = ["ask_all", "keep_witnessed"]

_log = logging.getLogger(__name__)
_BETWEEN = 1.0
_PATIENCE = 10.0


async def keep_witnessed(hub: Hub) -> None:
    """Have checkpoints cosigned, one a second at most, until cancelled."""
    seen: dict[str, int] = {}
    done = ""
    async with httpx.AsyncClient(timeout=_PATIENCE) as client:
        while True:
            note = hub.feed.note
            if note != done and await ask_all(hub, client, note, seen):
                done = note
            await asyncio.sleep(_BETWEEN)
            if hub.feed.note == done:
                await hub.feed.wait(hub.settings.heartbeat)


async def ask_all(hub: Hub, client: httpx.AsyncClient, text: str, seen: dict[str, int]) -> bool:
    """Collect cosignatures of one checkpoint; say whether all witnesses gave theirs.

    Args:
        hub: whose log.
        client: carries the requests.
        text: the checkpoint's note.
        seen: leaves of the checkpoint that each witness cosigned last; brought up to date.
    """
    checkpoint, note = parse_checkpoint(text.encode())
    wanted = hub.settings.witnesses
    found = await asyncio.gather(
        *(_ask(hub, client, witness, note, checkpoint.size, seen) for witness in wanted)
    )
    lines = [line for line in found if line is not None]
    if lines:
        cosigned = note.added(lines).encode().decode()
        kept = await hub.writer.change(
            lambda journal: keep_cosigned(journal, checkpoint.size, cosigned)
        )
        hub.cosigned = cosigned if kept else hub.cosigned
    return len(lines) == len(wanted)


async def _ask(
    hub: Hub,
    client: httpx.AsyncClient,
    witness: Witness,
    note: Note,
    size: int,
    seen: dict[str, int],
) -> SignatureLine | None:
    async def prove(old: int, new: int) -> Sequence[bytes]:
        return await hub.database.read(_consistency, old, new)

    key = VerifyKey.decode(witness.verify_key)
    try:
        line = await ask_witness(
            client, witness.url, key, note, size, prove,
            old=seen.get(witness.url, 0), now=hub.clock() // SECOND,
        )  # fmt: skip
    except StillwatchError as error:
        _log.warning("no cosignature from %s: %s", key.name, error.what)
        return None
    seen[witness.url] = size
    return line


def _consistency(connection: Connection, old: int, new: int) -> list[bytes]:
    return merkle.consistency_proof(old, new, TableTiles(connection))
