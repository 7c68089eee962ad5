"""Exchanges that the state does not know yet: read, observed, and kept as one more segment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import ConfigurationError, IncompatibleObservationsError, NoUsableRowsError
from stillwatch.find.campaigns import observe_all
from stillwatch.find.features.files import (
    Observations,
    find_observations,
    key_fingerprint,
    write_observations,
)
from stillwatch.find.sources import locate_exchanges, open_exchanges
from stillwatch.find.sources.duplicates import SeenIds
from stillwatch.find.state.folder import Segment, StateFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stillwatch.find.sources import ColumnMapping, Quarantine

__all__ = ["TakenIn", "known_ids", "observed_files", "take_in"]


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What was new."""

    rows: int
    """Exchanges that the state did not know."""
    known: int
    """Exchanges read that it knew."""
    skipped: int
    """Files that were read before and have not changed."""


class _Counter:
    """Passes on the observations of exchanges that were not known, and counts."""

    def __init__(self, seen: SeenIds) -> None:
        self._seen = seen
        self.rows = self.known = 0
        self.first, self.last = np.iinfo(np.int64).max, np.iinfo(np.int64).min

    def fresh(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what is new."""
        for batch in batches:
            repeated = self._seen.repeated(
                batch.column("exchange_id"), np.ones(batch.num_rows, np.bool_)
            )
            self.known += int(repeated.sum())
            new = batch.filter(pa.array(~repeated)) if repeated.any() else batch
            if new.num_rows:
                self.rows += new.num_rows
                time = np.asarray(new.column("time"))
                self.first = min(self.first, int(time.min()))
                self.last = max(self.last, int(time.max()))
                yield new


def take_in(
    state: StateFolder,
    location: str,
    *,
    quarantine: Quarantine,
    key: int = 0,
    mapping: ColumnMapping | None = None,
    format: str | None = None,  # noqa: A002 - named as the option is
) -> TakenIn:
    """Read what is new at a location, observe it, and keep the observations.

    A file that was read to its end and has neither size nor time changed is not opened again; of
    one that has, and of databases and streams, exchanges that are known are left out by their ids.

    Args:
        state: takes the observations.
        location: exchanges or observations, as ``open_exchanges`` and ``find_observations`` take.
        quarantine: takes bad rows.
        key: key of all hashes.
        mapping: the operator's column names.
        format: format of the exchange files.

    Raises:
        IncompatibleObservationsError: the state was made with another key.
        NoUsableRowsError: neither here nor in the state is one usable exchange.
        StillwatchError: see ``open_exchanges`` and ``find_observations``.
    """
    observations, files, mark = _located(location, key, mapping, format)
    if state.manifest.key not in ("", mark):
        raise IncompatibleObservationsError(
            "the state was made with another key than these exchanges would be",
            where=str(state.path),
            todo="give the key that the state was made with, or name a new state folder",
        )
    stamps = {path: stamp for path in files if (stamp := _stamp(path)) is not None}
    read = {p for p, stamp in stamps.items() if state.manifest.sources.get(p) == stamp}
    if files and len(read) == len(files):
        return TakenIn(0, 0, len(read))
    counter = _Counter(known_ids(state))
    if observations is None:
        source = open_exchanges(
            location, mapping=mapping, quarantine=quarantine, format=format, skip=read
        )
        batches = observe_all(source.batches(), key=key)
    else:
        fresh = [path for path in observations.paths if str(path) not in read]
        batches = Observations(fresh, account_type=observations.account_type).batches(quarantine)
    _keep(state, counter, batches, key, mark)
    if not state.manifest.segments:
        raise NoUsableRowsError(
            "no usable exchange, and the state holds none",
            where=location,
            todo="`stillwatch scan --check` says why",
        )
    state.commit(sources={**state.manifest.sources, **stamps}, key=mark)
    return TakenIn(counter.rows, counter.known, len(read))


def _located(
    location: str,
    key: int,
    mapping: ColumnMapping | None,
    format: str | None,  # noqa: A002 - as above
) -> tuple[Observations | None, list[str], str]:
    """Return the observations, where it is some, the files, and the fingerprint of their key."""
    forced = None if mapping is None else mapping.account_type
    observations = find_observations(location, chosen=format, account_type=forced)
    if observations is None:
        return None, locate_exchanges(location, format), key_fingerprint(key)
    if key:
        observations.check_key(key)
    return observations, [str(path) for path in observations.paths], observations.key


def _keep(
    state: StateFolder, counter: _Counter, batches: Iterable[pa.RecordBatch], key: int, mark: str
) -> None:
    """Write what is new as a segment, unless nothing is."""
    name, serial = state.next_name()
    place = state.path / "observations" / name
    write_observations(counter.fresh(batches), place, key=key, mark=mark)
    if counter.rows:
        segment = Segment(name, counter.rows, counter.first, counter.last)
        state.commit(segments=(*state.manifest.segments, segment), serial=serial, key=mark)


def _stamp(path: str) -> tuple[int, int] | None:
    """Return a file's size and time of change; None for what is no file."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns


def known_ids(state: StateFolder) -> SeenIds:
    """Return the ids of all exchanges that the state holds.

    Raises:
        ConfigurationError: a segment is gone.
    """
    seen = SeenIds()
    for path in observed_files(state):
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=["exchange_id"]):
                ids = batch.column(0)
                seen.repeated(ids, np.ones(len(ids), np.bool_))
    return seen


def observed_files(state: StateFolder, chosen: Iterable[Segment] | None = None) -> list[Path]:
    """Return the files of the observations that the state holds.

    Args:
        state: the folder.
        chosen: segments; None is all.

    Raises:
        ConfigurationError: a segment is gone.
    """
    found: list[Path] = []
    for segment in state.manifest.segments if chosen is None else chosen:
        folder = state.segment_path(segment)
        held = find_observations(str(folder)) if folder.is_dir() else None
        if held is None or held.rows != segment.rows:
            raise ConfigurationError(
                f"the observations {segment.name} of the state are not whole",
                where=str(folder),
                todo="restore the folder, or name a new one and scan the whole log again",
            )
        found += held.paths
    return found
