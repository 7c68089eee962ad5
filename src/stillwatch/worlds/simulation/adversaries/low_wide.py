"""Low and wide: a handful of requests from each account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import usual

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["LowWide"]


class LowWide(Adversary):
    """Technique 2: about four requests an account."""

    slug = "low-wide"
    doc = "Low and wide: a handful of requests from each account."
    share = 2.5
    intensity = 0.14
    group = 30

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        ages = str(rng.choice(["any", "new", "clump", "old"]))
        cover = float(rng.uniform(0, 0.15))
        few = float(rng.uniform(2.5, 6.0))
        return replace(usual(rng), ages=ages, cover=cover, idle=0.0, late=0.3, turns=1.0, few=few)
