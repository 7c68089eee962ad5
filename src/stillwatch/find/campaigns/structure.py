"""How a group is built: who names whom, who is tied to whom, whose words they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from stillwatch.find.campaigns.places import places
from stillwatch.find.features.ties import covert_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.campaigns.likeness import Likeness
    from stillwatch.find.features.view import View

__all__ = ["Proposer", "Structure", "circles_within", "structure_of"]

Proposer = Literal["words", "values", "manner"]
"""What proposed a group: what its accounts write, the values that they share, all that they do."""

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
    networks: float
    """Networks of the members, those of few members counting little: one over the chance that
    two members first came from the same."""
    exclusive: float
    """Share of the carriers of the group's facets that are members."""
    purity: float
    """Share of the accounts that write in the group's own style that are members."""
    by: Proposer
    """What proposed the group."""
    family: float
    """Share of the members that are of a family or shop: a circle in a place of its own."""
    private: float
    """Mean share of the users of such a place that are of the circle."""
    organised: float
    """Largest share of the members that name one organisation."""
    domain: float
    """Largest share of the members with mail at one domain of their own."""
    names: float
    """Share of the members that name an organisation, each perhaps its own."""
    repeated: float
    """Share of the exchanges whose whole text another exchange of the group has."""
    ages: float
    """Mean log ratio of the members' ages at their first such exchange: how much better the
    other members' ages explain each than everyone's do."""
    clients: float
    """The same of their clients."""


def structure_of(
    view: View,
    members: NDArray[np.int32],
    rows: NDArray[np.int32],
    facets: NDArray[np.int32],
    likeness: Likeness,
    *,
    by: Proposer,
) -> Structure:
    """Return how a group is built.

    Args:
        view: what is known.
        members: accounts of the group.
        rows: their exchanges in it.
        facets: its facets.
        likeness: of the members.
        by: what proposed it.
    """
    tied, circles = circles_within(view, members)
    seats = _seats(view, members)
    if members.size >= _SEATS and seats >= _SEATED:
        tied = max(0.0, tied - seats)
    where = places(view, members)
    organisation, domain = view.derived.relations[members].T
    return Structure(
        declared=_declared(view, members),
        tied=tied,
        seats=seats,
        circles=circles,
        networks=_networks(view, members),
        exclusive=_exclusive(view, members, facets),
        purity=likeness.purity,
        by=by,
        family=float(where.family.mean()) if members.size else 0.0,
        private=float(where.private.mean()) if members.size else 0.0,
        organised=_share(organisation),
        domain=_share(domain),
        names=float((organisation >= 0).mean()) if members.size else 0.0,
        repeated=_repeated(view.derived.body[rows]),
        ages=likeness.ages,
        clients=likeness.clients,
    )


def circles_within(view: View, members: NDArray[np.int32]) -> tuple[float, int]:
    """Return the share of members in covert circles of two or more of them, and the circles."""
    _, counts = np.unique(covert_components(view)[members], return_counts=True)
    tied = counts[counts >= 2]
    return float(tied.sum() / max(members.size, 1)), int(tied.size)


def _repeated(body: NDArray[np.int32]) -> float:
    """Return the share of the texts that another exchange has, those without words left out."""
    texts = body[body >= 0]
    return 1.0 - np.unique(texts).size / texts.size if texts.size else 0.0


def _networks(view: View, members: NDArray[np.int32]) -> float:
    """Return one over the chance that two members' first addresses are of one network."""
    network = view.derived.network[view.derived.first_row[members]]
    counts = np.unique(network[network >= 0], return_counts=True)[1]
    return float(counts.sum() ** 2 / (counts.astype(np.float64) ** 2).sum()) if counts.size else 1.0


def _seats(view: View, members: NDArray[np.int32]) -> float:
    """Return the largest share of the members that hold one identity value."""
    return max((_share(codes) for codes in view.log.accounts.identity[members].T), default=0.0)


def _share(codes: NDArray[np.integer]) -> float:
    """Return the share of the commonest code, those below 0 being unknown."""
    held = np.unique(codes[codes >= 0], return_counts=True)[1]
    return float(held.max(initial=0)) / max(codes.size, 1)


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
