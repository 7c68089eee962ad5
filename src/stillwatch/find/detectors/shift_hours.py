"""Work that keeps to a few hours of the day, whichever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import Measurement

if TYPE_CHECKING:
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["ShiftHours"]

_HOUR = 3_600_000_000


@nb.njit(cache=True, nogil=True)
def _concentration(row_ptr, rows, slot, sizes, time, effect, support):
    """How often two accounts meet in an hour of the day, over chance; days do not matter."""
    for g in range(row_ptr.size - 1):
        n = sizes[g]
        hours = np.zeros((n, 24))
        for i in range(row_ptr[g], row_ptr[g + 1]):
            hours[slot[i], (time[rows[i]] // _HOUR) % 24] += 1
        used = 0
        pooled, own = np.zeros(24), 0.0
        for s in range(n):
            total = hours[s].sum()
            if total < 2:
                continue
            used += 1
            for h in range(24):
                share = hours[s, h] / total
                pooled[h] += share
                own += share * share
        support[g] = used
        if used < 4:
            continue
        meet = 0.0
        for h in range(24):
            meet += pooled[h] * pooled[h]
        # pairs of different accounts only
        effect[g] = 24.0 * (meet - own) / (used * (used - 1.0))


class ShiftHours:
    """Work that keeps to a few hours of the day, whichever they are."""

    slug = "shift-hours"
    family = "rhythm"
    reads = frozenset({"time"})
    cheap = True
    sees = "accounts that meet in the same few hours of the day, on whatever days"
    innocent = (
        "people of one country share their evenings and classes one hour: the crowd is the "
        "null, and which hours they are is never looked at"
    )
    source = "collision statistic of hour profiles; THREATS on human hours"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure how often pairs of accounts share an hour of the day, 1 being chance."""
        size = len(groups)
        effect, support = np.zeros(size), np.zeros(size, np.int64)
        _concentration(
            groups.row_ptr,
            groups.rows,
            groups.slot,
            groups.sizes,
            view.log.time,
            effect,
            support,
        )
        enough = support >= 4
        statistic = np.where(enough, np.log(np.maximum(effect, 0.1)), 0.0)
        return Measurement(statistic, effect, support, enough)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return f"pairs of {support} accounts share an hour of the day {effect:.1f} times chance"
