"""What a witness decides: cosign, or refuse by a numbered rule. No I/O, no clock.

A witness cosigns a log's checkpoint only where the log proves that it continues the one that the
witness cosigned last. So among all who ask for a witness's word, none can be shown another log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.ledger.cosignatures import cosign
from stillwatch.ledger.merkle import EMPTY_ROOT, verify_consistency
from stillwatch.ledger.notes import verify_note

if TYPE_CHECKING:
    from collections.abc import Collection

    from stillwatch.ledger.keys import SigningKey, VerifyKey
    from stillwatch.ledger.notes import SignatureLine
    from stillwatch.share.witness.submission import Submission

__all__ = ["Cosigned", "StaleError", "admit", "judge"]

_CLOCK = 300


@dataclass(frozen=True)
class Cosigned:
    """The newest checkpoint of a log that a witness has put its name to."""

    size: int
    """Leaves of the tree."""

    root: bytes
    """Root of the tree, 32 bytes."""

    time: int
    """When it was cosigned last, seconds since 1970."""


class StaleError(RefusedError):
    """The log builds on another checkpoint than the one that was cosigned last.

    Args:
        size: leaves of the one that was.
    """

    def __init__(self, size: int) -> None:
        super().__init__("W-5", f"the checkpoint that was cosigned last has {size} leaves")
        self.size = size


def admit(submission: Submission, keys: Collection[VerifyKey]) -> None:
    """Refuse a submission that is wrong whatever was cosigned before.

    Args:
        submission: as parsed.
        keys: those of the log that the checkpoint names; none where the log is not known.

    Raises:
        RefusedError: W-2 an unknown log; W-3 not signed by it; W-4 the old size is beyond the new.
    """
    checkpoint = submission.checkpoint
    if not keys:  # W-2
        raise RefusedError("W-2", "this log is not witnessed here", where=checkpoint.origin)
    try:
        verify_note(submission.note, keys)
    except RefusedError as error:  # W-3
        raise RefusedError("W-3", f"the checkpoint is not signed by its log: {error}") from error
    if submission.old > checkpoint.size:  # W-4
        raise RefusedError("W-4", "the old size is beyond the checkpoint's")


def judge(
    submission: Submission, last: Cosigned | None, key: SigningKey, now: int
) -> tuple[Cosigned, SignatureLine]:
    """Return what the witness says, and what it must have on its disk before it says it.

    Args:
        submission: one that `admit` let pass.
        last: what was cosigned last for this log, None where nothing was.
        key: the witness's.
        now: seconds since 1970.

    Raises:
        StaleError: W-5 the log builds on another checkpoint than the last.
        RefusedError: W-6 the checkpoint does not continue it: two views of one log; W-7 the
            witness's clock is behind its last cosignature.
    """
    checkpoint = submission.checkpoint
    known = last or Cosigned(0, EMPTY_ROOT, 0)
    if submission.old != known.size:  # W-5
        raise StaleError(known.size)
    try:
        verify_consistency(
            known.size, checkpoint.size, known.root, checkpoint.root, submission.proof
        )
    except RefusedError as error:  # W-6
        raise RefusedError("W-6", f"the log does not continue what it was: {error}") from error
    if now < known.time - _CLOCK:  # W-7
        raise RefusedError(
            "W-7",
            "the witness's clock is behind its last cosignature",
            todo="set the clock by a time server",
        )
    time = max(now, known.time)
    line = cosign(submission.note.text, key, time)
    return Cosigned(checkpoint.size, checkpoint.root, time), line
