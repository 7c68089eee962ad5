"""One uncommon client behind accounts that have nothing else in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import EFFECT_CAP, Measurement

if TYPE_CHECKING:
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["ClientRarity"]


@nb.njit(cache=True, nogil=True)
def _shared(row_ptr, rows, slot, sizes, client, degree, total, stat, effect, support):
    """Binomial log likelihood ratio of the group's most telling client, outsiders counted."""
    stamp = np.full(degree.size, -1, np.int64)
    count = np.zeros(degree.size, np.int64)
    for g in range(row_ptr.size - 1):
        n = sizes[g]
        met = np.zeros(n, np.bool_)
        known = 0
        for i in range(row_ptr[g], row_ptr[g + 1]):
            v = client[rows[i]]
            if met[slot[i]] or v < 0:
                continue
            met[slot[i]] = True
            known += 1
            if stamp[v] != g:
                stamp[v] = g
                count[v] = 0
            count[v] += 1
        best, share = 0.0, 0.0
        for i in range(row_ptr[g], row_ptr[g + 1]):
            v = client[rows[i]]
            if v < 0 or stamp[v] != g or count[v] < 2:
                continue
            m = count[v]
            count[v] = 0
            outside = max(degree[v] - m, 0)
            # nobody else has it: a tool of their own, which a product has too; counted as rare
            p = max((outside + 1.0) / max(total - n, 1.0), 1.0 / max(total, 2.0))
            q = m / known
            if q > p:
                llr = m * np.log(q / p)
                if q < 1:
                    llr += (known - m) * np.log((1 - q) / (1 - p))
                if llr > best:
                    best, share = llr, q
        stat[g] = best * min(1.0, EFFECT_CAP / max(known, 1))
        effect[g] = share
        support[g] = known


class ClientRarity:
    """One uncommon client behind accounts that have nothing else in common."""

    slug = "client-rarity"
    family = "infrastructure"
    reads = frozenset({"user_agent", "tls_fingerprint"})
    cheap = True
    sees = "a client that many of the group use and few others do"
    innocent = (
        "strangers who run one open-source tool share its client, its text and its habits; this "
        "adds little and never makes a leg by itself"
    )
    source = "Hooi et al., FRAUDAR (KDD 2016), column weights by rarity"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure how far the group's clients differ from everyone's."""
        size = len(groups)
        stat, effect, support = np.zeros(size), np.zeros(size), np.zeros(size, np.int64)
        _shared(
            groups.row_ptr,
            groups.rows,
            groups.slot,
            groups.sizes,
            view.derived.client,
            view.client_degree,
            view.accounts,
            stat,
            effect,
            support,
        )
        return Measurement(stat, effect, support, support >= 4)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return f"{effect:.0%} of {support} accounts use one client that is uncommon elsewhere"
