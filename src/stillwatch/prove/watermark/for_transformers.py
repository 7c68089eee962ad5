"""Samplers for transformers: give one to ``generate(logits_processor=[…], do_sample=True)``.

`generate` runs these before its temperature and top-k, so δ is added to raw logits: at temperature
T the mark is that of δ/T.  The Gumbel race decides the token itself; what comes after it in the
chain changes nothing, so temperature and truncation are given to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from transformers import LogitsProcessor

from stillwatch.prove.watermark.keys import WatermarkKey
from stillwatch.prove.watermark.torch_prf import exponentials, raised, words_tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.prove.watermark.green_red import GreenRed
    from stillwatch.prove.watermark.gumbel import Gumbel

__all__ = ["GreenRedProcessor", "GumbelProcessor"]


class GreenRedProcessor(LogitsProcessor):  # type: ignore[misc] # transformers is not typed
    """Adds δ to the green tokens of each row.

    Args:
        scheme: context, gamma and delta.
        keys: one for all rows of a batch, or one a row.
        least_entropy: rows whose distribution has less entropy stay unmarked, nats.
    """

    def __init__(
        self,
        scheme: GreenRed,
        keys: WatermarkKey | Sequence[WatermarkKey],
        *,
        least_entropy: float = 0.0,
    ) -> None:
        self.scheme = scheme
        self.least_entropy = least_entropy
        self._words = _words(scheme, keys)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return scores of (rows, vocabulary) with the mark, given the tokens so far."""
        h = self.scheme.context
        if input_ids.shape[1] < h:
            return scores
        words = self._words.to(scores.device).expand(len(scores), -1)
        delta = torch.full((len(scores),), self.scheme.delta, device=scores.device)
        if self.least_entropy > 0:
            delta = delta * (_entropy(scores) >= self.least_entropy)
        return raised(scores.clone(), words, input_ids[:, -h:], delta, self.scheme)


class GumbelProcessor(LogitsProcessor):  # type: ignore[misc] # transformers is not typed
    """Lets the key draw the token; use a new one for each call of `generate`.

    A context that comes again in a row is left to the dice, since the key would say the same again.

    Args:
        scheme: context.
        keys: one for all rows of a batch, or one a row.
        temperature: above 0.
        warpers: processors that truncate, run after the temperature; None for none.
    """

    def __init__(
        self,
        scheme: Gumbel,
        keys: WatermarkKey | Sequence[WatermarkKey],
        *,
        temperature: float = 1.0,
        warpers: LogitsProcessor | None = None,
    ) -> None:
        self.scheme = scheme
        self.temperature = temperature
        self.warpers = warpers
        self._words = _words(scheme, keys)
        self._seen: set[tuple[int, ...]] = set()

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return scores of (rows, vocabulary), -inf but for the winner where the key draws."""
        scores = scores / self.temperature
        if self.warpers is not None:
            scores = self.warpers(input_ids, scores)
        h = self.scheme.context
        if input_ids.shape[1] < h:
            return scores
        contexts = input_ids[:, -h:]
        words = self._words.to(scores.device).expand(len(scores), -1)
        waits = exponentials(words, contexts, scores.shape[1], self.scheme.shift)
        winner = (scores - waits.log_()).argmax(-1)
        alone = torch.full_like(scores, -torch.inf).scatter_(1, winner[:, None], 0.0)
        return torch.where(self._first(contexts).to(scores.device)[:, None], alone, scores)

    def _first(self, contexts: torch.Tensor) -> torch.Tensor:
        """Say for which rows this context is the first of its kind."""
        first = []
        for row, context in enumerate(contexts.tolist()):
            place = (row, *context)
            first.append(place not in self._seen)
            self._seen.add(place)
        return torch.tensor(first)


def _words(scheme: GreenRed | Gumbel, keys: WatermarkKey | Sequence[WatermarkKey]) -> torch.Tensor:
    each = [keys] if isinstance(keys, WatermarkKey) else keys
    return words_tensor([scheme.words(key) for key in each])


def _entropy(scores: torch.Tensor) -> torch.Tensor:
    logs = torch.log_softmax(scores, -1)
    return -(logs.exp() * logs.nan_to_num(neginf=0.0)).sum(-1)
