"""Questions that nobody follows up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.detectors.averages import pooled_effect
from stillwatch.find.detectors.interface import Measurement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["FollowUp"]


def _single(view: View) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return which rows are single questions as far as is known, and which tell."""
    derived = view.derived
    single = (derived.turn == 0) & (derived.next_turn >= view.rows)
    return single.astype(np.float32), view.log.conversation != 0


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
        single, known = view.once("single questions", lambda: _single(view))
        mean, _, support = pooled_effect(groups, single, known, 1.0)
        enough = support >= 3
        return Measurement(
            np.where(enough, mean, 0.0), np.where(enough, mean, 0.0), support, enough
        )

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return f"{effect:.0%} of the exchanges of {support} accounts are single questions"
