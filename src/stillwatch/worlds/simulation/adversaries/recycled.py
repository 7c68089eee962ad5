"""Virtual cards and throw-away numbers, recycled now and then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import recycled, residential, usual

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["Recycled"]


class Recycled(Adversary):
    """Technique 4: values recycled over two to six accounts."""

    slug = "recycled"
    doc = "Virtual cards and throw-away numbers, recycled now and then."
    share = 1.0
    intensity = 1.0
    group = 6
    forced = ("cards",)

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        profile = recycled(usual(rng), rng)
        if rng.random() < 0.5:
            profile = residential(profile, rng)
        return replace(profile, ages=str(rng.choice(["new", "clump", "any"])))
