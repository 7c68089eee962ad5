"""What most adversaries share: a profile drawn for each campaign, then carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.campaign import run
from stillwatch.worlds.simulation.adversaries.leaks import leaky
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
    forced: tuple[str, ...] = ()
    """Leaks that the technique brings with it."""
    forbidden: tuple[str, ...] = ()
    """Leaks that the technique rules out."""

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        return combined(usual(rng), rng)

    def drawn(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile with its leaks."""
        return leaky(self.profile(rng), rng, self.forced, self.forbidden)

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send the traffic of one campaign."""
        run(world, quota, self.drawn(world.rng))
