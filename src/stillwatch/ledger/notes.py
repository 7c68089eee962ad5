"""Signed notes: a text and signature lines under it (C2SP signed-note)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.ledger.keys import NOTE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillwatch.ledger.keys import SigningKey, VerifyKey

__all__ = [
    "MOST_BYTES",
    "MOST_SIGNATURES",
    "Note",
    "SignatureLine",
    "decode64",
    "parse_note",
    "parse_signatures",
    "sign_note",
    "verify_note",
]

MOST_BYTES = 1 << 18
"""Length of a note that is read; 16 signatures of the longest known kind take 80 KiB."""

MOST_SIGNATURES = 64
"""Signature lines of a note that is read."""

_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True)
class SignatureLine:
    """One signature under a note."""

    name: str
    """Name of the key."""

    note_id: bytes
    """First bytes of the key's hash, 4 bytes."""

    signature: bytes
    """What follows them, in the form of the key's kind: 64 bytes for `NOTE`, 72 for a witness."""

    def encode(self) -> str:
        """Return the line with its newline."""
        return f"— {self.name} {base64.b64encode(self.note_id + self.signature).decode()}\n"

    def by(self, key: VerifyKey) -> bool:
        """Say whether the line names a key; nothing is verified."""
        return self.name == key.name and self.note_id == key.note_id


@dataclass(frozen=True)
class Note:
    """A text with its signature lines; nobody's words until `verify_note` says whose."""

    text: str
    """What is signed, with its last newline."""

    signatures: tuple[SignatureLine, ...]
    """Signature lines in order."""

    def encode(self) -> bytes:
        """Return the note as it is sent and kept."""
        lines = "".join(line.encode() for line in self.signatures)
        return f"{self.text}\n{lines}".encode()

    def added(self, lines: Iterable[SignatureLine]) -> Note:
        """Return the note with further signature lines, those that it has already left out."""
        new = [line for line in lines if line not in self.signatures]
        return replace(self, signatures=(*self.signatures, *new))


def sign_note(text: str, keys: Iterable[SigningKey]) -> Note:
    """Return a text signed by keys of kind `NOTE`.

    Raises:
        RefusedError: L-4 the text cannot be one of a note; L-5 a key is of another kind.
    """
    if not text.endswith("\n") or _CONTROL.search(text):  # L-4
        raise RefusedError("L-4", "a note's text ends with a newline and has no control character")
    lines = []
    for key in keys:
        if key.public.kind != NOTE:  # L-5
            raise RefusedError("L-5", "a key of another kind signs no note", where=key.name)
        lines.append(SignatureLine(key.name, key.public.note_id, key.sign(text.encode())))
    return Note(text, tuple(lines))


def parse_note(raw: bytes) -> Note:
    """Return a note as it was received, with nothing verified.

    Raises:
        RefusedError: L-4 it is no note; L-5 a signature line is not in its form.
    """
    if len(raw) > MOST_BYTES:  # L-4
        raise RefusedError("L-4", f"a note is over {MOST_BYTES} bytes long")
    try:
        whole = raw.decode()
    except UnicodeDecodeError as error:
        raise RefusedError("L-4", "a note is not UTF-8") from error
    if _CONTROL.search(whole):  # L-4
        raise RefusedError("L-4", "a note has control characters")
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines:  # L-4
        raise RefusedError("L-4", "a note has no blank line with signatures below it")
    return Note(f"{text}\n", parse_signatures(lines))


def parse_signatures(lines: str) -> tuple[SignatureLine, ...]:
    """Return signature lines, such as those that a witness answers.

    Raises:
        RefusedError: L-5 one is not in its form, or they are too many.
    """
    if not lines.endswith("\n"):  # L-5
        raise RefusedError("L-5", "a signature line has no newline")
    split = lines[:-1].split("\n")
    if len(split) > MOST_SIGNATURES:  # L-5
        raise RefusedError("L-5", f"a note has over {MOST_SIGNATURES} signatures")
    return tuple(_line(line) for line in split)


def verify_note(note: Note, keys: Iterable[VerifyKey]) -> tuple[VerifyKey, ...]:
    """Return which keys signed a note, at least one.

    Raises:
        RefusedError: L-6 a line names one of the keys and does not verify; L-7 no key signed it.
    """
    signed: list[VerifyKey] = []
    for key in keys:
        lines = [line for line in note.signatures if line.by(key)] if key.kind == NOTE else []
        for line in lines:
            if not key.verify(line.signature, note.text.encode()):  # L-6
                raise RefusedError("L-6", "a known key's signature does not verify", where=key.name)
        if lines and key not in signed:
            signed.append(key)
    if not signed:  # L-7
        raise RefusedError("L-7", "no key that is trusted for it signed the note")
    return tuple(signed)


def decode64(text: str) -> bytes | None:
    """Return what base64 text in its one canonical spelling holds; None for any other text."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None


def _line(line: str) -> SignatureLine:
    form = _LINE.fullmatch(line)
    raw = decode64(form[2]) if form else None
    if form is None or raw is None or len(raw) <= 4:  # L-5
        raise RefusedError("L-5", "a signature line is not a dash, a name and base64")
    return SignatureLine(form[1], raw[:4], raw[4:])
