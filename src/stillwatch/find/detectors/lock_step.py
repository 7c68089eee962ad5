"""Accounts that speak in the same minutes, beyond what their own clocks explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import Measurement

if TYPE_CHECKING:
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["LockStep"]

_SLOT = 600_000_000
"""Ten minutes, microseconds."""
_NEAR = 18
"""Slots on either side, three hours, that stand for the accounts' own clocks."""


@nb.njit(cache=True, nogil=True)
def _coincidences(row_ptr, rows, slot, sizes, time, stat, effect, support):
    """Compare pairs in the same ten minutes with pairs three hours apart or less."""
    for g in range(row_ptr.size - 1):
        lo, hi = row_ptr[g], row_ptr[g + 1]
        support[g] = sizes[g]
        if hi - lo < 6 or sizes[g] < 3:
            continue
        # distinct (slot, account): rows are in time order
        ticks = np.empty(hi - lo, np.int64)
        who = np.empty(hi - lo, np.int32)
        n = 0
        for i in range(lo, hi):
            tick = time[rows[i]] // _SLOT
            repeated = False
            j = n - 1
            while j >= 0 and ticks[j] == tick:
                if who[j] == slot[i]:
                    repeated = True
                    break
                j -= 1
            if not repeated:
                ticks[n], who[n] = tick, slot[i]
                n += 1
        same, near = 0.0, 0.0
        for i in range(n):
            j = i - 1
            while j >= 0 and ticks[i] - ticks[j] <= _NEAR and i - j <= 64:
                if who[i] != who[j]:
                    if ticks[i] == ticks[j]:
                        same += 1
                    else:
                        near += 1
                j -= 1
        expected = 0.5 * near / _NEAR
        # a pair at lag 0 is met once, pairs at lags 1..18 once each: expect near / 18 at lag 0,
        # and half of it since lag 0 covers half the width of the others
        effect[g] = (same + 1.0) / (expected + 1.0)
        stat[g] = np.log(effect[g]) * min(sizes[g], 30.0) ** 0.5


class LockStep:
    """Accounts that speak in the same minutes, beyond what their own clocks explain."""

    slug = "lock-step"
    family = "rhythm"
    reads = frozenset({"time"})
    cheap = False
    sees = "more accounts in the same ten minutes than in the hours around them"
    innocent = "a class answers in one hour; cron jobs fire on the hour: compared with hours near"
    source = "Cao et al., SynchroTrap (CCS 2014); never the local hour itself"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure coincidences in ten minutes against those within three hours."""
        size = len(groups)
        stat, effect = np.zeros(size), np.zeros(size)
        support = np.zeros(size, np.int64)
        _coincidences(
            groups.row_ptr,
            groups.rows,
            groups.slot,
            groups.sizes,
            view.log.time,
            stat,
            effect,
            support,
        )
        return Measurement(stat, effect, support, support >= 3)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"{support} accounts meet in the same ten minutes {effect:.1f} times as often as in "
            "the hours around"
        )
