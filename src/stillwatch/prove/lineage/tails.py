"""Upper tails of S = Σ w_j (g_j - ½), where the g_j are independent fair bits: bounds and exact.

All three speak of the same probability, that of the draw of a key.  The weights w may be anything
that was computed without the key.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.fft import ifft, next_fast_len
from scipy.optimize import brentq

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["log10_chernoff", "log10_hoeffding", "log10_tail", "log_mgf", "tails"]

_LN10 = math.log(10)
_LIGHTEST = 1e-12
"""A λ below this over the largest weight tells a sum from its mean 0 by nothing."""


def log_mgf(lean: float, sizes: ArrayLike, many: NDArray[np.float64] | float = 1.0) -> float:
    """Return log E e^{λ S} = Σ log cosh(λ w_j / 2).

    Args:
        lean: λ.
        sizes: (n,) |w|.
        many: (n,) how many weights have that size.

    >>> round(log_mgf(2.0, [1.0]), 6) == round(math.log(math.cosh(1.0)), 6)
    True
    """
    half = np.abs(lean * np.asarray(sizes, np.float64)) / 2
    return float(np.sum(many * (half + np.log1p(np.exp(-2 * half)) - math.log(2))))


def log10_hoeffding(weights: ArrayLike, total: float) -> float:
    """Return log10 of Hoeffding's bound on P(S ≥ total): exp(-2 total² / Σ w²).

    >>> round(log10_hoeffding([1.0, 1.0], 1.0) * _LN10, 6)
    -1.0
    """
    w = np.asarray(weights, np.float64)
    if total <= 0 or not w.any():
        return 0.0
    return -2 * total**2 / float(w @ w) / _LN10


def log10_chernoff(weights: ArrayLike, total: float) -> float:
    """Return log10 of the least Chernoff bound on P(S ≥ total), inf over λ of E e^{λ (S - total)}.

    Each λ above 0 gives a bound at a fixed threshold by Markov's inequality, so their infimum is
    one, and it falls as the threshold grows; taken at the observed sum it is therefore a valid
    p-value.  It is never above Hoeffding's, since log cosh x ≤ x² / 2.

    >>> round(log10_chernoff([1.0] * 10, 5.0), 3) == round(-10 * math.log10(2), 3)
    True
    """
    sizes, many = _grouped(np.asarray(weights, np.float64))
    lean = _lean(sizes, many, total)
    if lean is None:
        return 0.0
    return min((log_mgf(lean, sizes, many) - lean * total) / _LN10, 0.0)


def log10_tail(weights: NDArray[np.int64], total: float) -> float:
    """Return log10 P(S ≥ total) for integer weights, not a bound.

    The bits are tilted until their mean sum is `total`; the tilted sum's distribution is the
    inverse Fourier transform of the product of its bits' characteristic functions, one factor a
    distinct weight; the tail is summed from it with the tilt taken off.  Under the tilt about half
    of the mass is in the tail, so that floating point keeps nine digits of p however small it is.
    The lattice is at least 48 deviations long: what wraps around is far below what is summed.

    Args:
        weights: (n,) integers.
        total: threshold.

    >>> round(log10_tail(np.array([1, 1, 1, -2]), 2.5), 6) == round(-4 * math.log10(2), 6)
    True
    >>> round(log10_tail(np.array([1, 1, 1, 1]), 1.0), 6) == round(math.log10(5 / 16), 6)
    True
    """
    sizes, many = _grouped(np.asarray(weights, np.int64))
    # S + Σ|w| / 2 is a sum of independent bits times sizes: whole numbers.
    threshold = math.ceil(total + float(sizes @ many) / 2 - 1e-9)
    if threshold <= 0:
        return 0.0
    centred = threshold - float(sizes @ many) / 2
    lean = _lean(sizes, many, centred) or 0.0
    odds = np.exp(-np.abs(lean) * sizes)
    up = 1 / (1 + odds)
    spread = math.sqrt(float(np.sum(many * sizes**2 * up * (1 - up))))
    if centred >= float(sizes @ many) / 2:  # all bits up
        return -float(many.sum()) * math.log10(2) if 2 * centred <= sizes @ many else -math.inf
    length = next_fast_len(int(48 * spread + 4 * sizes.max()) + 16)
    mass = _mass(sizes, many, up, threshold - length // 2, length)
    above = mass[length // 2 :] @ np.exp(-lean * np.arange(length - length // 2))
    if not above > 0:
        return log10_chernoff(weights, total)
    log_p = log_mgf(lean, sizes, many) - lean * centred + math.log(float(above))
    return min(log_p / _LN10, 0.0)


def tails(weights: NDArray[np.int64], totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return P(S ≥ total) for many totals at once, true to about 1e-12 in all; see `log10_tail`.

    >>> tails(np.array([1, 1, 1, 1]), np.array([1.0, 2.0])).round(4).tolist()
    [0.3125, 0.0625]
    """
    sizes, many = _grouped(np.asarray(weights, np.int64))
    if not sizes.size:
        return (totals <= 0).astype(np.float64)
    middle = float(sizes @ many) / 2
    spread = math.sqrt(float(np.sum(many * sizes**2))) / 2
    length = next_fast_len(int(48 * spread + 4 * sizes.max()) + 16)
    start = math.floor(middle) - length // 2
    mass = _mass(sizes, many, np.full(sizes.size, 0.5), start, length)
    above = np.append(np.cumsum(mass[::-1])[::-1], 0.0)
    at = np.ceil(totals + middle - 1e-9).astype(np.int64) - start
    found: NDArray[np.float64] = np.clip(above[np.clip(at, 0, length)], 0.0, 1.0)
    return found


def _mass(
    sizes: NDArray[np.float64],
    many: NDArray[np.float64],
    up: NDArray[np.float64],
    start: int,
    length: int,
) -> NDArray[np.float64]:
    """Return the chances of start, start + 1, … for a sum of sizes, each there with chance `up`."""
    turn = 2 * np.pi / length * np.arange(length)
    log_phi = 1j * turn * start
    for size, times, share in zip(sizes, many, up, strict=True):
        log_phi += times * np.log(1 - share + share * np.exp(-1j * turn * size))
    found: NDArray[np.float64] = ifft(np.exp(log_phi)).real
    return found


def _grouped(
    weights: NDArray[np.float64] | NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distinct sizes of weights that are not 0, and how many have each."""
    sizes, many = np.unique(np.abs(weights[weights != 0]), return_counts=True)
    return sizes.astype(np.float64), many.astype(np.float64)


def _lean(sizes: NDArray[np.float64], many: NDArray[np.float64], total: float) -> float | None:
    """Return the λ under which the mean sum is `total`; the steepest where none is; None at ≤ 0."""
    if not sizes.size or total <= 0:
        return None

    def gap(lean: float) -> float:
        return float(np.sum(many * sizes / 2 * np.tanh(lean * sizes / 2))) - total

    steepest = 60 / float(sizes.min())
    if gap(steepest) <= 0:
        return steepest
    return float(brentq(gap, _LIGHTEST / float(sizes.max()), steepest, xtol=1e-14, rtol=1e-12))
