"""What most adversaries share: a profile drawn for each campaign, then carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.campaign import run
from stillwatch.worlds.simulation.adversaries.profile import combined, usual

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Adversary"]


class Adversary:
    """A campaign whose profile says everything; satisfies ``Population``."""

    slug = ""
    doc = ""
    kind = "attack"
    share = 1.0
    intensity = 1.0
    group = 6

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        return combined(usual(rng), rng)

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send the traffic of one campaign."""
        run(world, quota, self.profile(world.rng))
