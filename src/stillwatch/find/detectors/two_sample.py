"""Exchanges of a group against those of matched other accounts: a pooled two-sample test.

Each account of the group is paired with another account of like volume on the same model.  A
pair's difference is that of the mean embeddings of its exchanges (random Fourier features of a
Gaussian kernel over content projection and form).  If the group were like others, the two
accounts of any pair could change places: what is permuted is accounts, never exchanges.  The
e-value bets along the pairs: the direction learned from the earlier pairs says which account
of the next is the group's, with a stake that makes the expectation exactly one under exchange,
since (1 + tanh x + 1 + tanh -x) / 2 = 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import EFFECT_CAP, Measurement
from stillwatch.find.features.hashing import mix
from stillwatch.find.features.rows import NEVER
from stillwatch.find.features.text import DIMENSIONS, FORM_NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["TwoSample"]

_ROWS = 4
"""Exchanges of an account that count at most, spread evenly."""
_FREQUENCIES = 16
"""Random frequencies; each gives a cosine and a sine."""
_BANDWIDTH = 1.2
"""Of the kernel; two unlike exchanges are about 2 apart."""
_TRIES = 12
"""Accounts looked at for one that is not of the group."""
_STAKES = np.array([0.5, 1.0, 2.0])
"""Stakes over which the wealth is averaged."""
_MOST = 2.0
"""Largest stake: no pair can cost or give everything."""
_FORMS = np.array([k for k, name in enumerate(FORM_NAMES) if name != "ideographs"])
"""Which counts are form; a script is not."""


@nb.njit(cache=True)
def _frequencies(count, width):
    """Normal numbers from hashes (Box and Muller 1958): the same in every run."""
    out = np.empty((count, width))
    state = np.uint64(0x2545F4914F6CDD1D)
    for i in range(count):
        for d in range(width):
            state += np.uint64(0x9E3779B97F4A7C15)
            first = (float(mix(state) >> np.uint64(11)) + 1.0) / 9007199254740993.0
            state += np.uint64(0x9E3779B97F4A7C15)
            second = float(mix(state) >> np.uint64(11)) / 9007199254740992.0
            out[i, d] = np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second)
    return out


_W = _frequencies(_FREQUENCIES, DIMENSIONS + _FORMS.size) / _BANDWIDTH


class _Pool:
    """Accounts in parts of like volume on the same model, and the usual form of exchanges."""

    def __init__(self, view: View) -> None:
        log = view.log
        ptr, rows = view.account_rows
        sent = np.flatnonzero(view.requests > 0)
        last = rows[ptr[sent] + view.requests[sent] - 1]
        volume = np.log2(view.requests[sent]).astype(np.int64)
        key = log.model[last].astype(np.int64) * 64 + volume
        first = view.derived.first_row[sent].astype(np.uint64)
        turn = first * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(16)
        order = np.lexsort((turn, key))
        self.accounts: NDArray[np.int32] = sent[order].astype(np.int32)
        """Accounts by part, within a part in the order of a hash."""
        _, part = np.unique(key[order], return_inverse=True)
        self.part: NDArray[np.int64] = np.full(view.requests.size, -1, np.int64)
        """(N,) part of each account."""
        self.part[self.accounts] = part
        self.ptr: NDArray[np.int64] = np.append(
            np.flatnonzero(np.diff(part, prepend=-1)), sent.size
        )
        """Offsets of parts into accounts."""
        form = np.log1p(log.form[: view.rows : max(1, view.rows // 20_000)][:, _FORMS])
        self.centre: NDArray[np.float64] = np.median(form, axis=0)
        spread = 1.4826 * np.median(np.abs(form - self.centre), axis=0)
        self.spread: NDArray[np.float64] = np.maximum(spread, 0.3)


@nb.njit(cache=True, nogil=True)
def _embed(rows, projection, form, centre, spread, out):
    """Add the features of an account's exchanges to ``out``, as their mean."""
    step = max(1.0, rows.size / _ROWS)
    count = min(rows.size, _ROWS)
    x = np.empty(DIMENSIONS + _FORMS.size)
    weight = 1.0 / (count * np.sqrt(_FREQUENCIES))
    for k in range(count):
        row = rows[int(k * step)]
        for d in range(DIMENSIONS):
            x[d] = projection[row, d] / 254.0
        for d in range(_FORMS.size):
            z = (np.log1p(form[row, _FORMS[d]]) - centre[d]) / spread[d]
            x[DIMENSIONS + d] = min(3.0, max(-3.0, z)) / np.sqrt(_FORMS.size)
        for i in range(_FREQUENCIES):
            angle = 0.0
            for d in range(x.size):
                angle += _W[i, d] * x[d]
            out[2 * i] += weight * np.cos(angle)
            out[2 * i + 1] += weight * np.sin(angle)


@nb.njit(cache=True, nogil=True)
def _wealth(z):
    """Log e-value of betting along the pairs."""
    total = np.zeros(z.shape[1])
    log_wealth = np.zeros(_STAKES.size)
    squares, seen = 0.0, 0
    for k in range(z.shape[0]):
        length = np.sqrt((total * total).sum())
        if length > 0:
            x = (z[k] * total).sum() / length
            if seen > 0:
                bet = x / (np.sqrt(squares / seen) + 1e-9)
                for s in range(_STAKES.size):
                    stake = min(_MOST, max(-_MOST, _STAKES[s] * bet))
                    log_wealth[s] += np.log1p(np.tanh(stake))
            squares += x * x
            seen += 1
        total += z[k]
    most = log_wealth.max()
    return most + np.log(np.exp(log_wealth - most).mean())


@nb.njit(cache=True, nogil=True)
def _other(a, part, part_ptr, pool, first_row, member):
    """Return an account of the same part that is not marked, or -1."""
    lo, hi = part_ptr[part[a]], part_ptr[part[a] + 1]
    start = mix(np.uint64(first_row[a])) % np.uint64(hi - lo)
    for k in range(min(_TRIES, hi - lo)):
        other = pool[lo + (np.int64(start) + k) % (hi - lo)]
        if not member[other]:
            return other
    return -1


@nb.njit(cache=True, nogil=True)
def _compare(
    account_ptr,
    accounts,
    row_ptr,
    rows,
    slot,
    ptr,
    by_account,
    requests,
    part,
    part_ptr,
    pool,
    first_row,
    projection,
    form,
    centre,
    spread,
    stat,
    effect,
    support,
):
    member = np.zeros(part.size, np.bool_)
    for g in range(account_ptr.size - 1):
        members = accounts[account_ptr[g] : account_ptr[g + 1]]
        n = members.size
        member[members] = True
        own = np.argsort(slot[row_ptr[g] : row_ptr[g + 1]], kind="mergesort") + row_ptr[g]
        begin = np.zeros(n + 1, np.int64)
        for i in range(row_ptr[g], row_ptr[g + 1]):
            begin[slot[i] + 1] += 1
        begin = np.cumsum(begin)
        step = max(1.0, n / EFFECT_CAP)
        z = np.zeros((min(n, EFFECT_CAP), 2 * _FREQUENCIES))
        taken = np.full(z.shape[0], -1, np.int64)
        pairs = 0
        for k in range(z.shape[0]):
            s = int(k * step)
            other = _other(members[s], part, part_ptr, pool, first_row, member)
            if other < 0:
                continue
            member[other] = True  # each is met once
            taken[pairs] = other
            mine = rows[own[begin[s] : begin[s + 1]]]
            theirs = by_account[ptr[other] : ptr[other] + requests[other]]
            _embed(theirs, projection, form, centre, spread, z[pairs])
            z[pairs] *= -1.0
            _embed(mine, projection, form, centre, spread, z[pairs])
            pairs += 1
        member[members] = False
        for k in range(pairs):
            member[taken[k]] = False
        support[g] = pairs
        if pairs < 5:
            continue
        stat[g] = _wealth(z[:pairs])
        total = z[:pairs].sum(axis=0)
        apart = (total * total).sum() - (z[:pairs] * z[:pairs]).sum()
        effect[g] = np.sqrt(max(0.0, apart / (pairs * (pairs - 1.0))))


class TwoSample:
    """Exchanges of a group against those of matched other accounts: a pooled two-sample test."""

    slug = "two-sample"
    family = "content"
    reads = frozenset({"prompt"})
    cheap = False
    sees = "content and form that differ from those of accounts of like volume on the same model"
    innocent = (
        "people who share a language, a product or a subject differ from strangers too: only "
        "what goes beyond crowds that share a text counts"
    )
    source = (
        "Gretton et al., A kernel two-sample test (JMLR 2012); Lopez-Paz and Oquab, Revisiting "
        "classifier two-sample tests (ICLR 2017); betting after Shekhar and Ramdas (IEEE Trans. "
        "Inf. Theory 2024)"
    )

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure the log e-value of exchange within matched pairs; the effect is the MMD."""
        size = len(groups)
        stat, effect, support = np.zeros(size), np.zeros(size), np.zeros(size, np.int64)
        pool = view.once("matched accounts", lambda: _Pool(view))
        first = np.where(view.derived.first_row == NEVER, 0, view.derived.first_row)
        ptr, by_account = view.account_rows
        _compare(
            groups.account_ptr,
            groups.accounts,
            groups.row_ptr,
            groups.rows,
            groups.slot,
            ptr,
            by_account,
            view.requests,
            pool.part,
            pool.ptr,
            pool.accounts,
            first,
            view.log.projection,
            view.log.form,
            pool.centre,
            pool.spread,
            stat,
            effect,
            support,
        )
        return Measurement(stat, effect, support, support >= 5)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"content and form of the exchanges of {support} accounts are {effect:.2f} away from "
            "those of as many matched accounts (0 is alike, 1.4 is nothing in common)"
        )
