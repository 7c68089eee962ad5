"""Perfect hygiene: what a campaign without any operational leak looks like."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import human, many_wordings, usual

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["Spotless"]


class Spotless(Adversary):
    """States the limit of any method: nothing but the wording and what it asks for is left."""

    slug = "spotless"
    doc = "Perfect hygiene: nothing shared, no rhythm of its own, every wording new."
    share = 1.0
    intensity = 1.0
    group = 8

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        profile = many_wordings(human(usual(rng), rng), rng)
        network = str(rng.choice(["own", "proxy"]))
        return replace(
            profile, cards=0.0, phones=0.0, devices=0.0, ages="any", network=network,
            topics=0, lag=float(rng.choice([8.0, 20.0])),
        )  # fmt: skip

    def drawn(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile, without leaks."""
        return self.profile(rng)
