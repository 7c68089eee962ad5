"""Whether a membership probability of .8 is right eight times in ten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.worlds.evaluation.judged import Judged

__all__ = ["Bin", "CalibrationResult", "calibrate", "calibration"]


@dataclass(frozen=True, slots=True)
class Bin:
    """Accounts whose probability lies in [low, high); the last bin holds 1 too."""

    low: float
    """Lower edge."""
    high: float
    """Upper edge."""
    accounts: int
    """Accounts in it."""
    mean_score: float | None
    """Mean probability, None where the bin is empty."""
    attack_share: float | None
    """Share of them that attack, None where the bin is empty."""


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """Calibration over one set of accounts."""

    accounts: int
    """Accounts judged."""
    brier: float | None
    """Mean squared difference between probability and truth."""
    ece: float | None
    """Expected calibration error: mean distance of probability from share, by accounts."""
    bins: tuple[Bin, ...]
    """Reliability bins of equal width."""


def calibrate(
    score: NDArray[np.float64], truth: NDArray[np.bool_], bins: int = 10
) -> CalibrationResult:
    """Compare probabilities with what is true.

    Args:
        score: probabilities in [0, 1], (n,).
        truth: what is true, (n,).
        bins: reliability bins of equal width.

    >>> r = calibrate(np.array([0.0, 1.0]), np.array([False, True]))
    >>> (r.brier, r.ece)
    (0.0, 0.0)
    """
    n = len(score)
    place = np.minimum((score * bins).astype(np.int64), bins - 1)
    rows = []
    error = 0.0
    for i in range(bins):
        mine = place == i
        count = int(mine.sum())
        said = float(score[mine].mean()) if count else None
        true = float(truth[mine].mean()) if count else None
        if said is not None and true is not None:
            error += abs(said - true) * count
        rows.append(Bin(i / bins, (i + 1) / bins, count, said, true))
    return CalibrationResult(
        accounts=n,
        brier=float(((score - truth) ** 2).mean()) if n else None,
        ece=error / n if n else None,
        bins=tuple(rows),
    )


def calibration(judged: Judged, *, flagged_only: bool) -> CalibrationResult:
    """Judge membership probabilities of benign and attack accounts seen; grey ones are left out.

    Args:
        judged: truth and verdicts.
        flagged_only: judge flagged accounts alone, among whom the many zeros of ordinary
            people cannot hide a bad probability.
    """
    use = judged.seen & ~judged.of_kind("grey")
    if flagged_only:
        use &= judged.flagged
    return calibrate(np.clip(judged.score[use], 0.0, 1.0), judged.of_kind("attack")[use])
