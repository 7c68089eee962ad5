"""How much a value tells of who uses it: what its author counted, and one's own accounts.

What is common here is counted in the log up to the moment at which the campaign was first seen
anywhere, so that its accounts, once they come, do not hide themselves by their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.log import Log

__all__ = ["Arrivals", "pooled"]

_TIMES = 10.0
"""One in so many of the accounts that use a value by now is counted as anybody's."""


def pooled(
    others: NDArray[np.number], here: NDArray[np.number], accounts: int
) -> NDArray[np.float64]:
    """Return the share of anybody's accounts that have a value, from two counts of it.

    An author states a share, rounded up, and not of how many accounts.  It could not have stated
    one below half an account in all that it counted, so that it is worth half an account in as many
    as make that share, and is added to one's own count as that.  What is common here is common,
    whatever the author counted.

    Args:
        others: as the author states it, in a million.
        here: own accounts that had the value before the campaign was seen anywhere.
        accounts: own accounts at that time.

    >>> pooled(np.array([1_000, 1_000]), np.array([0, 90]), 500).round(5).tolist()
    [0.0005, 0.17964]
    >>> pooled(np.array([1_000]), np.array([0]), 0).tolist()  # nothing is known here
    [0.001]
    """
    stated = np.maximum(np.asarray(others, np.float64), 1.0) / 1e6
    both = (0.5 + here) / (0.5 / stated + accounts)
    return np.asarray(np.maximum(both, np.asarray(here) / (accounts + 1.0)))


class Arrivals:
    """Which accounts had come by which row.

    Args:
        log: observations, in the order of time.
        since: when the campaign was first seen anywhere, microseconds since 1970.
    """

    def __init__(self, log: Log, since: int) -> None:
        self._account = log.account
        self._first = np.sort(np.unique(log.account, return_index=True)[1])
        self.before = int(np.searchsorted(log.time, since))
        """Rows that were there before."""
        self.accounts = int(np.searchsorted(self._first, self.before))
        """Accounts that were there before."""

    def early(self, rows: NDArray[np.int64]) -> int:
        """Return how many accounts of some rows were there before, in these rows."""
        return int(np.unique(self._account[rows[rows < self.before]]).size)

    def share(self, rows: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what share of the accounts seen by each row had one of some rows by then.

        Args:
            rows: of the value in question, ascending.
            at: rows at which it is asked.
        """
        first = np.sort(rows[np.unique(self._account[rows], return_index=True)[1]])
        seen = np.searchsorted(self._first, at, "right")
        return np.asarray(np.searchsorted(first, at, "right") / np.maximum(seen, 1))

    def ratio(self, rows: NDArray[np.int64], mine: int, others: int) -> NDArray[np.float64]:
        """Return the log ratio, nats, that each use of a value says of its account; at least 0.

        A tenth of the accounts that use it by then are counted as anybody's in any case: a
        fingerprint that a new release brings to everybody tells less with each who has it.

        Args:
            rows: that hold the value, ascending.
            mine: accounts of the campaign that used it, in a thousand.
            others: other accounts that used it, in a million.
        """
        if not rows.size:
            return np.zeros(0)
        usual = float(pooled(np.array(others), np.array(self.early(rows)), self.accounts))
        least = np.maximum(usual, self.share(rows, rows) / _TIMES)
        return np.asarray(np.maximum(np.log((mine + 0.5) / 1_001 / least), 0.0))
