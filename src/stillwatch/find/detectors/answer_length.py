"""Answers longer than such prompts usually get."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.detectors.averages import pooled_effect
from stillwatch.find.detectors.interface import Measurement

if TYPE_CHECKING:
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["AnswerLength"]


class AnswerLength:
    """Answers longer than such prompts usually get."""

    slug = "answer-length"
    family = "content"
    reads = frozenset({"output_tokens"})
    cheap = True
    sees = "answers longer than those to prompts of the same length on the same model"
    innocent = "review bots and harnesses ask for reasoning too: length alone declares nothing"
    source = "measured on simulated worlds; see docs/explanation/detection.md"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Average the robust residual of log answer length over accounts."""
        known = view.once("known lengths", lambda: view.log.output_tokens >= 0)
        mean, _, support = pooled_effect(groups, view.length, known, 3.0)
        enough = support >= 3
        return Measurement(
            np.where(enough, mean, 0.0), np.where(enough, mean, 0.0), support, enough
        )

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"answers to {support} accounts are {effect:+.1f} robust standard deviations from the "
            "length that such prompts usually get"
        )
