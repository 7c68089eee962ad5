"""Cover traffic: 90 to 95 % ordinary prompts in every account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import (
    covered,
    many_wordings,
    one_wording,
    usual,
)

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["Cover"]


class Cover(Adversary):
    """Technique 6: harvest is 5 to 10 % of what each account sends."""

    slug = "cover"
    doc = "Cover traffic: 90 to 95 % ordinary prompts in every account."
    share = 1.2
    intensity = 1.3
    group = 8
    forbidden = ("queue",)

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        profile = usual(rng)
        words = one_wording if rng.random() < 0.5 else many_wordings
        return replace(covered(words(profile, rng), rng), start=0.0, late=0.1)
