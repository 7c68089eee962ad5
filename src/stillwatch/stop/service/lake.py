"""What passed, on its way to the next scan: a bounded queue, and one thread that writes files.

An exchange is never waited for: where the queue is full it is dropped and counted. Files are whole
or not there. Exchanges of accounts with zero retention are observed in memory, and only the
observations are written; without a key to observe them with, they are counted and let go.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.disk import UNFINISHED, writing
from stillwatch.errors import OutputError
from stillwatch.find.receiving import observe_each
from stillwatch.records import EXCHANGE, utc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from stillwatch.find.receiving import Segments
    from stillwatch.stop.interface import Answer, Decision

__all__ = ["SCHEMA", "Bounds", "Counts", "Lake", "row_of"]

_log = logging.getLogger(__name__)
_NAMES = frozenset(
    {
        "time", "exchange_id", "account_id", "conversation_id", "model", "prompt", "system_prompt",
        "input_tokens", "output_tokens", "max_tokens", "temperature", "ip", "asn", "user_agent",
        "tls_fingerprint", "end_user_id", "response", "finish_reason",
    }
)  # fmt: skip
SCHEMA = pa.schema([(field.name, field.type) for field in EXCHANGE if field.name in _NAMES])
"""Columns of the lake's files; those of an exchange that a gateway can know."""
_DAY = 86_400_000_000
_AT_ONCE = 128
"""Rows of a conversion, which holds the interpreter: requests wait for one and not for a file."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait, and how long."""

    exchanges: int = 20_000
    """In the queue."""
    bytes: int = 256 << 20
    """Of prompts and answers in the queue."""
    seconds: float = 10.0
    """After which what came is written: what a killed process can lose at most."""
    file: int = 64 << 20
    """Bytes of texts after which a file is written sooner."""


@dataclass(slots=True)
class Counts:
    """What became of exchanges since the start."""

    written: int = 0
    """In files of the lake."""
    observed: int = 0
    """Of accounts with zero retention, in files of observations."""
    dropped: int = 0
    """The queue was full, or no file could hold them."""
    unobserved: int = 0
    """Of accounts with zero retention, let go since there is no key to observe them with."""
    failures: int = 0
    """Attempts to write that failed."""


def row_of(decision: Decision, answer: Answer, *, keep_answers: bool) -> dict[str, Any]:
    """Return an exchange as the lake holds it; what is not known is None.

    Args:
        decision: on the request.
        answer: what came back.
        keep_answers: whether its text is kept.
    """
    request, asked = decision.request, decision.asked
    return {
        "time": request.time,
        "exchange_id": request.request_id,
        "account_id": request.account,
        "conversation_id": asked.conversation or None,
        "model": asked.model or request.model or "unknown",
        "prompt": asked.prompt,
        "system_prompt": asked.system or None,
        "input_tokens": _known(answer.input_tokens),
        "output_tokens": _known(answer.output_tokens),
        "max_tokens": _known(asked.max_tokens),
        "temperature": _known(asked.temperature),
        "ip": request.ip or None,
        "asn": _known(request.asn),
        "user_agent": request.user_agent or None,
        "tls_fingerprint": request.tls_fingerprint or None,
        "end_user_id": request.end_user or asked.end_user or None,
        "response": (answer.text or None) if keep_answers else None,
        "finish_reason": answer.finish_reason or None,
    }


def _known(value: float) -> float | None:
    return None if value < 0 else value


class Lake:
    """The queue and its thread.

    Args:
        folder: the lake; None keeps nothing but observations.
        segments: takes observations; None where there is no key.
        key: of observations.
        bounds: as above.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        segments: Segments | None = None,
        key: int = 0,
        bounds: Bounds | None = None,
    ) -> None:
        self.counts = Counts()
        """What became of exchanges."""
        self.failing = False
        """Whether the last attempt to write failed."""
        self._folder, self._segments, self._key = folder, segments, key
        self._bounds = bounds or Bounds()
        self._queue: list[_Row] = []
        self._held: list[_Row] = []  # taken by the thread, and not written yet
        self._size = 0
        self._first = 0.0
        self._due = threading.Condition()
        self._ending = False
        self._observed: list[pa.RecordBatch] = []
        self._thread = threading.Thread(target=self._run, name="lake", daemon=True)
        if folder is not None:
            _prepare(folder)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Exchanges in the queue."""
        return len(self._queue) + len(self._held)

    def put(self, row: dict[str, Any], *, zero_retention: bool) -> None:
        """Queue an exchange, or count it dropped; never waits.

        Args:
            row: as `row_of` makes it.
            zero_retention: it is observed, and never written.
        """
        if zero_retention and self._segments is None:
            self.counts.unobserved += 1
            return
        if not zero_retention and self._folder is None:
            return
        size = _size(row)
        with self._due:
            if (
                self.waiting >= self._bounds.exchanges
                or self._size + size > self._bounds.bytes
                or self._ending
            ):
                self.counts.dropped += 1
                return
            if not self._queue:
                self._first = time.monotonic()
            self._queue.append(_Row(row, size, zero_retention))
            self._size += size
            if self._size >= self._bounds.file:
                self._due.notify()

    def close(self, seconds: float) -> bool:
        """Write what waits, and end; False where that did not succeed in time.

        Args:
            seconds: that it may take.
        """
        with self._due:
            self._ending = True
            self._due.notify()
        self._thread.join(seconds)
        left = self.waiting + sum(batch.num_rows for batch in self._observed)
        if left:
            _log.error("exchanges were not written at the end", extra={"exchanges": left})
        return not left and not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._due:
                self._due.wait_for(self._is_due, timeout=min(0.5, self._bounds.seconds))
                ending = self._ending
                if self._is_due():
                    self._held += self._queue
                    self._queue = []
            wrote = self._write()
            if ending:
                return
            if not wrote:
                time.sleep(1.0)  # the disk is full or away; the queue holds what comes

    def _is_due(self) -> bool:
        old = bool(self._queue) and time.monotonic() - self._first >= self._bounds.seconds
        return self._ending or old or self._size >= self._bounds.file

    def _write(self) -> bool:
        """Write what is held; False where some of it could not be written, and stays."""
        try:
            self._observe()
            self._write_days()
        except (OSError, OutputError) as error:
            self.counts.failures += 1
            if not self.failing:
                _log.error("the lake cannot be written", extra={"error": _words(error)})
            self.failing = True
            return False
        except Exception as error:  # noqa: BLE001 - what no file takes must not end all writing
            self.counts.failures += 1
            self.counts.dropped += len(self._held) + sum(one.num_rows for one in self._observed)
            self._observed.clear()
            self._let_go(self._held)
            _log.error("exchanges cannot be written", extra={"error": type(error).__name__})
        if self.failing:
            _log.warning("the lake is written again")
        self.failing = False
        return True

    def _let_go(self, rows: Sequence[_Row]) -> None:
        gone, size = {id(row) for row in rows}, sum(row.size for row in rows)
        left = [row for row in self._held if id(row) not in gone]
        with self._due:  # requests wait for this lock: nothing long is done under it
            self._held = left
            self._size -= size

    def _observe(self) -> None:
        """Observe what must not be written; its prompts are let go of before anything can fail."""
        rows = [row for row in self._held if row.zero_retention]
        if rows:
            table = _table([row.fields for row in rows]).combine_chunks().to_batches()[0]
            self._let_go(rows)
            self._observed += observe_each(table, key=self._key)
            while sum(batch.nbytes for batch in self._observed) > self._bounds.bytes:
                self.counts.dropped += self._observed.pop(0).num_rows
        if self._observed and self._segments is not None:
            written = self._segments.add(self._observed, time.time())
            self._observed.clear()
            self.counts.observed += written.exchanges

    def _write_days(self) -> None:
        if self._folder is None:
            return
        days: dict[int, list[_Row]] = {}
        for row in self._held:
            days.setdefault(row.fields["time"] // _DAY, []).append(row)
        for number, rows in sorted(days.items()):
            self._write_day(self._folder / f"day={utc(number * _DAY):%Y-%m-%d}", rows)
            self._let_go(rows)
            self.counts.written += len(rows)

    def _write_day(self, place: Path, rows: Sequence[_Row]) -> None:
        """Write rows under a name that nobody reads, then in one step under one that is read."""
        place.mkdir(exist_ok=True)
        token = f"{utc(time.time_ns() // 1000):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        fields = sorted((row.fields for row in rows), key=lambda row: row["time"])
        table = _table(fields)
        with writing(place / f"part-{token}.parquet") as file:
            pq.write_table(table, file, compression="zstd", write_page_checksum=True)


@dataclass(frozen=True, slots=True)
class _Row:
    fields: dict[str, Any]
    size: int
    zero_retention: bool


def _prepare(folder: Path) -> None:
    """Make the lake's folder.

    Files that a killed process left unfinished stay hidden and harmless where other replicas write
    too; those older than a day are removed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"day=*/{UNFINISHED}*"):
            if time.time() - left.stat().st_mtime > 86_400:
                left.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"the lake's folder cannot be written: {error.strerror}",
            where=str(folder),
            todo="name a folder that you may write",
        ) from error


def _table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Return rows as columns, made a few at a time."""
    starts = range(0, len(rows), _AT_ONCE)
    return pa.Table.from_batches(
        [pa.RecordBatch.from_pylist(rows[at : at + _AT_ONCE], SCHEMA) for at in starts], SCHEMA
    )


def _size(row: dict[str, Any]) -> int:
    texts = (row["prompt"], row["system_prompt"], row["response"])
    return 256 + sum(len(text) for text in texts if text)


def _words(error: Exception) -> str:
    strerror = getattr(error, "strerror", None)
    return str(strerror) if strerror else type(error).__name__
