"""Who shares a card, a phone, a machine or a patterned address with whom.

Sharing a value ties two accounts directly.  Accounts that name one organisation, or have mail
at one domain of their own, share openly and are not tied; nor, at a look, are accounts that
use one address block, as households, shops and offices do.  A value that more accounts hold
than one hand or household would is popular and ties nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.features.arrays import offsets, root_of, widened

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.log import AccountColumns
    from stillwatch.find.features.view import View

__all__ = ["POPULAR", "Ties", "covert_components", "no_ties", "pools", "tie_accounts"]

POPULAR = 64
"""Accounts of a value above which it ties nobody."""
_PLACE = 0.5
"""Share of those tied to each other that have used one block, from which on it is their place."""


@dataclass(frozen=True, slots=True)
class Ties:
    """Direct ties of N accounts, P in all, each both ways."""

    ptr: NDArray[np.int64]
    """(N + 1,) offsets into partner."""
    partner: NDArray[np.int32]
    """(P,) accounts tied to each, ascending and distinct."""


@nb.njit(cache=True, nogil=True)
def _pairs(order, code, relations, popular):
    """List the pairs of accounts that share a value covertly; order sorts by code."""
    left = np.empty(1024, np.int32)
    right = np.empty(1024, np.int32)
    count, start = 0, 0
    for i in range(1, order.size + 1):
        if i < order.size and code[order[i]] == code[order[start]]:
            continue
        size = i - start
        if code[order[start]] >= 0 and 2 <= size <= popular:
            for j in range(start, i):
                for k in range(start, j):
                    a, b = order[j], order[k]
                    named = False
                    for r in range(relations.shape[1]):
                        if relations[a, r] >= 0 and relations[a, r] == relations[b, r]:
                            named = True
                    if named:
                        continue
                    if count + 2 > left.size:
                        left = widened(left)
                        right = widened(right)
                    left[count], right[count] = a, b
                    left[count + 1], right[count + 1] = b, a
                    count += 2
        start = i
    return left[:count], right[:count]


def no_ties(accounts: int) -> Ties:
    """Return the ties of so many accounts of which none shares anything."""
    return Ties(np.zeros(accounts + 1, np.int64), np.zeros(0, np.int32))


def tie_accounts(accounts: AccountColumns, relations: NDArray[np.int32]) -> Ties:
    """Return the direct ties of the account table.

    Args:
        accounts: the account table.
        relations: (N, 2) organisation and own mail domain, -1 where there is none.
    """
    size = len(accounts)
    found = []
    for kind in range(accounts.identity.shape[1]):
        code = np.ascontiguousarray(accounts.identity[:, kind])
        left, right = _pairs(np.argsort(code, kind="stable"), code, relations, POPULAR)
        found.append(left.astype(np.int64) * size + right)
    keys = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
    left, partner = keys // max(size, 1), keys % max(size, 1)
    return Ties(offsets(left, size), partner.astype(np.int32))


def pools(accounts: AccountColumns) -> NDArray[np.int64]:
    """Return (N,) codes of accounts whose habits are pooled: those that hold one value.

    An account goes by the first of its values that others hold and that is not popular; the
    ties of ties are left out, since they may run through accounts that are not there yet.
    """
    size = len(accounts)
    pool = np.arange(size, dtype=np.int64)
    free = np.ones(size, np.bool_)
    offset = size
    for kind in range(accounts.identity.shape[1]):
        code = accounts.identity[:, kind].astype(np.int64)
        known = code >= 0
        if not known.any():
            continue
        holders = np.bincount(code[known])
        few = known & free
        few[few] = (holders[code[few]] >= 2) & (holders[code[few]] <= POPULAR)
        pool[few] = offset + code[few]
        free &= ~few
        offset += holders.size
    return pool


@nb.njit(cache=True, nogil=True)
def _together(a, b, homes, home_rows, known):
    """Whether two accounts have used one block."""
    for x in range(homes.shape[1]):
        if homes[a, x] < 0 or home_rows[a, x] >= known:
            break
        for y in range(homes.shape[1]):
            if homes[b, y] < 0 or home_rows[b, y] >= known:
                break
            if homes[a, x] == homes[b, y]:
                return True
    return False


@nb.njit(cache=True, nogil=True)
def _united(ptr, partner, seen, skip, homes, home_rows, known, covert):
    """Return the first account of each component, over all ties or the covert ones."""
    parent = np.arange(seen.size)
    for a in range(seen.size):
        if not seen[a] or skip[a]:
            continue
        for i in range(ptr[a], ptr[a + 1]):
            b = partner[i]
            if b >= a or not seen[b] or skip[b]:
                continue
            if covert and _together(a, b, homes, home_rows, known):
                continue
            u, v = root_of(parent, a), root_of(parent, b)
            if u != v:
                parent[max(u, v)] = min(u, v)
    for a in range(seen.size):
        parent[a] = root_of(parent, a)
    return parent


@nb.njit(cache=True, nogil=True)
def _placed(order, start, homes, home_rows, known, share):
    """Which components have a place: a block that this share of their accounts has used."""
    placed = np.zeros(start.size - 1, np.bool_)
    width = homes.shape[1]
    for c in range(start.size - 1):
        size = start[c + 1] - start[c]
        blocks = np.empty(size * width, np.int64)
        n = 0
        for i in range(start[c], start[c + 1]):
            a = order[i]
            for x in range(width):
                if homes[a, x] < 0 or home_rows[a, x] >= known:
                    break
                blocks[n] = homes[a, x]
                n += 1
        used = np.sort(blocks[:n])
        run = 0
        for i in range(n):
            run = run + 1 if i > 0 and used[i] == used[i - 1] else 1
            if run >= 2 and run >= share * size:
                placed[c] = True
    return placed


def covert_components(view: View) -> NDArray[np.int64]:
    """Return (N,) the first account of each account's component of covert ties, itself alone.

    Where many of those tied to each other have used one block, the block is their place: a
    household, a shop, a small firm.  Those who work from elsewhere belong to it all the same,
    and none of them is tied covertly.  It is made once for each look; write nothing to it.

    Args:
        view: what is known; accounts not seen yet tie nobody.
    """
    return view.once("circles", lambda: _covert_components(view))


def _covert_components(view: View) -> NDArray[np.int64]:
    ties, derived = view.derived.ties, view.derived
    blocks = (derived.homes, derived.home_rows, view.rows)
    nobody = np.zeros(view.seen.size, np.bool_)
    root = _united(ties.ptr, ties.partner, view.seen, nobody, *blocks, covert=False)
    sizes = np.bincount(root, minlength=root.size)
    tied = np.flatnonzero(sizes[root] >= 2)
    order = tied[np.argsort(root[tied], kind="stable")]
    new = np.flatnonzero(np.append(True, np.diff(root[order]) > 0)) if order.size else order
    start = np.append(new, order.size)
    placed = _placed(order, start, *blocks, _PLACE)
    open_ = nobody.copy()
    open_[order] = np.repeat(placed, np.diff(start))
    parent: NDArray[np.int64] = _united(
        ties.ptr, ties.partner, view.seen, open_, *blocks, covert=True
    )
    return parent
