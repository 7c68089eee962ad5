"""Objects put into a hub's tables without posting: rows, log and checkpoint, as posts leave them.

The index by id is taken away and made again, since random ids one by one would take hours.
"""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.ledger import SigningKey
from stillwatch.share.hub.logbook import Edge
from stillwatch.share.hub.operating import signer
from stillwatch.store import Database, tables

if TYPE_CHECKING:
    import sqlite3

_AT_ONCE = 25_600
"""Rows of a step, whole tiles of the log."""


def fill(state: str, stored: int) -> None:
    """Put objects into the database of a hub that is not running, until there are so many."""
    database = Database(f"sqlite:///{state}/hub.sqlite")
    key = SigningKey.read(Path(state, "hub.key"))
    begun = time.perf_counter()
    with database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute("PRAGMA synchronous=OFF")
        raw.execute("PRAGMA secure_delete=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        head = connection.execute(sa.select(tables.head)).mappings().one()
        have = connection.execute(sa.select(sa.func.count()).select_from(tables.objects)).scalar()
        c = tables.objects.c
        shown = connection.execute(sa.select(tables.objects).where(c.collection == 1).limit(100))
        known = [dict(row) for row in shown.mappings()]
        edge = Edge.resume(connection, head["size"])
        raw.execute("DROP INDEX hub_objects_id")
        leaf, added = head["size"], head["added"]
        for part in range(0, stored - have, _AT_ONCE):
            many = min(_AT_ONCE, stored - have - part)
            salts = os.urandom(32 * many)
            rows = [known[n % len(known)] for n in range(many)]
            leaves = [
                (salts[32 * n : 32 * n + 32], bytes(row["body"])) for n, row in enumerate(rows)
            ]
            _insert(raw, rows, leaves, leaf, added)
            edge.append(connection, leaves)
            leaf, added = leaf + many, added + many
            if part % (40 * _AT_ONCE) == 0:  # or the write-ahead log is as long as the database
                connection.commit()
                connection.exec_driver_sql("BEGIN IMMEDIATE")
        raw.execute("CREATE INDEX hub_objects_id ON hub_objects (id, leaf)")
        note = signer(key)(edge.size, edge.root())
        connection.execute(sa.update(tables.head).values(size=leaf, added=added, note=note))
        connection.commit()
        raw.execute("ANALYZE hub_objects")
    database.close()
    print(f"filled to {stored:,} in {time.perf_counter() - begun:,.0f} s", flush=True)


def _insert(
    raw: sqlite3.Connection,
    rows: list[dict],
    leaves: list[tuple[bytes, bytes]],
    leaf: int,
    added: int,
) -> None:
    names = list(tables.objects.c.keys())
    places = ", ".join("?" * len(names))
    raw.executemany(
        f"INSERT INTO hub_objects ({', '.join(names)}) VALUES ({places})",  # noqa: S608 - our names
        [
            tuple(
                {
                    **row,
                    "leaf": leaf + n,
                    "added": added + 1 + n,
                    "id": f"indicator--{uuid.UUID(bytes=os.urandom(16), version=4)}",
                    "salt": salt,
                }.values()
            )
            for n, (row, (salt, _)) in enumerate(zip(rows, leaves, strict=True))
        ],
    )
