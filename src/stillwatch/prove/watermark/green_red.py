"""Green and red tokens: half of the vocabulary is a little likelier, another half in each context.

Source: Kirchenbauer et al., A watermark for large language models (ICML 2023); that such a mark
passes into a model that is trained on it, Sander et al., Watermarking makes language models
radioactive (NeurIPS 2024).  Unlike there, a token's colour is a bit of its own and not its place in
a permutation of the vocabulary: colours are independent, need no vocabulary, and a detector asks
for one token at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stillwatch.errors import ConfigurationError
from stillwatch.prove.watermark.interface import Score
from stillwatch.prove.watermark.pairs import unique_pairs
from stillwatch.prove.watermark.prf import lanes, stacked, vocabulary_lanes
from stillwatch.prove.watermark.tails import log10_binomial_tail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from stillwatch.prove.watermark.keys import WatermarkKey
    from stillwatch.prove.watermark.pairs import Texts
    from stillwatch.prove.watermark.prf import Words

__all__ = ["GreenRed"]


@dataclass(frozen=True, slots=True)
class GreenRed:
    """The scheme for radioactivity.

    Raises:
        ConfigurationError: a setting is out of its range.

    >>> from stillwatch.prove.watermark.keys import WatermarkKey
    >>> GreenRed().row(WatermarkKey(bytes(32)), [7], 8).tolist()
    [0, 1, 0, 1, 1, 0, 0, 0]
    """

    gamma: float = 0.5
    """Chance that a token is green, a multiple of 1/256 between 0 and 1."""
    context: int = 1
    """Tokens before on which the colour depends; more survive less editing and teach less."""
    delta: float = 2.0
    """What a sampler adds to a green token's logit, nats; detection does not need it."""
    name: str = "green-red"

    def __post_init__(self) -> None:
        if not 0 < self.gamma < 1 or (self.gamma * 256) % 1:
            raise ConfigurationError(
                f"gamma {self.gamma} is no multiple of 1/256 between 0 and 1", todo="use 0.5"
            )
        if not 1 <= self.context <= 16:
            raise ConfigurationError(
                f"a context of {self.context} tokens is not supported", todo="use 1 to 16"
            )
        if not 0 < self.delta <= 20:
            raise ConfigurationError(
                f"delta {self.delta} is not above 0 and at most 20", todo="use 2"
            )

    @property
    def shift(self) -> int:
        """log2 of the tokens that share one block of 64 bits: 6 where gamma is 0.5, else 3."""
        return 6 if self.gamma == 0.5 else 3

    @property
    def below(self) -> int:
        """A token is green where its lane is below this."""
        return round(self.gamma * (1 << (64 >> self.shift)))

    def settings(self) -> Mapping[str, float | int | str]:
        """Return name and settings; delta is a sampler's, and moves no colour."""
        return {
            "name": self.name,
            "context": self.context,
            "gamma": self.gamma,
            "delta": self.delta,
        }

    def words(self, key: WatermarkKey) -> Words:
        """Return the key of the pseudorandom function for this context and gamma."""
        return key.words(f"stillwatch green-red v1 context={self.context} gamma={self.gamma!r}")

    def bits(self, key: WatermarkKey, contexts: ArrayLike, tokens: ArrayLike) -> NDArray[np.uint8]:
        """Return 1 for each token that is green after its context; see `Scheme.bits`."""
        return self.values(key, stacked(contexts, tokens))

    def row(self, key: WatermarkKey, context: ArrayLike, vocabulary: int) -> NDArray[np.uint8]:
        """Return 1 for each green token of a vocabulary after one context; see `Scheme.row`."""
        drawn = vocabulary_lanes(
            self.words(key), np.asarray(context, np.uint32), vocabulary, self.shift
        )
        return (drawn < self.below).view(np.uint8)

    def values(self, key: WatermarkKey, columns: NDArray[np.uint32]) -> NDArray[np.uint8]:
        """Return 1 for each column whose token is green."""
        return self.values_of(lanes(self.words(key), columns, self.shift))

    def values_of(self, drawn: NDArray[np.uint32]) -> NDArray[np.uint8]:
        """Return 1 for each lane that means green."""
        return (drawn < self.below).view(np.uint8)

    def judged(self, statistic: float, pairs: int) -> Score:
        """Return a number of green pairs as a score: exactly binomial under any other key."""
        tail = log10_binomial_tail(int(statistic), pairs, self.gamma)
        return Score(pairs, float(statistic), pairs * self.gamma, tail)

    def score(self, tokens: ArrayLike | Texts, key: WatermarkKey) -> Score:
        """Return how a text scores; see `Scheme.score`."""
        contexts, newest = unique_pairs(tokens, self.context)
        return self.judged(int(self.bits(key, contexts, newest).sum(dtype=np.int64)), newest.size)

    def biased(
        self,
        key: WatermarkKey,
        context: ArrayLike,
        logits: NDArray[Any],
    ) -> NDArray[Any]:
        """Return logits of (vocabulary,) with δ added to those of green tokens."""
        added: NDArray[Any] = self.row(key, context, logits.size) * logits.dtype.type(self.delta)
        marked: NDArray[Any] = logits + added
        return marked
