"""The loop of a watch: read, observe, commit, acknowledge, and look when event time has come.

One thread reads and commits; looks run in another, so that the stream is read on meanwhile. What
the two share is the state's manifest, whose changes take turns.
"""

from __future__ import annotations

import time as clock
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.errors import UnreachableError
from stillwatch.find.state import (
    Continued,
    Reading,
    conclude,
    gather,
    known_ids,
    merge_tables,
    scan_state,
)
from stillwatch.find.streaming.committing import Lake, check_key, commit
from stillwatch.find.streaming.intake import Intake
from stillwatch.find.streaming.watermark import Pace, due
from stillwatch.records import utc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pyarrow as pa

    from stillwatch.find.campaigns import Settings
    from stillwatch.find.sources import ColumnMapping
    from stillwatch.find.state import StateFolder
    from stillwatch.find.streaming.interface import Message, Reader

__all__ = ["Limits", "Told", "Watch"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a watch."""

    seconds: float = 60.0
    """After which what was read is committed."""
    messages: int = 100_000
    """After which it is committed sooner."""
    held: int = 128 << 20
    """Bytes of observations after which it is committed sooner."""
    wait: float = 0.5
    """Seconds that a read waits for messages."""
    again: float = 2.0
    """Seconds between attempts to reach a broker that is away."""


@dataclass(slots=True)
class Told:
    """What a watch tells of itself."""

    reading: Reading
    """How far the stream was taken."""
    bad: Mapping[str, int]
    """Messages in quarantine, by reason."""
    lag: Mapping[str, int]
    """Messages that wait at the broker, by partition."""
    marks: Mapping[str, int | None]
    """Watermark by partition, microseconds since 1970."""
    waiting: int
    """Messages that are read and not committed."""
    exchanges: int
    """Exchanges in the state."""
    late: int
    """Exchanges since the start whose hour had been looked at."""
    look: int | None
    """Last look, microseconds since 1970."""
    behind: int
    """Looks that are due and not yet run."""
    look_seconds: float
    """What the last look took."""
    connected: bool
    """Whether the broker answered last."""
    missed: int
    """Messages, at most, that were gone from the broker before they were read."""


class Watch:
    """Reads one stream into one state, and looks.

    Args:
        state: takes what is read and what looks carry.
        reader: of the stream.
        settings: of the looks; their ``key`` keys all hashes.
        pace: bounds for late data and idle partitions.
        out: folder of the quarantine.
        tell: takes what a look found, before the state moves on to it; called in the looks' thread.
        tables: reads the tables beside the log anew for each look.
        mapping: the operator's column names.
        lake: folder that takes the exchanges themselves; None keeps observations alone.
        limits: bounds.
        say: takes a line for the operator.
    """

    def __init__(
        self,
        state: StateFolder,
        reader: Reader,
        *,
        settings: Settings,
        pace: Pace,
        out: Path,
        tell: Callable[[Continued], None],
        tables: Callable[[], Mapping[str, pa.Table]] = dict,
        mapping: ColumnMapping | None = None,
        lake: Path | None = None,
        limits: Limits | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        check_key(state, settings.key)
        self.stopping = False
        """Set from elsewhere to end in order."""
        self._state, self._reader, self._settings, self._pace = state, reader, settings, pace
        self._tell, self._tables, self._say = tell, tables, say
        self._limits = limits or Limits()
        reading = state.manifest.streams.get(reader.name, Reading())
        self._intake = Intake(
            reader.name, reading, out, key=settings.key, mapping=mapping, seen=known_ids(state)
        )
        self._lake = None if lake is None else Lake(lake, reading.commits)
        self._intake.keeps = lake is not None
        self._heard: dict[str, int] = {}
        self._late = 0
        said = state.flags()
        self._look: int | None = None if said is None else _micros(said["as_of"])
        self._running: Future[Continued] | None = None
        self._target = 0
        self._began = self._took = 0.0
        self._committed = clock.monotonic()
        self._open = False
        self._pool = ThreadPoolExecutor(1, "look")

    def run(self, *, once: bool = False, watched: Callable[[Told], None] | None = None) -> None:
        """Watch until :attr:`stopping` is set.

        Args:
            once: end when the stream is read to its end, and look at all of it, as a scan does.
            watched: called between reads with what is to be told.

        Raises:
            StillwatchError: something cannot be written, or the stream cannot be read; what was
                committed stays.
        """
        try:
            while not self.stopping:
                came = self._read()
                self._intake.take(came)
                if self._is_full():
                    self._commit()
                self._turn()
                if watched is not None:
                    watched(self.told())
                if once and not came and self._at_end():
                    break
            self._commit()
            if once and not self.stopping:
                self._finish()
        finally:
            self.stopping = True
            self._pool.shutdown()  # a look ends after its present hour, and is run again later
            self._reader.close()
            self._intake.close()
        if watched is not None:
            watched(self.told())

    def told(self) -> Told:
        """Return what there is to tell."""
        marks, target = self._marks(), self._due()
        behind = 0
        if target is not None:
            since = self._look if self._look is not None else self._first() - self._settings.step
            behind = max(0, (target - since) // self._settings.step)
        return Told(
            reading=self._intake.reading,
            bad=self._intake.bad(),
            lag=dict(self._reader.lag()),
            marks=marks,
            waiting=self._intake.messages,
            exchanges=sum(one.rows for one in self._state.manifest.segments),
            late=self._late,
            look=self._look,
            behind=behind,
            look_seconds=self._took,
            connected=self._reader.connected,
            missed=self._reader.missed,
        )

    def _read(self) -> list[Message]:
        try:
            if not self._open:
                self._reader.open(self._intake.reading.positions)
                self._open = True
                now = _now()
                self._heard = dict.fromkeys(self._reader.lag(), now)
            came = self._reader.read(self._limits.wait)
        except UnreachableError as error:
            if self._open or not self._heard:
                self._say(f"the stream is away: {error.what}; what was read is kept")
                self._heard = self._heard or {"": 0}
            self._open = False
            clock.sleep(self._limits.again)
            return []
        now = _now()
        self._heard.update(dict.fromkeys((message.partition for message in came), now))
        for partition in self._reader.lag():
            self._heard.setdefault(partition, now)
        return came

    def _is_full(self) -> bool:
        intake, limits = self._intake, self._limits
        if intake.messages >= limits.messages or intake.size >= limits.held:
            return True
        return clock.monotonic() - self._committed >= limits.seconds

    def _commit(self) -> None:
        """Commit what was read, and tell the broker once it is on the disk."""
        self._committed = clock.monotonic()
        if not self._intake.messages:
            return
        if self._look is not None:
            for batch in self._intake.batches:
                self._late += int((np.asarray(batch.column("time")) < self._look).sum())
        reading = commit(
            self._state,
            self._intake,
            self._reader.name,
            key=self._settings.key,
            lake=self._lake,
        )
        if self._open:
            self._reader.acknowledge(reading.positions)

    def _turn(self) -> None:
        """Take up a look that has ended, and begin one that is due."""
        if self._running is not None:
            if not self._running.done():
                return
            self._conclude(self._running)
        target = self._due()
        if target is not None and (self._look is None or target > self._look):
            self._commit()  # what the watermark was told by belongs to the look
            self._begin(target)

    def _begin(self, target: int | None) -> None:
        merge_tables(self._state, self._tables())
        as_of = None if target is None else utc(target)
        self._began = clock.monotonic()
        settings = replace(self._settings, as_of=as_of)
        self._running = self._pool.submit(self._decide, settings)

    def _decide(self, settings: Settings) -> Continued:
        found = scan_state(self._state, {}, settings=settings, progress=self._progress)
        self._tell(found)
        return found

    def _progress(self, stage: str, share: float) -> None:  # noqa: ARG002 - as scans call it
        if self.stopping:
            raise _EndedError

    def _conclude(self, running: Future[Continued]) -> None:
        self._running = None
        try:
            found = running.result()
        except _EndedError:
            return
        conclude(self._state, found)
        gather(self._state)
        self._look = _micros(found.result.as_of.isoformat())
        self._took = clock.monotonic() - self._began
        flagged = sum(one.flagged_at is not None for one in found.result.verdicts)
        self._say(
            f"looked at {found.result.as_of:%Y-%m-%d %H:%M} UTC: "
            f"{len(found.result.campaigns):,} campaigns, {flagged:,} accounts flagged, "
            f"{len(found.revisions):,} verdicts revised, {self._took:.1f} s"
        )

    def _finish(self) -> None:
        """Look at all that there is."""
        if self._running is not None:
            self._conclude(self._running)
        if self._state.manifest.segments:
            self._begin(None)
            assert self._running is not None  # noqa: S101 - just begun
            self._conclude(self._running)

    def _at_end(self) -> bool:
        return self._open and not any(self._reader.lag().values())

    def _marks(self) -> dict[str, int | None]:
        lag = self._reader.lag()
        if not self._open:  # who is away cannot be idle
            lag = {name: max(1, behind) for name, behind in lag.items()}
        return self._pace.marks(self._intake.reading.latest, self._heard, lag, _now())

    def _first(self) -> int:
        segments = self._state.manifest.segments
        first = min((one.first for one in segments), default=0)
        return (first // self._settings.step + 1) * self._settings.step

    def _due(self) -> int | None:
        """Return the last look that the exchanges in the state, and those read, allow."""
        segments = self._state.manifest.segments
        first = [one.first for one in segments]
        last = [one.last for one in segments]
        if self._intake.span is not None:
            first.append(self._intake.span[0])
            last.append(self._intake.span[1])
        if not first:
            return None
        return due(self._marks(), self._settings.step, min(first), max(last))


class _EndedError(Exception):
    """A look that is given up because the watch ends."""


def _now() -> int:
    return clock.time_ns() // 1000


def _micros(said: str) -> int:
    return round(datetime.fromisoformat(said).timestamp() * 1e6)
