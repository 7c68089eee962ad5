"""Content that covers much of what people ask, from few exchanges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import Measurement

if TYPE_CHECKING:
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["CapabilityCoverage"]

_ROWS = 400
"""Exchanges of a group that count at most, spread evenly."""


@nb.njit(cache=True, nogil=True)
def _spread(row_ptr, rows, vectors, effect, used):
    """One minus the squared length of the mean direction: 0 is one text, 1 is everything."""
    dims = vectors.shape[1]
    for g in range(row_ptr.size - 1):
        n = row_ptr[g + 1] - row_ptr[g]
        step = max(1, n // _ROWS)
        mean = np.zeros(dims)
        squares, count = 0.0, 0
        for i in range(row_ptr[g], row_ptr[g + 1], step):
            count += 1
            for d in range(dims):
                x = float(vectors[rows[i], d])
                mean[d] += x
                squares += x * x
        used[g] = count
        length = 0.0
        for d in range(dims):
            length += mean[d] * mean[d]
        if count >= 2 and squares > 0:
            # unbiased: pairs of different exchanges only
            effect[g] = 1.0 - (length - squares) / (squares * (count - 1.0))


class CapabilityCoverage:
    """Content that covers much of what people ask, from few exchanges."""

    slug = "capability-coverage"
    family = "content"
    reads = frozenset({"prompt"})
    cheap = False
    sees = "an instruction around bodies that have little in common with each other"
    innocent = "gateways and popular prompts cover as much: the crowd is the null"
    source = "the coverage argument of Carlini et al. and PRADA, on projected content"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure one minus the mean cosine between the group's exchanges."""
        size = len(groups)
        effect, used = np.zeros(size), np.zeros(size, np.int64)
        _spread(groups.row_ptr, groups.rows, view.log.projection, effect, used)
        enough = (used >= 10) & (groups.sizes >= 3)
        return Measurement(np.where(enough, effect, 0.0), effect, groups.sizes, enough)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"contents of {support} accounts spread over {effect:.0%} of the directions that "
            "content takes"
        )
