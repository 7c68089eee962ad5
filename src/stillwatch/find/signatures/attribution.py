"""Whose a campaign is: its signature beside known ones, with confidence and alternatives.

The answer is one of the known actors or an unknown one.  Half of the belief goes to the unknown
actor before anything is compared, and the rest is divided among the known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.errors import IncompatibleObservationsError
from stillwatch.find.signatures.model import weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from stillwatch.find.signatures.record import Entity, Signature

__all__ = ["LIKENESSES", "Attribution", "attribute", "likeness"]

LIKENESSES = ("wording", "rare", "client", "block", "habits")
"""What is measured of two signatures, in this order.

wording: cosine of the pieces, each weighed by its rarity and its users.  rare: log of one more than
the rare pieces that both have.  client, block: log of how much more often both use the most telling
one that they share.  habits: correlation of how the two depart from everybody, weighed down where
both depart little."""
_RARE = 400
_UNKNOWN = 0.5
"""Belief in an unknown actor before anything is compared."""
_DEPART = 0.1


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whose one campaign is."""

    campaign: str
    """The campaign in question."""
    candidates: tuple[tuple[str, float], ...]
    """Known campaigns with the probability that the same actor runs both, most probable first."""
    unknown: float
    """Probability that none of the known actors runs it."""

    @property
    def confidence(self) -> float:
        """Return the probability of the most probable answer."""
        return max(self.unknown, self.candidates[0][1] if self.candidates else 0.0)


def likeness(one: Signature, other: Signature) -> NDArray[np.float64]:
    """Return how alike two signatures are, in the order of ``LIKENESSES``; symmetric."""
    mine, theirs = _telling(one), _telling(other)
    both = sorted(mine.keys() & theirs.keys())
    norm = np.sqrt(_norm(mine) * _norm(theirs))
    cosine = sum(mine[v] * theirs[v] for v in both) / norm if norm else 0.0
    heavy = {p.value for p in one.pieces if p.weight >= _RARE}
    rare = len(heavy & {p.value for p in other.pieces if p.weight >= _RARE})
    return np.array(
        [
            cosine,
            np.log1p(rare),
            _shared(one.clients, other.clients),
            _shared(one.blocks, other.blocks),
            _alike(one, other),
        ]
    )


def attribute(signature: Signature, known: Sequence[Signature]) -> Attribution:
    """Return whose a campaign is.

    Args:
        signature: of the campaign in question.
        known: signatures of known actors' campaigns; one of the same campaign id is left out.

    Raises:
        IncompatibleObservationsError: a known one was made with another key.
    """
    others = [item for item in known if item.campaign != signature.campaign]
    for item in others:
        if item.key != signature.key:
            raise IncompatibleObservationsError(
                f"the signatures of {signature.campaign} and {item.campaign} were made with "
                f"different keys ({signature.key} and {item.key})",
                where=item.campaign,
                todo="compare signatures made with one key; hashes under two keys never match",
            )
    if not others:
        return Attribution(signature.campaign, (), 1.0)
    measured = np.stack([likeness(signature, item) for item in others])
    ratio = np.clip(weights("attribution").ratio(measured), -60.0, 60.0)
    odds = np.exp(ratio) * (1.0 - _UNKNOWN) / len(others)
    total = odds.sum() + _UNKNOWN
    ranked = sorted(zip(odds / total, others, strict=True), key=lambda x: (-x[0], x[1].campaign))
    return Attribution(
        signature.campaign,
        tuple((item.campaign, float(p)) for p, item in ranked),
        float(_UNKNOWN / total),
    )


def _telling(signature: Signature) -> dict[int, float]:
    return {p.value: p.weight / 100 * np.sqrt(p.mine / 1_000) for p in signature.pieces}


def _norm(pieces: Mapping[int, float]) -> float:
    return float(sum(pieces[v] ** 2 for v in sorted(pieces)))


def _shared(one: tuple[Entity, ...], other: tuple[Entity, ...]) -> float:
    theirs = {entity.value: entity for entity in other}
    best = 0.0
    for entity in one:
        twin = theirs.get(entity.value)
        if twin is not None:
            mine = min(entity.mine, twin.mine) / 1_000
            usual = max(entity.others, twin.others, 1) / 1_000_000
            best = max(best, float(np.log(max(mine, 0.001) / usual)))
    return best


def _alike(one: Signature, other: Signature) -> float:
    names = sorted(one.habits.keys() & other.habits.keys())
    if not names:
        return 0.0
    departs = [
        np.concatenate([np.subtract(*s.habits[name]) for name in names]) / 1_000
        for s in (one, other)
    ]
    sizes = [float(np.sqrt((d**2).sum())) + _DEPART for d in departs]
    return float((departs[0] @ departs[1]) / (sizes[0] * sizes[1]))
