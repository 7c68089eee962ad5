"""The whole evaluation of one world or several pooled ones."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from stillwatch.errors import ConfigurationError
from stillwatch.worlds.evaluation.calibration import CalibrationResult, calibration
from stillwatch.worlds.evaluation.campaigns import (
    CampaignResult,
    DetectionResult,
    KindResult,
    PurityResult,
    campaign_results,
    detection,
    kind_results,
    purity,
)
from stillwatch.worlds.evaluation.false_positives import (
    FalsePositiveResult,
    GreyResult,
    false_positives,
    grey,
)
from stillwatch.worlds.evaluation.judged import Judged, join, pool
from stillwatch.worlds.evaluation.reading import read_truth, read_verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["BASE_RATES", "Evaluation", "evaluate", "evaluate_judged", "evaluate_many", "to_json"]

BASE_RATES = (0.001, 0.005, 0.02, 0.07)
"""Shares of attackers that precision is given at."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every figure; docs/reference/evaluation.md defines each."""

    worlds: int
    """Worlds pooled."""
    accounts: int
    """Accounts in them."""
    exchanges: int
    """Exchanges in them."""
    unjudged: int
    """Accounts without a verdict, counted as not flagged."""
    unknown: int
    """Verdicts on accounts that no world has, counted nowhere."""
    detection: DetectionResult
    """What was found."""
    purity: PurityResult
    """Whether one declared campaign is one actor's."""
    false_positives: FalsePositiveResult
    """Who was accused wrongly."""
    grey: GreyResult
    """Neither innocent nor attackers."""
    calibration: CalibrationResult
    """Over all accounts seen."""
    calibration_flagged: CalibrationResult
    """Over flagged accounts."""
    kinds: tuple[KindResult, ...]
    """By kind of adversary, worst first."""
    campaigns: tuple[CampaignResult, ...]
    """By campaign."""


def evaluate_judged(judged: Judged, base_rates: Sequence[float] = BASE_RATES) -> Evaluation:
    """Compute every figure.

    Args:
        judged: truth and verdicts.
        base_rates: shares of attackers to give precision at.

    Raises:
        ConfigurationError: a base rate is not between 0 and 1.
    """
    for base in base_rates:
        if not 0 < base < 1:
            what = f"base rate {base} is not between 0 and 1"
            raise ConfigurationError(what, todo="give shares such as .001,.02")
    campaigns = campaign_results(judged)
    return Evaluation(
        worlds=int(judged.world.max(initial=-1)) + 1,
        accounts=len(judged.account),
        exchanges=int(judged.exchanges.sum()),
        unjudged=judged.unjudged,
        unknown=judged.unknown,
        detection=detection(judged, campaigns),
        purity=purity(judged),
        false_positives=false_positives(judged, base_rates),
        grey=grey(judged),
        calibration=calibration(judged, flagged_only=False),
        calibration_flagged=calibration(judged, flagged_only=True),
        kinds=kind_results(campaigns),
        campaigns=campaigns,
    )


def evaluate(world: Path, verdicts: Path, base_rates: Sequence[float] = BASE_RATES) -> Evaluation:
    """Evaluate the verdicts on one world.

    Args:
        world: folder that ``stillwatch simulate`` wrote.
        verdicts: ``verdicts.parquet`` or the folder that ``stillwatch scan`` wrote.
        base_rates: shares of attackers to give precision at.

    Raises:
        StillwatchError: a file is missing or malformed.
    """
    return evaluate_many([(world, verdicts)], base_rates)


def evaluate_many(
    pairs: Sequence[tuple[Path, Path]], base_rates: Sequence[float] = BASE_RATES
) -> Evaluation:
    """Evaluate several worlds as one, for cohorts that are too small in each.

    Args:
        pairs: world and verdicts of each; campaigns of different worlds stay different.
        base_rates: shares of attackers to give precision at.

    Raises:
        ConfigurationError: no pair is given.
        StillwatchError: a file is missing or malformed.
    """
    if not pairs:
        what = "no world to evaluate"
        raise ConfigurationError(what, todo="give a world and its verdicts")
    parts = [join(read_truth(world), read_verdicts(verdicts)) for world, verdicts in pairs]
    return evaluate_judged(pool(parts), base_rates)


def to_json(evaluation: Evaluation) -> dict[str, object]:
    """Return the figures as plain values for JSON, keys named as the attributes."""
    return asdict(evaluation)
