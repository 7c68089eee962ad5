"""How a group is built: who names whom, who is tied to whom, whose words they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.places import places
from stillwatch.find.features.ties import covert_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.campaigns.likeness import Likeness
    from stillwatch.find.features.view import View

__all__ = ["Structure", "circles_within", "structure_of"]

_FACETS = 200
_SEATS, _SEATED = 8, 0.5
"""Members, and the share of them that hold one value, from which on it is one customer's seats."""


@dataclass(frozen=True, slots=True)
class Structure:
    """How a group is built, beside what the detectors measure."""

    declared: float
    """Share of members that name an organisation or own domain that another member names."""
    tied: float
    """Share of the members in covert circles of at least two within the group; less those who
    hold one value where that is half of the group or more, since one customer has many seats."""
    seats: float
    """Largest share of the members that hold one identity value."""
    circles: int
    """Covert circles of at least two members."""
    exclusive: float
    """Share of the carriers of the group's facets that are members."""
    purity: float
    """Share of the accounts that write in the group's own style that are members."""
    pooled: bool
    """Whether shared identity values proposed the group."""
    placed: float
    """Share of the members tied by identity values that sit in one place with those they are
    tied to."""
    ages: float
    """Mean log ratio of the members' ages at their first such exchange: how much better the
    other members' ages explain each than everyone's do."""
    clients: float
    """The same of their clients."""


def structure_of(
    view: View,
    members: NDArray[np.int32],
    facets: NDArray[np.int32],
    likeness: Likeness,
    *,
    pooled: bool,
) -> Structure:
    """Return how a group is built.

    Args:
        view: what is known.
        members: accounts of the group.
        facets: its facets.
        likeness: of the members.
        pooled: whether shared identity values proposed it.
    """
    tied, circles = circles_within(view, members)
    seats = _seats(view, members)
    if members.size >= _SEATS and seats >= _SEATED:
        tied = max(0.0, tied - seats)
    at_home, placed = places(view, members)
    return Structure(
        declared=_declared(view, members),
        tied=tied,
        seats=seats,
        circles=circles,
        exclusive=_exclusive(view, members, facets),
        purity=likeness.purity,
        pooled=pooled,
        placed=float(placed.sum() / at_home.sum()) if at_home.any() else 0.0,
        ages=likeness.ages,
        clients=likeness.clients,
    )


def circles_within(view: View, members: NDArray[np.int32]) -> tuple[float, int]:
    """Return the share of members in covert circles of two or more of them, and the circles."""
    _, counts = np.unique(covert_components(view)[members], return_counts=True)
    tied = counts[counts >= 2]
    return float(tied.sum() / members.size) if members.size else 0.0, int(tied.size)


def _seats(view: View, members: NDArray[np.int32]) -> float:
    """Return the largest share of the members that hold one identity value."""
    held = [
        int(np.unique(codes[codes >= 0], return_counts=True)[1].max(initial=0))
        for codes in view.log.accounts.identity[members].T
    ]
    return max(held, default=0) / max(members.size, 1)


def _declared(view: View, members: NDArray[np.int32]) -> float:
    named = np.zeros(members.size, np.bool_)
    for relation in view.derived.relations[members].T:
        _, inverse, counts = np.unique(relation, return_inverse=True, return_counts=True)
        named |= (relation >= 0) & (counts[inverse] >= 2)
    return float(named.mean()) if members.size else 0.0


def _exclusive(view: View, members: NDArray[np.int32], facets: NDArray[np.int32]) -> float:
    index = view.facets
    inside = np.zeros(view.seen.size, np.bool_)
    inside[members] = True
    own = every = 0
    for facet in facets[:_FACETS].tolist():
        at = slice(index.posting_ptr[facet], view.ends[facet])
        opened = view.log.account[index.posting[at]][index.opens[at]]
        own, every = own + int(inside[opened].sum()), every + opened.size
    return own / every if every else 0.0
