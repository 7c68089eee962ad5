"""Sends people's own prompts and keeps the answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import PEOPLES, combined, usual, wordless

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["PeoplePrompts"]


class PeoplePrompts(Adversary):
    """Bodies from the very sources of people's prompts; no corpus gives them away."""

    slug = "people-prompts"
    doc = "Sends people's own prompts and keeps the answers."
    share = 1.2
    intensity = 1.0
    group = 8

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        profile = replace(combined(usual(rng), rng), pool=0, kinds=PEOPLES, topics=0)
        if rng.random() < 0.6:
            profile = wordless(profile, rng)
        return replace(profile, turns=1.0)
