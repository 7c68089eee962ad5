"""Small circles of tied accounts, pooled by what they write.

Where wording is free, no piece of text reaches across a campaign; but its accounts, tied in
twos and fives by recycled cards, phones and machines, are circles whose texts overlap pairwise
more than those of households and shops do.  Circles are the leaves of an average-linkage tree
over the cosine of the habitual facets that they carry, each weighed by its rarity (inverse
document frequency; Sparck Jones 1972), and every node of the tree is a candidate group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.campaigns.latest import ROWS_EACH
from stillwatch.find.features.arrays import widened
from stillwatch.find.features.facets import LEAST_CARRIERS
from stillwatch.find.features.ties import covert_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["Pooled", "cosines", "link", "nodes", "pool_circles", "shared_pairs"]

_CIRCLES = 1_500
"""Circles pooled in one pass at most, those with the most rare text first."""
_LINKED = 0.08
"""Cosine at which two circles are pooled at least."""
_COMMON = 0.03
"""Share of all accounts that carry a facet above which it links nobody."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """Groups made of circles, in compressed rows; G groups."""

    row_ptr: NDArray[np.int64]
    """(G + 1,) offsets into rows."""
    rows: NDArray[np.int32]
    """Exchanges of each group, ascending."""
    facets: list[NDArray[np.int32]]
    """Facets that circles of a group have in common, ascending."""

    def __len__(self) -> int:
        """Return the number of groups."""
        return self.row_ptr.size - 1


@nb.njit(cache=True, nogil=True)
def _carried(
    members,
    unit,
    ptr,
    account_rows,
    requests,
    known,
    text_ptr,
    text_facet,
    text_known,
    carriers,
    most,
):
    """List (unit, row, facet) of the members' latest rows, facets in use and not common."""
    units = np.empty(4096, np.int32)
    rows = np.empty(4096, np.int32)
    facets = np.empty(4096, np.int32)
    count = 0
    for i in range(members.size):
        a = members[i]
        hi = ptr[a] + requests[a]  # of what is known now
        for j in range(max(ptr[a], hi - ROWS_EACH), hi):
            r = account_rows[j]
            for k in range(text_ptr[r], text_ptr[r + 1]):
                f = text_facet[k]
                if text_known[k] >= known or not LEAST_CARRIERS <= carriers[f] <= most:
                    continue
                if count == units.size:
                    units = widened(units)
                    rows = widened(rows)
                    facets = widened(facets)
                units[count], rows[count], facets[count] = unit[i], r, f
                count += 1
    return units[:count], rows[:count], facets[:count]


@nb.njit(cache=True, nogil=True)
def cosines(start, unit, weight, circles):
    """Dense (U, U) cosines; pairs sort by facet and ``start`` holds each facet's offset."""
    out = np.zeros((circles, circles), np.float32)
    norm = np.zeros(circles)
    for f in range(start.size - 1):
        for i in range(start[f], start[f + 1]):
            norm[unit[i]] += weight[f]
            for j in range(start[f], i):
                out[unit[i], unit[j]] += weight[f]
                out[unit[j], unit[i]] += weight[f]
    for i in range(circles):
        for j in range(circles):
            if out[i, j] > 0:
                out[i, j] /= np.sqrt(norm[i] * norm[j])
    return out


@nb.njit(cache=True, nogil=True)
def link(similar, least):
    """Average linkage by nearest-neighbour chains (Murtagh 1983); returns merged pairs.

    Node n + k is what the k-th merge makes.
    """
    n = similar.shape[0]
    size = np.ones(n)
    name = np.arange(n)
    alive = np.ones(n, np.bool_)
    merges = np.empty((max(n - 1, 0), 2), np.int64)
    count = 0
    chain = np.empty(n + 1, np.int64)
    for first in range(n):
        if not alive[first]:
            continue
        chain[0], length = first, 1
        while length > 0:
            a = chain[length - 1]
            best, at = least, -1
            if length > 1:  # ties go back along the chain, so that it ends
                b = chain[length - 2]
                if similar[a, b] >= best:
                    best, at = similar[a, b], b
            for b in range(n):
                if alive[b] and b != a and similar[a, b] > best:
                    best, at = similar[a, b], b
            if at < 0:
                if length == 1:
                    break
                length -= 1
                continue
            if length > 1 and at == chain[length - 2]:
                length -= 2
                merges[count, 0], merges[count, 1] = name[a], name[at]
                for c in range(n):
                    if alive[c] and c not in (a, at):
                        mean = (size[a] * similar[a, c] + size[at] * similar[at, c]) / (
                            size[a] + size[at]
                        )
                        similar[a, c] = similar[c, a] = mean
                size[a] += size[at]
                alive[at] = False
                name[a] = n + count
                count += 1
                if length == 0 and alive[first]:
                    chain[0], length = first, 1
            else:
                chain[length] = at
                length += 1
    return merges[:count]


def pool_circles(view: View, most: int) -> Pooled:
    """Return the groups of tied accounts, alone and pooled by text.

    Args:
        view: what is known.
        most: accounts above which a group is not proposed.
    """
    root = covert_components(view)
    sizes = np.bincount(root, minlength=root.size)
    members = np.flatnonzero(
        (sizes[root] >= 2) & (sizes[root] <= most) & ~view.log.accounts.licensed
    )
    members = members[view.seen[members]]
    heads, unit = np.unique(root[members], return_inverse=True)
    index = view.facets
    common = max(12, int(_COMMON * view.accounts))
    units, rows, facets = _carried(
        members,
        unit.astype(np.int32),
        *view.account_rows,
        view.requests,
        view.rows,
        index.text_ptr,
        index.text_facet,
        index.text_known,
        view.carriers,
        common,
    )
    merges = _tree(view, units, facets, heads.size)
    groups = nodes(merges, heads.size)
    of_unit = _members_of(members, unit, heads.size)
    return _assemble(view, groups, of_unit, (units, rows, facets), most)


def _tree(
    view: View, units: NDArray[np.int32], facets: NDArray[np.int32], circles: int
) -> NDArray[np.int64]:
    """Return the merges, in circles' numbers."""
    facet, unit = shared_pairs(facets, units, circles)
    if facet.size == 0:
        return np.zeros((0, 2), np.int64)
    weight = np.log(view.accounts / view.carriers[facet])
    total = np.bincount(unit, weights=weight, minlength=circles)
    kept = np.sort(np.argsort(-total, kind="stable")[:_CIRCLES])
    kept = kept[total[kept] > 0]
    if kept.size < 2:
        return np.zeros((0, 2), np.int64)
    place = np.full(circles, -1, np.int64)
    place[kept] = np.arange(kept.size)
    use = place[unit] >= 0
    facet, unit, weight = facet[use], place[unit[use]], weight[use]
    start = _starts(facet)
    similar = cosines(start, unit, weight[start[:-1]], kept.size)
    merges = link(similar, np.float32(_LINKED))
    inner = merges >= kept.size
    out = np.where(inner, merges - kept.size + circles, kept[np.where(inner, 0, merges)])
    return out.astype(np.int64)


def shared_pairs(
    facets: NDArray[np.int32], units: NDArray[np.integer], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct pairs of facet and unit, ascending, whose facet at least two units have.

    Args:
        facets: one for each pair, in any order.
        units: the same, from 0 to ``size`` - 1.
        size: number of units.

    >>> shared_pairs(np.array([7, 5, 7, 5, 7]), np.array([1, 0, 0, 0, 1]), 2)
    (array([7, 7]), array([0, 1]))
    """
    pairs = np.unique(facets.astype(np.int64) * size + units)
    facet, unit = pairs // size, pairs % size
    units_each = np.diff(_starts(facet))
    shared = np.repeat(units_each, units_each) >= 2
    return facet[shared], unit[shared]


def _starts(facets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each facet's part of ascending facets begins, and where the last ends."""
    new = np.flatnonzero(np.append(True, facets[1:] != facets[:-1]))
    return np.append(new, facets.size)


def nodes(merges: NDArray[np.int64], units: int) -> list[list[int]]:
    """Return the units of every node: each alone, then each merge.

    Args:
        merges: as from :func:`link`.
        units: number of units.

    >>> nodes(np.array([[0, 2], [1, 3]]), 3)
    [[0], [1], [2], [0, 2], [1, 0, 2]]
    """
    found = [[k] for k in range(units)]
    for left, right in merges.tolist():
        found.append(found[left] + found[right])
    return found


def _members_of(
    members: NDArray[np.int64], unit: NDArray[np.int64], circles: int
) -> list[NDArray[np.int64]]:
    order = np.argsort(unit, kind="stable")
    return np.split(members[order], np.cumsum(np.bincount(unit, minlength=circles))[:-1])


def _assemble(
    view: View,
    groups: list[list[int]],
    of_unit: list[NDArray[np.int64]],
    carried: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    most: int,
) -> Pooled:
    units, rows, facets = carried
    order = np.argsort(units, kind="stable")
    units, rows, facets = units[order], rows[order], facets[order]
    start = np.searchsorted(units, np.arange(len(of_unit) + 1))
    all_rows, all_facets = [], []
    for circles in groups:
        accounts = np.concatenate([of_unit[c] for c in circles])
        if not 4 <= accounts.size <= most:
            continue
        at = np.concatenate([np.arange(start[c], start[c + 1]) for c in circles])
        used, own = facets[at], rows[at]
        whose = view.log.account[own] if len(circles) == 1 else units[at]
        distinct = np.unique(used.astype(np.int64) * view.seen.size + whose)
        values, counts = np.unique(distinct // view.seen.size, return_counts=True)
        common = values[counts >= 2].astype(np.int32)
        chosen = np.unique(own[np.isin(used, common)])
        have = np.unique(view.log.account[chosen])
        rest = accounts[~np.isin(accounts, have)]
        all_rows.append(np.union1d(chosen, _latest(view, rest)).astype(np.int32))
        all_facets.append(common)
    lengths = np.array([r.size for r in all_rows], np.int64)
    return Pooled(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.concatenate(all_rows) if all_rows else np.zeros(0, np.int32),
        all_facets,
    )


def _latest(view: View, accounts: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the latest first turns of accounts that carry none of the common text."""
    ptr, by_account = view.account_rows
    found = [np.zeros(0, np.int32)]
    for account in accounts.tolist():
        rows = by_account[ptr[account] : ptr[account] + view.requests[account]]
        found.append(rows[view.derived.turn[rows] == 0][-ROWS_EACH:])
    return np.concatenate(found)
