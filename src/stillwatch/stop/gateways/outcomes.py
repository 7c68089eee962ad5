"""What becomes of a request at a gateway, in fixed words (docs/reference/decision-api.md)."""

from __future__ import annotations

import json
from enum import StrEnum

__all__ = ["PROBLEM", "Outcome", "UndecidedError", "problem"]

PROBLEM = "application/problem+json"
"""Media type of an answer that says what was wrong (RFC 9457)."""


class Outcome(StrEnum):
    """What became of a request; those after ``unwatched`` could not be decided."""

    PASSED = "passed"
    """Decided, and passed on as it was."""
    CHANGED = "changed"
    """Decided, and passed on with another body or header, or with its answer filtered."""
    ANSWERED = "answered"
    """Decided, and answered in place of the model."""
    UNAPPLIED = "unapplied"
    """Decided, and this kind of gateway cannot do all of it: counted beside the others."""
    UNWATCHED = "unwatched"
    """Its path is none of the four APIs': not looked at."""
    NO_ACCOUNT = "no-account"
    """Nothing said whose it is."""
    TWO_ACCOUNTS = "two-accounts"
    """The account's header came more than once."""
    REPEATED_HEADER = "repeated-header"
    """Another header that must come once came more than once."""
    BAD_NAME = "bad-name"
    """An account, organisation or end user that is not 1 to 256 visible ASCII characters, comma
    excepted."""
    BODY_TOO_LONG = "body-too-long"
    """Longer than the gateway reads, as sent or decompressed."""
    NO_ROOM = "no-room"
    """Bodies of other requests fill the memory that they may have together."""
    UNKNOWN_ENCODING = "unknown-encoding"
    """A content encoding other than gzip and deflate, or more than one."""
    BROKEN_ENCODING = "broken-encoding"
    """What is said to be compressed is not, or not whole."""
    NOT_IN_TIME = "not-in-time"
    """The service did not decide within the gateway's deadline."""
    FAILED = "failed"
    """The service failed."""
    GONE = "gone"
    """The client left before the request was whole."""
    ENCODED_ANSWER = "encoded-answer"
    """The model's answer was to be checked and is compressed, though no encoding was accepted."""


_STATUS = {
    Outcome.NO_ACCOUNT: (401, "The gateway did not say whose request this is."),
    Outcome.TWO_ACCOUNTS: (400, "The request names more than one account."),
    Outcome.REPEATED_HEADER: (400, "A header that must come once came more than once."),
    Outcome.BAD_NAME: (
        400,
        "The account's name has characters that no name has, or too many.",
    ),
    Outcome.BODY_TOO_LONG: (413, "The body is longer than this gateway reads."),
    Outcome.NO_ROOM: (503, "Too many bodies are being read."),
    Outcome.UNKNOWN_ENCODING: (415, "The content encoding is neither gzip nor deflate."),
    Outcome.BROKEN_ENCODING: (400, "The body is not what its content encoding says."),
    Outcome.NOT_IN_TIME: (503, "The request could not be decided in time."),
    Outcome.FAILED: (503, "The request could not be decided."),
    Outcome.ENCODED_ANSWER: (502, "The model's answer cannot be checked."),
}


class UndecidedError(Exception):
    """A request that cannot be decided: the gateway's fail mode says what becomes of it.

    Args:
        outcome: why.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


def problem(outcome: Outcome) -> tuple[int, bytes]:
    """Return HTTP status and body of the answer to a request that could not be decided."""
    status, title = _STATUS[outcome]
    told = {"type": f"urn:stillwatch:outcome:{outcome}", "title": title, "status": status}
    return status, json.dumps(told).encode()
