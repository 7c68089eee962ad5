"""Accounts that took up the same content within the same days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import Measurement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["CommonOnset"]

_BINS = 24
"""Slices of the log between which onsets are compared."""


@nb.njit(cache=True, nogil=True)
def _onsets(row_ptr, rows, slot, sizes, time, start, width, base, effect, support):
    for g in range(row_ptr.size - 1):
        n = sizes[g]
        count = np.zeros(_BINS)
        met = np.zeros(n, np.bool_)
        for i in range(row_ptr[g], row_ptr[g + 1]):
            if not met[slot[i]]:
                met[slot[i]] = True
                count[min(_BINS - 1, (time[rows[i]] - start) // width)] += 1
        total = 0.0
        for b in range(_BINS):
            if count[b] > 0:
                # smoothed over neighbours: a campaign starts within days, not on a day
                near = count[b] - 1
                mass = base[b]
                for other in (b - 1, b + 1):
                    if 0 <= other < _BINS:
                        near += count[other]
                        mass += base[other]
                inside = (near + 2.0 * mass) / (n - 1 + 2.0)
                total += count[b] * np.log(inside / mass)
        effect[g] = total / max(n, 1)
        support[g] = n


def _traffic(view: View, start: int, width: int) -> NDArray[np.float64]:
    """Return the share of a sample of exchanges in each slice of the log."""
    sample = (view.log.time[: view.rows : max(1, view.rows // 50_000)] - start) // width
    base = np.bincount(sample, minlength=_BINS) + 1.0
    shares: NDArray[np.float64] = base / base.sum()
    return shares


class CommonOnset:
    """Accounts that took up the same content within the same days."""

    slug = "common-onset"
    family = "lifecycle"
    reads = frozenset({"time"})
    cheap = True
    sees = "first exchanges of the group's kind crowded into one part of the log"
    innocent = "classes, newsletters and launches begin together too: one leg with creation"
    source = "Beutel et al., CopyCatch (WWW 2013), on lock-step in first actions"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure the mean log ratio of onsets against everyone's first exchanges with facets."""
        size = len(groups)
        effect, support = np.zeros(size), np.zeros(size, np.int64)
        time = view.log.time
        start = int(time[0]) if time.size else 0
        width = max(1, (view.time - start) // _BINS + 1)
        base = view.once("traffic by slice", lambda: _traffic(view, start, width))
        _onsets(
            groups.row_ptr,
            groups.rows,
            groups.slot,
            groups.sizes,
            time,
            start,
            width,
            base,
            effect,
            support,
        )
        enough = support >= 4
        return Measurement(np.where(enough, effect, 0.0), effect, support, enough)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"{support} accounts began with this content {np.exp(effect):.1f} times as close "
            "together as traffic in general"
        )
