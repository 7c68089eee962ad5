"""The upper tail of a sum of independent draws, each uniform over a few whole scores: not a bound.

The draws are tilted until their mean sum is the one observed, their distributions are convolved
one by one, and the tilt is taken off in logarithms.  Everything that is added is positive, so that
nothing cancels, and about half of the tilted mass lies in the tail, so that nothing underflows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["convolved", "log10_upper"]


def log10_upper(scores: Sequence[NDArray[np.int64]], total: int) -> float:
    """Return log10 P(Σ X_c ≥ total), X_c uniform over the entries of ``scores[c]``.

    Args:
        scores: for each draw the scores of its choices, (m_c,) integers.
        total: the observed sum.

    >>> one = np.array([1, 0, 0, 0])
    >>> round(log10_upper([one] * 3, 3) + 3 * math.log10(4), 9)
    0.0
    >>> log10_upper([], 0)
    0.0
    """
    low = sum(int(one.min()) for one in scores)
    high = sum(int(one.max()) for one in scores)
    if total <= low:
        return 0.0
    if total > high:
        return -math.inf
    if total == high:
        shares = [float(np.mean(one == one.max())) for one in scores]
        return float(np.log10(shares).sum())
    mean = sum(float(one.mean()) for one in scores)
    lean = 0.0 if total <= mean else _lean(scores, total)
    mass, log_norm = np.ones(1), 0.0
    for one in scores:
        tilted = lean * (one - one.max())
        weights = np.exp(tilted)
        log_norm += math.log(weights.sum() / one.size) + lean * float(one.max())
        mass = convolved(mass, one - one.min(), weights / weights.sum())
    with np.errstate(divide="ignore"):
        logs = np.log(mass[total - low :])
    at = np.arange(total, high + 1, dtype=np.float64)
    log = float(logsumexp(logs - lean * at)) + log_norm
    return min(log / math.log(10), 0.0)


def convolved(
    mass: NDArray[np.float64], steps: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the distribution of a sum after one more draw, whose steps are 0 or more.

    >>> convolved(np.array([0.5, 0.5]), np.array([0, 1]), np.array([0.5, 0.5])).tolist()
    [0.25, 0.5, 0.25]
    """
    out = np.zeros(mass.size + int(steps.max()))
    for step, weight in zip(steps.tolist(), weights.tolist(), strict=True):
        out[step : step + mass.size] += weight * mass
    return out


def _lean(scores: Sequence[NDArray[np.int64]], total: int) -> float:
    """Return λ at which the tilted draws' mean sum is `total`, between the mean and the maximum."""
    widest = max(one.size for one in scores)
    padded = np.full((len(scores), widest), -np.inf)
    for row, one in enumerate(scores):
        padded[row, : one.size] = one - one.max()
    top = sum(int(one.max()) for one in scores)

    def gap(lean: float) -> float:
        with np.errstate(invalid="ignore"):
            tilted = np.where(np.isneginf(padded), 0.0, np.exp(lean * padded))
            sums = np.where(np.isneginf(padded), 0.0, padded * tilted)
        return top + float((sums.sum(axis=1) / tilted.sum(axis=1)).sum()) - total

    steepest = 1.0
    while gap(steepest) < 0 and steepest < 1e4:
        steepest *= 2
    if gap(steepest) <= 0:
        return steepest
    return float(brentq(gap, 0.0, steepest, xtol=1e-12, rtol=1e-10))
