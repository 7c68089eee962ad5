"""Who was accused wrongly: false positives by cohort and language, and precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.evaluation.bounds import Rate, equal_rates, equal_rates_within, rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from stillwatch.worlds.evaluation.judged import Judged

__all__ = [
    "FEW",
    "FalsePositiveResult",
    "GreyResult",
    "GroupRate",
    "PrecisionAt",
    "false_positives",
    "grey",
    "precision_at",
]

FEW = 300
"""Accounts below which a cohort's rate is not judged alone: pool more worlds."""

HARD_MEASURES = ("refuse", "refusal", "block")
"""Measures that a grey account must never get automatically (DESIGN section 7)."""


@dataclass(frozen=True, slots=True)
class GroupRate:
    """False positives of one cohort or language."""

    name: str
    """Cohort slug or language code."""
    rate: Rate
    """Accounts flagged among those seen."""
    enough: bool
    """Whether it holds at least FEW accounts."""


@dataclass(frozen=True, slots=True)
class PrecisionAt:
    """Precision that the measured rates give where attackers are so many of all accounts."""

    base_rate: float
    """Share of accounts that attack."""
    precision: float | None
    """From the measured rates; None where nothing would be flagged."""
    low: float
    """From the lower bound of recall and the upper bound of the false-positive rate."""


@dataclass(frozen=True, slots=True)
class FalsePositiveResult:
    """False positives over benign accounts."""

    overall: Rate
    """Benign accounts flagged among those seen."""
    silent: int
    """Benign accounts that sent nothing and were not flagged; they count nowhere."""
    cohorts: tuple[GroupRate, ...]
    """By cohort, highest upper bound first."""
    languages: tuple[GroupRate, ...]
    """By language, highest upper bound first."""
    language_p: float
    """P-value of one rate over all languages."""
    language_p_within_cohorts: float
    """The same within each cohort, so that who speaks what cannot explain it."""
    account_precision: Rate
    """Attack accounts among the flagged accounts that are not grey."""
    precision: tuple[PrecisionAt, ...]
    """At realistic base rates."""


@dataclass(frozen=True, slots=True)
class GreyResult:
    """What happened to accounts that are neither innocent nor attackers."""

    flagged: Rate
    """Grey accounts flagged among those seen."""
    blocked: int
    """Of these, those with a recommended refusal or block."""
    cohorts: tuple[GroupRate, ...]
    """By cohort."""


def _by(names: NDArray[np.object_], hit: NDArray[np.bool_]) -> tuple[GroupRate, ...]:
    groups = []
    for name in np.unique(names.astype(str)).tolist():
        mine = names == name
        total = int(mine.sum())
        groups.append(GroupRate(name, rate(int(hit[mine].sum()), total), total >= FEW))
    return tuple(sorted(groups, key=lambda g: (-g.rate.high, g.name)))


def _language_tests(
    language: NDArray[np.object_], cohort: NDArray[np.object_], hit: NDArray[np.bool_]
) -> tuple[float, float]:
    """P-values of equal rates over languages, overall and within cohorts."""
    if not len(hit):
        return 1.0, 1.0
    languages, column = np.unique(language.astype(str), return_inverse=True)
    cohorts, row = np.unique(cohort.astype(str), return_inverse=True)
    totals = np.zeros((len(cohorts), len(languages)), dtype=np.int64)
    hits = np.zeros_like(totals)
    np.add.at(totals, (row, column), 1)
    np.add.at(hits, (row, column), hit.astype(np.int64))
    plain = equal_rates(hits.sum(axis=0).tolist(), totals.sum(axis=0).tolist())
    return plain, equal_rates_within(hits.tolist(), totals.tolist())


def precision_at(recall: Rate, false: Rate, base_rates: Sequence[float]) -> tuple[PrecisionAt, ...]:
    """Carry measured rates to populations with other shares of attackers.

    Args:
        recall: attack accounts flagged.
        false: benign accounts flagged.
        base_rates: shares of accounts that attack, each in (0, 1).

    >>> from stillwatch.worlds.evaluation.bounds import rate
    >>> [p] = precision_at(rate(100, 100), rate(5, 10_000), [0.005])
    >>> round(p.precision, 2)
    0.91
    """

    def bayes(true: float, wrong: float, base: float) -> float | None:
        flagged = true * base + wrong * (1 - base)
        return true * base / flagged if flagged > 0 else None

    return tuple(
        PrecisionAt(
            base_rate=base,
            precision=None
            if recall.share is None or false.share is None
            else bayes(recall.share, false.share, base),
            low=bayes(recall.low, false.high, base) or 0.0,
        )
        for base in base_rates
    )


def false_positives(judged: Judged, base_rates: Sequence[float]) -> FalsePositiveResult:
    """Judge what was said of benign accounts.

    Args:
        judged: truth and verdicts.
        base_rates: shares of attackers to give precision at.
    """
    seen, flagged = judged.seen, judged.flagged
    benign, attack = judged.of_kind("benign"), judged.of_kind("attack")
    use = benign & seen
    language, cohort, hit = judged.language[use], judged.cohort[use], flagged[use]
    overall = rate(int(hit.sum()), int(use.sum()))
    caught = int((flagged & attack).sum())
    recall = rate(caught, int((attack & seen).sum()))
    plain, within = _language_tests(language, cohort, hit)
    return FalsePositiveResult(
        overall=overall,
        silent=int((benign & ~seen).sum()),
        cohorts=_by(cohort, hit),
        languages=_by(language, hit),
        language_p=plain,
        language_p_within_cohorts=within,
        account_precision=rate(caught, caught + overall.hits),
        precision=precision_at(recall, overall, base_rates),
    )


def grey(judged: Judged) -> GreyResult:
    """Judge what was said of grey accounts; they count in no other figure."""
    use = judged.of_kind("grey") & judged.seen
    hit = judged.flagged[use]
    hard = [any(m in str(x) for m in HARD_MEASURES) for x in judged.measure[use].tolist()]
    return GreyResult(
        flagged=rate(int(hit.sum()), int(use.sum())),
        blocked=int((np.array(hard, dtype=np.bool_) & hit).sum()),
        cohorts=_by(judged.cohort[use], hit),
    )
