"""Which of a few planned forms an answer shows: literal signs in folded text, in any language.

No pattern language is read, since answers are hostile and plans come from others.  Text is folded
by NFKC and case, and runs of space become one.  A sign that begins or ends with a digit, or a
letter of a script that has two cases, is not found inside a longer number or word; scripts without
case often write no spaces, and their signs are found anywhere.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Rule", "folded", "place_of", "shown"]

Rule = Literal["only", "first"]
"""``only``: the one form of which a sign is there, where signs of two forms are there none.
``first``: the form whose sign comes first, for forms that differ in order."""

_MOST = 100_000
"""Characters of an answer that are read."""
_SPACE = re.compile(r"\s+")


def folded(text: str) -> str:
    """Return text in the form in which signs are looked for.

    >>> folded(" A   Train ")
    'a train'
    """
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text[:_MOST]).casefold()).strip()


def place_of(sign: str, text: str) -> int:
    """Return where a folded sign stands in folded text by itself, or -1.

    >>> place_of("7", "17 or 7"), place_of("cat", "category")
    (6, -1)
    """
    at = text.find(sign)
    while at >= 0:
        end = at + len(sign)
        if not (_grows(text[at - 1 : at], sign[0]) or _grows(sign[-1], text[end : end + 1])):
            return at
        at = text.find(sign, at + 1)
    return -1


def shown(answer: str, forms: Sequence[Sequence[str]], rule: Rule) -> int | None:
    """Return the number of the form that an answer shows, or None.

    Args:
        answer: all of its text.
        forms: for each form its signs, folded.
        rule: how one of several is chosen.

    >>> shown("From Oslo to Bergen.", [["oslo"], ["porto"]], "only")
    0
    >>> shown("Oslo or Porto", [["oslo"], ["porto"]], "only") is None
    True
    """
    text = folded(answer)
    places = [
        min((at for sign in signs if (at := place_of(sign, text)) >= 0), default=None)
        for signs in forms
    ]
    there = [(at, form) for form, at in enumerate(places) if at is not None]
    if not there or (rule == "only" and len(there) > 1):
        return None
    first = min(there)
    return None if sum(at == first[0] for at, _ in there) > 1 else first[1]


def _grows(left: str, right: str) -> bool:
    """Say whether two neighbours belong to one number or one word."""
    return bool(left and right) and (
        (left.isdigit() and right.isdigit()) or (_cased(left) and _cased(right))
    )


def _cased(one: str) -> bool:
    return one.lower() != one.upper()
