"""Whether a hub's tables hold the log that its checkpoint says: every leaf is hashed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.errors import RefusedError
from stillwatch.ledger import Checkpoint, VerifyKey, merkle
from stillwatch.ledger.checkpoints import open_checkpoint
from stillwatch.share.hub.audits import audit_lines, verify_audit
from stillwatch.share.hub.logbook import TableTiles
from stillwatch.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["verify_tables"]

_COMMITMENT = 32


def verify_tables(connection: Connection) -> tuple[Checkpoint, int]:
    """Return a hub's newest checkpoint and the lines of its audit log, both verified.

    Args:
        connection: of a database with a hub's tables.

    Raises:
        RefusedError: L-n the checkpoint is not signed by the log's key, or the leaves or the tiles
            are not those that it commits to; H-13 the audit log's chain is broken.
    """
    key = sa.select(tables.settings.c.value).where(tables.settings.c.name == "log_key")
    own = VerifyKey.decode(connection.execute(key).scalar() or "")
    note = connection.execute(sa.select(tables.head.c.note)).scalar() or ""
    checkpoint, _ = open_checkpoint(note.encode(), own.name, [own])
    c, tree = tables.entries.c, merkle.Tree()
    query = sa.select(c.content).order_by(c.tile)
    for row in connection.execute(query, execution_options={"yield_per": 100}):
        held = bytes(row.content)
        room = max(0, checkpoint.size - tree.size) * _COMMITMENT
        held = held[:room]
        tree.append(
            merkle.leaf_hash(held[at : at + _COMMITMENT]) for at in range(0, len(held), _COMMITMENT)
        )
    resumed = merkle.Tree.resume(TableTiles(connection), checkpoint.size)
    for made in (tree, resumed):
        if (made.size, made.root()) != (checkpoint.size, checkpoint.root):
            raise RefusedError(
                "L-8",
                f"the log's tables do not hold the {checkpoint.size:,} leaves of its checkpoint",
                todo="restore a back-up that does; never serve members from these tables",
            )
    return checkpoint, verify_audit(audit_lines(connection))
