"""How long each kind may live and how fast it ages: data, with the reason beside each figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from stillwatch.share.objects.content import Network, Pseudonym

if TYPE_CHECKING:
    from stillwatch.share.objects.content import Content

__all__ = ["LIVES", "Life", "belief", "kind_of"]


@dataclass(frozen=True, slots=True)
class Life:
    """What time does to a kind."""

    longest: int
    """Days from valid_from to valid_until, at most."""
    half: int
    """Days after which half of the confidence is gone."""
    why: str


LIVES: Final = {
    "pseudonym:email": Life(120, 45, "an epoch and its overlap; mailboxes are made in bulk"),
    "pseudonym:phone": Life(120, 30, "an epoch and its overlap; numbers are rented again"),
    "pseudonym:par": Life(120, 60, "an epoch and its overlap; a card outlives its accounts"),
    "sketch": Life(120, 30, "an epoch and its overlap; wording changes with the campaign"),
    "behaviour": Life(120, 45, "an epoch and its overlap; habits outlive wording"),
    "network:asn": Life(90, 30, "a system is large and shared"),
    "network:prefix": Life(30, 7, "blocks are rented by the week"),
    "network:ja4": Life(60, 30, "clients are updated"),
    "network:client": Life(60, 30, "clients are updated"),
}
"""Life by kind; the half-life is a stated prior, to be corrected by sightings."""


def kind_of(content: Content) -> str:
    """Return the key of ``LIVES`` for a content."""
    if isinstance(content, Pseudonym):
        return f"pseudonym:{content.identifier}"
    if isinstance(content, Network):
        return f"network:{content.entity}"
    return type(content).__name__.lower()


def belief(confidence: int, kind: str, age: float) -> float:
    """Return what is left of a confidence.

    Args:
        confidence: the author's, in a hundred.
        kind: a key of ``LIVES``.
        age: days since the indicator was last seen; negative counts as 0.

    >>> belief(80, "network:prefix", 14.0)
    0.2
    """
    return float(confidence / 100 * 0.5 ** (max(age, 0.0) / LIVES[kind].half))
