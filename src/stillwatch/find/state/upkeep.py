"""Fewer files, and accounts that must be forgotten."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.find.features.files import Observations, write_observations
from stillwatch.find.sources import Quarantine
from stillwatch.find.state.folder import Segment, StateFolder
from stillwatch.find.state.tables import write_table
from stillwatch.find.state.taking_in import observed_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

__all__ = ["compact", "forget", "gather"]

_MANY = 8
"""Segments of about one size that are joined."""


def compact(state: StateFolder) -> int:
    """Rewrite all observations as one segment; return how many there were.

    What looks carried stays good, since the log is the same.

    Args:
        state: the folder.

    Raises:
        OutputError: there is no room for both.
    """
    before = len(state.manifest.segments)
    if before > 1:
        _rewrite(state, None)
        state.tidy()
    return before


def gather(state: StateFolder) -> int:
    """Join small segments where there are many of about one size; return how many went.

    Sizes differ by a factor of eight from one class to the next, so that each exchange is
    rewritten a few times over the life of a state, however many segments come. No verdict
    changes.

    Args:
        state: the folder; no scan of it may be under way.

    Raises:
        OutputError: there is no room.
    """
    before = len(state.manifest.segments)
    while True:
        classes: dict[int, list[Segment]] = {}
        for one in state.manifest.segments:
            classes.setdefault(one.rows.bit_length() // 3, []).append(one)
        full = [group for _, group in sorted(classes.items()) if len(group) >= _MANY]
        if not full:
            break
        _rewrite(state, None, full[0])
    if len(state.manifest.segments) < before:
        state.tidy()
    return before - len(state.manifest.segments)


def forget(state: StateFolder, account_id: str) -> int:
    """Delete everything about an account; return how many exchanges there were of it.

    Observations and tables are written anew without it.  What looks carried is dropped, so that the
    next scan decides all looks again, from what is left; its revisions say what that changed.

    Args:
        state: the folder.
        account_id: as text.
    """
    before = sum(segment.rows for segment in state.manifest.segments)
    if before:
        _rewrite(state, account_id)
    named, serial = dict(state.manifest.tables), state.manifest.serial
    for name in sorted(named):
        table = pq.read_table(state.path / "tables" / named[name])
        if "account_id" not in table.column_names:
            continue
        left = table.filter(_others(table["account_id"], account_id))
        if left.num_rows < table.num_rows:
            serial += 1
            named[name] = write_table(state, name, serial, left)
    changes = {"tables": named, "serial": serial, "looks": ()}
    held = state.flags()
    if held is not None and account_id in held["accounts"]:
        del held["accounts"][account_id]
        changes |= {"flags": f"{serial + 1:06d}.json", "serial": serial + 1}
        state.write(f"flags/{changes['flags']}", json.dumps(held).encode())
    state.commit(**changes, revisions=_without(state, account_id))
    state.tidy()
    return before - sum(segment.rows for segment in state.manifest.segments)


def _without(state: StateFolder, account_id: str) -> tuple[str, ...]:
    """Rewrite the revisions that name an account; return the names of all."""
    names = []
    for name in state.manifest.revisions:
        said = json.loads((state.path / "revisions" / name).read_text("utf-8"))
        left = [one for one in said["changes"] if one["account_id"] != account_id]
        if len(left) < len(said["changes"]):
            said["changes"] = left
            state.write(f"revisions/{name}", json.dumps(said, indent=1).encode())
        names.append(name)
    return tuple(names)


def _rewrite(
    state: StateFolder, without: str | None, chosen: Sequence[Segment] | None = None
) -> None:
    """Write segments anew as one, all of them where none are chosen."""
    manifest = state.manifest
    held = Observations(observed_files(state, chosen))
    first, last, rows = np.iinfo(np.int64).max, np.iinfo(np.int64).min, 0

    def left() -> Iterator[pa.RecordBatch]:
        nonlocal first, last, rows
        for batch in held.batches(Quarantine(None)):
            kept = batch
            if without is not None:
                kept = batch.filter(_others(batch.column("account_id"), without))
            if kept.num_rows:
                time = np.asarray(kept.column("time"))
                first, last = min(first, int(time.min())), max(last, int(time.max()))
                rows += kept.num_rows
                yield kept

    name, serial = state.next_name()
    write_observations(left(), state.path / "observations" / name, mark=manifest.key)
    gone = manifest.segments if chosen is None else chosen
    kept = tuple(one for one in manifest.segments if one not in gone)
    made = (Segment(name, rows, first, last),) if rows else ()
    state.commit(segments=(*kept, *made), serial=serial)


def _others(ids: pa.Array | pa.ChunkedArray, account_id: str) -> pa.Array | pa.ChunkedArray:
    return pc.not_equal(ids.cast("string"), account_id)
