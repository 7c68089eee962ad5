"""What a bundle is on disk: which names it may have, and the walk that refuses all others."""

from __future__ import annotations

import os
import re
import stat
import tarfile
from typing import TYPE_CHECKING

from stillwatch.errors import OutputError, RefusedError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "COMMANDS",
    "ENVELOPE",
    "MOST_FILES",
    "MOST_SMALL",
    "files_of",
    "pack",
    "read_part",
    "unpack",
]

ENVELOPE = "statement.dsse.json"
"""The signed statement."""
COMMANDS = "VERIFY.txt"
"""How to verify with openssl and coreutils alone."""
MOST_FILES = 100_000
"""Files of a bundle."""
MOST_SMALL = 64 << 20
"""Bytes of a file that is read whole."""

_NAME = re.compile(
    r"(?:statement\.dsse\.json|VERIFY\.txt|"
    r"(?:parts|open|stamps|signers)(?:/[A-Za-z0-9_][A-Za-z0-9._-]{0,120}){1,6})"
)
_BLOCK = 1 << 20


def files_of(folder: Path) -> dict[str, int]:
    """Return the files of a bundle with their sizes in bytes, sorted by name.

    Raises:
        RefusedError: E-1 a link, device or pipe, a name that no bundle has, or too many files.
    """
    found: dict[str, int] = {}
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            entries = list(os.scandir(here))
        except OSError as error:  # E-1
            raise RefusedError("E-1", f"a folder cannot be read: {error.strerror}") from error
        for entry in entries:
            path = here / entry.name
            name = path.relative_to(folder).as_posix()
            held = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(held.st_mode):
                waiting.append(path)
            elif not stat.S_ISREG(held.st_mode) or not _NAME.fullmatch(name):  # E-1
                raise RefusedError("E-1", "a file that no bundle has", where=name)
            else:
                found[name] = held.st_size
            if len(found) + len(waiting) > MOST_FILES:  # E-1
                raise RefusedError("E-1", f"a bundle has over {MOST_FILES:,} files")
    if ENVELOPE not in found:  # E-1
        raise RefusedError("E-1", "there is no statement", where=ENVELOPE)
    return dict(sorted(found.items()))


def read_part(folder: Path, name: str, rule: str, most: int = MOST_SMALL) -> bytes:
    """Return a file of a bundle that is read whole.

    Raises:
        RefusedError: under the rule of the caller, it is missing, no plain file or too long.
    """
    try:
        descriptor = os.open(
            folder / name,
            os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0),
        )
        with os.fdopen(descriptor, "rb") as file:
            plain = stat.S_ISREG(os.fstat(descriptor).st_mode)
            raw = file.read(most + 1) if plain else b""
    except (OSError, ValueError) as error:
        raise RefusedError(rule, "a file of the bundle cannot be read", where=name) from error
    if not plain or len(raw) > most:
        raise RefusedError(rule, f"a file is not plain or over {most:,} bytes", where=name)
    return raw


def pack(folder: Path, out: Path) -> None:
    """Write a bundle as one tar file: plain files in order of their names, without owner or time.

    The same bundle gives the same bytes.

    Raises:
        RefusedError: E-1 the folder is no bundle.
        OutputError: the file exists or cannot be written.
    """
    names = files_of(folder)
    made = out.with_name(f".stillwatch-{out.name}")
    try:
        if out.exists():
            raise OutputError("the file exists", where=str(out), todo="name a new file")
        with tarfile.open(made, "w", format=tarfile.PAX_FORMAT) as tar:
            for name, size in names.items():
                member = tarfile.TarInfo(name)
                member.size, member.mode = size, 0o644
                with (folder / name).open("rb") as file:
                    tar.addfile(member, file)
        made.replace(out)
    except OSError as error:
        raise OutputError(
            f"the bundle cannot be packed: {error.strerror or error}",
            where=str(out),
            todo="check the folder's mode and the room on its disk",
        ) from error
    finally:
        made.unlink(missing_ok=True)


def unpack(file: Path, folder: Path, most: int = 1 << 40) -> None:
    """Write the files of a packed bundle below a new folder.

    Args:
        file: what `pack` wrote.
        folder: it must not exist.
        most: bytes of all files together, at most.

    Raises:
        RefusedError: E-1 it is no such file: a link, another name, a name twice, too large.
        OutputError: the folder exists or cannot be written.
    """
    try:
        folder.mkdir(parents=True)
        with tarfile.open(file, "r:") as tar:
            _members(tar, folder, most)
    except tarfile.TarError as error:  # E-1
        raise RefusedError("E-1", f"not a packed bundle: {error}", where=str(file)) from error
    except OSError as error:
        raise OutputError(
            f"the bundle cannot be unpacked: {error.strerror or error}",
            where=str(folder),
            todo="name a new folder; check the room on its disk",
        ) from error


def _members(tar: tarfile.TarFile, folder: Path, most: int) -> None:
    seen: set[str] = set()
    total = 0
    for member in tar:
        total += member.size
        if not member.isreg() or member.issparse() or not _NAME.fullmatch(member.name):  # E-1
            raise RefusedError("E-1", "a packed bundle holds plain files alone", where=member.name)
        if member.name in seen or len(seen) >= MOST_FILES or total > most:  # E-1
            raise RefusedError("E-1", "a name is there twice, or too much", where=member.name)
        seen.add(member.name)
        path = folder / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        source = tar.extractfile(member)
        with path.open("xb") as out:
            while source is not None and (block := source.read(_BLOCK)):
                out.write(block)
        if path.stat().st_size != member.size:  # E-1
            raise RefusedError("E-1", "a packed file is cut short", where=member.name)
