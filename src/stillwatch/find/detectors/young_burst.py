"""Accounts that began with this content soon after they were opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import Measurement

if TYPE_CHECKING:
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["YoungBurst"]

_DAY = 86_400_000_000


@nb.njit(cache=True, nogil=True)
def _youth(row_ptr, rows, slot, sizes, account, created, time, effect, support):
    for g in range(row_ptr.size - 1):
        met = np.zeros(sizes[g], np.bool_)
        young, have = 0.0, 0
        for i in range(row_ptr[g], row_ptr[g + 1]):
            if met[slot[i]]:
                continue
            met[slot[i]] = True
            a = account[rows[i]]
            if created[a] < 0:
                continue
            have += 1
            age = max(time[rows[i]] - created[a], 0) / _DAY
            young += 1.0 / (1.0 + age / 3.0)  # 1 when new, one half at three days, 0.1 at a month
        effect[g] = young / max(have, 1)
        support[g] = have


class YoungBurst:
    """Accounts that began with this content soon after they were opened."""

    slug = "young-burst"
    family = "lifecycle"
    reads = frozenset({"created_at"})
    cheap = True
    sees = "accounts that are new when they first send the group's content"
    innocent = "launch days and classrooms: counted together with creation as one leg"
    source = "the first disclosure: bursts of new accounts; see THREATS"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Average a youth score, one half at three days, at each account's first exchange."""
        size = len(groups)
        effect, support = np.zeros(size), np.zeros(size, np.int64)
        _youth(
            groups.row_ptr,
            groups.rows,
            groups.slot,
            groups.sizes,
            view.log.account,
            view.log.accounts.created,
            view.log.time,
            effect,
            support,
        )
        enough = support >= 3
        return Measurement(np.where(enough, effect, 0.0), effect, support, enough)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"youth of {support} accounts at their first such exchange averages {effect:.2f} "
            "(1 is new, one half is three days old)"
        )
