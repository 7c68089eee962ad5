"""Accounts opened together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import EFFECT_CAP, Measurement

if TYPE_CHECKING:
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["CreationClump"]


@nb.njit(cache=True, nogil=True)
def _clumps(ptr, accounts, birth, degree, total, stat, effect, support):
    """Sum Poisson log likelihood ratios over six-hour bins that hold too many of a group."""
    stamp = np.full(degree.size, -1, np.int64)
    count = np.zeros(degree.size, np.int64)
    for g in range(ptr.size - 1):
        n = ptr[g + 1] - ptr[g]
        have, bins = 0, 0
        for i in range(ptr[g], ptr[g + 1]):
            b = birth[accounts[i]]
            if b < 0:
                continue
            have += 1
            if stamp[b] != g:
                stamp[b] = g
                count[b] = 0
                bins += 1
            count[b] += 1
        evidence, clumped = 0.0, 0
        for i in range(ptr[g], ptr[g + 1]):
            b = birth[accounts[i]]
            if b < 0:
                continue
            m = count[b]
            count[b] = 0
            if m < 2:
                continue
            expected = max(degree[b] * have / max(total, 1), 1e-3)
            # the price of having looked at every bin of the group
            llr = m * np.log(m / expected) - (m - expected) - np.log(bins + 1.0)
            if m > expected and llr > 0:
                evidence += llr
                clumped += m
        stat[g] = evidence * min(1.0, EFFECT_CAP / max(n, 1))
        effect[g] = clumped / max(have, 1)
        support[g] = have


class CreationClump:
    """Accounts opened together."""

    slug = "creation-clump"
    family = "lifecycle"
    reads = frozenset({"created_at"})
    cheap = True
    sees = "more accounts of the group opened in the same six hours than sign-ups explain"
    innocent = "classrooms and hackathons: this is one leg at most, and never with text alone"
    source = "Cao et al., Aiding the detection of fake accounts (NSDI 2012), on registration bursts"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure how many accounts were opened in clumps."""
        size = len(groups)
        stat, effect = np.zeros(size), np.zeros(size)
        support = np.zeros(size, np.int64)
        _clumps(
            groups.account_ptr,
            groups.accounts,
            view.derived.birth,
            view.birth_degree,
            view.accounts,
            stat,
            effect,
            support,
        )
        return Measurement(stat, effect, support, support >= 3)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"{effect:.0%} of {support} accounts were opened in the same six hours as others of "
            "the group, beyond what sign-ups at the time explain"
        )
