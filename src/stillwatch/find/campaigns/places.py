"""Who shares cards, phones or machines with those they also sit with: shops, offices, families."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
    k = members.size
    out = Places(np.zeros(k, np.bool_), np.zeros(k, np.bool_), np.zeros(k))
    part = np.arange(k)
    for codes in view.log.accounts.identity[members].T:
        for value in np.unique(codes[codes >= 0]).tolist():
            parts = np.unique(part[codes == value])
            part[np.isin(part, parts)] = parts[0]
    homes = view.derived.homes[members]
    homes = np.where(view.derived.home_rows[members] < view.rows, homes, -1)
    numbers, sizes = np.unique(part, return_counts=True)
    for number, size in zip(numbers[sizes >= 2].tolist(), sizes[sizes >= 2].tolist(), strict=True):
        here = part == number
        blocks, counts = np.unique(homes[here][homes[here] >= 0], return_counts=True)
        if not counts.size:
            continue
        own, block = int(counts.max()), blocks[counts.argmax()]
        users = int((homes == block).any(axis=1).sum())
        if own >= max(2, _PLACE * size) and own >= _THEIRS * users:
            out.placed[here] = True
            out.family[here] = size <= _FAMILY
            out.private[here] = own / max(float(view.block_degree[block]), own)
    return out
