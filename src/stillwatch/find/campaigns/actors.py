"""The parts of a declared group that have words of their own: one actor each, or innocents.

Actors who draw on one source of wordings write alike, and so may people who use the same
words honestly; a group that holds several is one by the pieces that all of them share.  Within
the group those pieces say nothing.  Members tied covertly are one unit; units are joined by
average linkage over the cosine of the pieces that they carry, each weighed by its rarity within
the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.pool import cosines, link, nodes, shared_pairs
from stillwatch.find.features.ties import covert_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["CLOSELY", "LOOSELY", "parts_of"]

LOOSELY, CLOSELY = 0.05, 0.15
"""Cosine at which two units are joined at least: where a part must hold up by itself, and where
one campaign is told from another."""
_UNITS = 1_000
"""Units above which a group is left whole, for memory's sake."""


def parts_of(
    view: View, members: NDArray[np.int32], rows: NDArray[np.int32], linked: float
) -> list[NDArray[np.int32]]:
    """Return the parts of a group, largest first, each ascending.

    Args:
        view: what is known.
        members: accounts of the group.
        rows: their exchanges that make it a group.
        linked: least cosine.
    """
    members = np.sort(members)
    _, unit = np.unique(covert_components(view)[members], return_inverse=True)
    units = int(unit.max(initial=-1)) + 1
    if not 2 <= units <= _UNITS:
        return [members]
    who, facet = _carried(view, members, rows)
    facets, holder = shared_pairs(facet, unit[who], units)
    if facets.size == 0:
        return [members]
    _, counts = np.unique(facets, return_counts=True)
    start = np.append(0, np.cumsum(counts))
    merges = link(cosines(start, holder, np.log(units / counts), units), np.float32(linked))
    label = np.arange(units)
    for number, node in enumerate(nodes(merges, units)):
        label[node] = number
    found = [members[label[unit] == k] for k in np.unique(label)]
    return sorted(found, key=lambda part: (-part.size, int(part[0])))


def _carried(
    view: View, members: NDArray[np.int32], rows: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return pairs of a member's place and a piece that it is known to carry."""
    index, account = view.facets, view.log.account
    rows = rows[np.isin(account[rows], members)]
    lengths = np.diff(index.text_ptr)[rows]
    ends = np.cumsum(lengths)
    at = np.arange(int(ends[-1]) if ends.size else 0)
    at += np.repeat(index.text_ptr[rows] - (ends - lengths), lengths)
    who = np.searchsorted(members, np.repeat(account[rows], lengths))
    known = index.text_known[at] < view.rows
    return who[known], index.text_facet[at][known]
