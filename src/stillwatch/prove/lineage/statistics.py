"""Was a model trained on text under a key?  Three statistics with p-values that hold as they stand.

All have one form, S = Σ w_j (g_j - ½) over distinct (context, token) pairs j, where g_j is 1 if the
key makes the token green after its context, and w_j is computed from what the suspect wrote, from a
baseline and from nothing else.

Why p is valid.  The null hypothesis is that what the suspect wrote does not depend on the key: it
was not trained on text under the key, and neither prompts nor baseline hold such text.  Under it
hold all text fixed.  The weights are then constants, and the g_j are independent fair bits: the key
was drawn at random, its function gives distinct pairs independent bits (SipHash as a pseudorandom
function), and no pair is there twice.  So P(S ≥ s) over the draw of the key is the tail of a sum of
known weights times fair bits, and each p below is that tail or a bound on it, whatever the weights,
the number of queries, the baseline or the language.  A baseline that fits badly, weights that were
tuned on the suspect's text, and few or many tokens change the power alone.

Not so if the key is chosen after the text, or texts after a look at a result: hence the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from stillwatch.errors import ConfigurationError
from stillwatch.prove.lineage.tails import log10_chernoff, log10_hoeffding, log10_tail
from stillwatch.prove.watermark.tails import log10_binomial_tail

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from stillwatch.prove.lineage.counts import Counts
    from stillwatch.prove.watermark import GreenRed, WatermarkKey

__all__ = [
    "STATISTICS",
    "ClippedResiduals",
    "DistinctPairs",
    "Finding",
    "Residuals",
    "Statistic",
    "bits_of",
    "findings",
    "rank",
    "sums",
]

_BINS = 32
"""Groups of pairs of like expectation, in each of which the residuals' spread is estimated."""
_LEVELS = 128
"""Steps of a clipped residual at its largest: fewer lose power, more take time."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one statistic says under one key."""

    statistic: str
    """Name of the statistic."""
    pairs: int
    """Distinct pairs with a weight."""
    total: float
    """S."""
    log10_p: float
    """log10 of the p-value."""
    log10_bound: float
    """log10 of a bound on it that takes a line to check: Hoeffding's or Chernoff's."""


class Statistic(Protocol):
    """A way to weigh pairs, and the tail of the weighed sum."""

    @property
    def name(self) -> str:
        """Name in plans and results."""

    def weights(self, counts: Counts) -> NDArray[np.int64] | NDArray[np.float64]:
        """Return (n,) weights of the pairs of `counts`, without any key."""

    def log10_p(self, weights: NDArray[np.int64] | NDArray[np.float64], total: float) -> float:
        """Return log10 of a p-value for P(S ≥ total)."""


@dataclass(frozen=True, slots=True)
class DistinctPairs:
    """Every pair that the suspect wrote counts once: exactly binomial.

    Needs no baseline.  As queries grow the suspect writes every pair sooner or later, green or not,
    and the test goes blind.
    """

    name: str = "distinct-pairs"

    def weights(self, counts: Counts) -> NDArray[np.int64]:
        """Return 1 for each pair that was seen."""
        return (counts.seen > 0).astype(np.int64)

    def log10_p(self, weights: NDArray[np.int64] | NDArray[np.float64], total: float) -> float:
        """Return the binomial tail."""
        many = int(np.count_nonzero(weights))
        return log10_binomial_tail(round(total + many / 2), many, 0.5)


@dataclass(frozen=True, slots=True)
class Residuals:
    """w = n_ct - N_c p0(t | c), with Hoeffding's bound: each term lies within ± w / 2."""

    name: str = "residuals"

    def weights(self, counts: Counts) -> NDArray[np.float64]:
        """Return what was seen over what was expected."""
        left: NDArray[np.float64] = counts.seen - counts.expected
        return left

    def log10_p(self, weights: NDArray[np.int64] | NDArray[np.float64], total: float) -> float:
        """Return Hoeffding's bound."""
        return log10_hoeffding(weights, total)


@dataclass(frozen=True, slots=True)
class ClippedResiduals:
    """Residuals clipped at a multiple of their own spread, in whole steps, with the exact tail.

    Where a student errs it errs by far, in a few pairs, and these drown the rest.  The spread is
    estimated without the key, as the root mean square residual of pairs that were expected about as
    often.  Whole steps put S on a lattice, where its distribution is computed and not bounded.
    """

    clip: float = 4.0
    """Spreads at which a residual ends."""
    name: str = "clipped-residuals"

    def weights(self, counts: Counts) -> NDArray[np.int64]:
        """Return the clipped residuals in steps of a 128th of the largest one."""
        left = counts.seen - counts.expected
        if not left.size:
            return np.zeros(0, np.int64)
        edges = np.quantile(counts.expected, np.linspace(0, 1, _BINS + 1)[1:-1])
        groups = np.searchsorted(edges, counts.expected)
        most = np.bincount(groups, left * left) / np.maximum(np.bincount(groups), 1)
        ends = self.clip * np.sqrt(most)[groups]
        clipped = np.clip(left, -ends, ends)
        largest = np.abs(clipped).max()
        if not largest:
            return np.zeros(left.size, np.int64)
        steps: NDArray[np.int64] = np.rint(clipped * (_LEVELS / largest)).astype(np.int64)
        return steps

    def log10_p(self, weights: NDArray[np.int64] | NDArray[np.float64], total: float) -> float:
        """Return the exact tail."""
        return log10_tail(weights.astype(np.int64), total)


STATISTICS: tuple[Statistic, ...] = (ClippedResiduals(), Residuals(), DistinctPairs())
"""Every statistic; the first found the smallest shares where they were compared."""


def bits_of(counts: Counts, scheme: GreenRed, key: WatermarkKey) -> NDArray[np.float64]:
    """Return g - ½ of every pair, (n,).

    Raises:
        ConfigurationError: the scheme's bits are not fair, or it looks at another context.
    """
    if scheme.gamma != 0.5 or scheme.context != counts.columns.shape[0] - 1:
        raise ConfigurationError(
            "the tests need fair bits and pairs of the scheme's own context",
            where=str(dict(scheme.settings())),
            todo="mark with gamma 0.5, and count with the context of the scheme",
        )
    bits: NDArray[np.float64] = scheme.values(key, counts.columns) - np.float64(0.5)
    return bits


def findings(
    counts: Counts,
    scheme: GreenRed,
    key: WatermarkKey,
    statistics: Sequence[Statistic] = STATISTICS,
) -> list[Finding]:
    """Return what each statistic says of one suspect under one key."""
    bits = bits_of(counts, scheme, key)
    found = []
    for statistic in statistics:
        weights = statistic.weights(counts)
        total = float(weights @ bits)
        p = statistic.log10_p(weights, total)
        bound = log10_chernoff(weights, total)
        many = int(np.count_nonzero(weights))
        found.append(Finding(statistic.name, many, total, p, max(p, bound)))
    return found


def rank(
    counts: Counts,
    scheme: GreenRed,
    key: WatermarkKey,
    wrong: Sequence[WatermarkKey],
    statistic: Statistic,
) -> tuple[int, NDArray[np.float64]]:
    """Return the true key's rank from 1 among wrong keys, and S under each of those, (wrong,).

    Under the null hypothesis rank / (wrong + 1) is itself a p-value, that needs neither tail nor
    bound, only keys drawn alike; it cannot go below 1 / (wrong + 1).  Ties count against the key.
    """
    weights = statistic.weights(counts)
    total = float(weights @ bits_of(counts, scheme, key))
    others = np.array([float(weights @ bits_of(counts, scheme, other)) for other in wrong])
    return 1 + int(np.count_nonzero(others >= total - 1e-9)), others


def sums(
    counts: Counts,
    scheme: GreenRed,
    keys: Iterable[WatermarkKey],
    statistics: Sequence[Statistic],
) -> NDArray[np.float64]:
    """Return S of each statistic under each of many keys, (keys, statistics).

    The bits of a key are drawn once for all statistics, which is nearly all of the work.
    """
    weights = np.stack([statistic.weights(counts).astype(np.float64) for statistic in statistics])
    found = [weights @ bits_of(counts, scheme, key) for key in keys]
    return np.array(found).reshape(len(found), len(statistics))
