"""A contested decision in the words that its account holder was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.records import utc
from stillwatch.stop.interface import Rung
from stillwatch.stop.responses.reasons import DONE, LIFTED, WORDS

if TYPE_CHECKING:
    from stillwatch.stop.appeals.tokens import Contested

__all__ = ["minute", "statement"]


def statement(contested: Contested) -> list[str]:
    """Return what was done, why, how long, and what lifts it; a sentence or more each.

    A reason that this version has no words for is left out, and none is put in its place.
    """
    automatic = contested.codes[:1] != ["approved-measure"]
    facts = [
        DONE[Rung(contested.rung)],
        *(WORDS[code] for code in contested.codes if code in WORDS),
        "This was decided by a program." if automatic else "This was approved by a person.",
        f"It ends at {minute(contested.expires)}." if contested.expires else "",
        LIFTED.get(contested.lifted_by, ""),
    ]
    return [words for words in facts if words]


def minute(time: int) -> str:
    """Return a time as a person reads it.

    >>> minute(1_790_000_000_000_000)
    '2026-09-21 14:13 UTC'
    """
    return f"{utc(time):%Y-%m-%d %H:%M UTC}"
