"""Who had the words first: a copyist comes after the one who is copied.

Anyone can send what an innocent account has sent, from its client and its address block, and so
write like it on purpose.  What a framer cannot do is to have sent it earlier.  A piece of text that
an account used before every other member of its group therefore says nothing of that account,
whoever uses it afterwards.  Where most of a group is tied together by cards, phones or machines,
only what the tied had before counts: of two who are copied, one had it first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["COPIED", "originated", "pieces_of"]

COPIED = 0.75
"""Share of an account's pieces that it had before every other member, from which on the others
write like it and not it like them."""
_MOST = 0.5
"""Share of a group that is tied, from which on the tied are its core."""


@nb.njit(cache=True, nogil=True)
def _count(pieces, use_ptr, use, account, rows, place, core, used, own):
    """Count for each account the pieces it uses, and those that it used before all of the core.

    Pieces most of whose users are not of the group are anybody's and left out.
    """
    last = np.full(place.size, -1, np.int64)
    for i in range(pieces.size):
        end, inside, users = use_ptr[pieces[i]], 0, 0
        while end < use_ptr[pieces[i] + 1] and use[end] < rows:
            a = account[use[end]]
            if last[a] != 2 * i:
                last[a] = 2 * i
                users += 1
                inside += place[a] >= 0
            end += 1
        if 2 * inside < users:
            continue
        opened = False
        for k in range(use_ptr[pieces[i]], end):
            a = account[use[k]]
            at = place[a]
            if at >= 0 and last[a] == 2 * i:
                last[a] = 2 * i + 1
                used[at] += 1
                own[at] += not opened
                opened |= core[at]


@nb.njit(cache=True, nogil=True)
def _texts(rows, text_ptr, text_facet):
    """List the facets in the texts of rows."""
    found = np.empty(int((text_ptr[rows + 1] - text_ptr[rows]).sum()), np.int32)
    n = 0
    for r in rows:
        for k in range(text_ptr[r], text_ptr[r + 1]):
            found[n] = text_facet[k]
            n += 1
    return found


def pieces_of(view: View, rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the facets in the texts of some exchanges, ascending."""
    index = view.facets
    return np.unique(_texts(rows, index.text_ptr, index.text_facet))


def originated(
    view: View,
    accounts: NDArray[np.int32],
    pieces: NDArray[np.int32],
    tied: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Return the share of its pieces that each account had before every other of the group.

    Args:
        view: what is known.
        accounts: the group's.
        pieces: facets that they may have in common.
        tied: (k,) accounts that hold something in common with another; where they are most of the
            group, only they count as others.

    Returns:
        (k,) shares, 0 for an account that uses none of the pieces.
    """
    index = view.facets
    place = np.full(view.seen.size, -1, np.int64)
    place[accounts] = np.arange(accounts.size)
    core = np.ones(accounts.size, np.bool_)
    if tied is not None and tied.mean() >= _MOST:
        core = tied
    used, own = np.zeros((2, accounts.size), np.int64)
    _count(pieces, index.use_ptr, index.use, view.log.account, view.rows, place, core, used, own)
    return np.asarray(own / np.maximum(used, 1))
