"""Nonces that were seen, for as long as a signature is good: none is taken twice."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.errors import StillwatchError
from stillwatch.share.hub.refusals import HubError
from stillwatch.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.ledger.requests import Signed
    from stillwatch.store import Database

__all__ = ["KEEP_NONCE", "WINDOW", "Nonces", "SharedNonces", "digest"]

WINDOW = 300
"""Seconds that a signer's clock and the way may take, before and after."""
_STRANGERS = "strangers"
_MOST_OF_ONE = 400_000
"""Nonces kept of one key: over 600 seconds, 660 requests a second."""


def digest(signed: Signed) -> bytes:
    """Return what stands for a nonce of a key, 16 bytes."""
    return hashlib.sha256(f"{signed.keyid}\n{signed.nonce}".encode()).digest()[:16]


class Nonces:
    """Memory of nonces, bounded for each key.

    A restart forgets it, so a hub refuses what was signed before it began (H-2), unless the nonce's
    table of the database says what was seen (`restore`).
    """

    def __init__(self) -> None:
        self._seen: dict[str, OrderedDict[bytes, int]] = {}

    def restore(self, rows: list[tuple[bytes, int]]) -> None:
        """Take in what an earlier run had seen."""
        self._seen[""] = OrderedDict(sorted(rows, key=lambda row: row[1]))

    def take(self, signed: Signed, now: int, *, known: bool = True) -> tuple[bytes, int]:
        """Remember a nonce; return its digest and until when it counts, seconds since 1970.

        Args:
            signed: who signed, and the nonce.
            now: seconds since 1970.
            known: the key is somebody's; nonces of all others are kept, and bounded, together.

        Raises:
            HubError: H-2 it was seen before, or the key sends more than is remembered.
        """
        own = self._seen.setdefault(signed.keyid if known else _STRANGERS, OrderedDict())
        mark = digest(signed)
        while own and next(iter(own.values())) < now:
            own.popitem(last=False)
        others = (self._seen.get(name, ()) for name in ("", _STRANGERS))
        if mark in own or any(mark in seen for seen in others):  # H-2
            raise HubError(401, "H-2", "the nonce was seen before", todo="draw a new one")
        if len(own) >= _MOST_OF_ONE:  # H-2
            raise HubError(
                429, "H-2", "too many requests to remember", headers=(("Retry-After", "60"),)
            )
        until = now + 2 * WINDOW + 1
        own[mark] = until
        return mark, until


class SharedNonces:
    """Nonces of all replicas, in their database: those that wait are taken together.

    Args:
        database: the one that replicas share.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[bytes, int, asyncio.Future[bool]]] = []
        self._taking: asyncio.Task[None] | None = None

    async def take(self, mark: bytes, until: int, now: int) -> bool:
        """Remember a nonce for all replicas; False where it was seen before.

        Raises:
            OutputError: the database is away.
        """
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((mark, until, answer))
        if self._taking is None or self._taking.done():
            self._taking = asyncio.create_task(self._take(now))
        return await answer

    async def _take(self, now: int) -> None:
        while self._waiting:
            some = [one for one in self._waiting if not one[2].done()]
            self._waiting = []
            marks, untils = [mark for mark, _, _ in some], [until for _, until, _ in some]
            try:
                fresh = await self._database.write_apart(_take, marks, untils, now)
            except StillwatchError as error:
                for _, _, answer in some:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for mark, _, answer in some:
                if not answer.done():
                    answer.set_result(mark in fresh)


def _take(connection: Connection, marks: list[bytes], untils: list[int], now: int) -> set[bytes]:
    """Return which of the nonces were not seen before."""
    done = connection.execute(_KEEP_SHARED, {"digests": marks, "untils": untils})
    fresh = {bytes(row.digest) for row in done}
    if any(mark[0] == 0 for mark in marks):
        connection.execute(sa.delete(tables.nonces).where(tables.nonces.c.until < now))
    return fresh


KEEP_NONCE = sa.text(
    "INSERT INTO hub_nonces (digest, until) VALUES (:digest, :until)"
    " ON CONFLICT (digest) DO NOTHING"
)
_KEEP_SHARED = sa.text(
    "WITH lazy AS (SELECT set_config('synchronous_commit', 'off', true)),"
    " given AS (SELECT unnest(CAST(:digests AS bytea[])) AS digest,"
    " unnest(CAST(:untils AS bigint[])) AS until)"
    " INSERT INTO hub_nonces (digest, until) SELECT digest, until FROM given, lazy"
    " ON CONFLICT (digest) DO NOTHING RETURNING digest"
)
"""Does not wait for the disk; the write that it came with does, which PostgreSQL logs after it."""
