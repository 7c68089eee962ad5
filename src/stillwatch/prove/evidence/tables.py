"""Records that can be withheld: what is signed is a salted commitment a line, what opens it is not.

``parts/<table>.commits`` is signed and holds 64 hex digits a record.  ``open/<table>.jsonl`` holds
salts and records, and taking lines out of it withholds them without touching a signature.  A field
``<name>_commitment`` of a record may be opened too, so that an exchange can be shown without its
prompt.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillwatch.errors import RefusedError
from stillwatch.ledger import canonical, commitments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = [
    "LONGEST_LINE",
    "TABLES",
    "Opening",
    "commit_text",
    "lines_of",
    "openings",
    "read_commits",
]

TABLES = ("accounts", "exchanges")
"""Tables of a bundle."""
LONGEST_LINE = 8 << 20
"""Bytes of a line of a table."""

_COMMIT = re.compile(rb"[0-9a-f]{64}\n")
_HEX = re.compile(r"(?:[0-9a-f]{2}){32}")


@dataclass(frozen=True, slots=True)
class Opening:
    """One record of a table, opened."""

    index: int
    """Its place in the table, from 0."""
    salt: bytes
    """32 bytes."""
    record: Mapping[str, Any]
    """JSON object."""
    texts: Mapping[str, tuple[bytes, str]]
    """Fields of it that are opened: salt of 32 bytes, and text."""

    def commitment(self) -> bytes:
        """Return the 32 bytes that stand in the table."""
        return commitments.commit(self.salt, canonical(dict(self.record)))

    def encode(self) -> bytes:
        """Return the opening as a line of canonical JSON."""
        texts = {name: [salt.hex(), text] for name, (salt, text) in self.texts.items()}
        held = {"index": self.index, "salt": self.salt.hex(), "record": self.record}
        return canonical({**held, "texts": texts} if texts else held) + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Opening:
        """Return the opening in a line, its texts checked against its record.

        Raises:
            RefusedError: E-9 it is not in its form, or a text does not open its field.
        """
        try:
            held = json.loads(line)
            texts = {
                name: (_salt(salt), str(text))
                for name, (salt, text) in held.get("texts", {}).items()
            }
            made = cls(held["index"], _salt(held["salt"]), held["record"], texts)
            spelled = made.encode()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:  # E-9
            raise RefusedError("E-9", f"an opening is not in its form: {error}") from error
        if type(made.index) is not int or made.index < 0 or spelled != line:  # E-9
            raise RefusedError("E-9", "an opening is not a line of canonical JSON")
        for name, (salt, text) in texts.items():
            if commit_text(salt, text) != made.record.get(f"{name}_commitment"):  # E-9
                raise RefusedError("E-9", "a text does not open its field", where=name)
        return made


def commit_text(salt: bytes, text: str) -> str:
    """Return what stands for a text in a record, 64 hex digits."""
    return commitments.commit(salt, text.encode()).hex()


def read_commits(path: Path) -> Iterator[bytes]:
    """Yield the commitments of a table, 32 bytes each.

    Raises:
        RefusedError: E-9 a line is not 64 hex digits.
    """
    with path.open("rb") as file:
        while line := file.readline(66):
            if not _COMMIT.fullmatch(line):  # E-9
                raise RefusedError("E-9", "a line is no commitment", where=path.name)
            yield bytes.fromhex(line[:-1].decode())


def openings(path: Path) -> Iterator[Opening]:
    """Yield the openings of a file in ascending order of their places.

    Raises:
        RefusedError: E-9 a line is not in its form, or out of order.
    """
    last = -1
    for line in lines_of(path, "E-9"):
        made = Opening.decode(line)
        if made.index <= last:  # E-9
            raise RefusedError("E-9", "openings are out of order or twice", where=path.name)
        last = made.index
        yield made


def lines_of(path: Path, rule: str) -> Iterator[bytes]:
    """Yield the lines of a file with their newlines.

    Raises:
        RefusedError: under the caller's rule, one is too long or has no newline.
    """
    with path.open("rb") as file:
        while line := file.readline(LONGEST_LINE + 1):
            if not line.endswith(b"\n"):
                raise RefusedError(rule, "a line is too long or has no end", where=path.name)
            yield line


def _salt(text: str) -> bytes:
    if not _HEX.fullmatch(text):
        raise RefusedError("E-9", "a salt is not 64 hex digits")  # E-9
    return bytes.fromhex(text)
