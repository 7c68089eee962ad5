"""Weigh a group: each family on members that the others chose, then one decision.

The rules are numbered; ``decide`` applies them and says which one a group fell short of.

J-1  Detectors of one family add up, each bounded, on members that the other families chose.
J-2  Fewer than six accounts are a household or a coincidence.
J-3  Whole texts that repeat between the accounts speak for people, classes and benchmarks.
J-4  Accounts that name one holder, an organisation or a mail domain of its own, are together
     openly; they are shown and not declared.
J-5  Answers clearly shorter than such prompts usually get speak for translation, extraction
     and support work: nobody trains on them at this price.
J-6  Without shared values or blocks, accounts that are opened together and have a text in
     common are a class or a launch, unless their answers are clearly longer than usual.
J-7  Fewer than sixteen accounts that share identity values and nothing else are one customer.
J-8  Accounts whose shared values go with a shared address block are shops, offices or
     families, however many of them use the same text.
J-9  What remains is weighed together (``weigh``) and must reach the operator's threshold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.mixture import Coded, code_features, fit, log_ratios, narrow
from stillwatch.find.campaigns.places import places
from stillwatch.find.campaigns.refine import Population, features_of, split, telling_facets, ties
from stillwatch.find.campaigns.weigh import THRESHOLD, weigh
from stillwatch.find.detectors import DETECTORS
from stillwatch.find.features.groups import groups_of_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from stillwatch.find.campaigns.crowds import Crowds
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["FLOORS", "Judged", "decide", "extend", "judge"]

FLOORS: Mapping[str, float] = {
    "young-burst": 0.05,
    "common-onset": 0.1,
    "shift-hours": 0.1,
    "release-pivot": 0.1,
    "answer-length": 0.12,
    "no-follow-up": 0.1,
    "exchangeability": 0.05,
    "capability-coverage": 0.05,
    "technique-probing": 0.1,
}
"""Least scale of a detector's null, in its own unit; one nat where not listed."""
BOUNDS: Mapping[str, tuple[float, float]] = {
    "payment-links": (0.0, 20.0),
    "phone-links": (0.0, 20.0),
    "device-links": (0.0, 20.0),
    "mail-patterns": (0.0, 12.0),
    "address-blocks": (0.0, 16.0),
    "client-rarity": (0.0, 3.0),
    "creation-clump": (0.0, 6.0),
    "common-onset": (0.0, 4.0),
    "shift-hours": (0.0, 6.0),
    "young-burst": (0.0, 3.0),
    "release-pivot": (0.0, 3.0),
    "lock-step": (0.0, 6.0),
    "answer-length": (0.0, 6.0),
    "no-follow-up": (0.0, 0.0),
    "job-queue": (-8.0, 3.0),
    "exchangeability": (0.0, 2.0),
    "capability-coverage": (0.0, 0.0),
    "replacement-after-block": (0.0, 0.0),
    "technique-probing": (0.0, 0.0),
    "sub-streams": (0.0, 0.0),
    "two-sample": (0.0, 0.0),
}
"""Nats that each detector may add (J-1)."""
FAMILY_CAP: Mapping[str, float] = {
    "identity": 24.0,
    "infrastructure": 16.0,
    "rhythm": 9.0,
    "lifecycle": 10.0,
    "content": 9.0,
}
SMALLEST = 6
"""Accounts of the smallest campaign that is declared (J-2)."""
UNTIED = 1.2
"""Log ratio beyond text that a member without a tie needs where most have none."""
LIKE = 2.5
"""Log ratio beyond text from which on an account that the text reaches joins a campaign."""
REPEATS = -1.0
"""Nats against a queue from which on whole texts repeat (J-3)."""
PLACED = 0.35
"""Share of tied members in places of their own from which on ties are open (J-8)."""
TIED = 1.5
"""Nats from which on shared values, or openings, say something."""
LONG = 0.8
"""Robust standard deviations of answer length from which on harvest outweighs J-6."""
FEW = 16
"""Accounts below which shared values alone are one customer (J-7)."""
SHORT = -0.45
"""Robust standard deviations of answer length below which nothing is being drawn out (J-5)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A group after judgement."""

    accounts: NDArray[np.int32]
    """All accounts judged."""
    probability: NDArray[np.float64]
    """Membership of each."""
    rows: NDArray[np.int32]
    """Rows of accounts with membership of at least one half."""
    facets: NDArray[np.int32]
    """Facets that made the group."""
    log_e: Mapping[str, float]
    """By detector, bounded; 0 where it abstains."""
    effect: Mapping[str, float]
    support: Mapping[str, int]
    enough: Mapping[str, bool]
    families: Mapping[str, float]
    """By family, bounded."""
    declared: float
    """Share of members that name an organisation or own domain that another member names."""
    placed: float
    """Share of the members tied by identity values that sit in one place with those they are
    tied to."""

    @property
    def members(self) -> NDArray[np.int32]:
        """Accounts with membership of at least one half."""
        return self.accounts[self.probability >= 0.5]

    @property
    def total(self) -> float:
        """Combined log e-value."""
        return float(sum(self.families.values()))


def judge(
    view: View,
    groups: Groups,
    group: int,
    facets: NDArray[np.int32],
    crowds: Crowds,
    population: Population,
) -> Judged:
    """Judge one group (DESIGN section 4, step 4)."""
    carried = telling_facets(view, groups.accounts_of(group), facets)
    features = features_of(groups, group, view, population)
    whole = split(features, carried)
    if whole.all():
        whole = narrow(code_features(features, whole.size), carried)
    if not whole.all() and whole.sum() >= 4:
        groups, group, carried = _part(view, groups, group, whole), 0, carried[whole]
    accounts = groups.accounts_of(group)
    features = features_of(groups, group, view, population)
    coded = code_features(features, accounts.size)
    log_e: dict[str, float] = {}
    effect: dict[str, float] = {}
    support: dict[str, int] = {}
    enough: dict[str, bool] = {}
    families: dict[str, float] = {}
    for family in FAMILY_CAP:
        kept = fit(coded, carried, without=family) >= 0.5
        part = _part(view, groups, group, kept) if kept.sum() >= 4 else None
        total = 0.0
        for detector in (d for d in DETECTORS if d.family == family):
            slug = detector.slug
            log_e[slug], effect[slug], support[slug], enough[slug] = 0.0, 0.0, 0, False
            if part is None:
                continue
            measured = detector.measure(part, view)
            effect[slug], support[slug] = float(measured.effect[0]), int(measured.support[0])
            enough[slug] = bool(measured.enough[0])
            if enough[slug]:
                value = float(crowds.log_e(slug, measured, part.sizes)[0])
                if slug == "job-queue":  # its statistic is a bounded ratio already
                    value = float(measured.statistic[0])
                log_e[slug] = min(max(value, BOUNDS[slug][0]), BOUNDS[slug][1])
            total += log_e[slug]
        families[family] = min(total, FAMILY_CAP[family])
    probability = _held(fit(coded, carried), coded, ties(features))
    rows = groups.rows_of(group)[(probability >= 0.5)[groups.slots_of(group)]]
    return Judged(
        accounts,
        probability,
        rows,
        facets,
        log_e,
        effect,
        support,
        enough,
        families,
        _declared(view, accounts[probability >= 0.5]),
        _placed(view, accounts[probability >= 0.5]),
    )


def _held(
    probability: NDArray[np.float64], coded: Coded, tied: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Send to review the members that nothing but text holds, where most are of that kind."""
    member = probability >= 0.5
    if not member.any() or tied[member].mean() >= 0.5:
        return probability
    ratio = log_ratios(coded, member.astype(np.float64))
    loose = member & ~tied & (ratio < UNTIED)
    return np.where(loose, np.minimum(probability, 0.45), probability)


def _declared(view: View, members: NDArray[np.int32]) -> float:
    named = np.zeros(members.size, np.bool_)
    for relation in view.derived.relations[members].T:
        _, inverse, counts = np.unique(relation, return_inverse=True, return_counts=True)
        named |= (relation >= 0) & (counts[inverse] >= 2)
    return float(named.mean()) if members.size else 0.0


def extend(
    view: View, judged: Judged, wider: Groups, facets: NDArray[np.int32], population: Population
) -> Judged:
    """Return a declared group with the accounts that its text reaches and that are like it.

    Args:
        view: what is known.
        judged: the declared group.
        wider: a group of one, grown from the members along text.
        facets: facets of the wider group.
        population: what everyone looks like.
    """
    accounts = wider.accounts_of(0)
    known = np.isin(accounts, judged.members)
    coded = code_features(features_of(wider, 0, view, population), accounts.size)
    ratio = log_ratios(coded, known.astype(np.float64))
    joins = ~known & (ratio >= LIKE)
    if not joins.any():
        return judged
    kept = (known | joins)[wider.slots_of(0)]
    odds = np.clip(ratio[joins], -30.0, 30.0)
    return replace(
        judged,
        accounts=np.concatenate([judged.accounts, accounts[joins]]),
        probability=np.concatenate([judged.probability, 1.0 / (1.0 + np.exp(-odds))]),
        rows=np.union1d(judged.rows, wider.rows_of(0)[kept]),
        facets=np.union1d(judged.facets, facets),
    )


def _part(view: View, groups: Groups, group: int, kept: NDArray[np.bool_]) -> Groups:
    rows = groups.rows_of(group)[kept[groups.slots_of(group)]]
    return groups_of_rows(view, np.array([0, rows.size], np.int64), rows)


def _placed(view: View, members: NDArray[np.int32]) -> float:
    tied, placed = places(view, members)
    return float(placed.sum() / tied.sum()) if tied.any() else 0.0


def decide(judged: Judged, alpha: float) -> str | None:
    """Return None where the group is declared, else the rule that it falls short of."""
    if judged.members.size < SMALLEST:
        return f"J-2: fewer than {SMALLEST} accounts remain"
    if judged.log_e["job-queue"] <= REPEATS:
        return "J-3: the accounts send the same whole texts"
    if judged.declared >= 0.5:
        return "J-4: most of the accounts name an organisation or domain that others here name"
    if judged.enough["answer-length"] and judged.effect["answer-length"] <= SHORT:
        return "J-5: the answers are shorter than such prompts usually get"
    nats = judged.log_e
    longer = max(0.0, judged.effect["answer-length"]) if judged.enough["answer-length"] else 0.0
    tied = judged.families["identity"] + nats["address-blocks"]
    clumped = nats["creation-clump"] + nats["young-burst"]
    if tied < TIED and clumped >= TIED and longer < LONG:
        return "J-6: opened together with a text in common, as classes and launches are"
    others = sum(
        nats[slug]
        for slug in ("address-blocks", "client-rarity", "lock-step", "shift-hours", "release-pivot")
    )
    others += 5.0 * max(0.0, longer - 0.3)
    if judged.members.size < FEW and judged.families["identity"] >= TIED and others < 2.0:
        return "J-7: few accounts that share cards or phones and nothing else, as one customer does"
    if judged.placed >= PLACED:
        return "J-8: those who share cards or phones also share a place that the others do not use"
    odds = weigh(judged)
    needed = THRESHOLD + float(np.log((1 - alpha) / alpha) - np.log(19.0))
    if odds < needed:
        return f"J-9: the evidence together is too weak, log odds {odds:.1f} of {needed:.1f}"
    return None
