"""A hub at work: what its endpoints share, and the tasks beside them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from stillwatch.share.hub.access import Access
from stillwatch.share.hub.feed import Feed, read_records
from stillwatch.share.hub.jetstream import publish_records
from stillwatch.share.hub.keeping import keep_house
from stillwatch.share.hub.nonces import Nonces
from stillwatch.share.hub.operating import signer
from stillwatch.share.hub.quotas import Quotas, Tries
from stillwatch.share.hub.replicas import listen_nats, listen_postgres
from stillwatch.share.hub.roster import Collection, Member, Roster
from stillwatch.share.hub.shown import Trust
from stillwatch.share.hub.state import read_head, recent_nonces
from stillwatch.share.hub.times import SECOND
from stillwatch.share.hub.witnesses import keep_witnessed
from stillwatch.share.hub.writer import Committed, Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from stillwatch.ledger import SigningKey, VerifyKey
    from stillwatch.share.hub.settings import HubSettings
    from stillwatch.store import Database

__all__ = ["Hub"]

_CATCH_UP = 2000
_TRIES_OF_ALL = 5.0
"""Tries to join that are looked at in a second, wherever they come from."""


class Hub:
    """One hub process.

    Args:
        settings: what the operator set.
        database: prepared by ``hub init``.
        key: signs checkpoints; its name is the log's origin.
        clock: microseconds since 1970.
        chance: gives so many random bytes.
    """

    def __init__(
        self,
        settings: HubSettings,
        database: Database,
        key: SigningKey,
        clock: Callable[[], int],
        chance: Callable[[int], bytes],
    ) -> None:
        self.settings = settings
        self.database = database
        self.key = key
        self.clock = clock
        self.chance = chance
        self.nonces = Nonces()
        shared = database if database.shared else None
        self.access = Access(settings.origin, self.nonces, Quotas(), shared, basic=settings.basic)
        self.writer = Writer(database, signer(key), clock, chance, self._committed)
        self.feed = Feed(0)
        self.roster = Roster(-1, {}, {}, {}, {})
        self.cosigned = ""
        """The newest checkpoint that its witnesses cosigned."""
        self.ready = False
        """Takes requests."""
        self.streams: dict[int, int] = {}
        """Streams of each member."""
        self.news = asyncio.Event()
        """Set when somebody else may have written."""
        self.tries = Tries(settings.tries_a_second, _TRIES_OF_ALL)
        """Wrong tries to join."""
        self.trust = Trust()
        """Certificates that members show."""
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def origin(self) -> str:
        """Name of the log."""
        return self.key.name

    @property
    def verify_key(self) -> VerifyKey:
        """Key of the log."""
        return self.key.public

    def may_write(self, member: Member, place: Collection) -> bool:
        """Say whether a member posts into a collection."""
        return "publish" in member.roles and place.holds(member.number)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the writer and the tasks beside it; stop them in order."""
        head = await self.database.read(read_head)
        self._know(head.roster)
        self.feed = Feed(head.size)
        self.feed.note, self.cosigned = head.note, head.cosigned
        if not self.database.shared:
            seen = await self.database.read(recent_nonces, self.clock() // SECOND)
            self.nonces.restore(seen)
        writing = asyncio.create_task(self.writer.run())
        self._start(self._follow())
        self._start(keep_house(self))
        if self.settings.witnesses:
            self._start(keep_witnessed(self))
        if self.database.shared:
            self._start(listen_postgres(self))
        if self.settings.nats:
            self._start(listen_nats(self))
        if self.settings.nats_records:
            self._start(publish_records(self))
        self.ready = True
        try:
            yield
        finally:
            self.drain()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self.writer.stop()
            await writing

    def drain(self) -> None:
        """Take nothing new and end all streams; what was begun is finished."""
        self.ready = False
        self.feed.close()

    def _know(self, roster: Roster) -> None:
        """Take a roster up, unless it was read before one that is known."""
        if roster.version > self.roster.version:
            self.roster = roster
            self.trust.take(roster)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def _committed(self, done: Committed) -> None:
        """Tell listeners what this process wrote."""
        self._know(done.roster)
        if not done.records:
            return
        if done.records[0].leaf == self.feed.size:
            self.feed.note = done.note
            self.feed.put(list(done.records), done.records[-1].leaf + 1, done.roster)
        else:
            self.news.set()  # a replica was first: the follower reads both from the tables

    async def _follow(self) -> None:
        """Take up what other processes wrote: when told, and every now and then."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.settings.poll):
                    await self.news.wait()
            self.news.clear()
            with contextlib.suppress(Exception):  # the store is away: /readyz says so
                await self.catch_up()

    async def catch_up(self) -> None:
        """Read the roster and the records that others wrote."""
        head = await self.database.read(read_head, self.roster)
        self._know(head.roster)
        self.cosigned = head.cosigned
        while self.feed.size < head.size:
            start = self.feed.size
            found = await self.database.read(read_records, start - 1, _CATCH_UP)
            if self.feed.size != start:
                continue  # this process wrote meanwhile
            new = [record for record in found if record.leaf < head.size]
            reached = new[-1].leaf + 1 if len(found) == _CATCH_UP else head.size
            self.feed.note = head.note
            self.feed.put(new, reached, self.roster)
