"""What a log sends to a witness, as text (C2SP tlog-witness, add-checkpoint)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.ledger.checkpoints import parse_checkpoint
from stillwatch.ledger.merkle import HASH_BYTES
from stillwatch.ledger.notes import MOST_BYTES, decode64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.ledger.checkpoints import Checkpoint
    from stillwatch.ledger.notes import Note

__all__ = ["LONGEST", "Submission", "parse_submission", "write_submission"]

_MOST_STEPS = 63
LONGEST = MOST_BYTES + 64 * 64
"""Bytes of a submission that is read."""

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class Submission:
    """A checkpoint that a log wants cosigned."""

    old: int
    """Leaves of the checkpoint that the witness cosigned last, as the log believes."""

    proof: tuple[bytes, ...]
    """Consistency proof from there, hashes of 32 bytes."""

    checkpoint: Checkpoint
    """What the log says of itself, nothing verified."""

    note: Note
    """The same with its signatures."""


def write_submission(old: int, proof: Sequence[bytes], note: Note) -> bytes:
    r"""Return the body of a request for a cosignature.

    >>> from stillwatch.ledger import Note
    >>> write_submission(0, [], Note("log\n0\n", ()))
    b'old 0\n\nlog\n0\n\n'
    """
    lines = [f"old {old}", *(base64.b64encode(step).decode() for step in proof), "", ""]
    return "\n".join(lines).encode() + note.encode()


def parse_submission(raw: bytes) -> Submission:
    """Return what a log sent, with nothing verified.

    Raises:
        RefusedError: W-1 it is not in its form.
    """
    head, blank, rest = raw.partition(b"\n\n")
    if len(raw) > LONGEST or not blank:  # W-1
        raise RefusedError("W-1", "a submission is too long or has no empty line")
    try:
        first, *lines = head.decode("ascii").split("\n")
        checkpoint, note = parse_checkpoint(rest)
    except (UnicodeDecodeError, RefusedError) as error:  # W-1
        raise RefusedError("W-1", f"a submission cannot be read: {error}") from error
    old = _OLD.fullmatch(first)
    steps = [step for step in map(decode64, lines) if step is not None and len(step) == HASH_BYTES]
    if old is None or len(lines) > _MOST_STEPS or len(steps) != len(lines):  # W-1
        raise RefusedError("W-1", "a submission's old size or proof is not in its form")
    return Submission(int(old[1]), tuple(steps), checkpoint, note)
