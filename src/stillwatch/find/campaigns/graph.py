"""Groups of accounts in a graph of nearest neighbours.

Merged from the strongest edge down, the edges make a tree (single linkage), and the groups of
that tree that last are candidates (the condensed tree of Campello, Moulavi and Sander, PAKDD
2013).  Then accounts join and leave by the votes of their neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.features.arrays import offsets, root_of, widened

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Edges", "Graph"]

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


@dataclass(frozen=True, slots=True)
class Edges:
    """The nearest neighbours of accounts: E edges, each from one account to another."""

    left: NDArray[np.int32]
    """Ascending."""
    right: NDArray[np.int32]
    value: NDArray[np.float32]
    """How alike they are, above 0."""


class Graph:
    """Accounts that are alike, at one look.

    Args:
        edges: of each account to its nearest neighbours.
        accounts: number of accounts.
        most: accounts above which a group is not proposed.
    """

    def __init__(self, edges: Edges, accounts: int, most: int) -> None:
        self._most = most
        left, right, value, total = edges.left, edges.right, edges.value, accounts
        order = np.lexsort((right, left, -value))
        self._merged = _condense(left, right, order, total, most)
        self._out, self._value = right, value
        self._out_ptr = offsets(left, total)
        self._in = left[np.argsort(right, kind="stable")]
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
