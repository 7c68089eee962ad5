"""Freely reworded elicitation, several places, some prompts bare."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import combined, many_wordings, usual

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["Reworded"]


class Reworded(Adversary):
    """Technique 5: every exchange worded anew, so that no line recurs."""

    slug = "reworded"
    doc = "Freely reworded elicitation, several places, some prompts bare."
    share = 1.2
    intensity = 1.0
    group = 8

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        profile = many_wordings(combined(usual(rng), rng), rng)
        return replace(profile, cover=min(profile.cover, 0.4))
