"""Decoy accounts: their credential was planted where only a thief looks, so its use is a finding.

What is kept is the account and where its credential lies, never the credential.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.store import measure_tables as tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.stop.responses.registry import Acting

__all__ = ["plant", "planted"]


def plant(acting: Acting, account: str, name: str) -> None:
    """Register a decoy account under a name that says where its credential lies.

    It may be done again, under another name.
    """
    acting.note("plant", account, {"name": name})
    table = tables.decoys
    acting.connection.execute(sa.delete(table).where(table.c.account == account))
    row = {"account": account, "name": name, "planted": acting.now}
    acting.connection.execute(sa.insert(table).values(**row))


def planted(connection: Connection) -> dict[str, str]:
    """Return where the credential of each decoy account lies."""
    return {row.account: row.name for row in connection.execute(sa.select(tables.decoys))}
