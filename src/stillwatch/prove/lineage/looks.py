"""For whoever must look early: an e-process over blocks of pairs, valid at every look.

A p-value holds for one look that was planned.  Two looks at one set of bits are not independent:
the bits of a key do not change as text grows.  So pairs are dealt into as many blocks as there are
looks, by a hash that knows no key, and look b uses the bits of block b and of no other.

Why it is valid.  Given all that was seen until look b, the results of earlier looks too, the bits
of block b are still independent fair bits under the null hypothesis, and its weights, computed from
all text so far, are constants.  So for each λ the factor exp(λ S_b - K_b(λ)), K_b the logarithm of
the moment generating function of S_b, has mean 1 given the past; the product over blocks is a
martingale from 1, and so is a mixture of such products over λ.  By Ville's inequality the chance
that it ever reaches 1 / alpha is at most alpha, however the looker decides when to stop and what to
ask next.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

from stillwatch.errors import ConfigurationError
from stillwatch.prove.lineage.statistics import ClippedResiduals, bits_of
from stillwatch.prove.lineage.tails import log_mgf

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.prove.lineage.counts import Counts
    from stillwatch.prove.watermark import GreenRed, WatermarkKey

__all__ = ["EProcess"]

_LEANS = 0.125 * 2.0 ** np.arange(0, 9)
"""λ times the deviation that all blocks would have together if they were like the one at hand."""


class EProcess:
    """Evidence against one suspect under one key, added to at each look.

    Args:
        scheme: how the key marks.
        key: of the cohort; it was committed before.
        looks: how many there may be, fixed before the first.

    >>> from stillwatch.prove.watermark import GreenRed, WatermarkKey
    >>> EProcess(GreenRed(), WatermarkKey(bytes(32)), 8).log10_e
    0.0
    """

    def __init__(self, scheme: GreenRed, key: WatermarkKey, looks: int) -> None:
        if looks < 1:
            raise ConfigurationError("there is no look", todo="plan 1 or more")
        self.scheme = scheme
        """How the key marks."""
        self.looks = looks
        """How many there may be."""
        self.taken = 0
        """Looks so far."""
        self._key = key
        self._logs = np.zeros(_LEANS.size)

    @property
    def log10_e(self) -> float:
        """log10 of the evidence so far; 1 / alpha or more rejects the null hypothesis."""
        return float(logsumexp(self._logs) - math.log(self._logs.size)) / math.log(10)

    def look(self, counts: Counts) -> float:
        """Add what all text so far says under the next block's bits; return `log10_e`.

        Raises:
            ConfigurationError: there were as many looks as planned.
        """
        if self.taken == self.looks:
            raise ConfigurationError(
                f"there were {self.looks} looks already", todo="plan a new test with a new key"
            )
        weights = ClippedResiduals().weights(counts).astype(np.float64)
        weights *= _blocks(counts.columns, self.looks) == self.taken
        self.taken += 1
        spread = 0.5 * math.sqrt(float(weights @ weights) * self.looks)
        if spread:
            total = float(weights @ bits_of(counts, self.scheme, self._key))
            for i, lean in enumerate(_LEANS / spread):
                self._logs[i] += lean * total - log_mgf(float(lean), weights)
        return self.log10_e


def _blocks(columns: NDArray[np.uint32], many: int) -> NDArray[np.int64]:
    """Return each pair's block, from its tokens alone, so that it never changes."""
    mixed = np.full(columns.shape[1], 0x9E3779B97F4A7C15, np.uint64)
    for row in columns:
        mixed ^= row
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return (mixed % np.uint64(many)).astype(np.int64)
