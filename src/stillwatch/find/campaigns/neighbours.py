"""Accounts whose wording is alike though no single piece of it reaches across them all.

Every account is compared with those that share rare pieces of text with it: the cosine of
their pieces, each weighed by its rarity and by how many different texts of the account hold it.
Popular pieces are left out, so that the work grows with accounts and not with their square.
The nearest neighbours of each account are the edges of a graph; merged from the strongest edge
down they make a tree (single linkage), and the groups of that tree that last are candidates
(the condensed tree of Campello, Moulavi and Sander, PAKDD 2013).  Then accounts join and leave
by the votes of their neighbours.  Ties through cards or machines are left out on purpose: what
the group did not choose can testify.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.features.arrays import offsets, root_of, widened
from stillwatch.find.features.facets import LEAST_CARRIERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["Neighbours"]

_DEGREE = 40
"""Accounts that use a piece above which it is not compared."""
_NEAREST = 8
"""Neighbours kept of each account."""
_LEAST = 0.03
"""Cosine of neighbours at least."""
_SHARED = 2
"""Pieces that neighbours share at least."""
_ENTER, _STAY = 0.6, 0.45
"""Share of an account's neighbours, by similarity, that are members: to enter and to stay."""
_JOIN = 0.8
"""The same for an account that follows a campaign which is declared already."""
_VOTERS = 4
"""Neighbours of such an account that must be members."""
_ROUNDS = 4
"""Rounds of votes at most."""
_GROUP = 4
"""Accounts of the smallest group."""
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
def _nearest(start, facet_account, facet_weight, own_ptr, own, norm):
    """Return (E,) edges of the nearest neighbours: accounts and cosine, each pair once."""
    n = norm.size
    dot = np.zeros(n, np.float32)
    shared = np.zeros(n, np.int32)
    left = np.empty(n * _NEAREST, np.int32)
    right = np.empty(n * _NEAREST, np.int32)
    value = np.empty(n * _NEAREST, np.float32)
    count = 0
    met = np.empty(n, np.int32)
    for a in range(n):
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
                if cosine >= _LEAST and cosine > best[_NEAREST - 1]:
                    j = _NEAREST - 1
                    while j > 0 and best[j - 1] < cosine:
                        best[j], at[j] = best[j - 1], at[j - 1]
                        j -= 1
                    best[j], at[j] = cosine, b
            dot[b] = 0
            shared[b] = 0
        for j in range(_NEAREST):
            if at[j] >= 0:
                left[count], right[count], value[count] = a, at[j], best[j]
                count += 1
    return left[:count], right[:count], value[:count]


@nb.njit(cache=True, nogil=True)
def _told(members, count, head, follow):
    """List a group after the first ``count`` members; return the list and its length."""
    x = head
    while x >= 0:
        if count == members.size:
            members = widened(members)
        members[count] = x
        count += 1
        x = follow[x]
    return members, count


@nb.njit(cache=True, nogil=True)
def _condense(left, right, order, total, most):
    """Merge from the strongest edge down; return groups that lasted, in compressed rows."""
    parent = np.arange(total)
    size = np.ones(total, np.int64)
    told = np.zeros(total, np.int64)
    tail = np.arange(total)
    follow = np.full(total, -1, np.int64)
    members = np.empty(1 << 12, np.int32)
    ptr = [np.int64(0)]
    count = 0
    for edge in order:
        u, v = root_of(parent, left[edge]), root_of(parent, right[edge])
        if u == v:
            continue
        # both lasted: tell of each before they are one
        if size[u] >= _GROUP and size[v] >= _GROUP:
            for head in (u, v):
                if told[head] != size[head] and size[head] <= most:
                    told[head] = size[head]
                    members, count = _told(members, count, head, follow)
                    ptr.append(np.int64(count))
        if size[u] < size[v]:
            u, v = v, u
        parent[v] = u
        before = size[u]
        follow[tail[u]] = v
        tail[u] = tail[v]
        size[u] += size[v]
        # tell of a group whenever it has doubled
        if size[u] >= _GROUP and size[u] <= most and (before < _GROUP or size[u] >= 2 * told[u]):
            told[u] = size[u]
            members, count = _told(members, count, u, follow)
            ptr.append(np.int64(count))
    return np.array(ptr), members[:count]


@nb.njit(cache=True, nogil=True)
def _settle(members, out_ptr, out, value, in_ptr, in_, inside, votes, mark):
    """Let accounts join and leave by the votes of their neighbours; return who is in."""
    current = members.copy()
    for _ in range(_ROUNDS):
        mark += 1
        for i in range(current.size):
            inside[current[i]] = mark
        asked = np.empty(1024, np.int32)
        n = 0
        for i in range(current.size):
            for k in range(in_ptr[current[i]] - 1, in_ptr[current[i] + 1]):
                a = current[i] if k < in_ptr[current[i]] else in_[k]
                if votes[a] == mark:
                    continue
                votes[a] = mark
                if n == asked.size:
                    asked = widened(asked)
                asked[n] = a
                n += 1
        kept = np.empty(n, np.int32)
        m, same = 0, 0
        for i in range(n):
            a = asked[i]
            total, ours = 0.0, 0.0
            for k in range(out_ptr[a], out_ptr[a + 1]):
                total += value[k]
                if inside[out[k]] == mark:
                    ours += value[k]
            needed = _STAY if inside[a] == mark else _ENTER
            if total > 0 and ours >= needed * total:
                kept[m] = a
                m += 1
                same += inside[a] == mark
        stable = m == current.size and same == m
        current = np.sort(kept[:m])
        if stable or m < _GROUP:
            break
    return current, mark


class Neighbours:
    """The graph of accounts whose wording is alike, at one look.

    Args:
        view: what is known.
        most: accounts above which a group is not proposed.
    """

    def __init__(self, view: View, most: int) -> None:
        self._most = most
        left, right, value = _edges(view)
        total = view.seen.size
        order = np.lexsort((right, left, -value))
        self._merged = _condense(left, right, order, total, most)
        by_left = np.argsort(left, kind="stable")
        self._out = right[by_left].astype(np.int32)
        self._value = value[by_left].astype(np.float32)
        self._out_ptr = offsets(left, total)
        self._in = left[np.argsort(right, kind="stable")].astype(np.int32)
        self._in_ptr = offsets(right, total)
        self._inside = np.zeros(total, np.int64)
        self._votes = np.zeros(total, np.int64)
        self._mark = 0

    def groups(self) -> list[NDArray[np.int32]]:
        """Return the groups of the condensed tree after the vote, each once, ascending."""
        ptr, members = self._merged
        met: dict[bytes, NDArray[np.int32]] = {}
        for i in range(ptr.size - 1):
            group = self.settle(np.sort(members[ptr[i] : ptr[i + 1]]))
            if _GROUP <= group.size <= self._most:
                met.setdefault(group.tobytes(), group)
        return list(met.values())

    def join(self, members: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the accounts, not members, most of whose neighbours are members.

        Args:
            members: accounts of a group.
        """
        inside = np.zeros(self._inside.size, np.bool_)
        inside[members] = True
        around = np.unique(
            np.concatenate(
                [self._in[self._in_ptr[a] : self._in_ptr[a + 1]] for a in members.tolist()]
                or [np.zeros(0, np.int32)]
            )
        )
        joined = []
        for account in around[~inside[around]].tolist():
            at = slice(self._out_ptr[account], self._out_ptr[account + 1])
            value, ours = self._value[at], inside[self._out[at]]
            if ours.sum() >= _VOTERS and value[ours].sum() >= _JOIN * value.sum():
                joined.append(account)
        return np.array(joined, np.int32)

    def settle(self, members: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the members and those whose neighbours they are, without those who are not.

        Args:
            members: accounts of a group, ascending.
        """
        settled, self._mark = _settle(
            members.astype(np.int32),
            self._out_ptr,
            self._out,
            self._value,
            self._in_ptr,
            self._in,
            self._inside,
            self._votes,
            self._mark,
        )
        return np.asarray(settled)


def _edges(
    view: View,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
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
    edges: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]] = _nearest(
        start, account, weight, offsets(account, total), own, norm
    )
    return edges
