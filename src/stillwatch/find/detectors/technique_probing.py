"""A group that first tries many wordings of an instruction and then settles on one.

Wording is what stands at the head and at the tail of a prompt and in its sentences, and recurs
within a stretch of the group's exchanges; bodies do not.  How many wordings are in use is the
collision entropy of the stretch: minus the log of the share of their wording that exchanges of
two accounts at about the same time have in common.  An exchange that shares nothing is a
wording of its own.  Who harvests settles: the entropy falls from the first exchanges to the
later ones.  A wording that is changed at once is one wording before and after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import Measurement
from stillwatch.find.features.text import KIND_SYSTEM

if TYPE_CHECKING:
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["TechniqueProbing"]

_ROWS = 32
"""Exchanges of a stretch that count at most, spread evenly."""
_FIRST = np.array([10, 5, 3])
"""The first tenth, fifth and third of the exchanges are each compared with the last half."""
_NEAR = 10
"""Exchanges at most between the two of a pair: a wording that is changed once agrees with
itself before and after."""
_WIDTH = 64
"""Facets of an exchange that are read at most."""
_LEAST = 8
"""Exchanges and pairs of a stretch that are enough."""
_PRIOR = 15.0
"""Pairs' worth of the group's average that each stretch is believed to have."""
_SMOOTH = 0.03
"""Common share that says nothing."""


@nb.njit(cache=True, nogil=True)
def _wordings(at, facet_ptr, facets, kinds, out):
    """Fill the sorted facets of one exchange's newest turn; return how many."""
    n = 0
    for i in range(facet_ptr[at], facet_ptr[at + 1]):
        if kinds[i] != KIND_SYSTEM and n < out.size:
            out[n] = facets[i]
            n += 1
    out[:n].sort()
    return n


@nb.njit(cache=True, nogil=True)
def _common(a, b, recurs_a, recurs_b):
    """Count what two sorted sets have in common, and mark it in both."""
    i, j, both = 0, 0, 0
    while i < a.size and j < b.size:
        if a[i] == b[j]:
            both += 1
            recurs_a[i] = True
            recurs_b[j] = True
            i += 1
            j += 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    return both


@nb.njit(cache=True, nogil=True)
def _alike(part, facet_ptr, facets, kinds, account, body, usual):
    """Compare exchanges that follow each other, of different accounts and texts.

    Returns their number, the share of wording that they have in common, and the usual size of
    a wording; ``usual`` is the size of one that does not recur, 0 to take the stretch's own.
    """
    step = max(1.0, part.size / _ROWS)
    count = min(part.size, _ROWS)
    held = np.empty((count, _WIDTH), np.uint64)
    recurs = np.zeros((count, _WIDTH), np.bool_)
    common = np.full((count, count), -1, np.int64)
    size = np.zeros(count, np.int64)
    at = np.empty(count, np.int64)
    for k in range(count):
        at[k] = part[int(k * step)]
        size[k] = _wordings(at[k], facet_ptr, facets, kinds, held[k])
    pairs = 0
    for i in range(count):
        for j in range(max(0, i - _NEAR), i):
            differ = account[at[i]] != account[at[j]] and body[at[i]] != body[at[j]]
            if differ and size[i] > 0 and size[j] > 0:
                common[i, j] = _common(held[i, : size[i]], held[j, : size[j]], recurs[i], recurs[j])
                pairs += 1
    wording = recurs.sum(axis=1)
    if usual == 0:
        usual = wording.sum() / max((wording > 0).sum(), 1)
    both, least = 0.0, 0.0
    for i in range(count):
        for j in range(max(0, i - _NEAR), i):
            if common[i, j] >= 0:
                both += common[i, j]
                a = float(wording[i]) if wording[i] > 0 else usual
                b = float(wording[j]) if wording[j] > 0 else usual
                least += min(a, b)
    return pairs, both / least if least > 0 else 0.0, usual


@nb.njit(cache=True, nogil=True)
def _settles(row_ptr, rows, sizes, facet_ptr, facets, kinds, account, body, effect, support):
    for g in range(row_ptr.size - 1):
        own = np.sort(rows[row_ptr[g] : row_ptr[g + 1]])
        if own.size < 3 * _LEAST or sizes[g] < 3:
            continue
        half = own[own.size // 2 :]
        many, late, usual = _alike(half, facet_ptr, facets, kinds, account, body, 0.0)
        if many < _LEAST or usual == 0:
            continue
        for part in _FIRST:
            first = own[: max(_LEAST, own.size // part)]
            few, early, _ = _alike(first, facet_ptr, facets, kinds, account, body, usual)
            if few < _LEAST:
                continue
            prior = _PRIOR * (few * early + many * late) / (few + many)
            after = (many * late + prior) / (many + _PRIOR)
            before = (few * early + prior) / (few + _PRIOR)
            fall = np.log((after + _SMOOTH) / (before + _SMOOTH))
            if support[g] == 0 or fall > effect[g]:
                effect[g] = fall
            support[g] = sizes[g]


class TechniqueProbing:
    """A group that first tries many wordings of an instruction and then settles on one."""

    slug = "technique-probing"
    family = "content"
    reads = frozenset({"prompt"})
    cheap = False
    sees = "wordings that differ in the group's first exchanges and agree in its later ones"
    innocent = (
        "a product keeps its wording from the start or changes it at once, and people who pass a "
        "prompt on keep rewording it: neither settles"
    )
    source = "the second disclosure: requests that only probed which wording gets past; see THREATS"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure by how much the collision entropy of the wording falls, in nats."""
        size = len(groups)
        effect, support = np.zeros(size), np.zeros(size, np.int64)
        log = view.log
        _settles(
            groups.row_ptr,
            groups.rows,
            groups.sizes,
            log.facet_ptr,
            log.facets,
            log.kinds,
            log.account,
            view.derived.body,
            effect,
            support,
        )
        enough = support >= 3
        return Measurement(np.where(enough, effect, 0.0), effect, support, enough)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"the exchanges of {support} accounts use {np.exp(effect):.1f} times as many wordings "
            "at first as in the last half of them"
        )
