"""What a scan would read, what it would use again, and what that takes on this machine.

Rows of Parquet come from its footers, those of other files from the size of their first rows. The
rates are measured on a sample of the input itself; how memory grows is what was measured for the
documentation.
"""

from __future__ import annotations

import itertools
import time as clock
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from stillwatch.find.campaigns import scan
from stillwatch.find.features.files import find_observations
from stillwatch.find.sources import Quarantine, open_exchanges
from stillwatch.find.sources.files import open_bytes
from stillwatch.find.sources.registry import locate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa

    from stillwatch.find.campaigns import Settings
    from stillwatch.find.sources import ColumnMapping
    from stillwatch.find.sources.interface import InputFile
    from stillwatch.find.state.folder import Manifest

__all__ = ["Plan", "PlannedFile", "Rates", "plan_scan"]

SAMPLE = 20_000
"""Exchanges that the rates are measured on, at most."""
_WARM = 600
"""Exchanges scanned before, so that compiled code is loaded when the clock runs."""
_HEAD = 1 << 20
"""Bytes of a file of lines that tell how long its rows are."""
_GIB = 1 << 30
_BASE, _FIRST, _FURTHER, _STATE = 0.4, 1.8, 0.12, 2.0
"""GiB: of a process; of the first million exchanges; of each further one; of each with a state."""
_SCRATCH = 1024
"""Bytes an exchange in the output folder while a scan runs."""


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file, or a table of a database."""

    name: str
    format: str
    partition: str
    """Values of its folders, such as ``day=2026-03-02``; empty without."""
    size: int
    """Bytes."""
    rows: int
    exact: bool
    """Whether the rows are counted and not estimated."""
    known: bool
    """Whether the state has read it, so that it is not opened again."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Core-seconds an exchange, by stage, on this machine and this input."""

    observe: float
    index: float
    decide: float
    sample: int
    """Exchanges measured."""
    seconds: float
    """What the measurement took."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scan would do."""

    files: tuple[PlannedFile, ...]
    new: int
    """Exchanges in files that are new or have changed, repeated ones included."""
    held: int
    """Exchanges whose observations the state holds."""
    looks: int
    """Looks that the state holds; the scan goes on from the last that nothing changed before."""
    rates: Rates
    observe: float
    """Core-seconds to read and observe what is new."""
    index: float
    """Core-seconds to collect and index everything."""
    decide: float
    """Core-seconds of the looks that are new, if none is decided again."""
    memory: int
    """Bytes at the peak, about."""
    scratch: int
    """Bytes in the output folder while it runs, about."""


def plan_scan(
    location: str,
    manifest: Manifest | None,
    *,
    settings: Settings,
    mapping: ColumnMapping | None = None,
    format: str | None = None,  # noqa: A002 - named as the option is
    sample: int = SAMPLE,
) -> Plan:
    """Plan a scan, which reads a sample of the input and writes nothing.

    Args:
        location: what ``stillwatch scan`` takes; a database and standard input cannot be planned,
            since neither says how many rows it has without being read.
        manifest: of the state; None plans without one.
        settings: of the scan.
        mapping: the operator's column names.
        format: of the files; None tells by name and content.
        sample: exchanges that the rates are measured on, at most.

    Raises:
        StillwatchError: see ``open_exchanges`` and ``find_observations``.
    """
    sources = {} if manifest is None else manifest.sources
    held = 0 if manifest is None else sum(one.rows for one in manifest.segments)
    forced = None if mapping is None else mapping.account_type
    observations = find_observations(location, chosen=format, account_type=forced)
    batches: Iterable[pa.RecordBatch]
    if observations is not None:
        files = tuple(_parquet(path, "observations", sources) for path in observations.paths)
        batches = observations.batches(Quarantine(None))
    else:
        files = tuple(_files(location, format, sources))
        nowhere = Quarantine(None)
        source = open_exchanges(location, mapping=mapping, quarantine=nowhere, format=format)
        batches = source.batches()
    rates = _rates(batches, settings, sample, observed=observations is not None)
    new = sum(one.rows for one in files if not one.known)
    rows = held + new
    return Plan(
        files=files,
        new=new,
        held=held,
        looks=0 if manifest is None else len(manifest.looks),
        rates=rates,
        observe=rates.observe * new,
        index=rates.index * rows,
        decide=rates.decide * new,
        memory=_memory(rows, state=manifest is not None),
        scratch=_SCRATCH * rows,
    )


def _memory(rows: int, *, state: bool) -> int:
    millions = rows / 1e6
    if state:
        return int((_BASE + _STATE * millions) * _GIB)
    grown = _FIRST * min(millions, 1.0) + _FURTHER * max(0.0, millions - 1.0)
    return int((_BASE + grown) * _GIB)


def _files(
    location: str,
    format: str | None,  # noqa: A002 - as above
    known: Mapping[str, tuple[int, int]],
) -> Iterator[PlannedFile]:
    for file, entry in locate(location, format):
        path = Path(file.path)
        found = path.stat()
        seen = known.get(file.path) == (found.st_size, found.st_mtime_ns)
        counted = entry.layout(file).rows
        rows = counted if counted is not None else _estimated(file, found.st_size)
        partition = "/".join(f"{key}={value}" for key, value in file.partitions.items())
        yield PlannedFile(
            file.shown, entry.name, partition, found.st_size, rows, counted is not None, seen
        )


def _parquet(path: Path, name: str, known: Mapping[str, tuple[int, int]]) -> PlannedFile:
    found = path.stat()
    seen = known.get(str(path)) == (found.st_size, found.st_mtime_ns)
    rows = pq.read_metadata(path).num_rows
    partition = path.parent.name if "=" in path.parent.name else ""
    return PlannedFile(str(path), name, partition, found.st_size, rows, exact=True, known=seen)


def _estimated(file: InputFile, size: int) -> int:
    """Return rows by the length of the first ones; of compressed files, by how far those shrink."""
    with open_bytes(file.path) as stream:
        head = bytes(stream.read(_HEAD))
    if Path(file.path).suffix.lower() in (".gz", ".zst"):
        size = size * len(head) // max(1, len(zlib.compress(head, 6)))
    return size * max(1, head.count(b"\n")) // max(1, len(head))


def _rates(
    batches: Iterable[pa.RecordBatch], settings: Settings, sample: int, *, observed: bool
) -> Rates:
    began = clock.perf_counter()
    spent, taken, rows = clock.process_time(), [], 0
    for batch in batches:
        part = batch.slice(0, min(batch.num_rows, sample - rows))
        taken.append(part)
        rows += part.num_rows
        if rows >= sample:
            break
    read = clock.process_time() - spent
    if not rows:
        return Rates(0.0, 0.0, 0.0, 0, clock.perf_counter() - began)
    settings = replace(settings, as_of=None, rulings=())
    scan(_first(taken, _WARM), settings=settings, observed=observed)
    wall, spent = clock.perf_counter(), clock.process_time()
    result, _ = scan(taken, settings=settings, observed=observed)
    ratio = (clock.process_time() - spent) / max(1e-9, clock.perf_counter() - wall)
    cost = {name: seconds * ratio / rows for name, seconds in result.seconds.items()}
    return Rates(
        observe=read / rows + cost["observe"],
        index=cost["index"],
        decide=cost["decide"] + cost.get("describe", 0.0),
        sample=rows,
        seconds=clock.perf_counter() - began,
    )


def _first(batches: list[pa.RecordBatch], rows: int) -> list[pa.RecordBatch]:
    return [batch.slice(0, rows) for batch in itertools.islice(batches, 1)]
