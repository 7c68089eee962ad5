"""Exports in, observations out: what a receiver does between its socket and its folder.

A pure core: it opens nothing and its clock is an argument.  Prompts live in it only from a span to
its observation, and where one half of an exchange waits for the other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.find.features.observe import observe
from stillwatch.find.sources.cleaning import Cleaner, TableRules
from stillwatch.find.sources.duplicates import SeenIds
from stillwatch.find.sources.genai_events import Halves
from stillwatch.find.sources.interface import Rejected, Selection
from stillwatch.find.sources.mapping import ColumnMapping
from stillwatch.find.sources.otlp import logs_in, spans_in
from stillwatch.find.sources.quarantine import Quarantine
from stillwatch.find.sources.records import pack
from stillwatch.find.sources.rules import RECORD
from stillwatch.records import EXCHANGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stillwatch.find.receiving.requests import Signal
    from stillwatch.find.sources.records import Record

__all__ = ["Limits", "Receiver", "Taken", "observe_each"]

INPUT = "exchanges"
REMEMBERED = 1 << 20
"""Exchange ids that are remembered, twice over: what a sender sends again is taken once."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a receiver."""

    spans: int = 20_000
    """Spans or log records of a request."""
    held: int = 256 << 20
    """Bytes of observations that wait to be written; beyond it nothing is taken."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an export."""

    rejected: int
    """Spans or log records that broke a rule."""
    reasons: Mapping[str, int]
    """The same by the rule's name."""


class Receiver:
    """Turns exports into observations.

    Args:
        key: of all hashes.
        mapping: the operator's names of attributes.
        limits: bounds.
    """

    def __init__(
        self, *, key: int = 0, mapping: ColumnMapping | None = None, limits: Limits | None = None
    ) -> None:
        self.limits = limits or Limits()
        """Bounds."""
        self.batches: list[pa.RecordBatch] = []
        """Observations that are not written yet, in order of arrival."""
        self.repeated = 0
        """Exchanges that came more than once."""
        mapping = mapping or ColumnMapping()
        self._key = key
        self._quarantine = Quarantine(None)
        names = {f.name: mapping.source_name("exchange", f.name) for f in EXCHANGE}
        self._selection = Selection(names)
        kind = mapping.account_type or pa.string()
        self._cleaner = Cleaner(TableRules(INPUT, EXCHANGE, kind), self._quarantine)
        self._seen = SeenIds(REMEMBERED)
        self._halves = Halves()

    @property
    def rows(self) -> int:
        """Observations that are not written yet."""
        return sum(batch.num_rows for batch in self.batches)

    @property
    def full(self) -> bool:
        """Whether so much waits to be written that nothing can be taken."""
        return bool(sum(batch.nbytes for batch in self.batches) > self.limits.held)

    @property
    def rejected(self) -> Mapping[str, int]:
        """Exchanges that broke a rule, by its name, since the start."""
        return self._quarantine.rows(INPUT)

    def count(self, export: Record, signal: Signal) -> int:
        """Return how many spans or log records an export has."""
        return sum(1 for _ in (spans_in if signal == "traces" else logs_in)(export))

    def take(self, export: Record, signal: Signal, now: float) -> Taken:
        """Observe the exchanges of an export; what is no exchange is left out.

        Args:
            export: a request as OTLP-JSON has it.
            signal: what it exports.
            now: seconds, of any clock that goes forward.
        """
        entries = spans_in(export) if signal == "traces" else logs_in(export)
        join = self._halves.span if signal == "traces" else self._halves.log
        records: list[Record] = []
        broken: list[Rejected] = []
        for resource, entry in entries:
            if isinstance(entry, dict):
                records += join(resource, entry, now)
            else:
                broken.append(Rejected(0, RECORD, {}))
        return self._observe(records, broken)

    def settle(self, now: float) -> None:
        """Observe the exchanges whose other half did not come in time."""
        self._observe(list(self._halves.settled(now)))

    def finish(self) -> None:
        """Observe all that waits."""
        self._observe(list(self._halves.rest()))

    def _observe(self, records: list[Record], broken: Iterable[Rejected] = ()) -> Taken:
        before = Counter(self.rejected)
        raw = pack(records, [0] * len(records), self._selection, list(broken))
        batch = self._cleaner.clean(raw, self._selection.names, "otlp")
        known = self._seen.repeated(batch.column("exchange_id"), np.ones(len(batch), np.bool_))
        self.repeated += int(known.sum())
        batch = batch.filter(pa.array(~known))
        self.batches += observe_each(batch, key=self._key)
        reasons = Counter(self.rejected)
        reasons.subtract(before)
        reasons = +reasons
        return Taken(reasons.total(), dict(reasons))


def observe_each(batch: pa.RecordBatch, *, key: int) -> list[pa.RecordBatch]:
    """Observe exchanges so that none depends on what else came with it.

    The length of an answer stands in for its tokens where they are not stated; of a file that is
    decided for the whole column, of what comes bit by bit for each exchange.

    Args:
        batch: with all columns of ``records.EXCHANGE``.
        key: of all hashes.

    Returns:
        Observations of all rows, the order changed.
    """
    counted = batch.column("output_tokens").is_valid()
    parts = (
        batch.filter(counted),
        batch.filter(pc.invert(counted)).drop_columns("output_tokens"),
    )
    return [observe(part, key=key) for part in parts if part.num_rows]
