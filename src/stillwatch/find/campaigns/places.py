"""Who shares cards, phones or machines with those they also sit with: shops, offices, families."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["places"]

_PLACE = 0.4
"""Share of those tied to each other that use one block, from which on it is their place."""
_THEIRS = 0.6
"""Share of the group's users of that block that they must be."""


def places(view: View, members: NDArray[np.int32]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which members are tied by identity values, and which of them sit in one place.

    Args:
        view: what is known.
        members: accounts of one group.
    """
    tied, placed = np.zeros(members.size, np.bool_), np.zeros(members.size, np.bool_)
    part = np.arange(members.size)
    for codes in view.log.accounts.identity[members].T:
        for value in np.unique(codes[codes >= 0]).tolist():
            parts = np.unique(part[codes == value])
            part[np.isin(part, parts)] = parts[0]
    homes = view.derived.homes[members]
    homes = np.where(view.derived.home_rows[members] < view.rows, homes, -1)
    numbers, sizes = np.unique(part, return_counts=True)
    for number, size in zip(numbers[sizes >= 2].tolist(), sizes[sizes >= 2].tolist(), strict=True):
        here = part == number
        tied |= here
        blocks, counts = np.unique(homes[here][homes[here] >= 0], return_counts=True)
        if counts.size:
            own = int(counts.max())
            users = int((homes == blocks[counts.argmax()]).any(axis=1).sum())
            if own >= max(2, _PLACE * size) and own >= _THEIRS * users:
                placed |= here
    return tied, placed
