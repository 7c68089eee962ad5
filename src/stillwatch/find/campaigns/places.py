"""Who shares cards, phones or machines with those they also sit with: shops, offices, families."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.campaigns.levels import runs
from stillwatch.find.features.arrays import root_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["Places", "places"]

_PLACE = 0.4
"""Share of those tied to each other that use one block, from which on it is their place."""
_THEIRS = 0.6
"""Share of the group's users of that block that they must be."""
_FAMILY = 8
"""Accounts of the largest family or shop."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where k members sit."""

    placed: NDArray[np.bool_]
    """(k,) tied by identity values to members most of whom sit in one place."""
    family: NDArray[np.bool_]
    """(k,) the same, in a circle no larger than a family or shop."""
    private: NDArray[np.float64]
    """(k,) share of all users of that place that are of the circle; 0 where there is none."""


def places(view: View, members: NDArray[np.int32]) -> Places:
    """Return where the members of a group sit who are tied by identity values.

    Args:
        view: what is known.
        members: (k,) accounts of one group.
    """
    derived = view.derived
    found = _places(
        members,
        view.log.accounts.identity,
        derived.homes,
        derived.home_rows,
        view.rows,
        view.block_degree,
    )
    return Places(*found)


@nb.njit(cache=True, nogil=True)
def _united(members, identity):
    """Return (k,) the first member of those whom chains of shared values tie to each."""
    k = members.size
    parent = np.arange(k)
    key = np.empty(k, np.int64)
    for kind in range(identity.shape[1]):
        n = 0
        for i in range(k):
            code = identity[members[i], kind]
            if code >= 0:
                key[n] = np.int64(code) * k + i
                n += 1
        ordered = np.sort(key[:n])
        for j in range(1, n):
            if ordered[j] // k == ordered[j - 1] // k:
                u, v = root_of(parent, ordered[j] % k), root_of(parent, ordered[j - 1] % k)
                parent[max(u, v)] = min(u, v)
    for i in range(k):
        parent[i] = root_of(parent, i)
    return parent


@nb.njit(cache=True, nogil=True)
def _places(members, identity, homes, home_rows, known, degree):
    """See ``places``; ``known`` are the rows known and ``degree`` the users of every block."""
    k, width = members.size, homes.shape[1]
    placed, family = np.zeros(k, np.bool_), np.zeros(k, np.bool_)
    private = np.zeros(k)
    part = _united(members, identity)
    own = np.full((k, width), -1, np.int64)
    for i in range(k):
        for x in range(width):
            if home_rows[members[i], x] < known:
                own[i, x] = homes[members[i], x]
    used = np.empty(k * width, np.int64)
    sizes = np.zeros(k, np.int64)
    for i in range(k):
        sizes[part[i]] += 1
    for number in range(k):
        if sizes[number] < 2:
            continue
        n = 0
        for i in range(k):
            if part[i] == number:
                for x in range(width):
                    used[n] = own[i, x]
                    n += 1
        blocks, counts = runs(used[:n])
        if counts.size == 0:
            continue
        at = counts.argmax()
        most, block = counts[at], blocks[at]
        users = 0
        for i in range(k):
            for x in range(width):
                if own[i, x] == block:
                    users += 1
                    break
        if most >= max(2, _PLACE * sizes[number]) and most >= _THEIRS * users:
            for i in range(k):
                if part[i] == number:
                    placed[i] = True
                    family[i] = sizes[number] <= _FAMILY
                    private[i] = most / max(degree[block], most)
    return placed, family, private
