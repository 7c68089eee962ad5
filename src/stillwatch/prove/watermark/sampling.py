"""The sampler for models that run in numpy, and what a mark costs in nats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stillwatch.prove.watermark.green_red import GreenRed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from stillwatch.prove.watermark.gumbel import Gumbel
    from stillwatch.prove.watermark.keys import WatermarkKey

__all__ = ["Sampler", "cost", "entropy"]


class Sampler:
    """Draws the tokens of one text; a new text takes a new sampler.

    Args:
        scheme: how to mark.
        key: the cohort's key.
        rng: dice, for what the key does not decide.
        temperature: applied to the logits before they are marked; above 0.
        least_entropy: tokens whose distribution has less entropy than this are not marked, nats.
            The detector counts them all the same: a gate trades some of the mark for quality where
            there is one right token.

    >>> from stillwatch.prove.watermark import WatermarkKey
    >>> sampler = Sampler(GreenRed(), WatermarkKey(bytes(32)), np.random.default_rng(1))
    >>> sampler.draw([7], np.array([0.0, 0.0, -np.inf]))
    1
    """

    def __init__(
        self,
        scheme: GreenRed | Gumbel,
        key: WatermarkKey,
        rng: np.random.Generator,
        *,
        temperature: float = 1.0,
        least_entropy: float = 0.0,
    ) -> None:
        self.scheme = scheme
        self.key = key
        self.rng = rng
        self.temperature = temperature
        self.least_entropy = least_entropy
        self._seen: set[tuple[int, ...]] = set()

    def draw(self, before: Sequence[int], logits: NDArray[Any]) -> int:
        """Return the next token.

        Args:
            before: token ids so far, the prompt's too; with fewer than h, nothing is marked.
            logits: (vocabulary,), -inf where a token is barred.
        """
        logits = np.asarray(logits, np.float64) / self.temperature
        context = tuple(before[-self.scheme.context :])
        if len(context) == self.scheme.context and self._marks(logits):
            if isinstance(self.scheme, GreenRed):
                logits = self.scheme.biased(self.key, context, logits)
            elif context not in self._seen:
                self._seen.add(context)
                return self.scheme.winner(self.key, context, logits)
        chances = np.exp(logits - logits.max()).cumsum()
        return int(np.searchsorted(chances, self.rng.random() * chances[-1], side="right"))

    def _marks(self, logits: NDArray[np.float64]) -> bool:
        return self.least_entropy <= 0 or float(entropy(logits)) >= self.least_entropy


def entropy(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Return the entropy of (…, vocabulary) logits, nats.

    >>> round(float(entropy(np.zeros(8))), 6) == round(float(np.log(8)), 6)
    True
    """
    p = _softmax(logits)
    return np.asarray(-np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=-1))


def cost(logits: NDArray[Any], green: NDArray[Any], delta: float) -> NDArray[np.float64]:
    """Return KL(marked ‖ unmarked) of the next token, nats: what a green-red mark costs.

    Args:
        logits: (…, vocabulary).
        green: the same shape, 1 where green.
        delta: what is added to green logits.

    >>> round(float(cost(np.zeros(2), np.array([0, 1]), 0.0)), 9)
    0.0
    """
    share = np.sum(_softmax(logits) * green, axis=-1)
    whole = 1 + share * np.expm1(delta)
    return np.asarray(delta * share * np.exp(delta) / whole - np.log(whole))


def _softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    shifted = np.exp(np.asarray(logits, np.float64) - np.max(logits, axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
