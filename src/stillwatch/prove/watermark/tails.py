"""Exact upper tails as log10 p: nothing is approximated by a normal, nothing ends at 1e-308."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import betainc, gammaincc, gammaln

__all__ = ["holm", "log10_binomial_tail", "log10_gamma_tail"]

_FLOOR = 1e-280
"""Below this a tail is summed term by term, from its largest term on, in logarithms."""


def log10_binomial_tail(successes: int, trials: int, rate: float) -> float:
    """Return log10 P(X ≥ successes) for X ~ Binomial(trials, rate).

    >>> round(log10_binomial_tail(5, 5, 0.5), 6) == round(-5 * math.log10(2), 6)
    True
    >>> round(log10_binomial_tail(4000, 4000, 0.5) + 4000 * math.log10(2), 6)
    0.0
    """
    if successes <= 0:
        return 0.0
    tail = float(betainc(successes, trials - successes + 1, rate))
    if tail > _FLOOR:
        return min(math.log10(tail), 0.0)
    first = float(
        gammaln(trials + 1)
        - gammaln(successes + 1)
        - gammaln(trials - successes + 1)
        + successes * math.log(rate)
        + (trials - successes) * math.log1p(-rate)
    )
    at = np.arange(successes, trials, dtype=np.float64)
    return _summed(first, (trials - at) / (at + 1) * (rate / (1 - rate)))


def log10_gamma_tail(total: float, terms: int) -> float:
    """Return log10 P(X ≥ total) for X ~ Gamma(terms, 1), the sum of that many Exp(1).

    >>> round(log10_gamma_tail(2.0, 1) * math.log(10), 9)
    -2.0
    >>> round(log10_gamma_tail(5000.0, 1) * math.log(10), 6)
    -5000.0
    """
    if terms <= 0 or total <= 0:
        return 0.0
    tail = float(gammaincc(terms, total))
    if tail > _FLOOR:
        return min(math.log10(tail), 0.0)
    first = float(-total + (terms - 1) * math.log(total) - gammaln(terms))
    return _summed(first, np.arange(terms - 1, 0, -1, dtype=np.float64) / total)


def _summed(first: float, ratios: np.ndarray) -> float:
    """Return log10 of e^first (1 + r1 + r1 r2 + …), whose ratios fall from below one."""
    ratios = ratios[: 1 << 20]  # far past the last term that counts
    return (first + math.log1p(float(np.cumprod(ratios).sum()))) / math.log(10)


def holm(log10_p: np.ndarray) -> np.ndarray:
    """Return log10 of Holm's adjusted p-values, in the given order.

    >>> (10 ** holm(np.log10([0.01, 0.04, 0.03]))).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    many = log10_p.size
    order = np.argsort(log10_p, kind="stable")
    steps = log10_p[order] + np.log10(np.arange(many, 0, -1))
    adjusted = np.empty(many)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 0.0)
    return adjusted
