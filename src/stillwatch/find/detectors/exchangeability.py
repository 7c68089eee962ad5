"""People have subjects of their own; a job queue deals its tasks at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import Measurement

if TYPE_CHECKING:
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["Exchangeability"]

_ROWS_EACH = 20
"""Exchanges of one account that count at most."""
_DIMENSIONS = 12.0
"""Dimensions of the projection that vary freely: topics are correlated."""
_USUAL = 0.1
"""Intraclass correlation of people who share a piece of text, roughly."""


@nb.njit(cache=True, nogil=True)
def _between(row_ptr, rows, slot, sizes, vectors, share, error, support):
    """One-way analysis of variance: the intraclass correlation, pooled over dimensions."""
    dims = vectors.shape[1]
    for g in range(row_ptr.size - 1):
        k = sizes[g]
        count = np.zeros(k, np.int64)
        for i in range(row_ptr[g], row_ptr[g + 1]):
            if count[slot[i]] < _ROWS_EACH:
                count[slot[i]] += 1
        usable = 0
        for s in range(k):
            usable += count[s] >= 2
        support[g] = usable
        if usable < 3:
            continue
        sums = np.zeros((k, dims))
        used = np.zeros(k, np.int64)
        total = np.zeros(dims)
        squares, n, sizes_squared = 0.0, 0, 0.0
        for i in range(row_ptr[g], row_ptr[g + 1]):
            s = slot[i]
            if count[s] < 2 or used[s] >= _ROWS_EACH:
                continue
            used[s] += 1
            n += 1
            for d in range(dims):
                x = float(vectors[rows[i], d])
                sums[s, d] += x
                total[d] += x
                squares += x * x
        between = 0.0
        for s in range(k):
            if used[s] == 0:
                continue
            sizes_squared += used[s] * used[s]
            for d in range(dims):
                between += sums[s, d] * sums[s, d] / used[s]
        correction = 0.0
        for d in range(dims):
            correction += total[d] * total[d] / n
        within = squares - between
        between -= correction
        if n <= usable:
            continue
        n0 = (n - sizes_squared / n) / (usable - 1)
        mean_between = between / (usable - 1)
        mean_within = within / (n - usable)
        denominator = mean_between + (n0 - 1) * mean_within
        share[g] = (mean_between - mean_within) / denominator if denominator > 0 else 0.0
        spread = 1.0 + (n0 - 1.0) * _USUAL
        error[g] = spread * np.sqrt(2.0 / (n0 * n0 * (usable - 1) * _DIMENSIONS))


class Exchangeability:
    """People have subjects of their own; a job queue deals its tasks at random."""

    slug = "exchangeability"
    family = "content"
    reads = frozenset({"prompt"})
    cheap = False
    sees = "content that varies no more between the accounts than within them"
    innocent = "people, teams and products keep to their subjects and so differ from each other"
    source = "intraclass correlation, Shrout and Fleiss (Psychological Bulletin 1979)"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure how far the intraclass correlation lies below that of people, in errors.

        The error is that of a one-way analysis at the usual correlation (Donner, International
        Statistical Review 1986), so that a small group proves little however low its estimate.
        """
        size = len(groups)
        share, error = np.zeros(size), np.ones(size)
        support = np.zeros(size, np.int64)
        _between(
            groups.row_ptr,
            groups.rows,
            groups.slot,
            groups.sizes,
            view.log.projection,
            share,
            error,
            support,
        )
        enough = support >= 4
        below = (_USUAL - share) / error
        return Measurement(np.where(enough, below, 0.0), share, support, enough)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"{effect:.0%} of the content's variance lies between the {support} accounts with "
            "several exchanges; crowds that share a text have more"
        )
