"""Groups of accounts with the exchanges that make them a group, many at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["Groups", "group_of_rows", "groups_of_facets", "groups_of_rows"]


@dataclass(frozen=True, slots=True)
class Groups:
    """G groups in compressed rows."""

    account_ptr: NDArray[np.int64]
    """(G + 1,) offsets into accounts."""
    accounts: NDArray[np.int32]
    """Distinct accounts of each group, in order of their first row."""
    row_ptr: NDArray[np.int64]
    """(G + 1,) offsets into rows."""
    rows: NDArray[np.int32]
    """Exchanges of each group, ascending."""
    slot: NDArray[np.int32]
    """Position within the group's accounts of each row's account."""

    def __len__(self) -> int:
        """Return the number of groups."""
        return self.account_ptr.size - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(G,) accounts of each group."""
        return np.diff(self.account_ptr)

    def accounts_of(self, group: int) -> NDArray[np.int32]:
        """Return the accounts of one group."""
        return self.accounts[self.account_ptr[group] : self.account_ptr[group + 1]]

    def rows_of(self, group: int) -> NDArray[np.int32]:
        """Return the rows of one group."""
        return self.rows[self.row_ptr[group] : self.row_ptr[group + 1]]

    def slots_of(self, group: int) -> NDArray[np.int32]:
        """Return the slots of one group's rows."""
        return self.slot[self.row_ptr[group] : self.row_ptr[group + 1]]


@nb.njit(cache=True, nogil=True)
def _gather(row_ptr, rows, account, total_accounts):
    groups = row_ptr.size - 1
    account_ptr = np.zeros(groups + 1, np.int64)
    accounts = np.empty(rows.size, np.int32)
    slot = np.empty(rows.size, np.int32)
    stamp = np.full(total_accounts, -1, np.int64)
    place = np.zeros(total_accounts, np.int32)
    count = 0
    for g in range(groups):
        first = count
        for i in range(row_ptr[g], row_ptr[g + 1]):
            a = account[rows[i]]
            if stamp[a] != g:
                stamp[a] = g
                place[a] = count - first
                accounts[count] = a
                count += 1
            slot[i] = place[a]
        account_ptr[g + 1] = count
    return account_ptr, accounts[:count].copy(), slot


@nb.njit(cache=True, nogil=True)
def _copy_postings(facets, ptr, ends, posting, row_ptr, rows):
    for k in range(facets.size):
        f = facets[k]
        rows[row_ptr[k] : row_ptr[k + 1]] = np.sort(posting[ptr[f] : ends[f]])


def groups_of_rows(view: View, row_ptr: NDArray[np.int64], rows: NDArray[np.int32]) -> Groups:
    """Return the groups whose exchanges are given in compressed rows."""
    account_ptr, accounts, slot = _gather(row_ptr, rows, view.log.account, len(view.log.accounts))
    return Groups(account_ptr, accounts, row_ptr, rows, slot)


def group_of_rows(view: View, rows: NDArray[np.int32]) -> Groups:
    """Return groups of one, whose exchanges are given, ascending."""
    return groups_of_rows(view, np.array([0, rows.size], np.int64), rows)


def groups_of_facets(
    view: View, facets: NDArray[np.int32], *, least: int, most: int
) -> tuple[NDArray[np.int32], Groups]:
    """Return the facets carried by ``least`` to ``most`` accounts, and their groups."""
    index = view.facets
    carriers = view.carriers[facets]
    kept = facets[(carriers >= least) & (carriers <= most)]
    sizes = view.ends[kept] - index.posting_ptr[kept]
    row_ptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    rows = np.empty(int(row_ptr[-1]), np.int32)
    _copy_postings(kept, index.posting_ptr, view.ends, index.posting, row_ptr, rows)
    return kept, groups_of_rows(view, row_ptr, rows)
