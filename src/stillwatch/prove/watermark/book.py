"""The folder of whoever marks: master key, signing key, and what was committed for which cohort.

``master.key`` and ``note.key`` are secrets; ``book.json`` holds cohorts' names and salts, which are
nobody else's business, and no key.  What others get are the notes and, one by one, the reveals.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from stillwatch.disk import locked, write_whole
from stillwatch.errors import ConfigurationError, InputFormatError, OutputError, RefusedError
from stillwatch.ledger import SigningKey, canonical, merkle
from stillwatch.prove.watermark.commitments import (
    Reveal,
    check_name,
    leaf_of,
    parse_commitment,
    sign_commitment,
    tree_of,
)
from stillwatch.prove.watermark.keys import Beacon, MasterKey, WatermarkKey, derive, read_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from stillwatch.prove.watermark.commitments import Commitment
    from stillwatch.prove.watermark.green_red import GreenRed
    from stillwatch.prove.watermark.gumbel import Gumbel
    from stillwatch.prove.watermark.keys import Draw

__all__ = ["BOOK_SCHEMA", "Entry", "KeyBook"]

BOOK_SCHEMA = "stillwatch-key-book-1"
"""``schema`` of ``book.json``."""

_MOST_BYTES = 1 << 28
_UNUSABLE = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,
    InputFormatError,
    RefusedError,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One cohort's place in the book."""

    epoch: str
    """Time for which the key is."""
    cohort: str
    """Accounts, campaign or one account, as the operator names them."""
    number: int
    """Commitment that it is under, from 1."""
    salt: bytes
    """Of its leaf, 32 bytes."""
    leaf: bytes
    """What is committed to, 32 bytes."""
    revealed: int | None = None
    """When its secret was given out, seconds since 1970; it marks nothing after that."""


@dataclass(frozen=True, slots=True)
class _Page:
    """A commitment, and its beacon's value once that is known."""

    note: bytes
    made: Commitment
    value: bytes | None = None


class KeyBook:
    """Keys of cohorts from their commitment to their reveal.

    Use `make`, `open` to read, or `writing` to change it, which one process at a time can.
    """

    def __init__(
        self, folder: Path, master: MasterKey, signer: SigningKey, pages: list[_Page]
    ) -> None:
        self.folder = folder
        """Where the book is."""
        self.signer = signer
        """Signs commitments."""
        self._master = master
        self._pages = pages
        self._entries: dict[tuple[str, str], Entry] = {}

    @classmethod
    def make(cls, folder: Path, name: str) -> KeyBook:
        """Return a new book with new keys, in a new folder or an empty one.

        Raises:
            OutputError: the folder cannot be made, or holds keys.
            RefusedError: L-1 the name is not one of a key.
        """
        signer, master = SigningKey.generate(name), MasterKey.generate()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            master.write(folder / "master.key")
        except OSError as error:
            raise OutputError(
                f"keys cannot be written: {error.strerror}",
                where=str(folder),
                todo="name a new folder that you can write to",
            ) from error
        signer.write(folder / "note.key")
        book = cls(folder, master, signer, [])
        book._write()
        return book

    @classmethod
    def open(cls, folder: Path) -> KeyBook:
        """Return the book in a folder, its notes verified and its leaves recomputed.

        Raises:
            SourceNotFoundError: a file is missing.
            ConfigurationError: a file is no key or no book, or is of another one.
        """
        master = MasterKey.read(folder / "master.key")
        signer = SigningKey.read(folder / "note.key")
        raw = read_private(folder / "book.json", "the key book", _MOST_BYTES)
        try:
            held = json.loads(raw)
            if held["schema"] != BOOK_SCHEMA:
                raise ConfigurationError("its schema is another")
            pages = [_page(page, signer) for page in held["commitments"]]
            book = cls(folder, master, signer, pages)
            for row in held["entries"]:
                book._take(_entry(row))
        except _UNUSABLE as error:
            raise ConfigurationError(
                f"the key book cannot be used: {error}",
                where=str(folder / "book.json"),
                todo="restore the folder from its copy",
            ) from error
        return book

    @classmethod
    @contextmanager
    def writing(cls, folder: Path) -> Iterator[KeyBook]:
        """Open a book for this process alone.

        Raises:
            ConfigurationError: another process writes to it; or as `open`.
        """
        cls.open(folder)  # no lock is left in a folder that is no book
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not locked(descriptor):
                raise ConfigurationError(
                    "another process writes to the key book",
                    where=str(folder),
                    todo="wait for it to end",
                )
            yield cls.open(folder)
        finally:
            os.close(descriptor)

    @property
    def entries(self) -> list[Entry]:
        """All cohorts, in the order in which they were committed."""
        return list(self._entries.values())

    @property
    def commitments(self) -> list[tuple[bytes, Commitment, bytes | None]]:
        """Each note as it was published, what it says, and its beacon's value where known."""
        return [(page.note, page.made, page.value) for page in self._pages]

    def commit(
        self, epoch: str, cohorts: Sequence[str], scheme: GreenRed | Gumbel, draw: Draw, now: int
    ) -> bytes:
        """Return the signed note that commits to keys of cohorts; publish it before `draw`.

        Args:
            epoch: time for which the keys are.
            cohorts: distinct names, none of them committed for this epoch before.
            scheme: how the keys will mark.
            draw: beacon round to come.
            now: seconds since 1970.

        Raises:
            RefusedError: K-5 a name; K-6 how many; K-7 the round; K-10 a cohort was committed
                before, so that there would be two keys to choose from.
            OutputError: the book cannot be written.
        """
        if len(set(cohorts)) < len(cohorts):  # K-10
            raise RefusedError("K-10", "a cohort is named twice")
        number = len(self._pages) + 1
        new = []
        for name in (epoch, *cohorts):
            check_name(name)
        for cohort in cohorts:
            if (epoch, cohort) in self._entries:  # K-10
                raise RefusedError(
                    "K-10", "a cohort is committed for this epoch already", where=cohort
                )
            salt = secrets.token_bytes(32)
            leaf = leaf_of(salt, self._master.secret(epoch, cohort), epoch, cohort)
            new.append(Entry(epoch, cohort, number, salt, leaf))
        leaves = [entry.leaf for entry in new]
        note = sign_commitment(self.signer, number, epoch, scheme, now, draw, leaves)
        self._pages.append(_Page(note, parse_commitment(note, [self.signer.public])))
        self._entries |= {(entry.epoch, entry.cohort): entry for entry in new}
        self._write()
        return note

    def draw(self, number: int, value: bytes, now: int) -> None:
        """Complete a commitment's keys by the value that its beacon's round had.

        Raises:
            ConfigurationError: there is no such commitment, or it has another value.
            RefusedError: K-2 the value's length; K-11 the round is still to come.
            OutputError: the book cannot be written.
        """
        if not 1 <= number <= len(self._pages):
            raise ConfigurationError(
                f"there is no commitment {number}", todo=f"name one of 1 to {len(self._pages)}"
            )
        page = self._pages[number - 1]
        Beacon(page.made.draw, value)
        if now < page.made.draw.not_before:  # K-11
            raise RefusedError(
                "K-11",
                "the beacon's round is still to come",
                where=f"{page.made.draw.source} {page.made.draw.round}",
                todo=f"wait until {page.made.draw.when}",
            )
        if page.value not in {None, value}:
            raise ConfigurationError(
                f"commitment {number} was completed by another value",
                todo="keys that were issued since are of that value; look the round up",
            )
        self._pages[number - 1] = replace(page, value=value)
        self._write()

    def ready(self, entry: Entry) -> bool:
        """Say whether a cohort's key exists."""
        return self._pages[entry.number - 1].value is not None

    def scheme(self, entry: Entry) -> GreenRed | Gumbel:
        """Return how a cohort is marked."""
        return self._pages[entry.number - 1].made.scheme

    def entry(self, epoch: str, cohort: str) -> Entry:
        """Return a cohort's entry.

        Raises:
            ConfigurationError: it has none in this epoch.
        """
        found = self._entries.get((epoch, cohort))
        if found is None:
            raise ConfigurationError(
                f"nothing is committed for {cohort} in {epoch}",
                where=str(self.folder),
                todo="see `stillwatch watermark keys list`; commit first",
            )
        return found

    def key(self, entry: Entry) -> WatermarkKey:
        """Return a cohort's key.

        Raises:
            ConfigurationError: its beacon's value is not known yet.
        """
        page = self._pages[entry.number - 1]
        if page.value is None:
            raise ConfigurationError(
                f"the key of {entry.cohort} waits for its beacon",
                where=f"{page.made.draw.source} {page.made.draw.round}, {page.made.draw.when}",
                todo="give its value with `stillwatch watermark keys draw`",
            )
        secret = self._master.secret(entry.epoch, entry.cohort)
        return derive(secret, entry.epoch, entry.cohort, Beacon(page.made.draw, page.value))

    def reveal(self, entry: Entry, now: int) -> Reveal:
        """Return what opens a cohort's commitment, and note in the book that it was given out.

        Raises:
            ConfigurationError: its beacon's value is not known yet.
            OutputError: the book cannot be written.
        """
        self.key(entry)
        page = self._pages[entry.number - 1]
        ordered = sorted(e.leaf for e in self._entries.values() if e.number == entry.number)
        tree, tiles = tree_of(ordered)
        index = ordered.index(entry.leaf)
        if entry.revealed is None:
            self._entries[entry.epoch, entry.cohort] = replace(entry, revealed=now)
            self._write()
        return Reveal(
            entry.epoch,
            entry.cohort,
            self._master.secret(entry.epoch, entry.cohort),
            entry.salt,
            index,
            tuple(merkle.inclusion_proof(index, tree.size, tiles)),
            page.note,
            page.value or b"",
        )

    def _take(self, entry: Entry) -> None:
        secret = self._master.secret(entry.epoch, entry.cohort)
        if leaf_of(entry.salt, secret, entry.epoch, entry.cohort) != entry.leaf:
            raise RefusedError("K-9", "a leaf is not of this master key", where=entry.cohort)
        if not 1 <= entry.number <= len(self._pages):
            raise RefusedError("K-6", "an entry is under no commitment", where=entry.cohort)
        self._entries[entry.epoch, entry.cohort] = entry

    def _write(self) -> None:
        pages = [
            {"note": page.note.decode(), "value": None if page.value is None else page.value.hex()}
            for page in self._pages
        ]
        entries = [
            {
                "epoch": entry.epoch,
                "cohort": entry.cohort,
                "number": entry.number,
                "salt": entry.salt.hex(),
                "leaf": entry.leaf.hex(),
                "revealed": entry.revealed,
            }
            for entry in self._entries.values()
        ]
        held = {"schema": BOOK_SCHEMA, "commitments": pages, "entries": entries}
        path = self.folder / "book.json"
        try:
            write_whole(path, canonical(held), private=True)
        except OSError as error:
            raise OutputError(
                f"the key book cannot be written: {error.strerror}",
                where=str(path),
                todo="make room, or check the folder's mode",
            ) from error


def _page(held: dict[str, Any], signer: SigningKey) -> _Page:
    note = held["note"].encode()
    value = None if held["value"] is None else bytes.fromhex(held["value"])
    return _Page(note, parse_commitment(note, [signer.public]), value)


def _entry(held: dict[str, Any]) -> Entry:
    return Entry(
        held["epoch"],
        held["cohort"],
        held["number"],
        bytes.fromhex(held["salt"]),
        bytes.fromhex(held["leaf"]),
        held["revealed"],
    )
