"""Human hours, multi-turn conversations, personas."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import human, many_wordings, usual

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["Mimic"]


class Mimic(Adversary):
    """Technique 7: people's clocks, conversations and devices."""

    slug = "mimic"
    doc = "Human hours, multi-turn conversations, personas."
    share = 1.2
    intensity = 1.0
    group = 8
    forbidden = ("hours", "minutes", "queue")

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        profile = human(usual(rng), rng)
        if rng.random() < 0.6:
            kinds = {"chat": 0.6, "creative": 0.2, "reasoning": 0.2}
            profile = many_wordings(replace(profile, family="persona", kinds=kinds), rng)
        network = str(rng.choice(["own", "proxy"]))
        return replace(profile, network=network, ages=str(rng.choice(["any", "old"])))
