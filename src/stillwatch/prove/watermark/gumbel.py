"""The Gumbel race: the key draws, in place of the sampler's dice, and the distribution stays.

Each token's uniform u is the key's; the token with the largest u^(1/p) wins, which happens with
chance p.  Over keys a text is distributed as without a mark; given the key, a context that comes
again has the same winner, so a sampler marks a context once in a text and rolls dice after that.

Source: Aaronson, Watermarking of large language models (2022); Fernandez et al., Three bricks to
consolidate watermarks (2023) for the exact tail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stillwatch.errors import ConfigurationError
from stillwatch.prove.watermark.interface import Score
from stillwatch.prove.watermark.pairs import unique_pairs
from stillwatch.prove.watermark.prf import lanes, stacked, vocabulary_lanes
from stillwatch.prove.watermark.tails import log10_gamma_tail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from stillwatch.prove.watermark.keys import WatermarkKey
    from stillwatch.prove.watermark.pairs import Texts
    from stillwatch.prove.watermark.prf import Words

__all__ = ["Gumbel"]

_SCALE = 2.0**-32


@dataclass(frozen=True, slots=True)
class Gumbel:
    """The scheme for the provenance of a text.

    Raises:
        ConfigurationError: the context is out of its range.

    >>> from stillwatch.prove.watermark.keys import WatermarkKey
    >>> Gumbel().bits(WatermarkKey(bytes(32)), [[1, 2, 3, 4]], [5]).dtype
    dtype('uint32')
    """

    context: int = 4
    """Tokens before on which the draw depends."""
    name: str = "gumbel"

    shift = 1
    """log2 of the tokens that share one block of 64 bits."""

    def __post_init__(self) -> None:
        if not 1 <= self.context <= 16:
            raise ConfigurationError(
                f"a context of {self.context} tokens is not supported", todo="use 1 to 16"
            )

    def settings(self) -> Mapping[str, float | int | str]:
        """Return name and settings."""
        return {"name": self.name, "context": self.context}

    def words(self, key: WatermarkKey) -> Words:
        """Return the key of the pseudorandom function for this context."""
        return key.words(f"stillwatch gumbel v1 context={self.context}")

    def bits(self, key: WatermarkKey, contexts: ArrayLike, tokens: ArrayLike) -> NDArray[np.uint32]:
        """Return 32 uniform bits for each token after its context; see `Scheme.bits`."""
        return lanes(self.words(key), stacked(contexts, tokens), self.shift)

    def row(self, key: WatermarkKey, context: ArrayLike, vocabulary: int) -> NDArray[np.uint32]:
        """Return 32 uniform bits for each token of a vocabulary; see `Scheme.row`."""
        return vocabulary_lanes(
            self.words(key), np.asarray(context, np.uint32), vocabulary, self.shift
        )

    def values(self, key: WatermarkKey, columns: NDArray[np.uint32]) -> NDArray[np.float64]:
        """Return -log(1 - u) of each column's token, Exp(1) under any other key."""
        return self.values_of(lanes(self.words(key), columns, self.shift))

    def values_of(self, drawn: NDArray[np.uint32]) -> NDArray[np.float64]:
        """Return -log(1 - u) of lanes."""
        exponential: NDArray[np.float64] = -np.log1p(-_uniform(drawn))
        return exponential

    def judged(self, statistic: float, pairs: int) -> Score:
        """Return a sum as a score: Gamma(pairs, 1) under any other key."""
        return Score(pairs, statistic, float(pairs), log10_gamma_tail(statistic, pairs))

    def score(self, tokens: ArrayLike | Texts, key: WatermarkKey) -> Score:
        """Return how a text scores; see `Scheme.score`."""
        contexts, newest = unique_pairs(tokens, self.context)
        values = self.values(key, stacked(contexts, newest))
        return self.judged(float(values.sum()), newest.size)

    def winner(self, key: WatermarkKey, context: ArrayLike, logits: NDArray[Any]) -> int:
        """Return the token that wins the race among logits of (vocabulary,), -inf where barred."""
        u = _uniform(self.row(key, context, logits.size))
        return int(np.argmax(logits - np.log(-np.log(u))))


def _uniform(drawn: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Return 32 bits as the middle of their share of (0, 1)."""
    middle: NDArray[np.float64] = (drawn.astype(np.float64) + 0.5) * _SCALE
    return middle
