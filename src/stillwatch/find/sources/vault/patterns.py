"""What is left of an identifier when its counter is taken out.

Accounts made in bulk have addresses such as ``maria.k.4821`` and ``maria.k.4822``, or random
strings of one form at one domain, or phone numbers out of one block.  None of it is evidence by
itself: the form's rarity among all accounts, and what else the accounts share, decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Pattern", "pattern_of"]

FEWEST_LETTERS = 3
"""Letters that a skeleton needs: all-digit names are ordinary at several large providers."""
RANDOM_RUNS = 3
"""Digit runs between letters, without separators, from which on a name reads as random."""
CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{6}")
"""Longer than any run of consonants in common names of languages in Latin script."""
PHONE_BLOCK = 3
"""Digits that a block of phone numbers leaves free."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A form and the place of one identifier in it."""

    form: str
    """Text to be tokenised; never leaves the vault in clear."""
    counter: int | None
    """The number taken out, where the form has one."""


def pattern_of(kind: str, value: str) -> Pattern | None:
    """Return the pattern of a normalised identifier, None where it has none.

    >>> pattern_of("email", "maria.k.4821@example.com")
    Pattern(form='name:maria.k.#', counter=4821)
    >>> pattern_of("email", "x7f3k9q2@example.com")
    Pattern(form='random:alnum:8@example.com', counter=None)
    >>> pattern_of("email", "maria@example.com"), pattern_of("email", "12345@example.com")
    (None, None)
    >>> pattern_of("phone", "491701234567")
    Pattern(form='block:491701234', counter=567)
    """
    if kind == "email":
        return _of_email(value)
    if kind == "phone":
        return Pattern(f"block:{value[:-PHONE_BLOCK]}", int(value[-PHONE_BLOCK:]))
    return None


def _of_email(value: str) -> Pattern | None:
    local, _, domain = value.rpartition("@")
    name = local.partition("+")[0] or local
    random = _random_class(name)
    if random is not None:
        # A class of random strings is common; at one domain it may be rare.
        return Pattern(f"random:{random}:{len(name)}@{domain}", None)
    runs = re.findall(r"[0-9]+", name)
    skeleton = re.sub(r"[0-9]+", "#", name)
    if not runs or sum(c.isalpha() for c in skeleton) < FEWEST_LETTERS:
        return None
    # Without the domain, so that a campaign that rotates domains keeps its form.
    return Pattern(f"name:{skeleton}", int(runs[-1][-18:]))


def _random_class(name: str) -> str | None:
    """Return the class of a name that reads as random, None where it does not."""
    if not re.fullmatch(r"[a-z0-9]{8,}", name):
        return None
    runs = len(re.findall(r"(?<=[a-z])[0-9]+(?=[a-z])|[0-9]+(?=[a-z])", name))
    if runs >= RANDOM_RUNS:
        return "hex" if re.fullmatch(r"[0-9a-f]+", name) else "alnum"
    return "letters" if CONSONANTS.search(name) else None
