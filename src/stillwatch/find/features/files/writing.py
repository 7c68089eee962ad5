"""Observations to Parquet, a folder a day, published in one step.

Files are made in a hidden folder inside the output folder and flushed to disk; then they are
renamed into place under names that no earlier run used, and the mark that names them replaces
the earlier one.  What is read before that step is the earlier run whole, and after it the later.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.disk import flush
from stillwatch.errors import OutputError
from stillwatch.find.features.files.mark import (
    MARK,
    PART,
    Mark,
    Part,
    key_fingerprint,
    stored_schema,
)
from stillwatch.find.features.observe import OBSERVATION_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Written", "write_observations"]

DAY = 86_400_000_000
"""Microseconds."""
HELD_BYTES = 256 << 20
"""Observations held in memory, at most; then the day that holds most is written."""
ROW_GROUP = 65_536
"""Rows."""
STAGE = ".observing-"
"""Start of the name of the hidden folder."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a run wrote."""

    exchanges: int
    """Observations."""
    days: int
    """UTC days that have some."""
    files: int
    """Parquet files."""
    size: int
    """Bytes of them."""


def write_observations(
    batches: Iterable[pa.RecordBatch],
    out: Path,
    *,
    key: int = 0,
    mark: str | None = None,
    held: int = HELD_BYTES,
) -> Written:
    """Write observations into a folder in place of those that it has.

    Args:
        batches: observations as :func:`stillwatch.find.features.observe.observe` makes them, in
            any order, all with account ids of one type.
        out: folder, made when absent; other files in it stay.
        key: the key that they were made with; its fingerprint is written, and never the key.
        mark: fingerprint of the key, where the observations were made elsewhere with a key that is
            not at hand.
        held: bytes kept in memory, at most.

    Raises:
        OutputError: the folder cannot be written, or is a symbolic link.
    """
    stage: Path | None = None
    mark = mark or key_fingerprint(key)
    try:
        _refuse_links(out)
        out.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=out))
        days = _Days(stage, mark, held)
        for batch in batches:
            days.add(batch)
        days.close()
        size = sum((stage / part.path).stat().st_size for part in days.parts)
        _publish(stage, out, Mark(OBSERVATION_VERSION, mark, days.sorted()))
    except OSError as error:
        raise OutputError(
            f"the observations cannot be written: {error.strerror or error}",
            where=str(out),
            todo="name a folder that you may write, that has room and that no other run writes to",
        ) from error
    finally:
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)
    rows = sum(part.rows for part in days.parts)
    named = {part.path.partition("/")[0] for part in days.parts}
    return Written(rows, len(named), len(days.parts), size)


class _Days:
    """Gathers rows by day and writes a day's when memory is full."""

    def __init__(self, stage: Path, mark: str, held: int) -> None:
        self._stage = stage
        self._mark = mark
        self._most = held
        self._run = secrets.token_hex(4)
        self._rows: dict[int, list[pa.RecordBatch]] = {}
        self._bytes: dict[int, int] = {}
        self.parts: list[Part] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Take rows in."""
        day = np.asarray(batch.column("time")) // DAY
        for number in np.unique(day).tolist():
            chosen = day == number
            rows = batch if chosen.all() else batch.filter(pa.array(chosen))
            self._rows.setdefault(number, []).append(rows)
            self._bytes[number] = self._bytes.get(number, 0) + rows.nbytes
        while sum(self._bytes.values()) > self._most:
            self._write(max(self._bytes, key=lambda number: (self._bytes[number], -number)))

    def close(self) -> None:
        """Write what is held."""
        for number in sorted(self._rows):
            self._write(number)

    def sorted(self) -> tuple[Part, ...]:
        """Return the files in order of path."""
        return tuple(sorted(self.parts, key=lambda part: part.path))

    def _write(self, number: int) -> None:
        rows = self._rows.pop(number)
        del self._bytes[number]
        day = np.datetime64(number, "D")
        path = f"day={day}/part-{self._run}-{len(self.parts):06d}.parquet"
        target = self._stage / path
        target.parent.mkdir(exist_ok=True)
        schema = stored_schema(rows[0].schema.field("account_id").type, self._mark)
        table = pa.Table.from_batches([r.replace_schema_metadata(schema.metadata) for r in rows])
        pq.write_table(
            table.cast(schema),
            target,
            compression="zstd",
            row_group_size=ROW_GROUP,
            write_page_checksum=True,
        )
        flush(target)
        self.parts.append(Part(path, table.num_rows))


def _publish(stage: Path, out: Path, mark: Mark) -> None:
    """Move the files into place, then the mark, then remove what the mark does not name."""
    for part in mark.parts:
        (out / part.path).parent.mkdir(exist_ok=True)
        (stage / part.path).replace(out / part.path)
    for folder in {(out / part.path).parent for part in mark.parts}:
        flush(folder)
    written = stage / MARK
    written.write_text(mark.encode(), "utf-8")
    flush(written)
    _refuse_links(out)
    written.replace(out / MARK)
    flush(out)
    named = {part.path for part in mark.parts}
    for folder in sorted(out.glob("day=*")):
        for path in sorted(folder.glob("part-*.parquet")):
            own = PART.fullmatch(f"{folder.name}/{path.name}")
            if own and own.group() not in named:
                path.unlink()
        if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
            folder.rmdir()
    for left in out.glob(f"{STAGE}*"):  # of killed runs
        if left != stage:
            shutil.rmtree(left, ignore_errors=True)


def _refuse_links(out: Path) -> None:
    for path in (out, out / MARK, *out.glob("day=*")):
        if path.is_symlink():
            raise OutputError(
                "the output folder, or something in it that would be replaced, is a symbolic link",
                where=str(path),
                todo="remove the link, or name a folder of its own",
            )
