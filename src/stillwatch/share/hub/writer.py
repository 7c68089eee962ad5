"""The one writer: whatever waits is written in one transaction, and answered once durable."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from stillwatch.errors import StillwatchError
from stillwatch.share.hub.journal import Journal
from stillwatch.share.hub.nonces import KEEP_NONCE
from stillwatch.share.hub.posts import Post, Posted, write_posts
from stillwatch.share.hub.refusals import HubError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from stillwatch.share.hub.journal import Record
    from stillwatch.share.hub.logbook import Edge
    from stillwatch.share.hub.roster import Roster
    from stillwatch.store import Database

__all__ = ["Change", "Committed", "Writer"]

Change: TypeAlias = Callable[[Journal], Any]
"""Work inside the transaction; raises `HubError` before it writes anything, or not at all."""

_MOST = 1000
"""Envelopes and changes in one transaction."""
_IDLE = 0.1
"""Seconds that a line of the audit log waits for company."""
_AGAIN = 1.0
"""Seconds until lines that could not be written are tried again."""
_MOST_LINES = 100_000
"""Lines that wait for a store that is away; later ones are lost."""
_TRIES = 3
"""Pieces of work that fail one by one before the store is at fault."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Committed:
    """What one transaction did."""

    records: tuple[Record, ...]
    """New leaves."""

    roster: Roster
    """Everybody, as of this transaction."""

    note: str
    """The newest checkpoint."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Post | Change
    answer: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Line:
    content: dict[str, Any] | None
    nonce: tuple[bytes, int] | None


class Writer:
    """Gathers work and writes it.

    Args:
        database: where to.
        sign: makes the note of a size and root.
        clock: microseconds since 1970.
        salts: gives so many random bytes.
        told: is called with what each transaction did, before its askers are answered.
    """

    def __init__(
        self,
        database: Database,
        sign: Callable[[int, bytes], str],
        clock: Callable[[], int],
        salts: Callable[[int], bytes],
        told: Callable[[Committed], None],
    ) -> None:
        self._database = database
        self._sign = sign
        self._clock = clock
        self._salts = salts
        self._told = told
        self._jobs: list[_Job] = []
        self._lines: list[_Line] = []
        self._due = False
        self._wake = asyncio.Event()
        self._edge: Edge | None = None
        self._roster: Roster | None = None
        self._stopping = False

    async def post(self, post: Post) -> Posted:
        """Write an envelope and say what became of it; it is durable then.

        Raises:
            HubError: the store is away, or the hub is stopping.
        """
        done: Posted = await self._put(post)
        return done

    async def change(self, work: Change) -> Any:  # noqa: ANN401 - the work's own
        """Do work in a transaction and return what it returns; it is durable then.

        Raises:
            HubError: the work refused, the store is away, or the hub is stopping.
        """
        return await self._put(work)

    def note(self, line: dict[str, Any], nonce: tuple[bytes, int] | None = None) -> None:
        """Put a line into the audit log with the next transaction, a tenth of a second at most.

        Args:
            line: what was asked and answered.
            nonce: digest and last second of the request's, for the memory of the next run.
        """
        self._put_line(_Line(line, nonce))

    def remember(self, nonce: tuple[bytes, int]) -> None:
        """Keep a nonce for the memory of the next run, without a line."""
        self._put_line(_Line(None, nonce))

    def _put_line(self, line: _Line) -> None:
        self._lines.append(line)
        if len(self._lines) == 1:
            asyncio.get_running_loop().call_later(_IDLE, self._flush)

    def stop(self) -> None:
        """Let `run` end once all that waits is written."""
        self._stopping = True
        self._flush()

    async def run(self) -> None:
        """Write until `stop`."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._jobs or (self._due and self._lines):
                self._due = False
                jobs, self._jobs = self._jobs[:_MOST], self._jobs[_MOST:]
                lines, self._lines = self._lines, []
                await self._write(jobs, lines)
            if self._stopping:
                return

    def _flush(self) -> None:
        self._due = True
        self._wake.set()

    async def _put(self, work: Post | Change) -> Any:  # noqa: ANN401 - the work's own
        if self._stopping:
            raise HubError(503, "H-12", "the hub is stopping", headers=(("Retry-After", "5"),))
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._jobs.append(_Job(work, answer))
        self._wake.set()
        return await answer

    async def _write(self, jobs: list[_Job], lines: list[_Line]) -> None:
        work = [job.work for job in jobs]
        try:
            done, committed = await self._database.write(self._transact, work, lines)
        except Exception as error:  # noqa: BLE001 - whatever it is, its askers hear of it
            self._edge = None
            await self._apart(jobs, lines, error)
            return
        self._told(committed)
        for job, result in zip(jobs, done, strict=True):
            if job.answer.done():
                continue
            if isinstance(result, HubError):
                job.answer.set_exception(result)
            else:
                job.answer.set_result(result)

    async def _apart(self, jobs: list[_Job], lines: list[_Line], error: Exception) -> None:
        """Write what failed together one by one: one of it is at fault, the others are not."""
        if not jobs:
            _log.error("the audit log waits: %s", error)
            self._lines = (lines + self._lines)[:_MOST_LINES]
            if not self._stopping:
                asyncio.get_running_loop().call_later(_AGAIN, self._flush)
            return
        if len(jobs) == 1:
            _fail(jobs[0], error)
        else:
            for number, job in enumerate(jobs):
                if number == _TRIES and all(_failed(other) for other in jobs[:number]):
                    for other in jobs[number:]:
                        _fail(other, error)
                    break
                await self._write([job], [])
        if lines:
            await self._write([], lines)

    def _transact(
        self, connection: Connection, work: Sequence[Post | Change], lines: list[_Line]
    ) -> tuple[list[Any], Committed]:
        journal = Journal(connection, self._edge, self._roster, self._clock(), self._salts)
        posts = [item for item in work if isinstance(item, Post)]
        posted = iter(write_posts(journal, posts) if posts else ())
        done: list[Any] = []
        for item in work:
            if isinstance(item, Post):
                done.append(next(posted))
                continue
            try:
                done.append(item(journal))
            except HubError as refused:
                done.append(refused)
        for line in lines:
            if line.content is not None:
                journal.audit(line.content)
        nonces = [line.nonce for line in lines if line.nonce and not self._database.shared]
        if nonces:
            rows = [{"digest": digest, "until": until} for digest, until in nonces]
            connection.execute(KEEP_NONCE, rows)
        note = journal.finish(self._sign)
        self._edge, self._roster = journal.edge, journal.roster
        return done, Committed(tuple(journal.records), journal.roster, note)


def _fail(job: _Job, error: Exception) -> None:
    if not job.answer.done():
        job.answer.set_exception(_away(error))


def _failed(job: _Job) -> bool:
    done = job.answer.done() and not job.answer.cancelled()
    return done and job.answer.exception() is not None


def _away(error: Exception) -> HubError:
    if isinstance(error, HubError):
        return error
    what = error.what if isinstance(error, StillwatchError) else type(error).__name__
    return HubError(503, "H-12", f"nothing was written: {what}", headers=(("Retry-After", "5"),))
