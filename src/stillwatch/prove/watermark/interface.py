"""What every watermark says of itself: which tokens it favours, and how a text scores under a key.

A scheme holds no key and no state.  What it favours is a pseudorandom function of key, context (the
*h* tokens before) and token, and of nothing else: not of the model, the vocabulary's size or the
machine.  So a detector needs the key and token ids alone, and under any other key, or in text that
was written without the key, what it favours is a fair draw for each distinct (context, token).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from stillwatch.prove.watermark.keys import WatermarkKey
    from stillwatch.prove.watermark.pairs import Texts

__all__ = ["Scheme", "Score"]


@dataclass(frozen=True, slots=True)
class Score:
    """How far a text leans towards one key."""

    pairs: int
    """Distinct (context, token) pairs that were scored."""
    statistic: float
    """What the scheme sums over them; larger the more a text is marked."""
    expected: float
    """Mean of the statistic under any other key."""
    log10_p: float
    """log10 of the exact chance of at least this statistic under any other key; 0 without pairs."""

    @property
    def p(self) -> float:
        """The p-value; 0.0 where it is below the smallest float, see `log10_p`."""
        return float(10**self.log10_p)


class Scheme(Protocol):
    """A watermark; every member passes ``contract.check_scheme``."""

    @property
    def name(self) -> str:
        """Name in files and commands."""

    @property
    def context(self) -> int:
        """Tokens before that a token's mark depends on, h."""

    def settings(self) -> Mapping[str, float | int | str]:
        """Return name and settings as JSON values, those that `scheme_of` takes."""

    def bits(self, key: WatermarkKey, contexts: ArrayLike, tokens: ArrayLike) -> NDArray[Any]:
        """Return what the key says of each token after its context.

        Args:
            key: of one cohort.
            contexts: (n, h) token ids, oldest first.
            tokens: (n,) token ids.

        Returns:
            (n,) uint8, 1 where favoured; or uint32, uniform.
        """

    def row(self, key: WatermarkKey, context: ArrayLike, vocabulary: int) -> NDArray[Any]:
        """Return the same for the tokens 0 to vocabulary - 1 after one context of (h,)."""

    def values(self, key: WatermarkKey, columns: NDArray[np.uint32]) -> NDArray[Any]:
        """Return what each column of (h + 1, n) adds to the statistic, (n,)."""

    def judged(self, statistic: float, pairs: int) -> Score:
        """Return a sum over so many distinct pairs as a score."""

    def score(self, tokens: ArrayLike | Texts, key: WatermarkKey) -> Score:
        """Return how texts of token ids score, each (context, token) counted once."""
