"""From an exchange log to campaigns: observe, replay the looks, say what was found."""

from __future__ import annotations

import itertools
import time as clock
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.find.campaigns.replay import replay
from stillwatch.find.campaigns.result import assemble
from stillwatch.find.campaigns.ruled import ruled, spoken
from stillwatch.find.features.facets import index_facets
from stillwatch.find.features.files import key_fingerprint
from stillwatch.find.features.log import build_log, with_blocks
from stillwatch.find.features.observe import observe
from stillwatch.find.features.rows import HOUR, derive_rows
from stillwatch.find.features.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from stillwatch.find.campaigns.carried import Carried
    from stillwatch.find.campaigns.rulings import Ruling
    from stillwatch.find.features.facets import FacetIndex
    from stillwatch.find.features.log import Log
    from stillwatch.records import ScanResult

__all__ = ["Memory", "Settings", "observe_all", "scan", "scan_log"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set about a scan."""

    as_of: datetime | None = None
    """Last look at most; None is the end of the log."""
    step: int = HOUR
    """Width of the look grid, microseconds."""
    alpha: float = 0.05
    """Rate of false coordination."""
    key: int = 0
    """Key of all hashes; 0 is no key."""
    key_fingerprint: str | None = None
    """Fingerprint of the key of observations that are given; None is that of ``key``."""
    threads: int = 2
    """Threads that observe."""
    scratch: Path | None = None
    """Folder for arrays of the size of the log, which have no names there; None is memory."""
    without: frozenset[str] = frozenset()
    """Slugs of detectors, and families, that are left out; for ablation."""
    rulings: tuple[Ruling, ...] = ()
    """What people decided about earlier scans' campaigns; applied to what this one finds."""


class Memory(Protocol):
    """Where looks are kept from one scan to the next."""

    def recall(self, log: Log, index: FacetIndex) -> Carried | None:
        """Return what an earlier look carried, in the codes of this log; None begins anew."""

    def keep(self, carried: Carried, log: Log, index: FacetIndex, *, last: bool) -> None:
        """Take note of what a look carried, which the next look changes."""


def observe_all(
    batches: Iterable[pa.RecordBatch], *, key: int = 0, threads: int = 2
) -> Iterator[pa.RecordBatch]:
    """Observe batches on a few threads, in order, holding a few batches at a time."""
    source = iter(batches)
    with ThreadPoolExecutor(threads) as pool:
        window = [pool.submit(observe, b, key=key) for b in itertools.islice(source, threads + 1)]
        while window:
            yield window.pop(0).result()
            window.extend(pool.submit(observe, b, key=key) for b in itertools.islice(source, 1))


def scan(
    batches: Iterable[pa.RecordBatch],
    accounts: pa.Table | None = None,
    *,
    account_events: pa.Table | None = None,
    provider_events: pa.Table | None = None,
    tokens: pa.Table | None = None,
    intelligence: pa.Table | None = None,
    settings: Settings | None = None,
    observed: bool = False,
    memory: Memory | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> tuple[ScanResult, pa.Table]:
    """Scan exchanges for coordinated campaigns.

    Args:
        batches: exchanges, columns as in ``records.EXCHANGE``; or observations of them.
        accounts: account table, columns as in ``records.ACCOUNT``.
        account_events: dated events, columns as in ``records.ACCOUNT_EVENT``.
        provider_events: dated events, columns as in ``records.PROVIDER_EVENT``; shown beside
            the campaigns and never evidence.
        tokens: the vault's tokens, columns as in ``records.IDENTIFIER_TOKEN``.
        intelligence: matches with peers' indicators, columns as in ``records.INTELLIGENCE``.
        settings: what to do; defaults otherwise.
        observed: whether the batches are what ``observe`` made of the exchanges.
        memory: what earlier scans of a part of this log left.
        progress: called with a stage and the share of it that is done.

    Returns:
        The result, and the campaigns' traffic by six hours for timelines (columns of
        ``report.documents.ACTIVITY``).
    """
    settings = settings or Settings()
    started = clock.perf_counter()
    if not observed:
        batches = observe_all(batches, key=settings.key, threads=settings.threads)
    log = build_log(
        batches,
        with_blocks(with_events(accounts, account_events), account_events),
        tokens,
        intelligence,
        Scratch(settings.scratch),
    )
    log.scratch.release()
    seconds = {"observe": clock.perf_counter() - started}
    return scan_log(
        log,
        settings=settings,
        provider_events=provider_events,
        seconds=seconds,
        memory=memory,
        progress=progress,
    )


def scan_log(
    log: Log,
    *,
    settings: Settings,
    provider_events: pa.Table | None = None,
    seconds: dict[str, float] | None = None,
    memory: Memory | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> tuple[ScanResult, pa.Table]:
    """Scan observations that are in memory already; see :func:`scan`."""
    seconds = dict(seconds or {})
    started = clock.perf_counter()
    derived, index = derive_rows(log), index_facets(log)
    seconds["index"] = clock.perf_counter() - started
    started = clock.perf_counter()
    as_of = np.iinfo(np.int64).max
    if settings.as_of is not None:
        as_of = int(settings.as_of.astimezone(UTC).timestamp() * 1_000_000)
    found = replay(
        log,
        derived,
        index,
        as_of=as_of,
        step=settings.step,
        alpha=settings.alpha,
        without=settings.without,
        carried=None if memory is None else memory.recall(log, index),
        keep=None
        if memory is None
        else lambda carried, last: memory.keep(carried, log, index, last=last),
        progress=None if progress is None else lambda share: progress("decide", share),
    )
    seconds["decide"] = clock.perf_counter() - started
    key = settings.key_fingerprint or key_fingerprint(settings.key)
    started = clock.perf_counter()
    said = None
    if settings.rulings:
        said = ruled(found.campaigns, settings.rulings, settings.as_of, found.view)
        found.campaigns = said.campaigns
    result, activity = assemble(
        found,
        settings.alpha,
        seconds,
        key=settings.key,
        fingerprint=key,
        without=settings.without,
        provider_events=provider_events,
    )
    if said is not None:
        result = spoken(result, said, found.view)
    seconds["describe"] = clock.perf_counter() - started
    return result, activity


def with_events(accounts: pa.Table | None, events: pa.Table | None) -> pa.Table | None:
    """Return the account table with what dated events add: openings and licences."""
    if events is None or events.num_rows == 0:
        return accounts
    if accounts is None:
        accounts = pa.table({"account_id": pc.unique(events.column("account_id"))})
    ids = accounts.column("account_id")
    opened = events.filter(pc.equal(events.column("type"), "created"))
    if opened.num_rows and "created_at" not in accounts.schema.names:
        at = pc.index_in(ids, value_set=opened.column("account_id").combine_chunks())
        accounts = accounts.append_column("created_at", opened.column("time").take(at))
    licences = events.filter(pc.equal(events.column("type"), "licensed_from"))
    if licences.num_rows:
        licensed = pc.is_in(ids, value_set=licences.column("account_id").combine_chunks())
        if "licensed" in accounts.schema.names:
            place = accounts.schema.get_field_index("licensed")
            old = pc.fill_null(accounts.column("licensed"), False)  # noqa: FBT003
            return accounts.set_column(place, "licensed", pc.or_(old, licensed))
        return accounts.append_column("licensed", licensed)
    return accounts
