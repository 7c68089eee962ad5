"""The state folder: one small file names everything that counts, and is replaced in one step.

    state.json                        names all of the following; written last
    observations/000001/              what one scan read and observed, with its mark
    tables/accounts-000001.parquet    account table, events and tokens as last given
    looks/2026-03-29T10.npz           what the look at that hour carried
    flags/000001.json                 accounts flagged by the last scan that ended
    revisions/000001.json             what a scan changed in the verdicts of the scan before

What ``state.json`` does not name is left over from a killed run and is removed by the next.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from stillwatch.disk import UNFINISHED, locked, write_whole
from stillwatch.errors import ConfigurationError, InputFormatError, OutputError
from stillwatch.records import utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Manifest", "Reading", "Saved", "Segment", "StateFolder"]

_VERSION = 1
_MANIFEST = "state.json"
_HELD = ("observations", "tables", "looks", "flags", "revisions")


@dataclass(frozen=True, slots=True)
class Segment:
    """What one scan read and observed."""

    name: str
    rows: int
    first: int
    """Time of the first exchange, microseconds since 1970."""
    last: int


@dataclass(frozen=True, slots=True)
class Saved:
    """What a look carried."""

    look: int
    """Microseconds since 1970."""
    rows: int
    """Exchanges before it."""
    settings: str
    """Fingerprint of what the looks were decided with."""
    name: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a stream was read; committed together with what was read."""

    positions: Mapping[str, int] = field(default_factory=dict)
    """Last position taken, by partition."""
    latest: Mapping[str, int] = field(default_factory=dict)
    """Newest time of event by partition, microseconds since 1970."""
    rejected: Mapping[str, int] = field(default_factory=dict)
    """Messages in quarantine, by reason."""
    messages: int = 0
    """Messages taken."""
    redelivered: int = 0
    """Messages that came again, told by their position."""
    repeated: int = 0
    """Exchanges whose id was known from another message."""
    commits: int = 0
    """Times that this was committed."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that counts."""

    key: str = ""
    """Fingerprint of the observations' key, empty before the first."""
    segments: tuple[Segment, ...] = ()
    sources: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Files that were read to their end: bytes and time of change (ns) by path."""
    tables: Mapping[str, str] = field(default_factory=dict)
    """File of each table."""
    looks: tuple[Saved, ...] = ()
    """Earliest first."""
    flags: str = ""
    """File of the flags, empty before the first scan ended."""
    revisions: tuple[str, ...] = ()
    serial: int = 0
    """Names given so far."""
    streams: Mapping[str, Reading] = field(default_factory=dict)
    """How far each stream was read, by its name."""


class StateFolder:
    """A state folder in use by this process.

    Args:
        path: the folder; use :meth:`opened`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = self._read()
        self._committing = threading.Lock()

    @classmethod
    @contextmanager
    def opened(cls, path: Path, *, create: bool = True) -> Iterator[StateFolder]:
        """Open a folder for this process alone.

        Args:
            path: the folder.
            create: make it where it is absent.

        Raises:
            OutputError: it cannot be written, is a link, or another process uses it.
            ConfigurationError: it is no state folder.
            InputFormatError: its manifest is damaged.
        """
        if path.is_symlink():
            raise OutputError(
                "the state folder is a symbolic link",
                where=str(path),
                todo="name the folder itself",
            )
        if not path.is_dir():
            if not create or path.exists():
                raise ConfigurationError(
                    "there is no state folder here",
                    where=str(path),
                    todo="name the folder that `stillwatch scan --state` was given",
                )
        elif not (path / _MANIFEST).exists() and (
            not create or any(not _ours(p.name) for p in path.iterdir())
        ):
            raise ConfigurationError(
                "the folder holds something else than a state",
                where=str(path),
                todo="name a new or empty folder",
            )
        try:
            for name in _HELD:
                (path / name).mkdir(parents=True, exist_ok=True)
            lock = os.open(path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            if not locked(lock):
                raise OutputError(
                    "another process uses the state folder",
                    where=str(path),
                    todo="wait for it to end, or stop it",
                )
            state = cls(path)
            state.tidy()
            yield state
        finally:
            os.close(lock)

    def _read(self) -> Manifest:
        try:
            text = (self.path / _MANIFEST).read_text("utf-8")
        except FileNotFoundError:
            return Manifest()
        try:
            held = json.loads(text)
            version = held.pop("stillwatch_state")
            if version == _VERSION:
                held["segments"] = tuple(Segment(**one) for one in held["segments"])
                held["looks"] = tuple(Saved(**one) for one in held["looks"])
                held["revisions"] = tuple(held["revisions"])
                held["sources"] = {k: (int(a), int(b)) for k, (a, b) in held["sources"].items()}
                streams = held.get("streams", {}).items()
                held["streams"] = {name: Reading(**one) for name, one in streams}
                return Manifest(**held)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InputFormatError(
                f"the state is damaged: {error}",
                where=str(self.path / _MANIFEST),
                todo="restore the folder, or name a new one and scan the whole log again",
            ) from error
        raise InputFormatError(
            f"the state is of version {version}, this program's of {_VERSION}",
            where=str(self.path / _MANIFEST),
            todo="name a new folder and scan the whole log again",
        )

    def commit(self, **changes: Any) -> None:  # noqa: ANN401 - fields of the manifest
        """Change the manifest, in one step and on the disk.

        Args:
            changes: fields of :class:`Manifest`.

        Raises:
            OutputError: it cannot be written.
        """
        with self._committing:  # a look may commit what it carried while a stream is read
            manifest = replace(self.manifest, **changes)
            held = {"stillwatch_state": _VERSION, **asdict(manifest)}
            self.write(_MANIFEST, (json.dumps(held, indent=1) + "\n").encode())
            self.manifest = manifest

    def write(self, name: str, data: bytes) -> Path:
        """Write a file whole or not at all.

        Args:
            name: path within the folder.
            data: what it is to hold.

        Raises:
            OutputError: it cannot be written.
        """
        target = self.path / name
        try:
            write_whole(target, data)
        except OSError as error:
            raise _unwritable(target, error) from error
        return target

    def next_name(self) -> tuple[str, int]:
        """Return a name that nothing has yet, and the serial to commit with it."""
        serial = self.manifest.serial + 1
        return f"{serial:06d}", serial

    def segment_path(self, segment: Segment) -> Path:
        """Return the folder of a segment's observations."""
        return self.path / "observations" / segment.name

    def flags(self) -> dict[str, Any] | None:
        """Return what the last scan that ended said; None before the first.

        ``as_of`` is its last look, ``accounts`` the campaign and look of each account flagged.
        """
        if not self.manifest.flags:
            return None
        found: dict[str, Any] = json.loads(
            (self.path / "flags" / self.manifest.flags).read_text("utf-8")
        )
        return found

    def tidy(self) -> None:
        """Remove what the manifest does not name."""
        for left in self.path.glob(f"{UNFINISHED}*"):
            left.unlink(missing_ok=True)
        named = {
            "observations": {one.name for one in self.manifest.segments},
            "tables": set(self.manifest.tables.values()),
            "looks": {one.name for one in self.manifest.looks},
            "flags": {self.manifest.flags},
            "revisions": set(self.manifest.revisions),
        }
        for folder, names in named.items():
            for path in (self.path / folder).iterdir():
                if path.name in names:
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)


def _ours(name: str) -> bool:
    return name in {*_HELD, ".lock"} or name.startswith(UNFINISHED)


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"the state cannot be written: {error.strerror or error}",
        where=str(path),
        todo="name a folder that you may write and that has room",
    )


def look_name(look: int) -> str:
    """Return the file name of a look.

    >>> look_name(0)
    '1970-01-01T00.npz'
    """
    return f"{utc(look):%Y-%m-%dT%H}.npz"
