"""A folder that observations are added to, a segment at a time, each whole or not there.

A segment is what ``stillwatch observe`` writes, under a name of its time and some random letters.
One being written has a hidden name, and is removed at the next start where that did not end.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from stillwatch.disk import flush, locked
from stillwatch.errors import ConfigurationError, OutputError
from stillwatch.find.features.files import MARK, Written, key_fingerprint, write_observations
from stillwatch.find.features.files.mark import read_mark
from stillwatch.records import utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa

__all__ = ["Segments"]

_UNFINISHED = ".segment-"


class Segments:
    """Segments in a folder that this process alone adds to; use :meth:`opened`.

    Args:
        path: the folder.
        key: key of the observations; its fingerprint is written, and never the key.
    """

    def __init__(self, path: Path, key: int) -> None:
        self.path = path
        self._key = key

    @classmethod
    @contextmanager
    def opened(cls, path: Path, key: int) -> Iterator[Self]:
        """Open a folder, made where it is absent; those segments that it has stay.

        Args:
            path: the folder.
            key: as above.

        Raises:
            OutputError: it cannot be written, is a link, or another process writes to it.
            ConfigurationError: it holds observations of one run, or under another key.
        """
        if path.is_symlink():
            raise OutputError(
                "the output folder is a symbolic link",
                where=str(path),
                todo="name the folder itself",
            )
        try:
            path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            if not locked(descriptor):
                raise OutputError(
                    "another process writes to the folder",
                    where=str(path),
                    todo="wait for it to end, or name another folder",
                )
            _check(path, key)
            for left in path.glob(f"{_UNFINISHED}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield cls(path, key)
        finally:
            os.close(descriptor)

    def add(self, batches: Iterable[pa.RecordBatch], now: float) -> Written:
        """Write observations as one more segment, flushed, and under its name in one step.

        Args:
            batches: observations, at least one row.
            now: seconds since 1970; names the segment.

        Raises:
            OutputError: it cannot be written; nothing of it is left then.
        """
        token = secrets.token_hex(4)
        made = self.path / f"{_UNFINISHED}{token}"
        try:
            written = write_observations(batches, made, key=self._key)
            made.replace(self.path / f"{utc(int(now * 1e6)):%Y%m%dT%H%M%S}-{token}")
            flush(self.path)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return written


def _check(path: Path, key: int) -> None:
    if (path / MARK).exists():
        raise ConfigurationError(
            "the folder holds observations of one run, which segments cannot be added to",
            where=str(path),
            todo="name a folder of its own",
        )
    for segment in sorted(path.iterdir()):
        mark = read_mark(segment / MARK)
        if mark is not None and mark.key != key_fingerprint(key):
            raise ConfigurationError(
                "the folder holds observations under another key",
                where=str(segment),
                todo="give the key that they were made with, or name another folder",
            )


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"the observations cannot be written: {error.strerror or error}",
        where=str(path),
        todo="name a folder that you may write and that has room",
    )
