"""Sets of equivalent variants in tables, committed to in the action log before they are used."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from stillwatch.errors import RefusedError
from stillwatch.ledger import commit
from stillwatch.stop.responses.canaries import CanarySet
from stillwatch.store import measure_tables as tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from stillwatch.stop.responses.registry import Acting

__all__ = ["canary_sets", "exported", "register"]


def register(acting: Acting, chosen: CanarySet, salt: bytes) -> int:
    """Keep a set, and commit to it in the action log; return the line's number.

    It may be used from then on.

    Args:
        acting: who registers it.
        chosen: the set.
        salt: 32 random bytes, of the commitment.
    """
    content = chosen.content()
    commitment = commit(salt, content).hex()
    number = acting.note("canaries", chosen.set_id, {"commitment": commitment})
    row = {
        "set_id": chosen.set_id,
        "campaign": chosen.campaign,
        "content": content,
        "key": chosen.key,
        "salt": salt,
        "action": number,
    }
    acting.connection.execute(sa.insert(tables.canaries).values(**row))
    return number


def canary_sets(connection: Connection) -> dict[str, CanarySet]:
    """Return the newest set of each campaign."""
    found: dict[str, CanarySet] = {}
    for row in connection.execute(sa.select(tables.canaries).order_by(tables.canaries.c.action)):
        slots = msgspec.json.decode(row.content)["slots"]
        held = {name: tuple(variants) for name, variants in slots.items()}
        found[row.campaign] = CanarySet(row.set_id, row.campaign, held, bytes(row.key))
    return found


def exported(connection: Connection) -> Iterator[dict[str, Any]]:
    """Yield what opens each commitment, and what lineage looks for; it holds the keys.

    Raises:
        RefusedError: L-3 a row was changed: it does not open its commitment any more.
    """
    for row in connection.execute(sa.select(tables.canaries).order_by(tables.canaries.c.action)):
        content = msgspec.json.decode(row.content)
        if hashlib.sha256(bytes(row.key)).hexdigest() != content["key_sha256"]:
            raise RefusedError("L-3", "a set's key is not the one committed to", where=row.set_id)
        yield {
            "set_id": row.set_id,
            "campaign": row.campaign,
            "slots": content["slots"],
            "content": bytes(row.content).decode(),
            "key": bytes(row.key).hex(),
            "salt": bytes(row.salt).hex(),
            "commitment": commit(bytes(row.salt), bytes(row.content)).hex(),
            "action": row.action,
        }
