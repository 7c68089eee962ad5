"""Questions that nobody follows up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.detectors.averages import pooled_effect
from stillwatch.find.detectors.interface import Measurement

if TYPE_CHECKING:
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["FollowUp"]


class FollowUp:
    """Questions that nobody follows up."""

    slug = "no-follow-up"
    family = "content"
    reads = frozenset({"conversation_id"})
    cheap = True
    sees = "conversations that end after one answer"
    innocent = "applications and search boxes do the same, which is why the crowd is the null"
    source = "Juuti et al., PRADA (EuroS&P 2019), on query streams that do not react to answers"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Average the share of exchanges that open a conversation and are not followed up."""
        derived = view.derived
        single = (derived.turn == 0) & (derived.next_turn >= view.rows)
        known = view.log.conversation != 0
        mean, _, support = pooled_effect(groups, single.astype(np.float32), known, 1.0)
        enough = support >= 3
        return Measurement(
            np.where(enough, mean, 0.0), np.where(enough, mean, 0.0), support, enough
        )

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return f"{effect:.0%} of the exchanges of {support} accounts are single questions"
