"""Small files in, without waiting or filling the memory; and out, whole and on the disk."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from typing import TYPE_CHECKING

try:
    import fcntl
except ImportError:  # Windows: nothing keeps two processes from using one folder there
    fcntl = None  # type: ignore[assignment]

from stillwatch.errors import ConfigurationError, SourceNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["UNFINISHED", "flush", "locked", "read_small", "write_whole", "writing"]

UNFINISHED = ".stillwatch-"
"""What the name of a file begins with until it is whole."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


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


def write_whole(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file whole or not at all, as `writing` does.

    Args:
        path: what is there is replaced; its folder must exist.
        data: all that it is to hold.
        private: its owner alone may read it, from the first byte on.

    Raises:
        OSError: it cannot be written.
    """
    with writing(path, private=private) as file:
        file.write(data)


@contextlib.contextmanager
def writing(path: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """Write a file whole or not at all: beside its place, flushed, then renamed.

    Args:
        path: what is there is replaced once the block ends without an exception; its folder must
            exist.
        private: its owner alone may read it, from the first byte on.

    Raises:
        OSError: it cannot be written.
    """
    made = path.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    mode = 0o600 if private else 0o666
    try:
        with os.fdopen(os.open(made, _NEW, mode), "wb") as file:
            yield file
        flush(made)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
    flush(path.parent)


def locked(descriptor: int) -> bool:
    """Take an open file for this process alone, until it is closed; False where another has it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


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
