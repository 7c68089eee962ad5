"""Messages in, observations out: what a watch does between its reader and its state.

Opens no socket; what was taken is kept in memory, within bounds that the watch sees to, until it is
committed as one segment together with the positions that it came from.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stillwatch.find.receiving import observe_each
from stillwatch.find.sources import ColumnMapping, Quarantine
from stillwatch.find.sources.cleaning import Cleaner, TableRules
from stillwatch.find.sources.duplicates import SeenIds
from stillwatch.find.sources.interface import Rejected, Selection
from stillwatch.find.sources.jsonlines import LONGEST_LINE, parse_object
from stillwatch.find.sources.records import pack
from stillwatch.find.sources.rules import RECORD
from stillwatch.records import EXCHANGE, Field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from stillwatch.find.sources.records import Record
    from stillwatch.find.state import Reading
    from stillwatch.find.streaming.interface import Message

__all__ = ["Intake"]

_PLACE = Field("_place", pa.int64(), "which of the messages a row came from")
_DETAIL = 10_000
"""Bad messages written in full for each segment; further ones are counted."""
_PART = re.compile(r"\.?exchanges-(\d{6,})\.jsonl(\.\d+\.partial)?")


class Intake:
    """Takes messages of one stream.

    Args:
        name: of the stream.
        reading: how far it was read.
        out: output folder, whose ``quarantine`` takes bad messages, a file a segment.
        key: of all hashes.
        mapping: the operator's column names.
        seen: ids of the exchanges that are known.
    """

    def __init__(
        self,
        name: str,
        reading: Reading,
        out: Path | None,
        *,
        key: int = 0,
        mapping: ColumnMapping | None = None,
        seen: SeenIds | None = None,
    ) -> None:
        self.batches: list[pa.RecordBatch] = []
        """Observations that are not committed yet."""
        self.exchanges: list[pa.RecordBatch] = []
        """The exchanges of them, where :attr:`keeps` asks for these."""
        self.keeps = False
        """Whether exchanges themselves are wanted."""
        self.reading = reading
        """How far the stream was taken, what is not committed yet included."""
        self.messages = self.size = 0
        """Messages since the last commit, and bytes that wait for the next."""
        self.span: tuple[int, int] | None = None
        """First and last time of the observations that wait, microseconds since 1970."""
        self._name, self._out, self._key = name, out, key
        mapping = mapping or ColumnMapping()
        names = {f.name: mapping.source_name("exchange", f.name) for f in EXCHANGE}
        self._selection = Selection(names)
        self._names = {**names, _PLACE.name: _PLACE.name}
        self._account_type = mapping.account_type or pa.string()
        self._seen = seen or SeenIds()
        self._tidy()
        self._begin()

    def take(self, messages: Sequence[Message]) -> None:
        """Observe messages; those whose position was taken before are left out.

        Args:
            messages: in order within each partition.
        """
        positions, again = dict(self.reading.positions), 0
        fresh: list[Message] = []
        for message in messages:
            if message.position <= positions.get(message.partition, -1):
                again += 1
                continue
            positions[message.partition] = message.position
            fresh.append(message)
        self.messages += len(fresh)
        known, latest = self._observe(fresh)
        before = self.reading
        self.reading = replace(
            before,
            positions=positions,
            latest={**before.latest, **latest},
            messages=before.messages + len(fresh),
            redelivered=before.redelivered + again,
            repeated=before.repeated + known,
        )

    def settle(self) -> Reading:
        """Publish the quarantine of what waits, and return how far the stream is read with it."""
        self._quarantine.close()
        bad = Counter(self.reading.rejected)
        bad.update(self._quarantine.rows(self._input))
        return replace(
            self.reading, rejected=dict(sorted(bad.items())), commits=self.reading.commits + 1
        )

    def committed(self, reading: Reading) -> None:
        """Let go of what is committed.

        Args:
            reading: as from :meth:`settle`.
        """
        self.reading, self.messages, self.size, self.span = reading, 0, 0, None
        self.batches, self.exchanges = [], []
        self._begin()

    def bad(self) -> Mapping[str, int]:
        """Return messages that went to quarantine, by reason, over all of the state's life."""
        found = Counter(self.reading.rejected)
        found.update(self._quarantine.rows(self._input))
        return dict(sorted(found.items()))

    def close(self) -> None:
        """Let go of a quarantine file that is not published: its messages will come again."""
        self._tidy()

    def _begin(self) -> None:
        self._input = f"exchanges-{self.reading.commits + 1:06d}"
        self._quarantine = _Placed(self._out, self._name)
        rules = TableRules(self._input, (*EXCHANGE, _PLACE), self._account_type)
        self._cleaner = Cleaner(rules, self._quarantine)

    def _tidy(self) -> None:
        """Remove quarantine files of commits that never were."""
        if self._out is None or not (self._out / "quarantine").is_dir():
            return
        for path in (self._out / "quarantine").iterdir():
            own = _PART.fullmatch(path.name)
            if own and (own[2] or int(own[1]) > self.reading.commits):
                path.unlink(missing_ok=True)

    def _observe(self, messages: Sequence[Message]) -> tuple[int, dict[str, int]]:
        """Return exchanges whose id was known, and the newest time of each partition."""
        records: list[Record] = []
        places: list[int] = []
        broken: list[Rejected] = []
        for place, message in enumerate(messages):
            record = _parsed(message, place)
            if isinstance(record, Rejected):
                broken.append(record)
            else:
                records.append(record)
                places.append(place)
        self._quarantine.messages = messages
        raw = pack(records, places, self._selection, broken)
        raw = raw.with_column(_PLACE.name, pa.array(raw.positions, pa.int64()))
        batch = self._cleaner.clean(raw, self._names, self._name)
        latest = self._latest(batch, messages)
        batch = batch.drop_columns(_PLACE.name)
        known = self._seen.repeated(batch.column("exchange_id"), np.ones(len(batch), np.bool_))
        if known.any():
            batch = batch.filter(pa.array(~known))
        if batch.num_rows:
            self._hold(batch)
        return int(known.sum()), latest

    def _hold(self, batch: pa.RecordBatch) -> None:
        time = np.asarray(batch.column("time").cast(pa.int64()))
        first, last = int(time.min()), int(time.max())
        if self.span is not None:
            first, last = min(first, self.span[0]), max(last, self.span[1])
        self.span = first, last
        observed = observe_each(batch, key=self._key)
        self.batches += observed
        if self.keeps:
            self.exchanges.append(batch)
            self.size += batch.nbytes
        self.size += sum(one.nbytes for one in observed)

    def _latest(self, batch: pa.RecordBatch, messages: Sequence[Message]) -> dict[str, int]:
        time = np.asarray(batch.column("time").cast(pa.int64()))
        place = np.asarray(batch.column(_PLACE.name))
        found: dict[str, int] = {}
        for at, when in zip(place.tolist(), time.tolist(), strict=True):
            partition = messages[at].partition
            known = found.get(partition, self.reading.latest.get(partition, 0))
            found[partition] = max(known, when)
        return found


class _Placed(Quarantine):
    """Names the partition and position of bad messages in place of their row in a batch."""

    def __init__(self, out: Path | None, name: str) -> None:
        super().__init__(out, detail=_DETAIL)
        self.messages: Sequence[Message] = ()
        self._stream = name

    def reject(self, name: str, source: str, rejected: Sequence[Rejected]) -> None:  # noqa: ARG002 - as the base
        """Take messages out."""
        for row in rejected:
            message = self.messages[row.position]
            where = f"{self._stream}/{message.partition}"
            super().reject(name, where, [replace(row, position=message.position)])


def _parsed(message: Message, place: int) -> Record | Rejected:
    if message.data is None:
        return Rejected(place, RECORD, {"problem": "no value"})
    if len(message.data) > LONGEST_LINE:
        return Rejected(place, RECORD, {"problem": "over 64 MiB", "bytes": len(message.data)})
    return parse_object(message.data, place).record
