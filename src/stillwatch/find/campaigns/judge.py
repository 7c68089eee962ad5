"""Weigh a group: each family on members that the others chose, then one decision.

The rules are numbered; ``decide`` applies them and says which one a group fell short of.

J-1  Detectors of one family add up, each bounded, on members that the other families chose.
J-2  Fewer than four accounts are a household or a coincidence; of four and five more is asked,
     since there are so many ways to choose a few, and so many looks.
J-3  Whole texts that repeat between the accounts speak for people, classes and benchmarks.
J-4  Accounts most of which name an organisation that others of them name are together openly;
     they are shown and not declared.
J-9  What remains is weighed together (``weigh``) and must reach the operator's threshold.
J-10 Members who neither write like the others, nor look like them, nor are tied to them are
     put before a person; at least four must be left.
J-11 At least two kinds of evidence must speak: values or blocks in common, rounds, long answers, a
     burst or a move to a new model, ages or clients alike, single questions.
J-12 Fewer than a dozen exchanges are too few to tell anything from, and fewer than four dozen must
     say more; a campaign that is young will have more at the next looks.
J-13 Accounts half of which hold one card, phone or machine are one customer's, who does not hide
     that; they are shown and not declared.
J-14 A member that had the group's words before all the others, and is tied to none of them, may
     have been copied by them: it is put before a person (``priority``).
J-15 What peers say adds to the odds, four nats at most; it is no kind of evidence (J-11), and where
     a group falls short without it, only the accounts that peers recognise are flagged.

J-5 to J-8 were withdrawn; what they refused is weighed (docs/decisions/0010 and 0011).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.likeness import FITS, likeness_of
from stillwatch.find.campaigns.mixture import Coded, code_features, fit, log_ratios, narrow
from stillwatch.find.campaigns.refine import Population, features_of, split, telling_facets, ties
from stillwatch.find.campaigns.structure import Proposer, Structure, structure_of
from stillwatch.find.campaigns.weigh import THRESHOLD, kinds_of, weigh
from stillwatch.find.detectors import DETECTORS
from stillwatch.find.features.groups import group_of_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from stillwatch.find.campaigns.crowds import Crowds
    from stillwatch.find.campaigns.refine import Feature
    from stillwatch.find.campaigns.style import Styles
    from stillwatch.find.detectors.interface import Detector
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = [
    "FLOORS",
    "Judged",
    "complete",
    "confined",
    "decide",
    "fitting",
    "judge",
    "reviewed",
    "speaking",
]

FLOORS: Mapping[str, float] = {
    "young-burst": 0.05,
    "common-onset": 0.1,
    "shift-hours": 0.1,
    "release-pivot": 0.1,
    "answer-length": 0.12,
    "no-follow-up": 0.1,
    "exchangeability": 0.5,
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
    "no-follow-up": (0.0, 4.0),
    "job-queue": (-8.0, 3.0),
    "exchangeability": (0.0, 6.0),
    "capability-coverage": (0.0, 3.0),
    "replacement-after-block": (0.0, 0.0),
    "technique-probing": (0.0, 0.0),
    "sub-streams": (0.0, 0.0),
    "two-sample": (0.0, 0.0),
    "peer-indicators": (0.0, 4.0),
}
"""Nats that each detector may add (J-1)."""
FAMILY_CAP: Mapping[str, float] = {
    "identity": 24.0,
    "infrastructure": 16.0,
    "rhythm": 9.0,
    "lifecycle": 10.0,
    "content": 9.0,
    "intelligence": 4.0,
}
_WRITES, _WRITES_MOST = 5.0, 7.0
"""Nats of writing at which an account is as likely as not a member, and that count at most."""
_ELSE = 4.0
"""Nats that everything but writing can add or take at most."""
REVIEW = 0.45
"""Membership of an account that is put before a person and not flagged."""
SMALLEST, PLENTY = 4, 6
"""Accounts of the smallest campaign that is declared, and from which on a nat more for each that
is missing is not asked for (J-2)."""
UNTIED = 1.2
"""Log ratio beyond text that a member without a tie needs where most have none."""
REPEATS = -1.0
"""Nats against a queue from which on whole texts repeat (J-3)."""
OPENLY, ORGANISED = 0.5, 0.3
"""Shares of members that name what another member names, and that name an organisation (J-4)."""
SEATS = 0.5
"""Share of members that hold one value from which on they are one customer's (J-13)."""
KINDS = 2
"""Kinds of evidence that must speak (J-11)."""
EXCHANGES, MANY = 12, 48
"""Exchanges of the smallest campaign that is declared, three for each of its accounts, and from
which on a nat more for each halving is not asked for (J-12)."""
_THIN, _PLENTY = 3.0, 5_000.0
"""Nats asked for beside the threshold where nothing was learned yet, and the exchanges after
which half of them are asked."""


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
    structure: Structure
    """How the group is built."""
    fit: NDArray[np.float64]
    """Log odds that a member belongs with the others, minus infinity for those who are none."""

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
    styles: Styles,
    *,
    by: Proposer = "words",
    whole: bool = False,
    without: frozenset[str] = frozenset(),
) -> Judged:
    """Judge one group (DESIGN section 4, step 4).

    Args:
        view: what is known.
        groups: groups, one of which is judged.
        group: its number.
        facets: facets that made it.
        crowds: the null.
        population: what everyone looks like.
        styles: of the same view.
        by: what proposed it.
        whole: take the group as it is; its style says who belongs to it.  Otherwise the part
            that is most of one piece is looked for first.
        without: families and detectors that are left out.
    """
    carried = telling_facets(view, groups.accounts_of(group), facets)
    features = _heard(features_of(groups, group, view, population), without)
    kept = np.ones(carried.shape[0], np.bool_) if whole else _of_one_piece(features, carried)
    if not kept.all():
        groups, group, carried = _part(view, groups, group, kept), 0, carried[kept]
        features = _heard(features_of(groups, group, view, population), without)
    accounts = groups.accounts_of(group)
    coded = code_features(features, accounts.size)
    writes = _writers(groups, group, styles) if whole else None
    heard = _evidence(view, groups, group, crowds, coded, carried, writes, without)
    if writes is None:
        probability = _held(fit(coded, carried), coded, ties(features))
    else:
        probability = _joined(writes, coded)
        if (probability >= 0.5).sum() < SMALLEST:
            probability = _held(fit(coded, carried), coded, ties(features))
    member = probability >= 0.5
    part = _part(view, groups, group, member)
    if not member.all():
        features = _heard(features_of(part, 0, view, population), without) if member.any() else []
    reached = styles.reach(part.accounts, part.rows) if member.sum() >= 2 else None
    likeness = likeness_of(view, part.accounts, features, reached)
    fits = np.full(accounts.size, -np.inf)
    fits[member] = likeness.fit  # a part keeps its group's order
    built = structure_of(view, part.accounts, part.rows, facets, likeness, by=by)
    return Judged(accounts, probability, part.rows, facets, *heard, built, fits)


def _of_one_piece(features: list[Feature], carried: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the part of a group that is most of one piece, all of it where that is too few."""
    kept = split(features, carried)
    if kept.all():
        kept = narrow(code_features(features, kept.size), carried)
    return kept if kept.sum() >= SMALLEST else np.ones_like(kept)


def _evidence(
    view: View,
    groups: Groups,
    group: int,
    crowds: Crowds,
    coded: Coded,
    carried: NDArray[np.bool_],
    writes: NDArray[np.float64] | None,
    without: frozenset[str],
) -> tuple[dict[str, float], dict[str, float], dict[str, int], dict[str, bool], dict[str, float]]:
    """Return nats, effect, support and enough by detector, and nats by family (J-1)."""
    log_e = {detector.slug: 0.0 for detector in DETECTORS}
    effect = {detector.slug: 0.0 for detector in DETECTORS}
    support = {detector.slug: 0 for detector in DETECTORS}
    enough = {detector.slug: False for detector in DETECTORS}
    families: dict[str, float] = {}
    for family in FAMILY_CAP:
        if family in without:
            families[family] = 0.0
            continue
        if writes is not None and (writes >= _WRITES).sum() >= SMALLEST:
            kept = writes >= _WRITES
        else:
            kept = fit(coded, carried, without=family) >= 0.5
        part = _part(view, groups, group, kept) if kept.sum() >= 4 else None
        total = 0.0
        for detector in speaking(without):
            if part is None or detector.family != family:
                continue
            slug = detector.slug
            measured = detector.measure(part, view)
            effect[slug], support[slug] = float(measured.effect[0]), int(measured.support[0])
            enough[slug] = bool(measured.enough[0])
            if enough[slug]:
                value = float(crowds.log_e(slug, measured, part.sizes)[0])
                log_e[slug] = min(max(value, BOUNDS[slug][0]), BOUNDS[slug][1])
            total += log_e[slug]
        families[family] = min(total, FAMILY_CAP[family])
    return log_e, effect, support, enough, families


def speaking(without: frozenset[str] = frozenset()) -> tuple[Detector, ...]:
    """Return the detectors with a say, but those left out by slug or family."""
    return tuple(
        detector
        for detector in DETECTORS
        if BOUNDS[detector.slug] != (0.0, 0.0)
        and detector.slug not in without
        and detector.family not in without
    )


def complete(view: View, judged: Judged, without: frozenset[str] = frozenset()) -> Judged:
    """Return a judgement with the effects of the detectors that report and have no say."""
    if judged.rows.size == 0:
        return judged
    groups = group_of_rows(view, judged.rows.astype(np.int32))
    effect, support, enough = dict(judged.effect), dict(judged.support), dict(judged.enough)
    for detector in DETECTORS:
        slug = detector.slug
        if BOUNDS[slug] != (0.0, 0.0) or {slug, detector.family} & without:
            continue
        measured = detector.measure(groups, view)
        effect[slug], support[slug] = float(measured.effect[0]), int(measured.support[0])
        enough[slug] = bool(measured.enough[0])
    return replace(judged, effect=effect, support=support, enough=enough)


def _heard(features: list[Feature], without: frozenset[str]) -> list[Feature]:
    kept = [feature for feature in features if feature.family not in without]
    return kept or features[:1]


def _writers(groups: Groups, group: int, styles: Styles) -> NDArray[np.float64]:
    """Return the log ratio of each account's writing, bounded; 0 where there is no style."""
    accounts = groups.accounts_of(group)
    reached = styles.reach(accounts, groups.rows_of(group))
    if reached is None:
        return np.zeros(accounts.size)
    return np.minimum(reached.ratios_of(accounts), _WRITES_MOST)


def _joined(writes: NDArray[np.float64], coded: Coded) -> NDArray[np.float64]:
    """Return memberships from writing and from all else, which together must say yes."""
    ratio = log_ratios(coded, (writes >= _WRITES).astype(np.float64))
    odds = writes - _WRITES + np.clip(ratio, -_ELSE, _ELSE)
    return np.asarray(1.0 / (1.0 + np.exp(-odds)))


def _held(
    probability: NDArray[np.float64], coded: Coded, tied: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Send to review the members that nothing but text holds, where most are of that kind."""
    member = probability >= 0.5
    if not member.any() or tied[member].mean() >= 0.5:
        return probability
    ratio = log_ratios(coded, member.astype(np.float64))
    loose = member & ~tied & (ratio < UNTIED)
    return reviewed(probability, loose)


def _part(view: View, groups: Groups, group: int, kept: NDArray[np.bool_]) -> Groups:
    rows = groups.rows_of(group)[kept[groups.slots_of(group)]]
    return group_of_rows(view, rows)


def decide(judged: Judged, alpha: float, rows: int) -> str | None:
    """Return None where the group is declared, else the rule that it falls short of.

    Args:
        judged: the group.
        alpha: rate of false coordination.
        rows: exchanges from which the nulls were learned; few of them ask for more evidence.
    """
    built = judged.structure
    if judged.members.size < SMALLEST:
        return f"J-2: fewer than {SMALLEST} accounts remain"
    if judged.log_e["job-queue"] <= REPEATS:
        return "J-3: the accounts send the same whole texts"
    if built.declared >= OPENLY and built.names >= ORGANISED:
        return "J-4: most of the accounts name an organisation that others here name"
    if built.seats >= SEATS:
        return "J-13: half of the accounts hold one card, phone or machine, as one customer's do"
    if judged.rows.size < EXCHANGES:
        return f"J-12: fewer than {EXCHANGES} exchanges are too few to tell"
    odds = weigh(judged) + judged.log_e["peer-indicators"]  # J-15
    needed = THRESHOLD + float(np.log((1 - alpha) / alpha) - np.log(19.0))
    needed += _THIN / (1.0 + rows / _PLENTY)
    if odds < needed:
        return f"J-9: the evidence together is too weak, log odds {odds:.1f} of {needed:.1f}"
    needed += max(0, PLENTY - judged.members.size)
    if odds < needed:
        return f"J-2: fewer than {PLENTY} accounts, log odds {odds:.1f} of {needed:.1f}"
    if kinds_of(judged) < KINDS:
        return f"J-11: fewer than {KINDS} kinds of evidence speak"
    needed += max(0.0, float(np.log2(MANY / judged.rows.size)))
    if odds < needed:
        return f"J-12: fewer than {MANY} exchanges, log odds {odds:.1f} of {needed:.1f}"
    if (judged.fit >= FITS).sum() < SMALLEST:
        return f"J-10: fewer than {SMALLEST} accounts fit each other"
    return None


def reviewed(probability: NDArray[np.float64], loose: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return memberships, those of the loose at most what is put before a person."""
    return np.where(loose, np.minimum(probability, REVIEW), probability)


def fitting(judged: Judged) -> Judged:
    """Return a judgement whose members that do not fit the others are reviewed (J-10)."""
    loose = (judged.probability >= 0.5) & (judged.fit < FITS)
    return replace(judged, probability=reviewed(judged.probability, loose))


def confined(judged: Judged, accounts: NDArray[np.integer], view: View) -> Judged:
    """Return a judgement of which only these accounts can be members; the others are reviewed."""
    inside = np.zeros(view.seen.size, np.bool_)
    inside[accounts] = True
    return replace(
        judged,
        probability=reviewed(judged.probability, ~inside[judged.accounts]),
        rows=judged.rows[inside[view.log.account[judged.rows]]],
    )
