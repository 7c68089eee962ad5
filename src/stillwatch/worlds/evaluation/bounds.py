"""Intervals and tests on counts, exact where that is affordable."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln
from scipy.stats import beta

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["Rate", "equal_rates", "equal_rates_within", "rate"]

EXACT_TABLES = 50_000
"""Tables enumerated at most; beyond that they are drawn at random."""
DRAWS = 9_999
"""Tables drawn at random."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its two-sided 95 % Clopper-Pearson bounds."""

    hits: int
    """Numerator."""
    total: int
    """Denominator."""
    share: float | None
    """hits / total, None where total is 0."""
    low: float
    """Lower bound; 0 where total is 0."""
    high: float
    """Upper bound; 1 where total is 0."""


def rate(hits: int, total: int, confidence: float = 0.95) -> Rate:
    """Return a share with its exact two-sided bounds.

    Args:
        hits: successes.
        total: trials.
        confidence: coverage of the interval.

    Source: Clopper and Pearson, Biometrika 26 (1934).

    >>> r = rate(0, 300)
    >>> (r.share, r.low, round(r.high, 4))
    (0.0, 0.0, 0.0122)
    """
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, total - hits + 1))
    high = 1.0 if hits == total else float(beta.ppf(1 - tail, hits + 1, total - hits))
    return Rate(hits, total, hits / total if total else None, low, high)


def _tables(totals: NDArray[np.int64], hits: int) -> Iterator[NDArray[np.int64]]:
    """Enumerate ways to put hits into cells of the given sizes (stars and bars)."""
    cells = len(totals)
    for bars in combinations(range(hits + cells - 1), cells - 1):
        edges = np.array([-1, *bars, hits + cells - 1])
        table = np.diff(edges) - 1
        if np.all(table <= totals):
            yield table


def _distance(
    counts: NDArray[np.int64], expected: NDArray[np.float64], variance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum of squared standardised deviations over the last axis."""
    return np.asarray(((counts - expected) ** 2 / np.maximum(variance, 1e-300)).sum(axis=-1))


def equal_rates(hits: Sequence[int], totals: Sequence[int], seed: int = 0) -> float:
    """Return the p-value of “all cells have one rate”, given the margins.

    The statistic is Pearson's; its distribution is multivariate hypergeometric, enumerated
    where at most EXACT_TABLES tables exist and otherwise drawn DRAWS times.

    Args:
        hits: successes a cell.
        totals: trials a cell.
        seed: for the drawn tables.

    >>> equal_rates([0, 0], [10, 10])
    1.0
    >>> round(equal_rates([5, 0], [5, 5]), 4)  # Fisher's exact test: 2 / C(10, 5)
    0.0079
    """
    return equal_rates_within([hits], [totals], seed)


def equal_rates_within(
    hits: Sequence[Sequence[int]], totals: Sequence[Sequence[int]], seed: int = 0
) -> float:
    """Return the p-value of “within each stratum all cells have one rate”.

    Deviations from expectation are summed over strata cell by cell (as Cochran, Mantel and
    Haenszel do) and the margins of each stratum are kept.

    Args:
        hits: successes, strata by cells.
        totals: trials, strata by cells.
        seed: for the drawn tables.
    """
    x = np.asarray(hits, dtype=np.int64).reshape(len(hits), -1)
    n = np.asarray(totals, dtype=np.int64).reshape(len(hits), -1)
    k, size = x.sum(axis=1), n.sum(axis=1)
    use = (k > 0) & (k < size) & ((n > 0).sum(axis=1) > 1)
    x, n, k, size = x[use], n[use], k[use], size[use]
    if not len(x):
        return 1.0
    share = n / size[:, None]
    expected = (k[:, None] * share).sum(axis=0)
    spread = (k * (size - k) / np.maximum(size - 1, 1))[:, None] * share * (1 - share)
    variance = spread.sum(axis=0)
    live = variance > 0
    observed = _distance(x.sum(axis=0)[live], expected[live], variance[live])
    slack = 1e-9 * max(float(observed), 1.0)
    cells = n.shape[1]
    if len(x) == 1 and comb(int(k[0]) + cells - 1, cells - 1) <= EXACT_TABLES:
        return _exact(n[0], int(k[0]), expected, variance, float(observed) - slack)
    rng = np.random.default_rng(seed)
    drawn = np.zeros((DRAWS, cells), dtype=np.int64)
    for row, total in zip(n, k, strict=True):
        drawn += rng.multivariate_hypergeometric(row, int(total), size=DRAWS, method="marginals")
    null = _distance(drawn[:, live], expected[live], variance[live])
    return float((1 + (null >= observed - slack).sum()) / (DRAWS + 1))


def _exact(
    totals: NDArray[np.int64],
    hits: int,
    expected: NDArray[np.float64],
    variance: NDArray[np.float64],
    least: float,
) -> float:
    """Probability of tables at least as far from expectation as the one seen."""
    live = variance > 0

    def log_choose(n: NDArray[np.int64], k: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))

    tables = np.array(list(_tables(totals, hits)))
    whole = log_choose(totals.sum(keepdims=True), np.array([hits]))
    chance = np.exp(log_choose(totals[None, :], tables).sum(axis=1) - whole)
    far = _distance(tables[:, live], expected[live], variance[live]) >= least
    return float(min(1.0, chance[far].sum()))
