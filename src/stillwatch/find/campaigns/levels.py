"""Compiled counts over one group: shared values and blocks, first exchanges, commonest codes.

A look weighs thousands of small groups, so what is counted of each is compiled.  Every sum is
taken in one order, that of the accounts or rows, so that results do not depend on the machine.
"""

from __future__ import annotations

import numba as nb
import numpy as np

__all__ = [
    "carriers",
    "first_rows",
    "held_links",
    "largest_share",
    "length_levels",
    "most_common",
    "runs",
    "used_links",
]


@nb.njit(cache=True, nogil=True)
def first_rows(rows, slot, size):
    """Return (size,) the first row of each slot, -1 where it has none.

    >>> first_rows(np.array([3, 5, 8]), np.array([1, 1, 0]), 3)
    array([ 8,  3, -1])
    """
    first = np.full(size, -1, np.int64)
    for i in range(rows.size):
        if first[slot[i]] < 0:
            first[slot[i]] = rows[i]
    return first


@nb.njit(cache=True, nogil=True)
def runs(codes, least=0):
    """Return the distinct codes that are at least so much, ascending, and how often each occurs.

    >>> runs(np.array([4, -1, 2, 4]))
    (array([2, 4]), array([1, 2]))
    """
    ordered = np.sort(codes)
    values = np.empty(codes.size, np.int64)
    counts = np.empty(codes.size, np.int64)
    n = 0
    for i in range(ordered.size):
        if ordered[i] < least:
            continue
        if n > 0 and values[n - 1] == ordered[i]:
            counts[n - 1] += 1
        else:
            values[n], counts[n] = ordered[i], 1
            n += 1
    return values[:n], counts[:n]


@nb.njit(cache=True, nogil=True)
def largest_share(codes):
    """Return the share of the commonest code, those below 0 being unknown.

    >>> largest_share(np.array([4, -1, 2, 4]))
    0.5
    """
    _, counts = runs(codes)
    most = 0
    for i in range(counts.size):
        most = max(most, counts[i])
    return most / max(codes.size, 1)


@nb.njit(cache=True, nogil=True)
def most_common(values, most):
    """Return the commonest of some values and the place of each value among them.

    Args:
        values: any; where values are equally common the smaller go first.
        most: values returned at most, the place of all others being their number.

    >>> most_common(np.array([7, 5, 7, 3]), 2)
    (array([7, 3]), array([0, 2, 0, 1]))
    """
    distinct, counts = runs(values, values.min())
    n = distinct.size
    kept = min(most, n)
    place = np.full(n, kept)
    top = np.empty(kept, np.int64)
    for rank in range(kept):
        best = -1
        for j in range(n):
            if place[j] == kept and (best < 0 or counts[j] > counts[best]):
                best = j
        place[best] = rank
        top[rank] = distinct[best]
    return top, place[np.searchsorted(distinct, values)]


@nb.njit(cache=True, nogil=True)
def held_links(accounts, identity, relations, degree, offset, popular, everyone):
    """Return which accounts hold an identity value that another of the group holds covertly.

    Args:
        accounts: of one group.
        identity: (N, K) codes of the values held, -1 where there is none.
        relations: (N, R) holders that an account names, -1 where it names none: those who name
            one holder share values openly.
        degree: accounts seen by value.
        offset: of each kind's codes in ``degree``.
        popular: accounts of a value above which it links nobody.
        everyone: accounts seen.

    Returns:
        (k,) level, 1 where linked and -1 where no value is known, and the chance of a link.
    """
    k = accounts.size
    level = np.full(k, -1, np.int64)
    holders = np.zeros(k)
    name = np.empty(k, np.int64)
    for i in range(k):
        name[i] = relations[accounts[i]].max()
        if name[i] < 0:
            name[i] = -2 - i
    key = np.empty(k, np.int64)
    for kind in range(identity.shape[1]):
        n = 0
        for i in range(k):
            code = identity[accounts[i], kind]
            if code >= 0:
                key[n] = np.int64(code) * k + i
                n += 1
                level[i] = max(level[i], 0)
                holders[i] += degree[offset[kind] + code] - 1
        ordered = np.sort(key[:n])
        start = 0
        for j in range(1, n + 1):
            if j < n and ordered[j] // k == ordered[start] // k:
                continue
            covert = False
            for m in range(start + 1, j):
                covert |= name[ordered[m] % k] != name[ordered[start] % k]
            if covert and degree[offset[kind] + ordered[start] // k] <= popular:
                for m in range(start, j):
                    level[ordered[m] % k] = 1
            start = j
    chance = np.empty(k)
    for i in range(k):
        chance[i] = min(max(2.0 * holders[i] * k / max(everyone, 1), 0.01), 0.9)
    return level, chance


@nb.njit(cache=True, nogil=True)
def used_links(size, rows, slot, block, degree, popular, everyone):
    """Return which accounts use an uncommon block that another of the group uses.

    Args:
        size: accounts of the group.
        rows: its exchanges.
        slot: place of each one's account.
        block: of every row, -1 where unknown.
        degree: accounts seen by block.
        popular: accounts of a block above which it links nobody.
        everyone: accounts seen.

    Returns:
        (size,) level, 1 where linked and -1 where no block is known, and the chance of a link.
    """
    key = np.empty(rows.size, np.int64)
    last = np.full(size, -1, np.int64)
    n = 0
    for i in range(rows.size):
        b = block[rows[i]]
        if b >= 0 and last[slot[i]] != b:
            last[slot[i]] = b
            key[n] = np.int64(b) * size + slot[i]
            n += 1
    ordered = np.sort(key[:n])
    level = np.full(size, -1, np.int64)
    others = np.zeros(size)
    start = 0
    for j in range(1, n + 1):
        if j < n and ordered[j] // size == ordered[start] // size:
            continue
        b = ordered[start] // size
        first, linked = ordered[start] % size, 0
        if ordered[j - 1] % size != first and degree[b] <= popular:
            linked = 1
        for m in range(start, j):
            if m == start or ordered[m] != ordered[m - 1]:
                i = ordered[m] % size
                level[i] = max(level[i], linked)
                others[i] += degree[b] - 1.0
        start = j
    chance = np.empty(size)
    for i in range(size):
        chance[i] = min(max(2.0 * others[i] * size / max(everyone, 1), 0.02), 0.9)
    return level, chance


@nb.njit(cache=True, nogil=True)
def length_levels(rows, slot, size, tokens, length, edges):
    """Return (size,) the class of each account's mean length of answers, -1 where unknown."""
    count = np.zeros(size, np.int64)
    total = np.zeros(size)
    for i in range(rows.size):
        if tokens[rows[i]] >= 0:
            count[slot[i]] += 1
            total[slot[i]] += length[rows[i]]
    level = np.full(size, -1, np.int64)
    for i in range(size):
        if count[i] > 0:
            level[i] = np.searchsorted(edges, total[i] / count[i])
    return level


@nb.njit(cache=True, nogil=True)
def carriers(accounts, facets, posting_ptr, ends, posting, account, total, low, high):
    """Return (F', k) which accounts carry each facet that a share from low to high of them do.

    Args:
        accounts: (k,) of one group.
        facets: of the group.
        posting_ptr: begin of each facet's postings.
        ends: end of those known.
        posting: rows.
        account: of each row.
        total: accounts in all.
        low: least share.
        high: greatest share.

    Returns:
        The columns, in the order of the facets, and the accounts of each.
    """
    place = np.full(total, -1, np.int64)
    for i in range(accounts.size):
        place[accounts[i]] = i
    carried = np.zeros((facets.size, accounts.size), np.bool_)
    counts = np.zeros(facets.size, np.int64)
    n = 0
    for f in facets:
        carried[n] = False
        counts[n] = 0
        for j in range(posting_ptr[f], ends[f]):
            i = place[account[posting[j]]]
            if i >= 0 and not carried[n, i]:
                carried[n, i] = True
                counts[n] += 1
        if low <= counts[n] / accounts.size <= high:
            n += 1
    return carried[:n], counts[:n]
