"""Accounts that begin where another account of the group has just ended.

An end opens a place, and the next account of the group that begins within hours takes it.
Beginnings are a point process, and the statistic is its log likelihood ratio: while a place is
open they come rho times as often, against as often as at other times.  The rate is the largest
of what all accounts and the group's own last beginnings give, so that a class that arrives
together, or a launch, is as fast with a place open as without.  Every quantity is known before
it is used, so that the ratio is an e-value where the rate is not below the true one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import EFFECT_CAP, Measurement
from stillwatch.find.features.rows import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["ReplacementAfterBlock"]

_HOUR = 3_600_000_000
_WINDOWS = np.array([1, 6]) * _HOUR
"""How long a place stays open, microseconds; the ratio is the mean over these, and the last
gives the effect."""
_QUIET = 72 * _HOUR
"""Silence from which on an account may have ended, microseconds."""
_YOUNG = 7 * 24 * _HOUR
"""Age at its first such exchange up to which an account begins when it is opened."""
_GAPS = 8
"""How many of its usual gaps an account must be silent."""
_FASTER = np.array([1.0, 4.0, 16.0, 64.0])
"""How many times as often places are taken; the ratio is the mean over these too."""


def _beginnings(view: View) -> NDArray[np.int64]:
    """Return when each account sent its first exchange, ascending."""
    first = view.derived.first_row[view.seen]
    return np.sort(view.log.time[first[first != NEVER]])


def _ends(view: View) -> NDArray[np.int64]:
    """Return when each account was blocked or, where no block is known, fell silent; or -1."""
    blocked = view.log.accounts.blocked
    known = (blocked >= 0) & (blocked < view.time)
    if known.any():
        return np.where(known, blocked, -1)
    ends = np.full(blocked.size, -1, np.int64)
    sent = np.flatnonzero(view.requests > 0)
    ptr, rows = view.account_rows
    count = view.requests[sent]
    first = view.log.time[rows[ptr[sent]]]
    last = view.log.time[rows[ptr[sent] + count - 1]]
    usual = (last - first) // np.maximum(count - 1, 1)
    gone = view.time - last > np.maximum(_QUIET, _GAPS * usual)
    ends[sent[gone]] = last[gone]
    return ends


@nb.njit(cache=True, nogil=True)
def _expected(lo, hi, starts, met, everyone, n):
    """Beginnings of the group from lo to hi, as all accounts or its own last ones give them."""
    hours = (hi - lo) / _HOUR
    near = np.searchsorted(everyone, lo + _HOUR) - np.searchsorted(everyone, lo - _HOUR)
    best = hours * n * near / (2.0 * max(everyone.size, 1))
    best = max(best, hours * (met + 1.0) / ((lo - starts[0]) / _HOUR + 24.0))
    for back in (2, 4, 8):
        if met >= back:
            since = max((lo - starts[met - back]) / _HOUR, 1e-3)
            best = max(best, back * np.log1p(hours / since))
    return best


@nb.njit(cache=True, nogil=True)
def _follow(starts, owners, ends, everyone, window):
    """Walk beginnings and ends in time; return places taken and beginnings expected then."""
    order = np.argsort(ends)
    places = np.empty(ends.size, np.int64)
    holders = np.empty(ends.size, np.int64)
    head, tail, s, e = 0, 0, 0, 0
    taken, expected = 0, 0.0
    now = np.int64(0)
    while s < starts.size:
        while e < order.size and ends[order[e]] < 0:
            e += 1
        at = starts[s]
        step = 0  # 0 a beginning, 1 an end, 2 a place that closes
        if e < order.size and ends[order[e]] < at:
            at, step = ends[order[e]], 1
        if head < tail and places[head] + window < at:
            at, step = places[head] + window, 2
        if head < tail:
            expected += _expected(now, at, starts, s, everyone, starts.size)
        now = at
        if step == 0:
            if head < tail and holders[head] != owners[s]:
                taken += 1
                head += 1
            s += 1
        elif step == 1:
            places[tail] = at
            holders[tail] = order[e]
            tail += 1
            e += 1
        else:
            head += 1
    return taken, expected


@nb.njit(cache=True, nogil=True)
def _replaced(
    row_ptr,
    rows,
    slot,
    account_ptr,
    accounts,
    time,
    created,
    ended,
    everyone,
    stat,
    effect,
    support,
):
    for g in range(row_ptr.size - 1):
        n = account_ptr[g + 1] - account_ptr[g]
        start = np.full(n, -1, np.int64)
        for i in range(row_ptr[g], row_ptr[g + 1]):
            if start[slot[i]] < 0:
                start[slot[i]] = time[rows[i]]
        ends = np.full(n, -1, np.int64)
        count = 0
        for s in range(n):
            a = accounts[account_ptr[g] + s]
            if created[a] >= 0 and 0 < start[s] - created[a] < _YOUNG:
                start[s] = created[a]  # it was opened for this
            end = ended[a]
            if end >= start[s]:
                ends[s] = end
                count += 1
        support[g] = count
        if n < 4 or count < 3:
            continue
        order = np.argsort(start)
        mean, taken = 0.0, 0
        for window in _WINDOWS:
            taken, expected = _follow(start[order], order, ends, everyone, window)
            for rho in _FASTER:
                ratio = taken * np.log(rho) - (rho - 1.0) * expected
                mean += np.exp(min(700.0, ratio)) / (_WINDOWS.size * _FASTER.size)
        stat[g] = np.log(mean) * min(1.0, EFFECT_CAP / max(taken, 1))
        effect[g] = taken / count


class ReplacementAfterBlock:
    """Accounts that begin where another account of the group has just ended."""

    slug = "replacement-after-block"
    family = "lifecycle"
    reads = frozenset({"time"})
    cheap = True
    sees = (
        "first exchanges of the group's kind within six hours after another of its accounts was "
        "blocked or, where the log has no blocks, fell silent for good"
    )
    innocent = (
        "classes and launches arrive while others leave, no faster for it; people blocked by "
        "mistake open a second account, one at a time"
    )
    source = "the first disclosure: a banned account is replaced at once; see THREATS"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure the log likelihood ratio of beginnings while a place is open."""
        size = len(groups)
        stat, effect, support = np.zeros(size), np.zeros(size), np.zeros(size, np.int64)
        _replaced(
            groups.row_ptr,
            groups.rows,
            groups.slot,
            groups.account_ptr,
            groups.accounts,
            view.log.time,
            view.log.accounts.created,
            view.once("ends", lambda: _ends(view)),
            view.once("beginnings", lambda: _beginnings(view)),
            stat,
            effect,
            support,
        )
        return Measurement(stat, effect, support, (support >= 3) & (groups.sizes >= 4))

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"of {support} accounts that were blocked or fell silent {effect:.0%} were followed "
            "within six hours by an account that began with this content"
        )
