"""Score texts under many keys in one pass over their distinct pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.prove.watermark.pairs import UniquePairs, pairs_by_text
from stillwatch.prove.watermark.tails import holm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.prove.watermark.interface import Scheme, Score
    from stillwatch.prove.watermark.keys import WatermarkKey
    from stillwatch.prove.watermark.pairs import Texts

__all__ = ["Detection", "Detector", "Named"]


@dataclass(frozen=True, slots=True)
class Named:
    """A key that is tried, under the name that a report calls it by."""

    name: str
    """Epoch and cohort, or any other name."""
    scheme: Scheme
    """How it marks."""
    key: WatermarkKey
    """The key."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What one key found over all texts."""

    named: Named
    """The key."""
    score: Score
    """Over the distinct pairs of all texts together."""
    log10_adjusted: float
    """log10 of the p-value after Holm's correction for all keys that were tried."""


class Detector:
    """Counts over any number of batches; a pair counts once, wherever it stands.

    Args:
        keys: all keys that are tried; the correction is for all of them.

    >>> from stillwatch.prove.watermark import GreenRed, Texts, WatermarkKey
    >>> detector = Detector([Named("a", GreenRed(), WatermarkKey(bytes(32)))])
    >>> detector.add(Texts.of([1, 2, 3, 1, 2, 3]))
    >>> detector.detections()[0].score.pairs
    3
    """

    def __init__(self, keys: Sequence[Named]) -> None:
        self.keys = tuple(keys)
        self._pairs = {named.scheme.context: UniquePairs(named.scheme.context) for named in keys}
        self._sums = [0.0] * len(self.keys)

    def add(self, texts: Texts) -> None:
        """Count a batch's pairs that were not seen before."""
        new = {context: pairs.add(texts) for context, pairs in self._pairs.items()}
        for at, named in enumerate(self.keys):
            values = named.scheme.values(named.key, new[named.scheme.context])
            self._sums[at] += float(values.sum(dtype=np.float64))

    def detections(self) -> list[Detection]:
        """Return what each key found so far, in the order of the keys."""
        scores = [
            named.scheme.judged(total, self._pairs[named.scheme.context].many)
            for named, total in zip(self.keys, self._sums, strict=True)
        ]
        adjusted = holm(np.array([score.log10_p for score in scores]))
        return [
            Detection(named, score, float(log10))
            for named, score, log10 in zip(self.keys, scores, adjusted, strict=True)
        ]

    def by_text(self, texts: Texts) -> list[list[Score]]:
        """Return the scores of each text by itself, for each key; nothing is counted.

        Returns:
            A list a text, of a score a key, not corrected for how many were tried.
        """
        windows = {context: pairs_by_text(texts, context) for context in self._pairs}
        scores: list[list[Score]] = [[] for _ in range(len(texts))]
        for named in self.keys:
            columns, of = windows[named.scheme.context]
            values = named.scheme.values(named.key, columns)
            sums = np.bincount(of, weights=values, minlength=len(texts))
            pairs = np.bincount(of, minlength=len(texts))
            for row, total, many in zip(scores, sums.tolist(), pairs.tolist(), strict=True):
                row.append(named.scheme.judged(total, many))
        return scores
