"""Moves to the new model on the day of its release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import combined, pivoting, usual

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["Pivot"]


class Pivot(Adversary):
    """Technique 11: half the traffic moves within a day."""

    slug = "pivot"
    doc = "Moves to the new model on the day of its release."
    share = 1.2
    intensity = 1.1
    group = 8
    forced = ("pivot",)

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        return pivoting(combined(usual(rng), rng), rng)
