"""Accounts in lock step with shared payment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import lockstep, one_wording, recycled, usual

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["LockStep"]


class LockStep(Adversary):
    """The publicly reported pattern: rounds within a minute, cards shared."""

    slug = "lock-step"
    doc = "Accounts in lock step with shared payment."
    share = 1.2
    intensity = 1.0
    group = 10
    forced = ("cards", "minutes")

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        profile = recycled(lockstep(one_wording(usual(rng), rng), rng), rng)
        return replace(profile, topics=0)
