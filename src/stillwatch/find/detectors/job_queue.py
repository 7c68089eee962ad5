"""A queue never deals the same job twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import Measurement

if TYPE_CHECKING:
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["JobQueue"]

_LEAST, _MOST = -8.0, 3.0
"""Bounds of the log likelihood ratio, nats."""

_SLACK = 0.05
"""Share of repeats that says nothing: greetings, retries, "go on"."""


@nb.njit(cache=True, nogil=True)
def _collisions(row_ptr, rows, slot, body, turn, rate, stat, effect):
    """Poisson ratio of one twentieth of the usual rate of repeats against the usual rate."""
    for g in range(row_ptr.size - 1):
        texts = np.empty(row_ptr[g + 1] - row_ptr[g], np.int64)
        n = 0
        for i in range(row_ptr[g], row_ptr[g + 1]):
            b = np.int64(body[rows[i]])
            if b >= 0 and turn[rows[i]] == 0:  # "go on" is said by everyone
                texts[n] = (b << np.int64(32)) | np.int64(slot[i])
                n += 1
        found = np.sort(texts[:n])
        repeats, start = 0, 0
        for i in range(1, n + 1):
            if i < n and found[i] >> np.int64(32) == found[start] >> np.int64(32):
                continue
            # all but one account's exchanges repeat; the account that sent most is that one
            if found[i - 1] != found[start]:
                most, run = 0, 0
                for j in range(start, i):
                    run = run + 1 if j > start and found[j] == found[j - 1] else 1
                    most = max(most, run)
                repeats += (i - start) - most
            start = i
        expected = min(rate * n * (n - 1) / 2.0, 0.5 * n)
        effect[g] = repeats / max(n, 1)
        telling = max(0.0, repeats - _SLACK * n)
        stat[g] = min(_MOST, max(_LEAST, 0.95 * expected - telling * 3.0))


class JobQueue:
    """Texts that no other account of the group has sent."""

    slug = "job-queue"
    family = "content"
    reads = frozenset({"prompt"})
    cheap = True
    sees = "accounts that share an instruction and yet never a whole text, where people would"
    innocent = (
        "classrooms, newsletters, harnesses on public benchmarks and applications send the same "
        "texts from many accounts: for them this is evidence against a campaign"
    )
    source = "the first disclosure's description of partitioned job lists; see THREATS"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Compare repeats between accounts with those between strangers."""
        size = len(groups)
        stat, effect = np.zeros(size), np.zeros(size)
        _collisions(
            groups.row_ptr,
            groups.rows,
            groups.slot,
            view.derived.body,
            view.derived.turn,
            view.repeat_rate,
            stat,
            effect,
        )
        return Measurement(stat, effect, groups.sizes, groups.sizes >= 3)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return f"{effect:.1%} of the texts of {support} accounts repeat another account's text"
