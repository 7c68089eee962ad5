"""How many accounts each population opens, and how much they send."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.errors import ConfigurationError
from stillwatch.worlds.simulation.interface import Quota
from stillwatch.worlds.simulation.opening import SIGMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.worlds.simulation.interface import Population

__all__ = ["REGIMES", "Plan", "chosen", "plan", "seed_of"]

REGIMES = ("ordinary", "small", "people")
"""ordinary: campaigns share the prevalence unevenly.  small: each has 6 to 200 accounts.
people: campaigns send the very prompts that people send."""

_CALL = 2000  # accounts a call and
_ROWS = 300_000  # exchanges a call: what bounds memory while schedules are made
_LARGEST = 3000  # accounts of one campaign


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is called, for how many accounts."""

    calls: tuple[tuple[Population, Quota], ...]
    """Populations with their quotas, in calling order."""
    accounts: int
    """Accounts in all."""
    unit: float
    """Mean volume of an account of intensity 1."""


def chosen(
    every: Sequence[Population],
    names: Sequence[str] | None,
    what: str,
) -> tuple[Population, ...]:
    """Return the populations named, or all of them.

    Raises:
        ConfigurationError: a name is not in the registry.
    """
    if names is None:
        return tuple(every)
    known = {p.slug: p for p in every}
    for name in names:
        if name not in known:
            problem = f"there is no {what} called {name!r}"
            raise ConfigurationError(problem, todo=f"choose among: {', '.join(sorted(known))}")
    return tuple(p for p in every if p.slug in names)


def plan(
    cohorts: Sequence[Population],
    adversaries: Sequence[Population],
    *,
    exchanges: int,
    accounts: int,
    prevalence: float,
    regime: str,
    seed: int,
) -> Plan:
    """Deal accounts to cohorts and campaigns and find the unit of volume.

    Args:
        cohorts: benign and grey cohorts.
        adversaries: adversaries; each gets at least one campaign where the accounts allow it.
        exchanges: exchanges wanted.
        accounts: accounts wanted.
        prevalence: share of the accounts that attack; above 0 there is at least one campaign.
        regime: one of REGIMES.
        seed: the provider's seed.
    """
    rng = np.random.default_rng([seed, 11])
    hostile = 0
    if adversaries and prevalence > 0:
        hostile = max(round(accounts * prevalence), min(a.group for a in adversaries))
    campaigns = _campaigns(rng, adversaries, hostile, regime)
    spent = sum(quota.accounts for _, quota in campaigns)
    dealt = _deal(rng, cohorts, max(0, accounts - spent))
    sizes = [(cohort.intensity, dealt[cohort.slug]) for cohort in cohorts]
    sizes += [(quota.intensity, quota.accounts) for _, quota in campaigns]
    total = sum(size for _, size in sizes)
    if total == 0:
        problem = "no population fits into so few accounts"
        raise ConfigurationError(problem, todo="raise --accounts or name more --cohorts")
    weight = sum(size * intensity for intensity, size in sizes)
    squares = sum(size * intensity**2 for intensity, size in sizes)
    spread = math.sqrt(math.exp(SIGMA**2) * squares) / weight
    unit = exchanges * (1.13 + min(0.8, 1.5 * spread)) / weight
    calls = [call for cohort in cohorts for call in _calls(cohort, dealt[cohort.slug], unit)]
    return Plan((*calls, *campaigns), total, unit)


def _deal(rng: np.random.Generator, cohorts: Sequence[Population], accounts: int) -> dict[str, int]:
    """Deal benign accounts by share; a cohort that needs a group comes in whole groups."""
    shares = sum(c.share for c in cohorts)
    wanted = {c.slug: accounts * c.share / shares for c in cohorts}
    dealt = {}
    for cohort in cohorts:
        groups = wanted[cohort.slug] / cohort.group
        number = int(groups + rng.random())
        dealt[cohort.slug] = number * cohort.group
    widest = max(cohorts, key=lambda c: c.share / c.group, default=None)
    if widest is not None:
        dealt[widest.slug] = max(0, dealt[widest.slug] + accounts - sum(dealt.values()))
    return dealt


def _calls(cohort: Population, accounts: int, unit: float) -> list[tuple[Population, Quota]]:
    """Split a cohort into calls that fit into memory, in whole groups."""
    most = min(_CALL, int(_ROWS / (unit * cohort.intensity)))
    size = max(1, most // cohort.group) * cohort.group
    calls = []
    for call in range(-(-accounts // size)):
        part = min(size, accounts - call * size)
        quota = Quota(cohort.slug, cohort.kind, None, part, cohort.intensity, call)
        calls.append((cohort, quota))
    return calls


def _campaigns(
    rng: np.random.Generator,
    adversaries: Sequence[Population],
    hostile: int,
    regime: str,
) -> list[tuple[Population, Quota]]:
    """Deal hostile accounts to campaigns."""
    order = [adversaries[i] for i in rng.permutation(len(adversaries))]
    sizes: list[tuple[Population, int]] = []
    if regime == "small":
        left = hostile
        while order and left >= min(a.group for a in order):
            for adversary in order:
                size = int(math.exp(rng.uniform(math.log(6), math.log(200))))
                size = min(max(size, adversary.group), left)
                if size >= adversary.group:
                    sizes.append((adversary, size))
                    left -= size
    else:
        fitting: list[Population] = []
        for adversary in order:
            if sum(a.group for a in fitting) + adversary.group <= hostile:
                fitting.append(adversary)
        weights = np.array([a.share * rng.lognormal(0, 0.7) for a in fitting])
        spare = hostile - sum(a.group for a in fitting)
        for adversary, weight in zip(fitting, weights, strict=True):
            size = adversary.group + int(spare * weight / weights.sum())
            parts = -(-size // _LARGEST)
            sizes += [(adversary, size // parts + (i < size % parts)) for i in range(parts)]
    calls = []
    seen: dict[str, int] = {}
    places = {a.slug: i for i, a in enumerate(adversaries)}
    for adversary, size in sorted(sizes, key=lambda pair: places[pair[0].slug]):
        call = seen.setdefault(adversary.slug, 0)
        seen[adversary.slug] += 1
        campaign = f"{adversary.slug}-{call + 1}"
        quota = Quota(adversary.slug, "attack", campaign, size, adversary.intensity, call)
        calls.append((adversary, quota))
    return calls


def seed_of(seed: int, provider: int, name: str) -> int:
    """Return a 62-bit seed for one use in one provider's world."""
    mixed = np.random.SeedSequence([seed, provider, zlib.crc32(name.encode())])
    return int(mixed.generate_state(1, np.uint64)[0] >> np.uint64(2))
