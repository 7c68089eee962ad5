"""What several kernels do with arrays: widen, divide by code, join places, keep the best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["offsets", "ranked", "root_of", "widened"]


@nb.njit(cache=True, nogil=True)
def widened(array):
    """Return an array of twice the length that begins with this one; the rest is not set.

    >>> widened(np.array([4, 5], np.int32))[:2]
    array([4, 5], dtype=int32)
    """
    wider = np.empty(2 * array.size, array.dtype)
    wider[: array.size] = array
    return wider


@nb.njit(cache=True, nogil=True)
def root_of(parent, a):
    """Return the root of a place in a forest of parents, and shorten the way to it.

    >>> root_of(np.array([0, 0, 1]), 2)
    0
    """
    while parent[a] != a:
        parent[a] = parent[parent[a]]
        a = parent[a]
    return a


@nb.njit(cache=True, nogil=True)
def ranked(best, at, value, place):
    """Put a place where its value belongs among the best so far; the last of them falls out.

    >>> best, at = np.array([5.0, 2.0, 0.0]), np.array([7, 4, -1])
    >>> ranked(best, at, 3.0, 9)
    >>> at
    array([7, 9, 4])
    """
    j = best.size - 1
    if value <= best[j]:
        return
    while j > 0 and best[j - 1] < value:
        best[j], at[j] = best[j - 1], at[j - 1]
        j -= 1
    best[j], at[j] = value, place


def offsets(codes: NDArray[np.integer], size: int) -> NDArray[np.int64]:
    """Return (size + 1,) where each code's part begins in what is sorted by code.

    Args:
        codes: from 0 to ``size`` - 1, in any order.
        size: number of codes.

    >>> offsets(np.array([2, 0, 2]), 4)
    array([0, 1, 1, 3, 3])
    """
    return np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=size))]).astype(np.int64)
