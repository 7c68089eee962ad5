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

from stillwatch.find.campaigns.levels import (
    carriers,
    first_rows,
    held_links,
    length_levels,
    most_common,
    used_links,
)
from stillwatch.find.campaigns.mixture import code_features, log_ratios
from stillwatch.find.features.ties import POPULAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.log import Log
    from stillwatch.find.features.view import View

__all__ = [
    "Feature",
    "Population",
    "concentration",
    "features_of",
    "parameter_keys",
    "split",
    "telling_facets",
]

_DAY = 86_400_000_000
_AGES = np.array([0.5, 2, 5, 10, 20, 40, 90]) * _DAY
_LENGTHS = np.array([-0.6, -0.1, 0.3, 0.8])
_FACETS = 48
_DIVIDES = (0.1, 0.9)
"""Least and greatest share of a group's accounts that carry a facet that divides it."""
_TENTHS = 10


@dataclass(frozen=True, slots=True)
class Feature:
    """One categorical attribute of a group's accounts."""

    name: str
    """What it is, one of a kind in a group."""
    family: str
    code: NDArray[np.int64]
    """(k,) level of each account, -1 where unknown."""
    base: NDArray[np.float64]
    """(k, levels) or (levels,) probability of each level in the population."""


class Population:
    """What everyone looks like at one look, counted once for all groups."""

    def __init__(self, view: View) -> None:
        log, derived = view.log, view.derived
        created = log.accounts.created
        seen = np.flatnonzero(view.seen & (created >= 0))
        age = log.time[derived.first_row[seen]] - created[seen]
        ages = np.bincount(np.searchsorted(_AGES, age), minlength=_AGES.size + 1) + 1.0
        self.ages = ages / ages.sum()
        """Age at the first exchange known, in classes."""
        step = max(1, view.rows // 20_000)
        self.start = int(log.time[0] // _DAY)
        """First day of the log."""
        self.width = max(1, int((view.time // _DAY - self.start) // 10 + 1))
        """Days in a tenth of the log."""
        day = (log.time[: view.rows : step] // _DAY - self.start) // self.width
        days = np.bincount(day, minlength=_TENTHS)[:_TENTHS] + 1.0
        self.days = days / days.sum()
        """Exchanges by tenth of the log."""
        table = log.accounts
        self.declares = bool((table.organization >= 0).any() or table.licensed.any())
        """Whether any account names an organisation or holds a licence."""
        self.declared = (table.organization >= 0).astype(np.int64) + 2 * table.licensed
        """(N,) 1 organisation, 2 licence, 3 both."""
        declared = np.bincount(self.declared[view.seen], minlength=4) + 0.5
        self.declarations = declared / declared.sum()
        self.parameters = np.sort(parameter_keys(log, slice(0, view.rows, step)))
        """Temperature and cap of a sample of exchanges, ascending."""


def features_of(groups: Groups, group: int, view: View, population: Population) -> list[Feature]:
    """Return the features of one group's accounts."""
    accounts, rows, slot = (
        groups.accounts_of(group),
        groups.rows_of(group),
        groups.slots_of(group),
    )
    first = first_rows(rows, slot, accounts.size)
    found = [_identity_links(accounts, view), _ages(accounts, first, view, population)]
    found.append(_client(first, view))
    found.append(_window(first, view, population))
    found.append(_lengths(rows, slot, accounts.size, view))
    found.append(_declared(accounts, population))
    found.append(_parameters(first, view, population))
    blocks = _block_links(accounts, rows, slot, view)
    return [*found, blocks] if blocks is not None else found


def split(features: list[Feature], carried: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the accounts that remain when parts without ties are cut off.

    Where the carriers of one of the group's facets share values and the others do not, the
    others only borrow words.  The cut with the greatest likelihood ratio is taken, up to four
    times, while it is worth more than its search over facets costs.

    Args:
        features: as from :func:`features_of`.
        carried: as from :func:`telling_facets`.
    """
    tied = ties(features)
    kept = np.ones(carried.shape[0], np.bool_)
    for _ in range(4):
        best, cut = np.log(max(carried.shape[1], 1)) + 3.0, None
        for column in carried.T:
            inside, outside = kept & column, kept & ~column
            k, n = int(tied[inside].sum()), int(inside.sum())
            j, m = int(tied[outside].sum()), int(outside.sum())
            if n < 4 or m < 1 or k * m <= 2 * j * n:
                continue
            gain = _binomial(k, n) + _binomial(j, m) - _binomial(k + j, n + m)
            if gain > best:
                best, cut = gain, column
        if cut is None:
            break
        kept &= cut
    return kept


def ties(features: list[Feature]) -> NDArray[np.bool_]:
    """Return which accounts share an identity value or an uncommon block with another."""
    tied = np.zeros(features[0].code.size, np.bool_)
    for feature in features:
        if feature.base.shape[-1] == 2 and feature.family in {"identity", "infrastructure"}:
            tied |= feature.code == 1
    return tied


def _binomial(successes: int, trials: int) -> float:
    """Return the greatest log likelihood of a binomial count."""
    p = successes / trials
    if p in {0.0, 1.0}:
        return 0.0
    return float(successes * np.log(p) + (trials - successes) * np.log1p(-p))


def concentration(features: list[Feature], size: int) -> float:
    """Return how much better one campaign explains all the accounts than the population does.

    The sum over accounts of their log ratios, each learned from the others: accounts that do
    not fit lower it, so that of nested groups the one of one piece has the highest.
    """
    return float(log_ratios(code_features(features, size), np.ones(size)).sum())


def telling_facets(
    view: View, accounts: NDArray[np.int32], facets: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Return (k, F) which accounts carry which of the facets that divide the group most."""
    index = view.facets
    postings = (index.posting_ptr, view.ends, index.posting, view.log.account)
    found, counts = carriers(accounts, facets, *postings, view.seen.size, *_DIVIDES)
    columns: dict[bytes, tuple[float, int]] = {}
    for number, share in enumerate((counts / max(accounts.size, 1)).tolist()):
        columns.setdefault(found[number].tobytes(), (abs(share - 0.5), number))
    best = sorted(columns.items(), key=lambda item: (item[1][0], item[0]))[:_FACETS]
    return np.ascontiguousarray(found[[number for _, (_, number) in best]].T)


def _identity_links(accounts: NDArray[np.int32], view: View) -> Feature:
    """Whether an account shares an identity value with one of the group it does not name.

    Accounts of one organisation or of one mail domain of their own share values openly.
    """
    derived = view.derived
    level, chance = held_links(
        accounts,
        view.log.accounts.identity,
        derived.relations,
        view.identity_degree,
        derived.identity_offset,
        POPULAR,
        view.accounts,
    )
    return Feature("ties", "identity", level, np.stack([1 - chance, chance], axis=1))


def _ages(
    accounts: NDArray[np.int32], first: NDArray[np.int64], view: View, population: Population
) -> Feature:
    """Age at the first exchange of the group's kind, against that at everyone's first."""
    created = view.log.accounts.created[accounts]
    level = np.searchsorted(_AGES, view.log.time[first] - created)
    return Feature("ages", "lifecycle", np.where(created >= 0, level, -1), population.ages)


def _client(first: NDArray[np.int64], view: View) -> Feature:
    """The client of the first such exchange: one of the group's commonest, or another."""
    code = view.derived.client[first]
    known = code >= 0
    if not known.any():
        return Feature(
            "clients", "infrastructure", np.full(first.size, -1), np.array([0.4, 0.3, 0.3])
        )
    top, place = most_common(code[known], 6)
    level = np.full(first.size, -1, np.int64)
    level[known] = place
    share = view.client_degree[top] / max(view.accounts, 1)
    base = np.append(share, max(1.0 - share.sum(), 0.05))
    if base.size == 2:  # two levels mark ties elsewhere
        base = np.append(base, 0.0)
    return Feature("clients", "infrastructure", level, base / base.sum())


def _window(first: NDArray[np.int64], view: View, population: Population) -> Feature:
    """The tenth of the log of the first such exchange, against those of all exchanges."""
    tenth = (view.log.time[first] // _DAY - population.start) // population.width
    return Feature("days", "rhythm", np.minimum(tenth, _TENTHS - 1), population.days)


def _lengths(rows: NDArray[np.int32], slot: NDArray[np.int32], size: int, view: View) -> Feature:
    """Mean answer length residual, in fifths of everyone's exchanges."""
    level = length_levels(rows, slot, size, view.log.output_tokens, view.length, _LENGTHS)
    return Feature("lengths", "content", level, np.array([0.2, 0.3, 0.25, 0.15, 0.1]))


def _declared(accounts: NDArray[np.int32], population: Population) -> Feature:
    """Whether an account names an organisation or holds a licence."""
    if not population.declares:
        return Feature("declarations", "identity", np.full(accounts.size, -1), np.full(4, 0.25))
    return Feature(
        "declarations", "identity", population.declared[accounts], population.declarations
    )


def parameter_keys(log: Log, rows: slice | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number for the temperature and the cap that each exchange asks for."""
    return log.temperature[rows].astype(np.int64) * 2**32 + log.max_tokens[rows]


def _parameters(first: NDArray[np.int64], view: View, population: Population) -> Feature:
    """Temperature and cap asked for in the first such exchange."""
    top, level = most_common(parameter_keys(view.log, first), 5)
    everyone = population.parameters
    found = np.searchsorted(everyone, top, "right") - np.searchsorted(everyone, top)
    share = found / everyone.size + 0.002
    base = np.append(share, max(1 - share.sum(), 0.05))
    return Feature("parameters", "content", level, base / base.sum())


def _block_links(
    accounts: NDArray[np.int32], rows: NDArray[np.int32], slot: NDArray[np.int32], view: View
) -> Feature | None:
    """Whether an account shares an uncommon block with another of the group."""
    level, chance = used_links(
        accounts.size, rows, slot, view.derived.block, view.block_degree, POPULAR, view.accounts
    )
    if (level < 0).all():
        return None
    return Feature("blocks", "infrastructure", level, np.stack([1 - chance, chance], axis=1))
