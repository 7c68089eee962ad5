"""Rows that cannot be used, kept aside with reason and position, and never with a prompt."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from stillwatch.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from stillwatch.find.sources.interface import Rejected
    from stillwatch.find.sources.rules import Rule

__all__ = ["Quarantine", "shown"]

TEXT_FIELDS = frozenset(
    {"prompt", "system_prompt", "response", "messages", "declared_purpose", "value"}
)
"""Fields whose content never leaves the input; only their length is written."""

LONGEST_SHOWN = 64
"""Characters; a longer value is replaced by its length, in case a text was mapped to the field."""


def shown(name: str, value: object, *, secret: bool = False) -> object:
    """Return what the quarantine file may say of one field.

    Args:
        name: canonical name of the field.
        value: what the file holds.
        secret: whether only the length may be told whatever the field is, since columns may have
            been swapped.

    >>> shown("ip", "not an address"), shown("prompt", "secret"), shown("ip", "x" * 70)
    ('not an address', {'length': 6}, {'length': 70})
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    if secret or name in TEXT_FIELDS or len(text) > LONGEST_SHOWN:
        return {"length": len(text)}
    return text


class Quarantine:
    """Writes ``DIRECTORY/quarantine/<input>.jsonl``, one file an input with bad rows.

    A context manager: files are written beside their place and renamed when it closes, so that a
    reader never sees half a file.  They are published when an error ends the run, too, since that
    is when they are wanted.

    Args:
        directory: output folder of the run; None only counts.
        detail: rows written in full for each input; further rows are counted.

    >>> from stillwatch.find.sources.interface import Rejected
    >>> from stillwatch.find.sources.rules import RECORD
    >>> with Quarantine(None) as quarantine:
    ...     quarantine.reject("exchanges", "a.jsonl", [Rejected(7, RECORD, {})])
    >>> quarantine.rows("exchanges")
    {'unreadable-record': 1}
    """

    def __init__(self, directory: str | Path | None, *, detail: int = 100_000) -> None:
        self._directory = None if directory is None else Path(directory) / "quarantine"
        self._detail = detail
        self._files: dict[str, TextIO] = {}
        self._written: Counter[str] = Counter()
        self._rows: dict[str, Counter[str]] = {}
        self._cells: dict[str, Counter[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def expect(self, name: str) -> None:
        """Announce an input, so that an earlier run's file of that name does not outlive it."""
        self._rows.setdefault(name, Counter())
        self._cells.setdefault(name, Counter())

    def reject(self, name: str, source: str, rejected: Sequence[Rejected]) -> None:
        """Take rows out of an input.

        Args:
            name: the input, such as ``exchanges``; it names the file.
            source: file or table that the rows come from.
            rejected: the rows.
        """
        if not rejected:
            return
        self.expect(name)
        self._rows[name].update(row.rule.slug for row in rejected)
        room = self.room(name)
        path = self.path(name)
        if path is None or room == 0:
            return
        out = self._files.get(name) or self._open(name, path)
        for row in rejected[:room]:
            record = {
                "source": source,
                "row": row.position,
                "rule": row.rule.number,
                "reason": row.rule.slug,
                "message": row.rule.message,
                "column": row.column,
                "fields": {
                    key: shown(key, value, secret=name == "identifiers" and key != "account_id")
                    for key, value in row.fields.items()
                },
            }
            try:
                out.write(json.dumps(record, ensure_ascii=True) + "\n")
            except OSError as error:
                del self._files[name]  # what is half written is not published
                with contextlib.suppress(OSError):
                    out.close()
                with contextlib.suppress(OSError):
                    _partial(path).unlink()
                raise _unwritable(path, error) from error
        self._written[name] += min(room, len(rejected))

    def count(self, name: str, rule: Rule, rows: int) -> None:
        """Count rows taken out once the detailed rows have reached their limit."""
        if rows:
            self.expect(name)
            self._rows[name][rule.slug] += rows

    def room(self, name: str) -> int:
        """Return how many rows of an input can still be written in full."""
        return 0 if self._directory is None else max(0, self._detail - self._written[name])

    def warn(self, name: str, rule: Rule, cells: int) -> None:
        """Count cells that were repaired or emptied."""
        if cells:
            self.expect(name)
            self._cells[name][rule.slug] += cells

    def rows(self, name: str) -> Mapping[str, int]:
        """Return rows taken out of one input, by reason."""
        return dict(sorted(self._rows.get(name, Counter()).items()))

    def cells(self, name: str) -> Mapping[str, int]:
        """Return cells repaired or emptied in one input, by reason."""
        return dict(sorted(self._cells.get(name, Counter()).items()))

    def inputs(self) -> tuple[str, ...]:
        """Return the names of the inputs seen."""
        return tuple(sorted(self._rows))

    def path(self, name: str) -> Path | None:
        """Return where the rows of one input are, or will be, written; None when only counting."""
        return None if self._directory is None else self._directory / f"{name}.jsonl"

    def close(self) -> None:
        """Publish the files and remove those that an earlier run left for the same inputs."""
        for name in self._rows:
            final = self.path(name)
            if final is None:
                continue
            out = self._files.pop(name, None)
            try:
                if out is not None:
                    out.close()
                    _partial(final).replace(final)
                elif not self._written[name]:
                    final.unlink(missing_ok=True)
            except OSError as error:
                with contextlib.suppress(OSError):
                    _partial(final).unlink(missing_ok=True)
                raise _unwritable(final, error) from error

    def _open(self, name: str, path: Path) -> TextIO:
        try:
            for folder in (path.parent, path.parent.parent):
                if folder.is_symlink():
                    raise OutputError(
                        "the folder of the quarantine is a symbolic link",
                        where=str(folder),
                        todo="remove the link, or name an output folder of its own",
                    )
            path.parent.mkdir(parents=True, exist_ok=True)
            # Rows name accounts: readable by the operator alone.
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
            descriptor = os.open(_partial(path), flags, 0o600)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._files[name] = os.fdopen(descriptor, "w", encoding="ascii")
        return self._files[name]


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"the quarantine file cannot be written: {error.strerror or error}",
        where=str(path),
        todo="choose an output folder that can be written and has room",
    )


def _partial(final: Path) -> Path:
    return final.with_name(f".{final.name}.{os.getpid()}.partial")
