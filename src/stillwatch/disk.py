"""Small files in, without waiting or filling the memory, and flushing what was written."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from stillwatch.errors import ConfigurationError, SourceNotFoundError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["flush", "read_small"]


def read_small(path: Path, what: str, most: int = 1 << 20) -> bytes:
    """Return the bytes of a small file.

    Args:
        path: a plain file; pipes and devices, which may never end, are refused.
        what: what it is, in an error.
        most: bytes that it may have.

    Raises:
        SourceNotFoundError: it cannot be opened.
        ConfigurationError: it is no plain file, or too long.
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits for someone to write to it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            plain = stat.S_ISREG(os.fstat(descriptor).st_mode)
            held = file.read(most + 1) if plain else b""
    except OSError as error:
        raise SourceNotFoundError(
            f"{what} cannot be opened: {error.strerror}",
            where=str(path),
            todo="check the path and its mode",
        ) from error
    if not plain or len(held) > most:
        fault = f"is over {most:,} bytes long" if plain else "is not a plain file"
        raise ConfigurationError(f"{what} {fault}", where=str(path), todo="check the path")
    return held


def flush(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk.

    Raises:
        OSError: the path cannot be opened or flushed.
    """
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder for flushing
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
