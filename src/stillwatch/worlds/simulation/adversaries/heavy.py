"""Few but heavy: millions of requests over a few hundred accounts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import combined, usual

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["Heavy"]


class Heavy(Adversary):
    """Few accounts, each as busy as a busy application."""

    slug = "heavy"
    doc = "Few but heavy: millions of requests over a few hundred accounts."
    share = 0.25
    intensity = 7.0
    group = 6

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        profile = combined(usual(rng), rng)
        return replace(profile, clock=str(rng.choice(["machine", "queue", "office"])), idle=0.0)
