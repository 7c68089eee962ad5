"""Accounts whose wording is alike though no single piece of it reaches across them all.

Every account is compared with those that share rare pieces of text with it: the cosine of
their pieces, each weighed by its rarity and by how many different texts of the account hold it.
Popular pieces are left out, so that the work grows with accounts and not with their square.
Ties through cards or machines are left out on purpose: what the group did not choose can testify.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.campaigns.graph import Edges
from stillwatch.find.features.arrays import offsets, ranked, widened
from stillwatch.find.features.facets import LEAST_CARRIERS
from stillwatch.find.features.threads import THREADS, ranges_of, shared_out

if TYPE_CHECKING:
    from stillwatch.find.features.view import View

__all__ = ["alike_in_words"]

_DEGREE = 40
"""Accounts that use a piece above which it is not compared."""
_NEAREST = 8
"""Neighbours kept of each account."""
_LEAST = 0.03
"""Cosine of neighbours at least."""
_SHARED = 2
"""Pieces that neighbours share at least."""
_TEXTS = 4
"""Different texts of an account with a piece that count at most."""


@nb.njit(cache=True, nogil=True)
def _users(use_ptr, use, known, account, body, left_out, total):
    """List (account, facet, weight) of the pieces with three to ``_DEGREE`` users so far.

    Of those with fewer the log cut here may know nothing, so they must not count.
    """
    facets = use_ptr.size - 1
    accounts = np.empty(1 << 16, np.int32)
    which = np.empty(1 << 16, np.int32)
    weights = np.empty(1 << 16, np.float32)
    count = 0
    slot = np.full(left_out.size, -1, np.int64)
    who = np.empty(_DEGREE, np.int32)
    texts = np.empty((_DEGREE, _TEXTS), np.int64)
    held = np.empty(_DEGREE, np.int64)
    for f in range(facets):
        n = 0
        popular = False
        for k in range(use_ptr[f], use_ptr[f + 1]):
            r = use[k]
            if r >= known:
                break
            a = account[r]
            if left_out[a]:
                continue
            s = slot[a]
            if s < 0 or s >= n or who[s] != a:
                if n == _DEGREE:
                    popular = True
                    break
                s = n
                slot[a], who[s], held[s] = s, a, 0
                n += 1
            fresh = held[s] < _TEXTS
            for t in range(held[s]):
                if texts[s, t] == body[r]:
                    fresh = False
            if fresh:
                texts[s, held[s]] = body[r]
                held[s] += 1
        if popular or n < LEAST_CARRIERS:
            continue
        idf = np.log(total / n)
        for s in range(n):
            if count == accounts.size:
                accounts = widened(accounts)
                which = widened(which)
                weights = widened(weights)
            accounts[count], which[count] = who[s], f
            weights[count] = (held[s] - 0.5) * idf
            count += 1
    return accounts[:count], which[:count], weights[:count]


@nb.njit(cache=True, nogil=True)
def _nearest(first, end, start, facet_account, facet_weight, own_ptr, own, norm):
    """Return (E,) edges from accounts ``first`` to ``end`` to those nearest, with their cosine."""
    n = norm.size
    dot = np.zeros(n, np.float32)
    shared = np.zeros(n, np.int32)
    left = np.empty((end - first) * _NEAREST, np.int32)
    right = np.empty((end - first) * _NEAREST, np.int32)
    value = np.empty((end - first) * _NEAREST, np.float32)
    count = 0
    met = np.empty(n, np.int32)
    for a in range(first, end):
        if own_ptr[a] == own_ptr[a + 1]:
            continue
        m = 0
        for i in range(own_ptr[a], own_ptr[a + 1]):
            p = own[i]
            f = np.searchsorted(start, p, side="right") - 1
            w = facet_weight[p]
            for k in range(start[f], start[f + 1]):
                b = facet_account[k]
                if b == a:
                    continue
                if shared[b] == 0:
                    met[m] = b
                    m += 1
                dot[b] += w * facet_weight[k]
                shared[b] += 1
        best = np.zeros(_NEAREST, np.float32)
        at = np.full(_NEAREST, -1, np.int32)
        for i in range(m):
            b = met[i]
            if shared[b] >= _SHARED:
                cosine = dot[b] / np.sqrt(norm[a] * norm[b])
                if cosine >= _LEAST:
                    ranked(best, at, cosine, b)
            dot[b] = 0
            shared[b] = 0
        for j in range(_NEAREST):
            if at[j] >= 0:
                left[count], right[count], value[count] = a, at[j], best[j]
                count += 1
    return left[:count], right[:count], value[:count]


def alike_in_words(view: View) -> Edges:
    """Return the nearest neighbours of accounts in the rare pieces that they write.

    Args:
        view: what is known.
    """
    log, index = view.log, view.facets
    account, facet, weight = _users(
        index.use_ptr,
        index.use,
        view.rows,
        log.account,
        view.derived.body,
        log.accounts.licensed,
        float(max(view.accounts, 2)),
    )
    total = view.seen.size
    norm = np.bincount(account, weights=weight.astype(np.float64) ** 2, minlength=total)
    own = np.argsort(account, kind="stable")
    start = np.flatnonzero(np.append(True, np.diff(facet) > 0)) if facet.size else np.zeros(0, int)
    start = np.append(start, facet.size)
    work = np.repeat(np.diff(start), np.diff(start))  # accounts that each use is compared with
    own_ptr = offsets(account, total)
    ranges = ranges_of(np.bincount(account, work, minlength=total), THREADS)
    found = shared_out(
        range(THREADS),
        ranges,
        lambda _, part: _nearest(*part, start, account, weight, own_ptr, own, norm),
    )
    return Edges(*(np.concatenate(column) for column in zip(*found, strict=True)))
