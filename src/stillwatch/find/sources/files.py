"""Where inputs lie: locations → files, and files → bytes."""

from __future__ import annotations

import glob
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa

from stillwatch.errors import InputFormatError, SourceNotFoundError
from stillwatch.find.sources.interface import InputFile

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["expand", "is_url", "open_bytes", "read_head", "stem_suffix"]

CODECS = {".gz": "gzip", ".zst": "zstd"}
MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
HEAD = 1 << 16
"""Bytes that tell a format."""

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
        found = [_file(entry, path) for entry in _walk(path, set()) if _wanted(entry, suffixes)]
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


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    # Links are followed, each folder once: a loop of links ends.
    try:
        status = folder.stat()
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise SourceNotFoundError(
            f"the folder cannot be read: {error.strerror}", where=str(folder), todo="check its mode"
        ) from error
    if (status.st_dev, status.st_ino) in seen:
        return
    seen.add((status.st_dev, status.st_ino))
    for entry in entries:
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_symlink() and not _resolves(entry):
            raise SourceNotFoundError(
                "a link in the folder leads nowhere or to itself",
                where=str(entry),
                todo="remove or mend the link",
            )
        if entry.is_dir():
            yield from _walk(entry, seen)
        elif entry.is_file():
            yield entry


def _resolves(link: Path) -> bool:
    try:
        link.stat()
    except OSError:
        return False
    return True


def _wanted(path: Path, suffixes: frozenset[str]) -> bool:
    if stem_suffix(str(path)) in suffixes:
        return True
    if path.suffix:
        return False
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _file(path: Path, root: Path) -> InputFile:
    partitions: dict[str, str] = {}
    for part in path.relative_to(root).parts[:-1]:
        key, equals, value = part.partition("=")
        if equals and key and value != "__HIVE_DEFAULT_PARTITION__":
            partitions[key] = unquote(value)
    return InputFile(os.fspath(path), os.fspath(path), partitions)


def open_bytes(path: str) -> pa.NativeFile:
    """Open a file, decompressing gzip and zstd, which its first bytes tell.

    Raises:
        SourceNotFoundError: the file cannot be opened.
    """
    try:
        with Path(path).open("rb") as raw:
            first = raw.read(4)
        codec = next((name for magic, name in MAGIC.items() if first.startswith(magic)), None)
        return pa.input_stream(path, compression=codec)
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
