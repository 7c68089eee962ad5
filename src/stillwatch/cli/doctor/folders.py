"""D-6 to D-8: room, folders, and who may read them."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.cli.doctor.interface import Finding, fail, ok, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.cli.doctor.installation import Installation

__all__ = ["closed", "room", "there"]

_SCARCE = 0.05
_GIB = 1 << 30


def room(found: Installation) -> Iterator[Finding]:
    """D-6: there is room on the disks that are written to."""
    seen: set[int] = set()
    for place in found.written:
        path = _nearest(Path(place.value))
        device = path.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        disk = shutil.disk_usage(path)
        said = f"{disk.free / _GIB:,.1f} of {disk.total / _GIB:,.1f} GiB are free"
        if disk.free < found.room:
            yield fail(said, "make room, or name folders on another disk", place.value)
        elif disk.free < disk.total * _SCARCE:
            yield warn(said, "make room soon", place.value)
        else:
            yield ok(said, place.value)


def there(found: Installation) -> Iterator[Finding]:
    """D-7: folders exist and can be written."""
    for place in found.written:
        path = Path(place.value)
        if not path.exists():
            try:
                writable = os.access(_nearest(path), os.W_OK | os.X_OK)
            except OSError:
                writable = False
            said = f"{place.variable} names no folder yet"
            if writable:
                yield warn(
                    said, "nothing, if it was never used; else look for what it held", str(path)
                )
            else:
                yield fail(said, "make it, owned by the user of the service", str(path))
            continue
        try:
            with tempfile.TemporaryFile(dir=path):
                pass
        except OSError as error:
            yield fail(
                f"{place.variable} cannot be written: {error.strerror}",
                "name a folder that the user of the service may write to",
                str(path),
            )
        else:
            yield ok(f"{place.variable} can be written", str(path))


def closed(found: Installation) -> Iterator[Finding]:
    """D-8: what holds prompts, personal data and keys is closed to other users."""
    if os.name == "nt":
        return
    for place in found.written:
        path = Path(place.value)
        if not path.is_dir():
            continue
        about = path.stat()
        mode = stat.S_IMODE(about.st_mode)
        what = "prompts lie here, and" if place.variable == "lake.folder" else "the folder"
        todo = f"chmod {'750' if place.variable == 'lake.folder' else '700'} {path}"
        if mode & stat.S_IRWXO:
            yield fail(f"{what} others can come in (mode {mode:o})", todo, str(path))
        elif mode & stat.S_IWGRP:
            yield warn(f"{what} the group can change them (mode {mode:o})", todo, str(path))
        else:
            yield ok(f"closed to others (mode {mode:o})", str(path))


def _nearest(path: Path) -> Path:
    """Return the folder, or the nearest above it that exists."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
