"""Slow starts and aged accounts: bought or farmed long before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import aged, combined, usual

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["AgedAccounts"]


class AgedAccounts(Adversary):
    """Technique 8: ordinary at first, then one by one."""

    slug = "aged-accounts"
    doc = "Slow starts and aged accounts: bought or farmed long before."
    share = 1.0
    intensity = 1.0
    group = 8
    forbidden = ("creation",)

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        return replace(aged(combined(usual(rng), rng), rng), cover=float(rng.uniform(0, 0.3)))
