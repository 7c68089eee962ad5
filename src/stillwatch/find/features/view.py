"""What is known at a look: a prefix of the log and counts over it, advanced look by look."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import numba as nb
import numpy as np

from stillwatch.find.features.arrays import offsets

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from stillwatch.find.features.facets import FacetIndex
    from stillwatch.find.features.log import Log
    from stillwatch.find.features.rows import Rows

__all__ = ["View"]

_T = TypeVar("_T")


@nb.njit(cache=True, nogil=True)
def _advance_postings(row_ptr, row_facet, opens, lo, hi, ends, carriers, stamp, mark, touched):
    """Move the ends of the posting lists past rows [lo, hi); return how many facets moved."""
    count = 0
    for i in range(row_ptr[lo], row_ptr[hi]):
        facet = row_facet[i]
        ends[facet] += 1
        carriers[facet] += opens[i]
        if stamp[facet] != mark:
            stamp[facet] = mark
            touched[count] = facet
            count += 1
    return count


def _rows_by_account(
    account: NDArray[np.int32], accounts: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    return offsets(account, accounts), np.argsort(account, kind="stable").astype(np.int32)


class View:
    """The log up to a look.

    Nothing in it, and nothing a detector may read through it, depends on rows at or after
    ``rows``.

    Args:
        log: the observations.
        rows: derived columns.
        facets: the facet index.
    """

    def __init__(self, log: Log, derived: Rows, facets: FacetIndex) -> None:
        self.log = log
        self.derived = derived
        self.facets = facets
        self.time = 0
        """Time of the look, microseconds since 1970."""
        self.rows = 0
        """Rows known."""
        accounts = len(log.accounts)
        self.seen = np.zeros(accounts, np.bool_)
        """(N,) accounts that have sent something."""
        self.accounts = 0
        """Number of accounts seen."""
        self.requests = np.zeros(accounts, np.int32)
        """(N,) exchanges an account has sent."""
        self.ends: NDArray[np.int64] = facets.posting_ptr[:-1].copy()
        """(F,) end of each facet's known postings."""
        self.carriers = np.zeros(len(facets), np.int32)
        """(F,) distinct accounts of each facet's known postings."""
        self.account_rows = _rows_by_account(log.account, accounts)
        """(N + 1,) offsets and (n,) rows of each account, ascending; cut at ``rows``."""
        self.identity_degree = np.zeros(int(derived.identity_offset[-1]), np.int32)
        """Accounts seen by identity value."""
        self.block_degree = np.zeros(derived.blocks.values, np.int32)
        """Accounts seen by network block."""
        self.network_degree = np.zeros(derived.networks.values, np.int32)
        """Accounts seen by network."""
        self.repeat_rate = 0.0
        """Probability that two exchanges of different accounts have the same text."""
        self.client_degree = np.zeros(derived.clients.values, np.int32)
        """Accounts seen by client."""
        self.birth_degree = np.zeros(derived.births, np.int32)
        """Accounts seen by the six hours in which they were opened."""
        self.length = np.zeros(len(log), np.float32)
        """(n,) how long the answer is for such a prompt, in robust standard deviations."""
        self._stamp = np.zeros(len(facets), np.int32)
        self._mark = 0
        self._made: dict[str, object] = {}
        self._made_at = (-1, -1)
        self._pair_at = {"blocks": 0, "networks": 0, "clients": 0}

    def once(self, name: str, make: Callable[[], _T]) -> _T:
        """Return what ``make`` makes, made once for each look.

        Args:
            name: of the value; one maker a name.
            make: makes it from what the view knows now.
        """
        if self._made_at != (self.rows, self.time):
            self._made, self._made_at = {}, (self.rows, self.time)
        if name not in self._made:
            self._made[name] = make()
        return cast("_T", self._made[name])

    def advance(self, rows: int, time: int) -> NDArray[np.int32]:
        """Take in the rows before ``rows`` and return the facets that they touch."""
        log, derived = self.log, self.derived
        lo = self.rows
        self.rows, self.time = rows, time
        fresh = np.unique(log.account[lo:rows])
        fresh = fresh[~self.seen[fresh]]
        self.seen[fresh] = True
        self.accounts += fresh.size
        self.requests += np.bincount(log.account[lo:rows], minlength=self.seen.size).astype(
            np.int32
        )
        for kind in range(log.accounts.identity.shape[1]):
            codes = log.accounts.identity[fresh, kind]
            np.add.at(self.identity_degree, codes[codes >= 0] + derived.identity_offset[kind], 1)
        births = derived.birth[fresh]
        np.add.at(self.birth_degree, births[births >= 0], 1)
        self._advance_pairs("blocks", self.block_degree)
        self._advance_pairs("networks", self.network_degree)
        self._advance_pairs("clients", self.client_degree)
        self._mark += 1
        touched = np.empty(int(self.facets.row_ptr[rows] - self.facets.row_ptr[lo]), np.int32)
        count = _advance_postings(
            self.facets.row_ptr,
            self.facets.row_facet,
            self.facets.row_opens,
            lo,
            rows,
            self.ends,
            self.carriers,
            self._stamp,
            self._mark,
            touched,
        )
        return touched[:count]

    def _advance_pairs(self, name: str, degree: NDArray[np.int32]) -> None:
        pairs = getattr(self.derived, name)
        lo = self._pair_at[name]
        hi = int(np.searchsorted(pairs.row, self.rows))
        np.add.at(degree, pairs.value[lo:hi], 1)
        self._pair_at[name] = hi
