"""What the core remembers: accounts, and who shares which segments of text; bounded.

A snapshot holds what is in use, in canonical order.  Snapshots merge associatively and
commutatively: counts are added, what was seen is united, panes that have passed fall out.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import IO, TYPE_CHECKING

import numpy as np

from stillwatch.errors import ConfigurationError, InputFormatError
from stillwatch.stop.serving.kernels import accounts as of
from stillwatch.stop.serving.kernels import segments as segment
from stillwatch.stop.serving.kernels.addresses import addresses_of
from stillwatch.stop.serving.kernels.merging import (
    merge_accounts,
    merge_segments,
    place_accounts,
    place_segments,
)
from stillwatch.stop.serving.kernels.tables import StateTables

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Snapshot", "State"]

_MAGIC = b"stillwatch serving state 2\n"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was remembered; N accounts, S segments."""

    keys: NDArray[np.uint64]
    """(N,) keyed hashes of accounts, ascending."""
    counts: NDArray[np.uint32]
    """(N, COLUMNS), see ``kernels.accounts``."""
    seen: NDArray[np.uint16]
    """(N, SEEN) prints of segments."""
    cells: NDArray[np.uint64]
    """(S, CELL) segments with their counters, ascending."""
    crowd: NDArray[np.uint8]
    """(2, CROWD) registers of the count of all holders."""
    pane: NDArray[np.int64]
    """(1,) number of the pane of ``crowd``."""

    def merged(self, other: Snapshot) -> Snapshot:
        """Return what both remember together.

        Args:
            other: of a replica under the same secret, which saw other requests.
        """
        keys, counts, seen = merge_accounts(
            np.concatenate([self.keys, other.keys]),
            np.concatenate([self.counts, other.counts]),
            np.concatenate([self.seen, other.seen]),
        )
        cells = np.concatenate([self.cells, other.cells])
        cells = merge_segments(cells[np.argsort(cells[:, 0] >> np.uint64(16), kind="stable")])
        one, two = (self, other) if self.pane[0] >= other.pane[0] else (other, self)
        crowd, age = one.crowd.copy(), int(one.pane[0] - two.pane[0])
        if age == 0:
            crowd = np.maximum(one.crowd, two.crowd)
        elif age == 1:
            crowd[1] = np.maximum(one.crowd[1], two.crowd[0])
        return Snapshot(keys, counts, seen, cells, crowd, one.pane)

    def save(self, file: IO[bytes]) -> None:
        """Write it, without pickles.

        Args:
            file: open for writing.
        """
        file.write(_MAGIC)
        for field in fields(self):
            np.lib.format.write_array(file, getattr(self, field.name), allow_pickle=False)

    @classmethod
    def load(cls, file: IO[bytes]) -> Snapshot:
        """Read what :meth:`save` wrote.

        Args:
            file: open for reading.

        Raises:
            InputFormatError: it is something else, or damaged.
        """
        wrong = InputFormatError(
            "not a snapshot of serving state", todo="begin without one; limits are learnt anew"
        )
        if file.read(len(_MAGIC)) != _MAGIC:
            raise wrong
        try:
            made = cls(*(np.lib.format.read_array(file, allow_pickle=False) for _ in fields(cls)))
        except (ValueError, EOFError, OSError, MemoryError) as error:
            raise wrong from error
        shapes = tuple(getattr(made, field.name).shape[1:] for field in fields(cls))
        types = tuple(getattr(made, field.name).dtype.str for field in fields(cls))
        if (
            shapes != ((), (of.COLUMNS,), (of.SEEN,), (segment.CELL,), (segment.CROWD,), ())
            or types != ("<u8", "<u4", "<u2", "<u8", "|u1", "<i8")
            or len({made.keys.shape[0], made.counts.shape[0], made.seen.shape[0]}) != 1
            or made.crowd.shape[0] != 2
            or made.pane.shape[0] != 1
        ):
            raise wrong
        return made


class State:
    """Tables of fixed size, in ``tables``.

    Args:
        accounts: accounts that are remembered, 328 bytes each.
        segments: segments of text that are remembered, 40 bytes each.
    """

    def __init__(self, accounts: int, segments: int) -> None:
        if accounts < of.WAYS or segments < segment.WAYS:
            raise ConfigurationError(
                "too little state",
                where=f"{accounts} accounts, {segments} segments",
                todo=f"name {of.WAYS} accounts and {segment.WAYS} segments at least",
            )
        places = accounts // of.WAYS * of.WAYS
        self.tables = StateTables(
            keys=np.zeros(places, np.uint64),
            counts=np.zeros((places, of.COLUMNS), np.uint32),
            seen=np.zeros((places, of.SEEN), np.uint16),
            cells=np.zeros((segments // segment.WAYS * segment.WAYS, segment.CELL), np.uint64),
            crowd=np.zeros((2, segment.CROWD), np.uint8),
            crowd_told=np.array([0, -1], np.int64),
        )
        self.addresses = addresses_of(self.tables)

    def reserve(self) -> None:
        """Take the memory of all tables now, so that no request waits for a page of it."""
        held = self.tables
        for table in (held.keys, held.counts, held.seen, held.cells):
            np.add(table, table.dtype.type(0), out=table)

    def snapshot(self) -> Snapshot:
        """Return a copy of what is in use."""
        held = self.tables
        used = np.flatnonzero(held.keys)
        used = used[np.argsort(held.keys[used], kind="stable")]
        cells = held.cells[held.cells[:, 0] != 0]
        return Snapshot(
            keys=held.keys[used],
            counts=held.counts[used],
            seen=held.seen[used],
            cells=cells[np.argsort(cells[:, 0] >> np.uint64(16), kind="stable")],
            crowd=held.crowd.copy(),
            pane=held.crowd_told[:1].copy(),
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Take in a snapshot in place of what was remembered.

        Where it holds more than there is room for, those charged least and segments with the
        fewest holders are left out.

        Args:
            snapshot: of another process or time.
        """
        held = self.tables
        for table in (held.keys, held.counts, held.seen, held.cells):
            table[:] = 0
        place_accounts(
            snapshot.keys, snapshot.counts, snapshot.seen, held.keys, held.counts, held.seen
        )
        place_segments(snapshot.cells, held.cells)
        held.crowd[:] = snapshot.crowd
        held.crowd_told[:] = snapshot.pane[0], -1
