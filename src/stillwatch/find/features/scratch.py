"""Arrays of the size of the log: in files without a name, so that memory does not grow with it.

The files are mapped, and the system keeps of them what is in use: a log may be larger than the
memory.  They have no name in their folder and are gone with the process, however it ends.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from stillwatch.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray

__all__ = ["Scratch", "Spool"]

_SMALL = 1 << 22
"""Bytes of an array below which it stays in memory."""


class Scratch:
    """Where large arrays are made.

    Args:
        folder: takes the files; None keeps everything in memory.

    >>> Scratch().array(np.int32, 2).size
    2
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()

    def array(self, dtype: DTypeLike, shape: int | tuple[int, ...]) -> NDArray[Any]:
        """Return a new array; what it holds is not set.

        Args:
            dtype: of its values.
            shape: of the array.

        Raises:
            OutputError: the folder takes no file, or has no room.
        """
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if self._folder is None or size < _SMALL:
            return np.empty(shape, dtype)
        with self.file() as file:
            try:
                # a mapped file that finds no room would end the process without a word
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError as error:
                raise self.refused(error) from error
            return self.mapped(file.fileno(), dtype).reshape(shape)

    def mapped(self, file: int, dtype: DTypeLike) -> NDArray[Any]:
        """Return what a file holds as an array; a change of one is a change of the other."""
        made = mmap.mmap(file, 0)
        self._maps.add(made)
        return np.frombuffer(made, dtype)

    def spool(self, dtype: DTypeLike) -> Spool:
        """Return a column that grows at its end."""
        return Spool(self, dtype)

    @property
    def on_disk(self) -> bool:
        """Whether large arrays go to files."""
        return self._folder is not None

    def file(self) -> Any:  # noqa: ANN401 - a raw file, of a type without a name
        """Return a new file without a name.

        Raises:
            OutputError: the folder takes none.
        """
        try:
            return tempfile.TemporaryFile(dir=self._folder, buffering=0)
        except OSError as error:
            raise self.refused(error) from error

    def release(self) -> None:
        """Let go of the pages in memory; they are read again when they are wanted."""
        for made in self._maps:
            made.madvise(mmap.MADV_DONTNEED)

    def refused(self, error: OSError) -> OutputError:
        """Return the named error of what the folder refused."""
        return OutputError(
            f"the scan's working files cannot be written: {error.strerror or error}",
            where=str(self._folder),
            todo="name an output folder on a disk with room: about 1 KiB for each exchange",
        )


class Spool:
    """A column that grows at its end; made by :meth:`Scratch.spool`."""

    def __init__(self, scratch: Scratch, dtype: DTypeLike) -> None:
        self._scratch, self._dtype = scratch, np.dtype(dtype)
        self._file: Any = None
        self._held: list[NDArray[Any]] = []
        self._bytes = 0

    def add(self, values: NDArray[Any]) -> None:
        """Add values at the end.

        Raises:
            OutputError: there is no room.
        """
        values = np.ascontiguousarray(values, self._dtype).reshape(-1)
        if not values.size:
            return
        self._held.append(values)
        self._bytes += values.nbytes
        if self._scratch.on_disk and self._bytes >= _SMALL:
            self._spill()

    def taken(self) -> NDArray[Any]:
        """Return all of it; nothing can be added after."""
        if self._file is None:
            held, self._held = self._held, []
            return np.concatenate([np.zeros(0, self._dtype), *held])
        self._spill()
        with self._file as file:
            return self._scratch.mapped(file.fileno(), self._dtype)

    def _spill(self) -> None:
        if self._file is None:
            self._file = self._scratch.file()
        try:
            for part in self._held:
                view = part.data.cast("B")
                while view:
                    view = view[self._file.write(view) :]
        except OSError as error:
            raise self._scratch.refused(error) from error
        self._held, self._bytes = [], 0
