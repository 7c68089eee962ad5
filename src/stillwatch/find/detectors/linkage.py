"""How many accounts of a group are tied together by values that they share *covertly*.

A household, a shop, a school and a company share cards, phones and machines, and they share
them openly: the same accounts also sit behind one address block, or name one organisation, or
have mail at one domain of their own.  Those ties count nothing.  What counts is a value shared
by accounts that otherwise claim to have nothing to do with each other, and a value counts
the less, the more of the group it covers: one customer may have several seats.  Each further value
counts as a likelihood ratio: its other holders are in this group as often as they are, against
as often as the group's size predicts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import EFFECT_CAP, Measurement

if TYPE_CHECKING:
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["AFFINITY", "link_accounts", "value_evidence"]

_VALUE_CAP = 4.0
"""Nats that one value can give to each doubling of its accounts."""
AFFINITY = 2.0
"""People who share a value share habits: they meet in a group this many times more often."""
_HOLDERS = 64
"""Holders of one value in one group above which the value is popular and no link."""


@nb.njit(cache=True, nogil=True)
def value_evidence(m, d, p):
    """Log likelihood ratio that d holders meet m times in a group that holds a share p."""
    best = 0.0
    for q in (0.3, 0.6, 0.9):
        ratio = (m - 1) * np.log(q / p) + (d - m) * np.log((1 - q) / (1 - p)) - 1.1  # ln 3
        best = max(best, ratio)
    return min(best, _VALUE_CAP * np.log2(m)) if m >= 2 else 0.0


@nb.njit(cache=True, nogil=True)
def _openly_related(a, b, relations):
    """Whether two accounts name one organisation or one mail domain of their own."""
    for k in range(relations.shape[1]):
        if relations[a, k] >= 0 and relations[a, k] == relations[b, k]:
            return True
    return False


@nb.njit(cache=True, nogil=True)
def _units(holders, relations):
    """Count the holders that remain when openly related ones count as one."""
    n = holders.size
    unit = np.arange(n)
    for i in range(n):
        for j in range(i):
            if unit[i] != unit[j] and _openly_related(holders[i], holders[j], relations):
                old, new = unit[i], unit[j]
                for k in range(n):
                    if unit[k] == old:
                        unit[k] = new
    return np.unique(unit).size


@nb.njit(cache=True, nogil=True)
def _users(members, block, homes, home_rows, known):
    """How many of the members use a block."""
    count = 0
    for a in members:
        for i in range(homes.shape[1]):
            if homes[a, i] < 0 or home_rows[a, i] >= known:
                break
            if homes[a, i] == block:
                count += 1
                break
    return count


@nb.njit(cache=True, nogil=True)
def _one_place(holders, members, homes, home_rows, known):
    """Whether at least half the holders use one block that the rest of the group uses less."""
    for a in holders[: (holders.size + 1) // 2 + 1]:
        for i in range(homes.shape[1]):
            if homes[a, i] < 0 or home_rows[a, i] >= known:
                break
            here = _users(holders, homes[a, i], homes, home_rows, known)
            if here >= 2 and 2 * here >= holders.size:
                rest = _users(members, homes[a, i], homes, home_rows, known) - here
                others = members.size - holders.size
                if others < 3 or rest * holders.size <= 0.5 * here * others:
                    return True
    return False


@nb.njit(cache=True, nogil=True)
def _accounts(
    ptr,
    accounts,
    code,
    offset,
    degree,
    total,
    relations,
    homes,
    home_rows,
    known,
    stat,
    effect,
    support,
):
    for g in range(ptr.size - 1):
        members = accounts[ptr[g] : ptr[g + 1]]
        n = members.size
        p = min(0.5, max(1e-6, AFFINITY * (n - 1) / max(total - 1.0, 1.0)))
        values = code[members]
        order = np.argsort(values)
        have, linked = 0, 0
        sum_, largest = 0.0, 0.0
        start = 0
        for i in range(1, n + 1):
            if i < n and values[order[i]] == values[order[start]]:
                continue
            value = values[order[start]]
            size = i - start
            if value >= 0:
                have += size
                if 2 <= size <= _HOLDERS:
                    holders = members[order[start:i]]
                    m = _units(holders, relations)
                    d = max(degree[value + offset] - (size - m), m)
                    evidence = value_evidence(m, d, p) if m >= 2 else 0.0
                    if evidence > 0:  # noqa: SIM102
                        if _one_place(holders, members, homes, home_rows, known):
                            evidence = 0.0
                    if evidence > 0:
                        sum_ += evidence
                        linked += size
                        # what covers much of the group is what the group has openly
                        discount = 1.0 - (1.0 - size / n) ** 2
                        largest = max(largest, evidence * discount)
            start = i
        stat[g] = (sum_ - largest) * min(1.0, EFFECT_CAP / max(n, 1))
        effect[g] = linked / max(have, 1)
        support[g] = have


def link_accounts(groups: Groups, view: View, kind: int) -> Measurement:
    """Measure covert links through one kind of identity value.

    Args:
        groups: the groups.
        view: what is known.
        kind: column of ``AccountColumns.identity``.
    """
    size = len(groups)
    stat, effect = np.zeros(size), np.zeros(size)
    support = np.zeros(size, np.int64)
    _accounts(
        groups.account_ptr,
        groups.accounts,
        view.log.accounts.identity[:, kind],
        int(view.derived.identity_offset[kind]),
        view.identity_degree,
        view.accounts,
        view.derived.relations,
        view.derived.homes,
        view.derived.home_rows,
        view.rows,
        stat,
        effect,
        support,
    )
    return Measurement(stat, effect, support, support >= 3)
