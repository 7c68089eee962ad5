"""Schedules on disk, one file a day, so that memory follows a day and not the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillwatch.worlds.simulation.columns import DAY, Accounts, Traffic

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["ROW", "Rows", "Spill", "rows_of"]

Rows = NDArray[np.void]

ROW = np.dtype(
    [
        ("time", "i8"), ("account", "i4"), ("conversation", "i4"), ("turn", "i4"),
        ("kind", "i1"), ("lang", "i1"), ("subject", "i4"), ("seed", "i8"), ("pool", "i1"),
        ("wrapper", "i2"), ("wrap_seed", "i8"), ("system", "i4"), ("model", "i1"),
        ("answer", "f4"), ("max_tokens", "i4"), ("temperature", "f4"), ("ip", "u8"),
        ("asn", "i4"), ("client", "i2"), ("end_user", "i4"), ("key", "i1"), ("harvest", "?"),
    ],
)  # fmt: skip
"""One exchange without its text."""


def rows_of(block: Accounts, traffic: Traffic) -> Rows:
    """Return traffic as rows that name the account by its number in the world."""
    rows = np.empty(len(traffic), dtype=ROW)
    for name in ROW.names or ():
        if name != "account":
            rows[name] = getattr(traffic, name)
    rows["account"] = block.index[traffic.row]
    return rows


class Spill:
    """Rows by day.

    Args:
        folder: where the files go; they are deleted as days are read.
        start: first instant of the world.
        days: days of the world.
    """

    def __init__(self, folder: Path, start: int, days: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._start = start
        self.counts = np.zeros(days, dtype=np.int64)
        self._files: dict[int, BinaryIO] = {}

    def write(self, rows: Rows) -> None:
        """Append rows to the files of their days."""
        if not len(rows):
            return
        day = (rows["time"] - self._start) // DAY
        order = np.argsort(day, kind="stable")
        rows, day = rows[order], day[order]
        found, first = np.unique(day, return_index=True)
        for number, part in zip(found.tolist(), np.split(rows, first[1:]), strict=True):
            if number not in self._files:
                self._files[number] = self._path(number).open("wb")
            part.tofile(self._files[number])
            self.counts[number] += len(part)

    def read(self, day: int) -> Rows:
        """Return the rows of a day in time order and delete its file."""
        if day not in self._files:
            return np.empty(0, dtype=ROW)
        self._files.pop(day).close()
        rows: NDArray[Any] = np.fromfile(self._path(day), dtype=ROW)
        self._path(day).unlink()
        return rows[np.argsort(rows["time"], kind="stable")]

    def _path(self, day: int) -> Path:
        return self._folder / f"day-{day:04d}.rows"
