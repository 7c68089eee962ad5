"""An account whose harvest is one of the streams that it already keeps apart.

A reseller's harvest comes from one end user, a person's or a rerouted user's in conversations
of its own.  For each account and each way in which its exchanges are already split, the
statistic is a log likelihood ratio: every part has a share of the group's exchanges of its
own, against one share for all (both integrated over Jeffreys' prior, so that many small parts
explain nothing).  The best split of an account counts, bounded.

The system prompt and the client say where a measure may apply (``substream_of``) and are no
evidence here: a system prompt is text that makes groups, so every product's separates them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import EFFECT_CAP, Measurement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["SubStream", "SubStreams", "substream_of"]

_ROWS = 128
"""Newest exchanges of an account that count."""
_ACCOUNT_CAP = 4.0
"""Nats that one account can give."""
_LEAST = 2
"""Exchanges that an account needs on either side."""


@dataclass(frozen=True, slots=True)
class SubStream:
    """The part of an account's traffic that holds a group's exchanges."""

    column: str
    """What splits it: end_user_id, conversation_id, system_prompt or client."""
    value: int
    """Keyed hash of the part's value; 0 is no value."""
    inside: float
    """Share of the group's exchanges of this account that are in the part."""
    outside: float
    """Share of the account's other exchanges that are in the part."""
    nats: float
    """Log likelihood ratio of the split against one share for all."""


@nb.njit(cache=True, inline="always")
def _marginal(a, b):
    """Log probability of a and b of two kinds in one order, their share unknown."""
    return lgamma(a + 0.5) + lgamma(b + 0.5) - lgamma(a + b + 1.0) - 1.1447298858494002


@nb.njit(cache=True, nogil=True)
def _split(values, inside):
    """Return log likelihood ratio, distance between the sides, best value and its two shares."""
    order = np.argsort(values)
    total_in = 0
    for i in range(inside.size):
        total_in += inside[i]
    total_out = inside.size - total_in
    ratio = -_marginal(total_in, total_out)
    distance, best = 0.0, -1.0
    value, share_in, share_out = values[order[0]], 0.0, 0.0
    start, a = 0, 0
    for i in range(values.size + 1):
        if i < values.size and values[order[i]] == values[order[start]]:
            a += inside[order[i]]
            continue
        b = i - start - a
        ratio += _marginal(a, b)
        gain = a / total_in - b / total_out
        distance += max(0.0, gain)
        if gain > best:
            best, value = gain, values[order[start]]
            share_in, share_out = a / total_in, b / total_out
        start, a = i, 0
        if i < values.size:
            a += inside[order[i]]
    return ratio, distance, value, share_in, share_out


@nb.njit(cache=True, nogil=True)
def _marked(own, rows):
    """Return which of an account's rows are among the group's, both ascending."""
    inside = np.zeros(own.size, np.bool_)
    for i in range(own.size):
        at = np.searchsorted(rows, own[i])
        inside[i] = at < rows.size and rows[at] == own[i]
    return inside


@nb.njit(cache=True, nogil=True)
def _pooled(
    account_ptr, accounts, row_ptr, rows, ptr, by_account, requests, columns, stat, effect, support
):
    for g in range(account_ptr.size - 1):
        n = account_ptr[g + 1] - account_ptr[g]
        step = max(1, n // EFFECT_CAP)
        group = np.sort(rows[row_ptr[g] : row_ptr[g + 1]])
        nats, apart, used = 0.0, 0.0, 0
        for k in range(account_ptr[g], account_ptr[g + 1], step):
            account = accounts[k]
            hi = ptr[account] + requests[account]
            own = by_account[max(ptr[account], hi - _ROWS) : hi]
            inside = _marked(own, group)
            if min(inside.sum(), own.size - inside.sum()) < _LEAST:
                continue
            used += 1
            best, distance = 0.0, 0.0
            for c in range(columns.shape[0]):
                found = _split(columns[c][own], inside)
                ratio = found[0] - np.log(columns.shape[0])
                if ratio > best:
                    best, distance = ratio, found[1]
            nats += min(best, _ACCOUNT_CAP)
            apart += distance
        support[g] = used
        if used > 0:
            stat[g] = nats / used * min(used, EFFECT_CAP)
            effect[g] = apart / used


def _columns(view: View) -> NDArray[np.uint64]:
    log = view.log
    return np.stack([log.end_user, log.conversation])


def substream_of(view: View, account: int, rows: NDArray[np.int32]) -> SubStream | None:
    """Return the part of an account's traffic that holds a group's exchanges.

    System prompt and client are tried too: they say where a measure may apply.

    Args:
        view: what is known.
        account: number of the account.
        rows: the group's exchanges, of this account and others.

    Returns:
        The best split, or None where the account has too few exchanges on either side or
        no split separates them better than chance.
    """
    ptr, by_account = view.account_rows
    hi = int(ptr[account]) + int(view.requests[account])
    own = by_account[max(int(ptr[account]), hi - _ROWS) : hi]
    inside = _marked(own, np.sort(rows))
    if min(inside.sum(), own.size - inside.sum()) < _LEAST:
        return None
    best: SubStream | None = None
    log = view.log
    for column, values in (
        ("end_user_id", log.end_user),
        ("system_prompt", log.system),
        ("conversation_id", log.conversation),
        ("client", log.client),
    ):
        nats, _, value, share_in, share_out = _split(values[own], inside)
        if nats > (best.nats if best else 0.0):
            best = SubStream(column, int(value), share_in, share_out, nats)
    return best


class SubStreams:
    """An account whose harvest is one of the streams that it already keeps apart."""

    slug = "sub-streams"
    family = "content"
    reads = frozenset({"end_user_id", "conversation_id"})
    cheap = False
    sees = "the group's exchanges filling end users or conversations of their own"
    innocent = (
        "agents repeat an instruction through a conversation, and an application serves one task "
        "to some end users: the crowd is the null"
    )
    source = "Krichevsky and Trofimov (IEEE Trans. Inf. Theory 1981), for the marginal likelihood"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure how well the best split of each account separates the group's exchanges."""
        size = len(groups)
        stat, effect, support = np.zeros(size), np.zeros(size), np.zeros(size, np.int64)
        ptr, by_account = view.account_rows
        _pooled(
            groups.account_ptr,
            groups.accounts,
            groups.row_ptr,
            groups.rows,
            ptr,
            by_account,
            view.requests,
            view.once("splits", lambda: _columns(view)),
            stat,
            effect,
            support,
        )
        enough = support >= 3
        return Measurement(
            np.where(enough, stat, 0.0), np.where(enough, effect, 0.0), support, enough
        )

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"in {support} accounts with other traffic, end user or conversation separates these "
            f"exchanges from the others by {effect:.0%} (100% is completely)"
        )
