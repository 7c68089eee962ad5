"""Checkpoints: what a log says of itself at a size, signed (C2SP tlog-checkpoint)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.ledger.merkle import HASH_BYTES
from stillwatch.ledger.notes import decode64, parse_note, sign_note, verify_note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillwatch.ledger.keys import SigningKey, VerifyKey
    from stillwatch.ledger.notes import Note

__all__ = ["Checkpoint", "open_checkpoint", "parse_checkpoint", "sign_checkpoint"]

_SIZE = re.compile("0|[1-9][0-9]{0,18}")
_MOST = 1 << 62
_ORIGIN = re.compile(r"[^\s+\x00-\x1f\x7f]{1,255}")


@dataclass(frozen=True)
class Checkpoint:
    r"""A log's name, size and root.

    >>> from stillwatch.ledger.merkle import EMPTY_ROOT
    >>> Checkpoint("hub.example/log", 0, EMPTY_ROOT).text()
    'hub.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n'
    """

    origin: str
    """The log's name: no space, no plus; best a URL without its scheme."""

    size: int
    """Leaves of the tree."""

    root: bytes
    """Root of the tree, 32 bytes."""

    extensions: tuple[str, ...] = ()
    """Further lines that the log signed; no log of ours writes any."""

    def text(self) -> str:
        """Return the note's text.

        Raises:
            RefusedError: L-12 it would not be read again.
        """
        root = base64.b64encode(self.root).decode()
        text = "\n".join([self.origin, str(self.size), root, *self.extensions, ""])
        if _parsed(text) != self:  # L-12
            raise RefusedError("L-12", "a checkpoint has a line that it cannot have")
        return text


def sign_checkpoint(checkpoint: Checkpoint, keys: Iterable[SigningKey]) -> Note:
    """Return a checkpoint signed by its log.

    A log signs none that does not continue those that it signed before; keeping to that is the
    caller's part, and a witness's to see.
    """
    return sign_note(checkpoint.text(), keys)


def parse_checkpoint(raw: bytes) -> tuple[Checkpoint, Note]:
    """Return a checkpoint as it was received, with nothing verified.

    Raises:
        RefusedError: L-4, L-5 it is no note; L-12 the note is no checkpoint.
    """
    note = parse_note(raw)
    return _parsed(note.text), note


def open_checkpoint(raw: bytes, origin: str, keys: Iterable[VerifyKey]) -> tuple[Checkpoint, Note]:
    """Return a checkpoint of one log after verifying who signed it.

    Args:
        raw: the note.
        origin: name of the log that is meant.
        keys: the log's, of which one has to have signed.

    Raises:
        RefusedError: L-4, L-5, L-12 it is not in its form; L-13 it is another log's; L-6, L-7 its
            signatures.
    """
    checkpoint, note = parse_checkpoint(raw)
    if checkpoint.origin != origin:  # L-13
        raise RefusedError("L-13", "a checkpoint is another log's", where=checkpoint.origin)
    verify_note(note, keys)
    return checkpoint, note


def _parsed(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or "" in lines:  # L-12
        raise RefusedError("L-12", "a checkpoint is not three lines or more, none of them empty")
    origin, size, root64, *extensions = lines
    root = decode64(root64)
    if not _ORIGIN.fullmatch(origin):  # L-12
        raise RefusedError("L-12", "a checkpoint's first line names no log")
    if not _SIZE.fullmatch(size) or int(size) > _MOST:  # L-12
        raise RefusedError("L-12", "a checkpoint's second line is no size")
    if root is None or len(root) != HASH_BYTES:  # L-12
        raise RefusedError("L-12", "a checkpoint's third line is no root")
    return Checkpoint(origin, int(size), root, tuple(extensions))
