"""Daily digests: a log with one entry a day over commitments to all of its exchanges.

Kept while things happen, it shows later that an exchange was in the log of its day.  The folder:
``secret`` (salts derive from it), ``log.key``, ``day/<day>/`` (tiles of its exchanges), ``log/``
(tiles over days), ``entry/<n>.json``, ``entry/<n>.note`` and ``entry/<n>.<k>.tsr``.  An exchange's
leaf is the commitment that a bundle's table of exchanges holds for it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.disk import read_small, write_whole
from stillwatch.errors import ConfigurationError, NoUsableRowsError, OutputError, RefusedError
from stillwatch.ledger import FolderTiles, SigningKey, canonical, checkpoints, merkle
from stillwatch.ledger.checkpoints import Checkpoint
from stillwatch.prove.evidence.tables import Opening, commit_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa

__all__ = ["GRACE", "DayEntry", "DayLog", "opening_of"]

GRACE = timedelta(hours=36)
"""Time after a day's end by which its digest has to be stamped."""

_BATCH = 256 * 64


class DayEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One day, as the log's leaf."""

    day: str
    """ISO 8601 date, UTC."""
    exchanges: int
    """How many it has."""
    root: str
    """RFC 6962 root over their commitments, 64 hex digits."""
    version: int = 1
    """Of this form."""

    def encode(self) -> bytes:
        """Return the entry as canonical JSON."""
        return canonical(msgspec.to_builtins(self))

    @property
    def latest(self) -> datetime:
        """When it has to be stamped at the latest."""
        start = datetime.combine(date.fromisoformat(self.day), datetime.min.time(), UTC)
        return start + timedelta(days=1) + GRACE


_FIELDS = frozenset(
    ("exchange_id", "account_id", "time", "model", "prompt", "response", "system_prompt")
)
"""Of an exchange: what a daily digest commits to."""


@dataclass(frozen=True, slots=True)
class Proven:
    """An exchange's place in its day."""

    day: str
    """ISO 8601 date, UTC."""
    leaf: int
    """Its place there, from 0."""
    proof: tuple[bytes, ...]
    """RFC 6962 inclusion proof."""

    def encode(self) -> bytes:
        """Return the place as a line of canonical JSON."""
        proof = [part.hex() for part in self.proof]
        return canonical({"day": self.day, "leaf": self.leaf, "proof": proof}) + b"\n"


class DayLog:
    """A folder of daily digests; one process writes to it.

    Raises:
        SourceNotFoundError: there is none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._secret = read_small(folder / "secret", "the secret of the daily digests", 64)
        self.key = SigningKey.read(folder / "log.key")
        self._notes = sorted(
            (path for path in (folder / "entry").glob("*.note")), key=lambda path: int(path.stem)
        )

    @classmethod
    def make(cls, folder: Path, name: str) -> DayLog:
        """Make a log of a name.

        Raises:
            OutputError: the folder holds one already, or cannot be written.
        """
        try:
            for part in ("", "entry", "day", "log"):
                (folder / part).mkdir(parents=True, exist_ok=True)
            SigningKey.generate(name).write(folder / "log.key")
            write_whole(folder / "secret", os.urandom(32), private=True)
        except OSError as error:
            raise OutputError(
                f"daily digests cannot be kept: {error.strerror}",
                where=str(folder),
                todo="name a folder that you can write to",
            ) from error
        return cls(folder)

    def last(self) -> Path:
        """Return the last note, which is to be stamped."""
        return self._notes[-1]

    @property
    def days(self) -> list[DayEntry]:
        """Entries in the order of the log."""
        return [
            msgspec.json.decode(read_small(path.with_suffix(".json"), "an entry"), type=DayEntry)
            for path in self._notes
        ]

    def append(self, day: date, batches: Iterable[pa.RecordBatch]) -> None:
        """Append a day; its note is `last` then, and to be stamped.

        Raises:
            ConfigurationError: the log has this day or a later one.
            NoUsableRowsError: the day has no exchange.
        """
        past = self.days
        if past and past[-1].day >= day.isoformat():
            raise ConfigurationError(
                f"the log is at {past[-1].day} already",
                where=day.isoformat(),
                todo="a day is appended once, in order; an entry is never changed",
            )
        tiles, tree = FolderTiles(self._place(day.isoformat())), merkle.Tree()
        leaves: list[bytes] = []
        for row in _rows(batches, day):
            leaves.append(merkle.leaf_hash(self.opening(0, row).commitment()))
            if len(leaves) == _BATCH:
                tiles.write(tree.append(leaves))
                leaves = []
        tiles.write(tree.append(leaves))
        if not tree.size:
            raise NoUsableRowsError(
                "the day has no exchange", where=day.isoformat(), todo="check the day and the log"
            )
        entry = DayEntry(day.isoformat(), tree.size, tree.root().hex())
        self._close(entry, len(past))

    def _close(self, entry: DayEntry, index: int) -> None:
        log = FolderTiles(self._folder / "log")
        whole = merkle.Tree.resume(log, index)
        log.write(whole.append([merkle.leaf_hash(entry.encode())]))
        made = Checkpoint(self.key.name, whole.size, whole.root())
        note = checkpoints.sign_checkpoint(made, [self.key]).encode()
        path = self._folder / "entry" / f"{index}.note"
        write_whole(path.with_suffix(".json"), entry.encode())
        write_whole(path, note)
        self._notes.append(path)

    def opening(self, index: int, row: dict[str, Any]) -> Opening:
        """Return the opening of an exchange, the same each time: its salts are derived."""
        return opening_of(self._secret, index, row)

    def place(
        self, commitment: bytes, day: str, entry: DayEntry | None, held: dict[bytes, int]
    ) -> Proven:
        """Return an exchange's place, given the day's entry, if there is one, and its leaves.

        Raises:
            RefusedError: E-12 the day's digest does not hold it: the log was changed since.
        """
        leaf = held.get(merkle.leaf_hash(commitment))
        if leaf is None or entry is None:  # E-12
            raise RefusedError("E-12", "an exchange is not in its day's digest", where=day)
        proof = merkle.inclusion_proof(leaf, entry.exchanges, FolderTiles(self._place(day)))
        return Proven(day, leaf, tuple(proof))

    def leaves(self, entry: DayEntry) -> dict[bytes, int]:
        """Return a day's leaf hashes with their places; 100 bytes an exchange, about."""
        tiles, found = FolderTiles(self._place(entry.day)), {}
        for start in range(0, entry.exchanges, merkle.TILE_WIDTH):
            width = min(merkle.TILE_WIDTH, entry.exchanges - start)
            raw = tiles.read(merkle.Tile(0, start // merkle.TILE_WIDTH, width))
            for at in range(width):
                found[raw[at * 32 : at * 32 + 32]] = start + at
        return found

    def shown(self, index: int) -> dict[str, Any]:
        """Return what proves an entry: its place under its note, and how the log went on."""
        tiles, last = FolderTiles(self._folder / "log"), len(self._notes)
        proof = merkle.inclusion_proof(index, index + 1, tiles)
        further = merkle.consistency_proof(index + 1, last, tiles)
        return {
            "entry": msgspec.to_builtins(self.days[index]),
            "index": index,
            "inclusion": [part.hex() for part in proof],
            "consistency": [part.hex() for part in further],
        }

    def note(self, index: int) -> bytes:
        """Return the note of an entry."""
        return read_small(self._notes[index], "a note of the log")

    def stamps(self, index: int) -> list[bytes]:
        """Return the timestamps of an entry's note."""
        here = self._notes[index]
        found = sorted(here.parent.glob(f"{here.stem}.*.tsr"))
        return [read_small(path, "a timestamp") for path in found]

    def _place(self, day: str) -> Path:
        return self._folder / "day" / day


def opening_of(secret: bytes, index: int, row: dict[str, Any]) -> Opening:
    """Return an exchange as a record with commitments to its texts, and what opens all of it."""
    name = str(row["exchange_id"])
    record: dict[str, Any] = {}
    texts = {}
    for field, value in sorted(row.items()):
        if field not in _FIELDS:
            continue  # the log may hold more than its daily digests do
        if field in {"prompt", "response", "system_prompt"} and value is not None:
            salt = _salt(secret, field, name)
            record[f"{field}_commitment"] = commit_text(salt, value)
            texts[field] = (salt, value)
        elif field == "time":
            record[field] = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        elif field in {"account_id", "exchange_id"}:
            record[field] = str(value)
        elif isinstance(value, str):
            record[field] = value
    return Opening(index, _salt(secret, "record", name), record, texts)


def _salt(secret: bytes, field: str, name: str) -> bytes:
    domain = f"stillwatch exchange salt v1\n{field}\n{name}".encode()
    return hmac.digest(hashlib.sha256(secret).digest(), domain, "sha256")


def _rows(batches: Iterable[pa.RecordBatch], day: date) -> Iterator[dict[str, Any]]:
    for batch in batches:
        kept = batch.select([name for name in batch.schema.names if name in _FIELDS])
        for row in kept.to_pylist():
            if row["time"].astimezone(UTC).date() == day:
                yield row
