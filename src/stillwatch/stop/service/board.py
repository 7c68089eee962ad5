"""The newest of every update, in memory and in a folder that outlives the process."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from stillwatch.disk import UNFINISHED, write_whole
from stillwatch.errors import RefusedError
from stillwatch.stop.service.updates import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stillwatch.stop.service.updates import Update

__all__ = ["Board", "Kept"]

_MOST_KEYS = 100_000
"""Updates of one kind; beyond it the oldest version goes."""


class Board:
    """Updates by kind and key, each the newest.

    >>> from stillwatch.stop.service.updates import Update
    >>> board = Board()
    >>> board.take(Update("scan", "eu", 2, b"")), board.take(Update("scan", "eu", 1, b""))
    (True, False)
    """

    def __init__(self) -> None:
        self._held: dict[str, dict[str, Update]] = {}
        self.changes = 0
        """Updates that were taken."""

    def take(self, update: Update) -> bool:
        """Take an update; False where one as new is held."""
        held = self._held.setdefault(update.kind, {})
        known = held.get(update.key)
        if known is not None and known.version >= update.version:
            return False
        held[update.key] = update
        if len(held) > _MOST_KEYS:
            del held[min(held, key=lambda key: held[key].version)]
        self.changes += 1
        return True

    def lacks(self, update: Update) -> bool:
        """Say whether an update is newer than what is held."""
        known = self._held.get(update.kind, {}).get(update.key)
        return known is None or known.version < update.version

    def plus(self, update: Update) -> Board:
        """Return a board that holds an update, too; this one stays as it is."""
        other = Board()
        other._held = {kind: dict(held) for kind, held in self._held.items()}
        other.changes = self.changes
        other.take(update)
        return other

    def drop(self, update: Update) -> None:
        """Forget an update that ended."""
        held = self._held.get(update.kind, {})
        if held.get(update.key) is update:
            del held[update.key]

    def of(self, kind: str) -> list[Update]:
        """Return the updates of a kind, oldest version first."""
        return sorted(
            self._held.get(kind, {}).values(), key=lambda update: (update.version, update.key)
        )


class Kept:
    """A folder of updates, one whole file each.

    Args:
        folder: made where absent.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self.damaged = 0
        """Files that could not be read."""

    def keep(self, update: Update) -> None:
        """Write an update in place of its earlier versions, and on the disk.

        Raises:
            OSError: it cannot be written; the earlier version stays.
        """
        write_whole(self._place(update), packed(update))

    def drop(self, update: Update) -> None:
        """Remove an update that ended."""
        self._place(update).unlink(missing_ok=True)

    def read(self) -> Iterator[Update]:
        """Yield the updates; a damaged file is counted and passed over."""
        for left in self._folder.glob(f"{UNFINISHED}*"):
            left.unlink(missing_ok=True)
        for path in sorted(self._folder.glob("*.update")):
            try:
                yield unpacked(path.read_bytes())
            except (OSError, RefusedError):
                self.damaged += 1

    def _place(self, update: Update) -> Path:
        name = hashlib.sha256(update.key.encode()).hexdigest()[:32]
        return self._folder / f"{update.kind}-{name}.update"
