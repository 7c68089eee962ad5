"""What a group writes that others do not, and who else writes like it.

A style is the pieces of text that several of a group's accounts use and everyone else uses
far less often.  Single pieces prove little, since wording is free; an exchange is *in style*
when it holds as many of them as the group's own exchanges do, and an account writes in that
style when it does so far more often than everyone does, as a likelihood ratio of two binomial
rates.  It reaches accounts that share no card, and those that have sent only a few exchanges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.campaigns.latest import Latest, frequent
from stillwatch.find.features.arrays import widened
from stillwatch.find.features.facets import LEAST_CARRIERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["Reached", "Styles"]

_PIECES = 256
"""Pieces of a style at most, the most telling first."""
_LIFT = 1.4
"""Log of how much more often than others a group must use a piece."""
_PARTS = np.array([0.0, 0.25, 0.5, 0.75, 0.9])
"""Quantiles of the group's scores that divide exchanges by how much of the style they hold."""
_STYLED = 2.5
"""Log of how much more often than others a group must write such exchanges: they are in style."""
_SHARES = (0.95, 0.3, 0.08)
"""An account of the campaign writes like the group, or does so in a part of its exchanges."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Accounts that write in a group's style."""

    accounts: NDArray[np.int32]
    """Ascending, at least one, the group's own among them."""
    log_ratio: NDArray[np.float64]
    """Nats for each: in the campaign's style against everyone's."""
    rows: NDArray[np.int32]
    """Their exchanges in style, ascending."""
    pieces: NDArray[np.int32]
    """Facets of the style."""

    def ratios_of(self, accounts: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the log ratio of each account, 0 for those that are not reached.

        Args:
            accounts: any.
        """
        at = np.minimum(np.searchsorted(self.accounts, accounts), self.accounts.size - 1)
        return np.where(self.accounts[at] == accounts, self.log_ratio[at], 0.0)


@nb.njit(cache=True, nogil=True)
def _count(rows, account, text_ptr, text_facet, state, least, mark):
    """Return the facets that so many of a group's accounts use, ascending; rows sort by account.

    ``state`` is, side by side, each facet's mark, rows, accounts and last account.
    """
    listed = np.empty(4096, np.int32)
    n = 0
    for i in range(rows.size):
        r = rows[i]
        a = account[r]
        for k in range(text_ptr[r], text_ptr[r + 1]):
            f = text_facet[k]
            if state[f, 0] != mark:
                state[f, 0] = mark
                state[f, 1], state[f, 2], state[f, 3] = 0, 0, -1
                if n == listed.size:
                    listed = widened(listed)
                listed[n] = f
                n += 1
            state[f, 1] += 1
            if state[f, 3] != a:
                state[f, 3] = a
                state[f, 2] += 1
    return frequent(listed[:n], state, least)


@nb.njit(cache=True, nogil=True)
def _known_uses(facets, use_ptr, use, account, rows):
    """Count the uses so far, 0 of a piece with so few users that the cut log may not know it."""
    out = np.empty(facets.size, np.int64)
    met = np.empty(LEAST_CARRIERS, np.int64)
    for i in range(facets.size):
        lo, hi = use_ptr[facets[i]], use_ptr[facets[i] + 1]
        first = lo
        while lo < hi:
            middle = (lo + hi) // 2
            if use[middle] < rows:
                lo = middle + 1
            else:
                hi = middle
        out[i] = lo - first
        users = 0
        for k in range(first, lo):
            new = True
            for j in range(users):
                if met[j] == account[use[k]]:
                    new = False
            if new:
                met[users] = account[use[k]]
                users += 1
                if users == LEAST_CARRIERS:
                    break
        if users < LEAST_CARRIERS:
            out[i] = 0
    return out


@nb.njit(cache=True, nogil=True)
def _score(facets, weight, uses, use_ptr, use, score):
    """Add the weights of the pieces to their rows; return the rows touched."""
    touched = np.empty(uses.sum(), np.int32)
    n = 0
    for i in range(facets.size):
        first = use_ptr[facets[i]]
        for k in range(first, first + uses[i]):
            r = use[k]
            touched[n] = r
            n += score[r] == 0  # a sum costs less than a branch that cannot be foreseen
            score[r] += weight[i]
    return touched[:n]


@nb.njit(cache=True, nogil=True)
def _bins(mine, parts):
    """Return the distinct quantiles of the scores above 0, and the scores in each bin.

    Quantiles are interpolated as ``numpy.quantile`` does, to the bit.
    """
    held = np.sort(mine[mine > 0])
    edges = np.empty(parts.size if held.size else 0)
    for i in range(edges.size):
        at = (held.size - 1) * parts[i]
        k = int(at)
        t = at - k
        a, b = held[k], held[min(k + 1, held.size - 1)]
        edges[i] = a + (b - a) * t if t < 0.5 else b - (b - a) * (1 - t)
    edges.sort()
    n = 0
    for i in range(edges.size):
        if n == 0 or edges[i] != edges[n - 1]:
            edges[n] = edges[i]
            n += 1
    edges = edges[:n]
    own = np.zeros(n + 1, np.int64)
    for x in mine:
        level = 0
        while level < n and x >= edges[level]:
            level += 1
        own[level] += 1
    return edges, own


@nb.njit(cache=True, nogil=True)
def _divide(touched, score, edges, account, inside, who, bins, rest):
    """Put rows into bins by score, count those of other accounts, and set the scores back."""
    for i in range(touched.size):
        r = touched[i]
        x, level = score[r], 0
        while level < edges.size and x >= edges[level]:
            level += 1
        score[r] = 0
        bins[i], who[i] = level, account[r]
        rest[level] += not inside[who[i]]


@nb.njit(cache=True, nogil=True)
def _reached(who, bins, styled, place):
    """Return the accounts with a row in style, ascending, and their rows by bin.

    ``place`` is all 0, and is so again afterwards.
    """
    for i in range(who.size):
        place[who[i]] |= styled[bins[i]]
    accounts = np.empty(place.sum(), np.int32)
    n = 0
    for a in range(place.size):
        if place[a]:
            accounts[n] = a
            n += 1
            place[a] = n
    counts = np.zeros((n + 1, styled.size))  # the first are those of the accounts not reached
    for i in range(who.size):
        counts[place[who[i]], bins[i]] += 1
    place[accounts] = 0
    return accounts, counts[1:]


class Styles:
    """Finds styles on one view; holds scratch memory of the size of rows and facets."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._state = np.zeros((len(view.facets), 4), np.int32)
        self._mark = 0
        self.latest = Latest(view)
        """What accounts have written of late."""
        self._score = np.zeros(len(view.log), np.float32)
        self._inside = np.zeros(view.seen.size, np.bool_)
        self._place = np.zeros(view.seen.size, np.int32)

    def reach(
        self, accounts: NDArray[np.int32], rows: NDArray[np.int32] | None = None
    ) -> Reached | None:
        """Return who writes like a group, None where it has no style of its own.

        Args:
            accounts: the group's.
            rows: its exchanges; each account's latest where none are given.
        """
        view, index = self._view, self._view.facets
        self._mark += 1
        least = max(2.0, 0.04 * accounts.size)
        if rows is None:
            rows = self.latest.rows(accounts)
            found = self.latest.count(accounts, self._state, least, self._mark)
        else:
            ordered = rows[np.argsort(view.log.account[rows], kind="stable")]
            texts = (view.log.account, index.text_ptr, index.text_facet)
            found = _count(ordered, *texts, self._state, least, self._mark)
        pieces, weight, uses = self._pieces(found, rows.size)
        if pieces.size == 0:
            return None
        score, account = self._score, view.log.account
        touched = _score(pieces, weight, uses, index.use_ptr, index.use, score)
        mine = score[rows]
        edges, own = _bins(mine, _PARTS)
        bins, who = np.empty(touched.size, np.uint8), np.empty_like(touched)
        rest = np.zeros(edges.size + 1, np.int64)
        self._inside[accounts] = True
        _divide(touched, score, edges, account, self._inside, who, bins, rest)
        self._inside[accounts] = False
        if edges.size == 0:
            return None
        p = _shares(own, rows.size)
        q = _shares(rest, view.rows - rows.size)
        styled = np.log(p / q) >= _STYLED
        styled[0] = False
        if not styled.any():
            return None
        reached, counts = _reached(who, bins, styled, self._place)
        if reached.size == 0:
            return None
        counts[:, 0] = view.requests[reached] - counts[:, 1:].sum(axis=1)
        hit = np.sort(touched[styled[bins]])
        return Reached(reached, _ratio(counts, p, q), hit, pieces)

    def _pieces(
        self, found: NDArray[np.int32], sent: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
        """Return the most telling of the facets found, their weights and their uses.

        Args:
            found: facets that enough of the group use, just counted.
            sent: the group's exchanges.
        """
        view, index = self._view, self._view.facets
        uses = _known_uses(found, index.use_ptr, index.use, view.log.account, view.rows)
        found, uses = found[uses > 0], uses[uses > 0]
        mine = self._state[found, 1].astype(np.float64)
        rest = np.maximum(uses - mine, 0.0)
        lift = np.log((mine + 0.5) / (sent + 1.0)) - np.log((rest + 0.5) / (view.rows - sent + 1.0))
        good = np.flatnonzero(lift >= _LIFT)
        value = np.minimum(lift[good], 5.0)
        order = good[np.argsort(-(mine[good] * value), kind="stable")[:_PIECES]]
        order = np.sort(order)
        return found[order], np.minimum(lift[order], 5.0).astype(np.float32), uses[order]


def _shares(rows: NDArray[np.int64], total: int) -> NDArray[np.float64]:
    """Return the share of exchanges in each bin; bin 0 is that of those without a piece.

    Args:
        rows: exchanges in each bin, of those that hold a piece.
        total: exchanges in all.
    """
    counts = rows.astype(np.float64)
    counts[0] = max(total - counts[1:].sum(), 0.0)
    return np.asarray((counts + 0.5) / (total + 0.5 * rows.size))


def _ratio(
    counts: NDArray[np.float64], p: NDArray[np.float64], q: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return each account's log ratio, at the share of harvest that suits it best."""
    best = np.full(counts.shape[0], -np.inf)
    for share in _SHARES:
        ratio = counts @ np.log(share * p / q + (1.0 - share))
        best = np.maximum(best, ratio - np.log(len(_SHARES)))
    return best
