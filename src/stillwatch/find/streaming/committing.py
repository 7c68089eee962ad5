"""What was read and where it was read from, committed in one step.

The manifest of the state names the segment and the positions, and is replaced in one rename. A
process that is killed before it leaves a segment that nothing names, and the messages are read
again; one that is killed after it has only not told the broker yet.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.disk import flush, writing
from stillwatch.errors import IncompatibleObservationsError, OutputError
from stillwatch.find.features.files import key_fingerprint, write_observations
from stillwatch.find.state import Segment

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.find.state import Reading, StateFolder
    from stillwatch.find.streaming.intake import Intake

__all__ = ["Lake", "check_key", "commit"]

_PART = re.compile(r"part-stream-(\d{6,})\.parquet")


class Lake:
    """A folder that takes the exchanges themselves, a file a day and segment.

    Args:
        path: the folder; others may put files of their own names beside.
        commits: of the stream; files of commits that never were are removed.

    Raises:
        OutputError: the folder cannot be written.
    """

    def __init__(self, path: Path, commits: int) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            for file in path.glob("day=*/part-stream-*.parquet"):
                own = _PART.fullmatch(file.name)
                if own and int(own[1]) > commits:
                    file.unlink()
        except OSError as error:
            raise _unwritable(path, error) from error

    def write(self, batches: list[pa.RecordBatch], number: int) -> None:
        """Write exchanges, flushed, before the commit that counts them.

        Args:
            batches: exchanges.
            number: of the commit.

        Raises:
            OutputError: they cannot be written.
        """
        table = pa.Table.from_batches(batches)
        days = pc.strftime(table["time"], format="%Y-%m-%d")
        try:
            for day in pc.unique(days).to_pylist():
                folder = self.path / f"day={day}"
                folder.mkdir(exist_ok=True)
                with writing(folder / f"part-stream-{number:06d}.parquet", private=True) as file:
                    pq.write_table(table.filter(pc.equal(days, day)), file, compression="zstd")
            flush(self.path)
        except OSError as error:
            raise _unwritable(self.path, error) from error


def check_key(state: StateFolder, key: int) -> None:
    """Refuse a key that is not the state's.

    Raises:
        IncompatibleObservationsError: it is another.
    """
    if state.manifest.key not in ("", key_fingerprint(key)):
        raise IncompatibleObservationsError(
            "the state was made with another key than these exchanges would be",
            where=str(state.path),
            todo="give the key that the state was made with, or name a new state folder",
        )


def commit(
    state: StateFolder, intake: Intake, name: str, *, key: int = 0, lake: Lake | None = None
) -> Reading:
    """Write what an intake holds as a segment, and commit it with the positions.

    Args:
        state: takes both.
        intake: let go of what it holds once it is committed.
        name: of the stream.
        key: of all hashes.
        lake: takes the exchanges, too.

    Returns:
        How far the stream was read, on the disk.

    Raises:
        OutputError: something cannot be written; nothing of it counts then.
    """
    reading = intake.settle()
    if lake is not None and intake.exchanges:
        lake.write(intake.exchanges, reading.commits)
    streams = {**state.manifest.streams, name: reading}
    if intake.batches:
        part, serial = state.next_name()
        place = state.path / "observations" / part
        written = write_observations(intake.batches, place, key=key)
        try:
            flush(place.parent)
        except OSError as error:
            raise _unwritable(place.parent, error) from error
        times = [np.asarray(batch.column("time")) for batch in intake.batches]
        segment = Segment(
            part,
            written.exchanges,
            min(int(time.min()) for time in times),
            max(int(time.max()) for time in times),
        )
        state.commit(
            segments=(*state.manifest.segments, segment),
            serial=serial,
            key=key_fingerprint(key),
            streams=streams,
        )
    else:
        state.commit(streams=streams)
    intake.committed(reading)
    return reading


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"what was read cannot be kept: {error.strerror or error}",
        where=str(path),
        todo="name folders that you may write and that have room",
    )
