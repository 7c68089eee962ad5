"""Making a hub: its tables, its first row, its collections."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.errors import ConfigurationError
from stillwatch.ledger import Checkpoint, SigningKey
from stillwatch.ledger.checkpoints import sign_checkpoint
from stillwatch.ledger.merkle import EMPTY_ROOT
from stillwatch.share.hub.audits import AUDIT_START
from stillwatch.store import migrations, tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from stillwatch.share.hub.journal import Journal

__all__ = ["add_collection", "check_prepared", "prepare"]


def prepare(connection: Connection, key: SigningKey, chance: bytes) -> None:
    """Make or migrate the tables; give a new hub its head and the collection ``indicators``.

    Args:
        connection: in a transaction.
        key: of the log, which the empty checkpoint is signed with.
        chance: 16 random bytes for the collection's id.
    """
    migrations.upgrade(connection)
    if connection.execute(sa.select(tables.head.c.one)).first() is not None:
        return
    note = sign_checkpoint(Checkpoint(key.name, 0, EMPTY_ROOT), [key]).encode().decode()
    first = {
        "one": 1,
        "size": 0,
        "added": 0,
        "roster": 0,
        "audited": 0,
        "audit_hash": AUDIT_START,
        "note": note,
        "cosigned_size": 0,
        "cosigned": "",
    }
    connection.execute(sa.insert(tables.head).values(**first))
    vkey = {"name": "log_key", "value": key.public.encode()}
    connection.execute(sa.insert(tables.settings).values(**vkey))
    _insert_collection(
        connection, 1, str(uuid.UUID(bytes=chance, version=4)), "indicators",
        "Indicators and sightings", "Campaigns that members declared, and what others saw of them.",
        None,
    )  # fmt: skip


def check_prepared(connection: Connection, key: SigningKey) -> None:
    """Refuse to run on tables of another layout, or with another log's key.

    Raises:
        ConfigurationError: either.
    """
    found, wanted = migrations.stands_at(connection), migrations.newest()
    if found != wanted:
        raise ConfigurationError(
            f"the database is at step {found or 'none'} and this version needs {wanted}",
            todo="run stillwatch hub init, which makes and migrates the tables",
        )
    query = sa.select(tables.settings.c.value).where(tables.settings.c.name == "log_key")
    held = connection.execute(query).scalar()
    if held != key.public.encode():
        raise ConfigurationError(
            "the key file is not that of this hub's log",
            todo="name the key file that hub init made for this database",
        )


def add_collection(
    journal: Journal, alias: str, title: str, chance: bytes, members: Sequence[int] | None
) -> str:
    """Add a collection, for all members or some; return its id.

    Raises:
        ConfigurationError: the alias is taken.
    """
    if any(place.alias == alias for place in journal.roster.collections.values()):
        raise ConfigurationError("there is such a collection already", where=alias)
    number = max(journal.roster.collections, default=0) + 1
    made = str(uuid.UUID(bytes=chance, version=4))
    _insert_collection(journal.connection, number, made, alias, title, "", members)
    journal.refresh()
    return made


def _insert_collection(
    connection: Connection,
    number: int,
    made: str,
    alias: str,
    title: str,
    description: str,
    members: Sequence[int] | None,
) -> None:
    row = {
        "number": number,
        "id": made,
        "alias": alias,
        "title": title,
        "description": description,
        "everybody": members is None,
        "members": json.dumps(sorted(set(members or ()))),
    }
    connection.execute(sa.insert(tables.collections).values(**row))
