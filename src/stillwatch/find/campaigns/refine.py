"""Who of a group belongs to the hand behind it: a two-part mixture over its accounts.

Others may use the same words: a licensed distiller, a student, people who copied a prompt.
One part of the mixture is the population, with frequencies counted over all accounts; the
other is the campaign, learned by expectation maximisation with the population as its prior.
Where a group is of one piece, the population's part dies out; where it is a mixture, accounts
that look like anyone leave.

Every feature belongs to a family of evidence and the mixture can be fitted without one family,
so that each family is judged on members that it did not choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.features.log import IDENTITY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["Feature", "concentration", "features_of", "membership", "telling_facets"]

_DAY = 86_400_000_000
_AGES = np.array([0.5, 2, 5, 10, 20, 40, 90]) * _DAY
_STEPS = 40
_FACETS = 24
_PRIOR = 2.0
"""Accounts that the population's frequencies weigh in the campaign's part."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One categorical attribute of a group's accounts."""

    family: str
    code: NDArray[np.int64]
    """(k,) level of each account, -1 where unknown."""
    base: NDArray[np.float64]
    """(k, levels) or (levels,) probability of each level in the population."""


def features_of(groups: Groups, group: int, view: View) -> list[Feature]:
    """Return the features of one group's accounts."""
    accounts, rows, slot = (
        groups.accounts_of(group),
        groups.rows_of(group),
        groups.slots_of(group),
    )
    found = [_identity_links(accounts, view), _ages(accounts, rows, slot, view)]
    found.append(_client(accounts, rows, slot, view))
    found.append(_window(rows, slot, accounts.size, view))
    found.append(_lengths(rows, slot, accounts.size, view))
    found.append(_declared(accounts, view))
    found.append(_parameters(rows, slot, accounts.size, view))
    blocks = _block_links(accounts, rows, slot, view)
    return [*found, blocks] if blocks is not None else found


def membership(
    features: list[Feature], carried: NDArray[np.bool_], *, without: str | None = None
) -> NDArray[np.float64]:
    """Return each account's probability of belonging to the campaign's part.

    Args:
        features: as from :func:`features_of`.
        carried: (k, F) which of the group's telling facets an account carries; here both
            parts learn their frequencies, so that a wording of the campaign's own tells it
            from those who use the common part of it.
        without: a family whose features are left out.
    """
    used = [f for f in features if f.family != without]
    size = carried.shape[0]
    member = np.full(size, 0.6)
    for step in range(_STEPS):
        share = (member.sum() + 1.0) / (size + 1.5)
        odds = np.full(size, np.log(share / (1 - share)))
        if step >= 2:
            odds += _wording(carried, member)
        for feature in used:
            odds += _log_ratio(feature, member)
        new = 1.0 / (1.0 + np.exp(-np.clip(odds, -30, 30)))
        if np.abs(new - member).max() < 1e-4:
            member = new
            break
        member = new
    return member


def concentration(features: list[Feature], size: int) -> float:
    """Return how much better one campaign explains all the accounts than the population does.

    The sum over accounts of their log ratios, each learned from the others: accounts that do
    not fit lower it, so that of nested groups the one of one piece has the highest.
    """
    member = np.ones(size)
    return float(sum(_log_ratio(feature, member).sum() for feature in features))


def telling_facets(view: View, accounts: NDArray[np.int32], facets: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return (k, F) which accounts carry which of the facets that divide the group most."""
    index = view.facets
    place = np.full(view.seen.size, -1, np.int64)
    place[accounts] = np.arange(accounts.size)
    columns: dict[bytes, tuple[float, NDArray[np.bool_]]] = {}
    for facet in facets.tolist():
        lo, hi = index.posting_ptr[facet], view.ends[facet]
        who = place[view.log.account[index.posting[lo:hi]]]
        column = np.zeros(accounts.size, np.bool_)
        column[who[who >= 0]] = True
        share = column.mean()
        if 0.1 <= share <= 0.9:
            columns.setdefault(column.tobytes(), (abs(share - 0.5), column))
    best = sorted(columns.items(), key=lambda item: (item[1][0], item[0]))[:_FACETS]
    if not best:
        return np.zeros((accounts.size, 0), np.bool_)
    return np.stack([column for _, (_, column) in best], axis=1)


def _wording(carried: NDArray[np.bool_], member: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log ratio of the facets carried, each part's frequencies learned without the account."""
    if carried.shape[1] == 0:
        return np.zeros(member.size)
    x = carried.astype(np.float64)
    other = 1.0 - member
    mean = x.mean(axis=0)
    rates = []
    for weight in (member, other):
        total = weight.sum() - weight
        rates.append((weight @ x - weight[:, None] * x + mean) / (total[:, None] + 1.0))
    inside, outside = (np.clip(rate, 0.02, 0.98) for rate in rates)
    ratio = x * np.log(inside / outside) + (1 - x) * np.log((1 - inside) / (1 - outside))
    # facets of one wording come together: count them as a few
    return np.clip(ratio.sum(axis=1) * min(1.0, 4.0 / carried.shape[1]), -4.0, 4.0)


def _log_ratio(feature: Feature, member: NDArray[np.float64]) -> NDArray[np.float64]:
    known = feature.code >= 0
    if not known.any():
        return np.zeros(member.size)
    base = feature.base if feature.base.ndim == 2 else np.tile(feature.base, (member.size, 1))
    code = np.where(known, feature.code, 0)
    mean = base[known].mean(axis=0)
    counts = np.bincount(code[known], weights=member[known], minlength=base.shape[1])
    # every account is judged by the others: its own weight is taken out
    own = counts[code] - member
    total = member[known].sum() - member
    inside = (own + _PRIOR * mean[code]) / (total + _PRIOR)
    ratio = np.log(np.maximum(inside, 1e-6)) - np.log(
        np.maximum(base[np.arange(member.size), code], 1e-6)
    )
    return np.where(known, np.clip(ratio, -2.5, 2.5), 0.0)


def _first_rows(rows: NDArray[np.int32], slot: NDArray[np.int32], size: int) -> NDArray[np.int64]:
    first = np.full(size, -1, np.int64)
    _, at = np.unique(slot, return_index=True)
    first[slot[at]] = rows[at]
    return first


def _identity_links(accounts: NDArray[np.int32], view: View) -> Feature:
    """Whether an account shares an identity value with one of the group it does not name.

    Accounts of one organisation or of one mail domain of their own share values openly.
    """
    linked = np.zeros(accounts.size, np.int64)
    holders = np.zeros(accounts.size)
    any_known = np.zeros(accounts.size, np.bool_)
    relation = view.derived.relations[accounts].max(axis=1).astype(np.int64)
    alone = relation < 0
    relation[alone] = -2 - np.arange(int(alone.sum()))
    for kind in range(len(IDENTITY)):
        code = view.log.accounts.identity[accounts, kind].astype(np.int64)
        known = code >= 0
        if not known.any():
            continue
        any_known |= known
        degree = view.identity_degree[np.maximum(code, 0) + view.derived.identity_offset[kind]]
        holders += np.where(known, degree - 1, 0)
        units = np.unique(np.stack([code, relation], axis=1), axis=0)[:, 0]
        values, counts = np.unique(units, return_counts=True)
        shared = counts[np.searchsorted(values, code)] >= 2
        linked |= known & shared & (degree <= 64)
    chance = np.clip(2.0 * holders * accounts.size / max(view.accounts, 1), 0.01, 0.9)
    return Feature(
        "identity", np.where(any_known, linked, -1), np.stack([1 - chance, chance], axis=1)
    )


def _ages(
    accounts: NDArray[np.int32], rows: NDArray[np.int32], slot: NDArray[np.int32], view: View
) -> Feature:
    """Age at the first exchange of the group's kind, against that at everyone's first."""
    created = view.log.accounts.created
    first = _first_rows(rows, slot, accounts.size)
    age = view.log.time[first] - created[accounts]
    level = np.searchsorted(_AGES, age)
    seen = np.flatnonzero(view.seen & (created >= 0))
    # everyone's age half way through what is known, or when they first spoke if later
    other = view.log.time[view.derived.first_row[seen]] - created[seen]
    base = np.bincount(np.searchsorted(_AGES, other), minlength=_AGES.size + 1) + 1.0
    return Feature(
        "lifecycle", np.where(created[accounts] >= 0, level, -1), base / base.sum()
    )


def _client(
    accounts: NDArray[np.int32], rows: NDArray[np.int32], slot: NDArray[np.int32], view: View
) -> Feature:
    """The client of the first such exchange: the group's most common one, or another."""
    code = view.derived.client[_first_rows(rows, slot, accounts.size)]
    known = code >= 0
    if not known.any():
        return Feature("infrastructure", np.full(accounts.size, -1), np.array([0.5, 0.5]))
    values, counts = np.unique(code[known], return_counts=True)
    top = values[np.argsort(-counts, kind="stable")[:6]]
    level = np.full(accounts.size, top.size, np.int64)
    for number, value in enumerate(top):
        level[code == value] = number
    share = view.client_degree[top] / max(view.accounts, 1)
    base = np.append(share, max(1.0 - share.sum(), 0.05))
    return Feature("infrastructure", np.where(known, level, -1), base / base.sum())


def _window(
    rows: NDArray[np.int32], slot: NDArray[np.int32], size: int, view: View
) -> Feature:
    """The day of the first such exchange, against the days of all exchanges."""
    start = view.log.time[0] // _DAY
    width = max(1, int((view.time // _DAY - start) // 10 + 1))
    day = (view.log.time[_first_rows(rows, slot, size)] // _DAY - start) // width
    everyone = (view.log.time[: view.rows : max(1, view.rows // 20_000)] // _DAY - start) // width
    levels = int(max(day.max(), everyone.max())) + 1
    base = np.bincount(everyone, minlength=levels) + 1.0
    return Feature("rhythm", day, base / base.sum())


def _lengths(
    rows: NDArray[np.int32], slot: NDArray[np.int32], size: int, view: View
) -> Feature:
    """Mean answer length residual, in fifths of everyone's exchanges."""
    known = view.log.output_tokens[rows] >= 0
    count = np.bincount(slot[known], minlength=size)
    total = np.bincount(slot[known], weights=view.length[rows[known]], minlength=size)
    mean = total / np.maximum(count, 1)
    level = np.searchsorted(np.array([-0.6, -0.1, 0.3, 0.8]), mean)
    base = np.array([0.2, 0.3, 0.25, 0.15, 0.1])
    return Feature("content", np.where(count > 0, level, -1), base)


def _declared(accounts: NDArray[np.int32], view: View) -> Feature:
    """Whether an account names an organisation or holds a licence."""
    table = view.log.accounts
    level = (table.organization >= 0).astype(np.int64) + 2 * table.licensed
    base = np.bincount(level[view.seen], minlength=4) + 0.5
    if (table.organization < 0).all() and not table.licensed.any():
        return Feature("identity", np.full(accounts.size, -1), np.full(4, 0.25))
    return Feature("identity", level[accounts], base / base.sum())


def _parameters(
    rows: NDArray[np.int32], slot: NDArray[np.int32], size: int, view: View
) -> Feature:
    """Temperature and cap asked for in the first such exchange."""
    first = _first_rows(rows, slot, size)
    log = view.log
    key = log.temperature.astype(np.int64) * 2**32 + log.max_tokens
    values, counts = np.unique(key[first], return_counts=True)
    top = values[np.argsort(-counts, kind="stable")[:5]]
    level = np.full(size, top.size, np.int64)
    for number, value in enumerate(top):
        level[key[first] == value] = number
    sample = key[: view.rows : max(1, view.rows // 20_000)]
    share = np.array([(sample == value).mean() for value in top]) + 0.002
    base = np.append(share, max(1 - share.sum(), 0.05))
    return Feature("content", level, base / base.sum())


def _block_links(
    accounts: NDArray[np.int32], rows: NDArray[np.int32], slot: NDArray[np.int32], view: View
) -> Feature | None:
    """Whether an account shares an uncommon block with another of the group."""
    block = view.derived.block[rows]
    usable = block >= 0
    if not usable.any():
        return None
    pairs = np.unique(slot[usable].astype(np.int64) * view.derived.blocks.values + block[usable])
    who, value = pairs // view.derived.blocks.values, pairs % view.derived.blocks.values
    values, inverse, counts = np.unique(value, return_inverse=True, return_counts=True)
    degree = view.block_degree[values]
    shared = (counts >= 2) & (degree <= 64)
    linked = np.zeros(accounts.size, np.int64)
    linked[who[shared[inverse]]] = 1
    others = np.bincount(who, weights=(degree[inverse] - 1.0), minlength=accounts.size)
    chance = np.clip(2.0 * others * accounts.size / max(view.accounts, 1), 0.02, 0.9)
    known = np.bincount(who, minlength=accounts.size) > 0
    return Feature(
        "infrastructure", np.where(known, linked, -1), np.stack([1 - chance, chance], axis=1)
    )
