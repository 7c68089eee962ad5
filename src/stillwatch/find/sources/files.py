"""Where inputs lie: locations → files, and files → bytes."""

from __future__ import annotations

import glob
import io
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote

import pyarrow as pa

from stillwatch.errors import InputFormatError, SourceNotFoundError
from stillwatch.find.sources.interface import InputFile

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HEAD", "expand", "is_url", "open_bytes", "read_head", "stem_suffix"]

CODECS = {".gz": "gzip", ".zst": "zstd"}
MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
HEAD = 1 << 16
"""Bytes that tell a format."""
UNPACKED = 512 << 20
"""Bytes that any compressed file may unpack to."""
UNPACKED_TIMES = 500
"""Times its size that a compressed file may unpack to beyond that; logs come to 5 to 200."""
CHUNK = 1 << 20
"""Bytes that are unpacked at a time."""

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


def is_url(location: str) -> bool:
    """Whether a location is a URL and not a path."""
    return _URL.match(location) is not None


def stem_suffix(path: str) -> str:
    """Return the ending of a file's name, compression left out.

    >>> stem_suffix("a/b.jsonl.gz"), stem_suffix("part-0")
    ('.jsonl', '')
    """
    name = Path(path)
    return Path(name.stem).suffix.lower() if name.suffix.lower() in CODECS else name.suffix.lower()


def expand(location: str, suffixes: frozenset[str]) -> list[InputFile]:
    """Return the files of a path, folder or pattern, in order of name.

    Args:
        location: path of a file or folder, or a pattern such as ``logs/*.jsonl.gz``.
        suffixes: endings that a folder's files must have; others are taken only where they
            start as a Parquet file does.

    Raises:
        SourceNotFoundError: nothing is there, or it cannot be opened.
    """
    path = Path(location)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        matches = _matches(location)
        if matches:
            return [file for match in matches for file in expand(match, suffixes)]
        raise SourceNotFoundError(
            f"the input cannot be opened: {getattr(error, 'strerror', None) or error}",
            where=location,
            todo="check the path",
        ) from error
    if stat.S_ISDIR(mode):
        found = [_file(entry, path) for entry in _walk(path) if _wanted(entry, suffixes)]
        if not found:
            raise SourceNotFoundError(
                "the folder holds no file in a known format",
                where=location,
                todo=f"expected files that end in {', '.join(sorted(suffixes))}",
            )
        return found
    if not stat.S_ISREG(mode):
        raise SourceNotFoundError(
            "the input is neither a file nor a folder", where=location, todo="check the path"
        )
    return [_file(path, path.parent)]


def _matches(pattern: str) -> list[str]:
    if "\0" in pattern or not glob.has_magic(pattern):
        return []
    # A file whose name is itself a pattern would match for ever.
    return [match for match in sorted(glob.glob(pattern, recursive=True)) if match != pattern]  # noqa: PTH207


def _walk(root: Path) -> Iterator[Path]:
    # Links are followed, each folder once: a loop of links ends.  Folders may nest deeper than
    # Python's stack, so what is still to be read is kept in a list, the next entry last.
    seen: set[tuple[int, int]] = set()
    ahead = [root]
    while ahead:
        entry = ahead.pop()
        try:
            status = entry.stat()
        except OSError as error:
            link = os.path.islink(entry)  # noqa: PTH114 - a path too long is none, and no error
            raise SourceNotFoundError(
                "a link in the folder leads nowhere or to itself"
                if link
                else f"an entry of the folder cannot be read: {error.strerror}",
                where=str(entry),
                todo="remove or mend the link" if link else "check its mode, and scan again",
            ) from error
        if stat.S_ISREG(status.st_mode):
            yield entry
        elif stat.S_ISDIR(status.st_mode) and (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            ahead.extend(sorted(_entries(entry), reverse=True))


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from (e for e in folder.iterdir() if not e.name.startswith((".", "_")))
    except OSError as error:
        raise SourceNotFoundError(
            f"the folder cannot be read: {error.strerror}", where=str(folder), todo="check its mode"
        ) from error


def _wanted(path: Path, suffixes: frozenset[str]) -> bool:
    if stem_suffix(str(path)) in suffixes:
        return True
    if path.suffix:
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError as error:
        raise SourceNotFoundError(
            f"a file of the folder cannot be opened: {error.strerror}",
            where=str(path),
            todo="check its mode, and scan again",
        ) from error


def _file(path: Path, root: Path) -> InputFile:
    partitions: dict[str, str] = {}
    for part in path.relative_to(root).parts[:-1]:
        key, equals, value = part.partition("=")
        if equals and key and value != "__HIVE_DEFAULT_PARTITION__":
            partitions[key] = unquote(value)
    return InputFile(os.fspath(path), os.fspath(path), partitions)


class _Unpacked(io.RawIOBase):
    """A decompressed file that ends with an error where it swells beyond what a log does."""

    def __init__(self, inner: pa.NativeFile, path: str, size: int) -> None:
        self._inner = inner
        self._path = path
        self._left = UNPACKED + UNPACKED_TIMES * size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        got: int = self._inner.readinto(buffer)
        self._left -= got
        if self._left < 0:
            raise InputFormatError(
                f"the file unpacks to over {UNPACKED_TIMES} times its size",
                where=self._path,
                todo="a log does not: fetch it again, or unpack it yourself if it is sound",
            )
        return got

    def close(self) -> None:
        self._inner.close()
        super().close()


def open_bytes(path: str) -> BinaryIO | pa.NativeFile:
    """Open a file, decompressing gzip and zstd, which its first bytes tell.

    Reading raises InputFormatError where a file unpacks to far more than a log would.

    Raises:
        SourceNotFoundError: the file cannot be opened.
    """
    try:
        with Path(path).open("rb") as raw:
            first = raw.read(4)
            size = os.fstat(raw.fileno()).st_size
        codec = next((name for magic, name in MAGIC.items() if first.startswith(magic)), None)
        stream = pa.input_stream(path, compression=codec)
        return stream if codec is None else io.BufferedReader(_Unpacked(stream, path, size), CHUNK)
    except OSError as error:
        raise SourceNotFoundError(
            f"the input cannot be opened: {error.strerror or error}",
            where=path,
            todo="check the path and its mode",
        ) from error


def read_head(path: str, size: int = HEAD) -> bytes:
    """Return the first bytes of a file, decompressed.

    Raises:
        InputFormatError: the file claims a compression that it does not have.
    """
    with open_bytes(path) as stream:
        try:
            return bytes(stream.read(size))
        except OSError as error:
            raise InputFormatError(
                f"the file cannot be decompressed: {error}", where=path, todo="fetch it again"
            ) from error
