"""How a group is built: who names whom, who is tied to whom, whose words they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numba as nb
import numpy as np

from stillwatch.find.campaigns.levels import largest_share, runs
from stillwatch.find.campaigns.places import places
from stillwatch.find.features.ties import covert_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.campaigns.likeness import Likeness
    from stillwatch.find.features.view import View

__all__ = ["Proposer", "Structure", "circles_within", "structure_of"]

Proposer = Literal["words", "values", "manner", "peers"]
"""What proposed a group: what its accounts write, the values that they share, all that they do,
or what peers' indicators say of them."""

_FACETS = 200
_UNPLACED = 0.2
"""What a tie counts between accounts of no known address, which may be one household or shop."""


@dataclass(frozen=True, slots=True)
class Structure:
    """How a group is built, beside what the detectors measure."""

    declared: float
    """Share of members that name an organisation or own domain that another member names."""
    tied: float
    """Share of the members in covert circles of at least two within the group, less those who
    hold the value that most of them hold, since one customer has many seats; a fifth as much where
    no address tells whether they sit in one place."""
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
    tied = max(0.0, tied - seats) * (_UNPLACED + (1.0 - _UNPLACED) * _placed(view, members))
    where = places(view, members)
    organisation, domain = np.ascontiguousarray(view.derived.relations[members].T)
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
        organised=float(largest_share(organisation)),
        domain=float(largest_share(domain)),
        names=float((organisation >= 0).mean()) if members.size else 0.0,
        repeated=_repeated(view.derived.body[rows]),
        ages=likeness.ages,
        clients=likeness.clients,
    )


def _placed(view: View, members: NDArray[np.int32]) -> float:
    """Return the share of the members whose address block is known by now."""
    derived = view.derived
    known = (derived.homes[members, 0] >= 0) & (derived.home_rows[members, 0] < view.rows)
    return float(known.mean()) if members.size else 0.0


def circles_within(view: View, members: NDArray[np.int32]) -> tuple[float, int]:
    """Return the share of members in covert circles of two or more of them, and the circles."""
    _, counts = runs(covert_components(view)[members])
    tied = counts[counts >= 2]
    return float(tied.sum() / max(members.size, 1)), int(tied.size)


def _repeated(body: NDArray[np.int32]) -> float:
    """Return the share of the texts that another exchange has, those without words left out."""
    texts = body[body >= 0]
    return 1.0 - np.unique(texts).size / texts.size if texts.size else 0.0


def _networks(view: View, members: NDArray[np.int32]) -> float:
    """Return one over the chance that two members' first addresses are of one network."""
    network = view.derived.network[view.derived.first_row[members]]
    _, counts = runs(network)
    return float(counts.sum() ** 2 / (counts.astype(np.float64) ** 2).sum()) if counts.size else 1.0


def _seats(view: View, members: NDArray[np.int32]) -> float:
    """Return the largest share of the members that hold one identity value."""
    identity = view.log.accounts.identity
    return max(
        (float(largest_share(identity[members, kind])) for kind in range(identity.shape[1])),
        default=0.0,
    )


def _declared(view: View, members: NDArray[np.int32]) -> float:
    named = np.zeros(members.size, np.bool_)
    for relation in np.ascontiguousarray(view.derived.relations[members].T):
        values, counts = runs(relation)
        many = values[counts >= 2]
        if many.size:
            at = np.minimum(np.searchsorted(many, relation), many.size - 1)
            named |= many[at] == relation
    return float(named.mean()) if members.size else 0.0


def _exclusive(view: View, members: NDArray[np.int32], facets: NDArray[np.int32]) -> float:
    index = view.facets
    postings = (index.posting_ptr, view.ends, index.posting, index.opens)
    inside = np.zeros(view.seen.size, np.bool_)
    inside[members] = True
    own, every = _carried(facets[:_FACETS], *postings, view.log.account, inside)
    return own / every if every else 0.0


@nb.njit(cache=True, nogil=True)
def _carried(facets, posting_ptr, ends, posting, opens, account, inside):
    """Return the carriers of facets who are inside, and all of them."""
    own, every = 0, 0
    for f in facets:
        for k in range(posting_ptr[f], ends[f]):
            every += opens[k]
            own += opens[k] and inside[account[posting[k]]]
    return own, every
