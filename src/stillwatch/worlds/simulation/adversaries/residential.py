"""Residential proxies: one home address an account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import residential, usual

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["Residential"]


class Residential(Adversary):
    """Technique 3: an address of its own for every account, or for every exchange."""

    slug = "residential"
    doc = "Residential proxies: one home address an account."
    share = 1.0
    intensity = 1.0
    group = 6
    forbidden = ("blocks",)

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        ages = str(rng.choice(["any", "new", "old"]))
        return replace(residential(usual(rng), rng), ages=ages)
