"""What accounts have written of late: their latest exchanges and the pieces of text in them.

Many of the groups of a look share accounts, so each account's pieces are listed once a look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.features.arrays import widened

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["ROWS_EACH", "Latest", "frequent"]

ROWS_EACH = 64
"""Latest exchanges of an account that are read at most."""


@nb.njit(cache=True, nogil=True)
def _rows(accounts, account_ptr, account_rows, requests):
    """List the latest exchanges of accounts, account by account."""
    size = 0
    for a in accounts:
        size += min(requests[a], ROWS_EACH)
    rows = np.empty(size, np.int32)
    n = 0
    for a in accounts:
        hi = account_ptr[a] + requests[a]
        for j in range(max(account_ptr[a], hi - ROWS_EACH), hi):
            rows[n] = account_rows[j]
            n += 1
    return rows


@nb.njit(cache=True, nogil=True)
def _list(
    accounts,
    known,
    account_ptr,
    account_rows,
    requests,
    text_ptr,
    text_facet,
    place,
    look,
    start,
    end,
    facets,
    times,
    used,
):
    """List the facets of accounts that are not listed yet, with their uses in the latest rows.

    ``place`` is all -1, and is so again afterwards.
    """
    for i in range(accounts.size):
        a = accounts[i]
        if look[a] == known:
            continue
        look[a], start[a] = known, used
        hi = account_ptr[a] + requests[a]
        for j in range(max(account_ptr[a], hi - ROWS_EACH), hi):
            r = account_rows[j]
            for k in range(text_ptr[r], text_ptr[r + 1]):
                f = text_facet[k]
                if place[f] < 0:
                    if used == facets.size:
                        facets, times = widened(facets), widened(times)
                    place[f] = used
                    facets[used], times[used] = f, 0
                    used += 1
                times[place[f]] += 1
        end[a] = used
        for k in range(start[a], used):
            place[facets[k]] = -1
    return facets, times, used


@nb.njit(cache=True, nogil=True)
def frequent(listed, state, least):
    """Return the listed facets that so many accounts use, ascending; the list is written over.

    The third column of ``state`` is each facet's accounts.
    """
    kept = 0
    for i in range(listed.size):
        if state[listed[i], 2] >= least:
            listed[kept] = listed[i]
            kept += 1
    return np.sort(listed[:kept])


@nb.njit(cache=True, nogil=True)
def _sum(accounts, start, end, facets, times, state, least, mark):
    """Add up the lists of accounts; see ``Latest.count``."""
    listed = np.empty(4096, np.int32)
    n = 0
    for i in range(accounts.size):
        for k in range(start[accounts[i]], end[accounts[i]]):
            f = facets[k]
            if state[f, 0] != mark:
                state[f, 0] = mark
                state[f, 1], state[f, 2] = 0, 0
                if n == listed.size:
                    listed = widened(listed)
                listed[n] = f
                n += 1
            state[f, 1] += times[k]
            state[f, 2] += 1
    return frequent(listed[:n], state, least)


class Latest:
    """What accounts have written of late, on one view that advances."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._place = np.full(len(view.facets), -1, np.int64)
        self._look = np.zeros(view.seen.size, np.int64)
        self._start = np.zeros(view.seen.size, np.int64)
        self._end = np.zeros(view.seen.size, np.int64)
        self._facets = np.zeros(1 << 16, np.int32)
        self._times = np.zeros(1 << 16, np.uint8)
        self._rows, self._used = 0, 0

    def rows(self, accounts: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the latest exchanges of accounts, account by account.

        Args:
            accounts: any.
        """
        view = self._view
        return np.asarray(_rows(accounts, *view.account_rows, view.requests))

    def count(
        self, accounts: NDArray[np.int32], state: NDArray[np.int32], least: float, mark: int
    ) -> NDArray[np.int32]:
        """Return the facets that so many accounts use in their latest exchanges, ascending.

        Args:
            accounts: of one group.
            state: (F, 4) takes the mark, the exchanges and the accounts of each facet used.
            least: accounts of a facet at least.
            mark: one that the state does not hold.
        """
        view, index = self._view, self._view.facets
        if self._rows != view.rows:
            self._rows, self._used = view.rows, 0
        self._facets, self._times, self._used = _list(
            accounts,
            view.rows,
            *view.account_rows,
            view.requests,
            index.text_ptr,
            index.text_facet,
            self._place,
            self._look,
            self._start,
            self._end,
            self._facets,
            self._times,
            self._used,
        )
        lists = (self._start, self._end, self._facets, self._times)
        return np.asarray(_sum(accounts, *lists, state, least, mark))
