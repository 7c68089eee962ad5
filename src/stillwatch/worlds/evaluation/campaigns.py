"""What was found: recall, leaked harvest, time to detect and purity, by campaign and kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.evaluation.bounds import Rate, rate
from stillwatch.worlds.evaluation.judged import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from stillwatch.worlds.evaluation.judged import Judged

__all__ = [
    "CampaignResult",
    "DetectionResult",
    "KindResult",
    "PurityResult",
    "campaign_results",
    "detection",
    "kind_results",
    "merged_accounts",
    "purity",
]

HOUR = 3_600_000_000
"""Microseconds."""


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """How well one campaign of the truth was found."""

    campaign: str
    """Id in the truth; prefixed by the world where several are pooled."""
    kind: str
    """Adversary's cohort slug."""
    silent: int
    """Members that sent nothing and were not flagged; they count nowhere."""
    recall: Rate
    """Members flagged among members seen."""
    harvest: int
    """Harvest exchanges."""
    leaked_before_flag: float | None
    """Share of harvest before its own account's flag, all of it where there was none."""
    leaked_before_declaration: float | None
    """Share of harvest before the campaign's declaration, 1 where there was none."""
    declared: bool
    """Whether two members (or its only one) were flagged under one campaign id."""
    hours_to_declare: float | None
    """From the campaign's first harvest to its declaration, hours."""
    hours_to_flag: float | None
    """Median over flagged members from their first harvest to their flag, hours."""
    declared_as: int
    """Campaign ids its members were flagged under."""
    merged: Rate
    """Flagged members whose predicted campaign is mostly another actor's."""


@dataclass(frozen=True, slots=True)
class KindResult:
    """How well one kind of adversary was found, over its campaigns."""

    kind: str
    """Adversary's cohort slug."""
    campaigns: int
    """Campaigns with a member seen."""
    accounts: int
    """Their members seen."""
    recall: float
    """Mean over campaigns."""
    worst: float
    """Lowest over campaigns."""
    declared: int
    """Campaigns declared."""
    leaked_before_flag: float | None
    """Mean over campaigns with harvest."""
    leaked_before_declaration: float | None
    """Mean over campaigns with harvest."""
    hours_to_declare: float | None
    """Median over declared campaigns."""
    merged: Rate
    """Over flagged members."""


@dataclass(frozen=True, slots=True)
class PurityResult:
    """Whether what was declared as one campaign is one."""

    declared: int
    """Campaigns declared."""
    false: int
    """Of these, those in which benign accounts are the majority."""
    purity: float | None
    """Share of accounts in declared campaigns that belong to the campaign's main attacker."""
    merged: Rate
    """Flagged attack accounts whose predicted campaign is mostly another actor's."""
    misplaced: Rate
    """The same over every flagged account, benign and grey ones counted as misplaced wherever
    the campaign is mostly an attacker's."""


@dataclass(frozen=True, slots=True)
class DetectionResult:
    """What was found, over all campaigns."""

    campaigns: int
    """Campaigns with a member seen."""
    macro_recall: float | None
    """Mean recall over campaigns."""
    worst_campaign: float | None
    """Lowest recall of a campaign."""
    worst_kind: float | None
    """Lowest mean recall of a kind of adversary."""
    worst_kind_name: str | None
    """Which kind that is."""
    account_recall: Rate
    """Attack accounts flagged among those seen."""
    leaked_before_flag: float | None
    """Mean over campaigns with harvest."""
    leaked_before_declaration: float | None
    """Mean over campaigns with harvest."""
    worst_leaked_before_declaration: float | None
    """Highest of a campaign."""
    harvest_leaked_before_flag: float | None
    """Share of all campaigns' harvest together before its account's flag."""
    hours_to_declare: float | None
    """Median over declared campaigns."""
    hours_to_flag: float | None
    """Median over campaigns of the members' median."""


def _tallies(judged: Judged) -> list[Counter[int]]:
    """For each predicted campaign, its accounts by actor; -1 is no attacker."""
    tallies: list[Counter[int]] = [Counter() for _ in range(judged.predictions)]
    for group, actor in zip(judged.predicted.tolist(), judged.actor.tolist(), strict=True):
        if group >= 0:
            tallies[group][actor] += 1
    return tallies


def merged_accounts(judged: Judged) -> NDArray[np.bool_]:
    """Return which accounts stand in a predicted campaign that is mostly another actor's.

    “Mostly” is the actor with the most flagged accounts in it; an account of an actor that
    ties for the most is not merged.  Benign and grey accounts form the actor “none”.
    """
    main = [{a for a, n in t.items() if n == max(t.values())} for t in _tallies(judged)]
    pairs = zip(judged.predicted.tolist(), judged.actor.tolist(), strict=True)
    return np.array([g >= 0 and a not in main[g] for g, a in pairs], dtype=np.bool_)


def _declaration(judged: Judged, members: NDArray[np.int64]) -> int:
    """Earliest time at which two members (or the only one) are flagged under one id."""
    need = min(2, len(members))
    best = NEVER
    groups = judged.predicted[members]
    for group in np.unique(groups[groups >= 0]):
        times = np.sort(judged.flagged_at[members[groups == group]])
        if len(times) >= need:
            best = min(best, int(times[need - 1]))
    return int(best)


def _first_harvest(judged: Judged) -> NDArray[np.int64]:
    """First harvest time of each account, NEVER where it has none, µs, (accounts,)."""
    first = np.full(len(judged.account), NEVER, dtype=np.int64)
    np.minimum.at(first, judged.harvest_account, judged.harvest_time)
    return first


def campaign_results(judged: Judged) -> tuple[CampaignResult, ...]:
    """Judge each campaign of the truth, in order of its id."""
    merged = merged_accounts(judged)
    first = _first_harvest(judged)
    owner = judged.actor[judged.harvest_account]
    late = judged.harvest_time < judged.flagged_at[judged.harvest_account]
    results = []
    for code, name in enumerate(judged.actors):
        inside = (judged.actor == code) & judged.of_kind("attack")
        members = np.flatnonzero(inside & judged.seen)
        if not inside.any():
            continue
        flagged = members[judged.flagged[members]]
        mine = owner == code
        harvest = int(mine.sum())
        declared_at = _declaration(judged, members)
        declared = declared_at != NEVER
        started = int(first[members].min()) if harvest else NEVER
        waits = [
            float((judged.flagged_at[i] - first[i]) / HOUR) for i in flagged if first[i] != NEVER
        ]
        groups = judged.predicted[flagged]
        results.append(
            CampaignResult(
                campaign=name,
                kind=Counter(judged.cohort[inside].tolist()).most_common(1)[0][0],
                silent=int(inside.sum()) - len(members),
                recall=rate(len(flagged), len(members)),
                harvest=harvest,
                leaked_before_flag=float(late[mine].mean()) if harvest else None,
                leaked_before_declaration=float((judged.harvest_time[mine] < declared_at).mean())
                if harvest
                else None,
                declared=declared,
                hours_to_declare=(declared_at - started) / HOUR if declared and harvest else None,
                hours_to_flag=median(waits) if waits else None,
                declared_as=len(np.unique(groups[groups >= 0])),
                merged=rate(int(merged[flagged].sum()), len(flagged)),
            )
        )
    return tuple(results)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return fmean(known) if known else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return median(known) if known else None


def kind_results(campaigns: Sequence[CampaignResult]) -> tuple[KindResult, ...]:
    """Join campaigns by kind of adversary, worst recall first."""
    results = []
    for kind in {c.kind for c in campaigns}:
        mine = [c for c in campaigns if c.kind == kind and c.recall.share is not None]
        if not mine:
            continue
        shares = [c.recall.share or 0.0 for c in mine]
        results.append(
            KindResult(
                kind=kind,
                campaigns=len(mine),
                accounts=sum(c.recall.total for c in mine),
                recall=fmean(shares),
                worst=min(shares),
                declared=sum(c.declared for c in mine),
                leaked_before_flag=_mean(c.leaked_before_flag for c in mine),
                leaked_before_declaration=_mean(c.leaked_before_declaration for c in mine),
                hours_to_declare=_median(c.hours_to_declare for c in mine),
                merged=rate(sum(c.merged.hits for c in mine), sum(c.merged.total for c in mine)),
            )
        )
    return tuple(sorted(results, key=lambda k: (k.recall, k.kind)))


def purity(judged: Judged) -> PurityResult:
    """Judge the campaigns that the scan declared."""
    merged = merged_accounts(judged)
    grouped = judged.predicted >= 0
    attack = judged.of_kind("attack")
    size = np.bincount(judged.predicted[grouped], minlength=judged.predictions)
    harmless = np.bincount(
        judged.predicted[grouped & judged.of_kind("benign")], minlength=judged.predictions
    )
    used = size > 0
    attackers = [[n for a, n in t.items() if a >= 0] for t in _tallies(judged)]
    main = sum(max(sizes, default=0) for sizes in attackers)
    return PurityResult(
        declared=int(used.sum()),
        false=int((2 * harmless[used] > size[used]).sum()),
        purity=main / int(grouped.sum()) if grouped.any() else None,
        merged=rate(int((merged & attack).sum()), int((judged.flagged & attack).sum())),
        misplaced=rate(int(merged.sum()), int(judged.flagged.sum())),
    )


def detection(judged: Judged, campaigns: Sequence[CampaignResult]) -> DetectionResult:
    """Join all campaigns.

    Args:
        judged: what they were judged on.
        campaigns: from :func:`campaign_results`.
    """
    kinds = kind_results(campaigns)
    shares = [c.recall.share for c in campaigns if c.recall.share is not None]
    attack = judged.of_kind("attack") & judged.seen
    owned = judged.actor[judged.harvest_account] >= 0
    late = (judged.harvest_time < judged.flagged_at[judged.harvest_account])[owned]
    leaks = [
        c.leaked_before_declaration for c in campaigns if c.leaked_before_declaration is not None
    ]
    return DetectionResult(
        campaigns=len(shares),
        macro_recall=_mean(shares),
        worst_campaign=min(shares) if shares else None,
        worst_kind=kinds[0].recall if kinds else None,
        worst_kind_name=kinds[0].kind if kinds else None,
        account_recall=rate(int((attack & judged.flagged).sum()), int(attack.sum())),
        leaked_before_flag=_mean(c.leaked_before_flag for c in campaigns),
        leaked_before_declaration=_mean(leaks),
        worst_leaked_before_declaration=max(leaks) if leaks else None,
        harvest_leaked_before_flag=float(late.mean()) if len(late) else None,
        hours_to_declare=_median(c.hours_to_declare for c in campaigns),
        hours_to_flag=_median(c.hours_to_flag for c in campaigns),
    )
