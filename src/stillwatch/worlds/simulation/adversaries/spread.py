"""Thousands of accounts, each below any volume limit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import combined, usual

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["Spread"]


class Spread(Adversary):
    """Technique 1 of THREATS."""

    slug = "spread"
    doc = "Thousands of accounts, each below any volume limit."
    share = 3.0
    intensity = 0.8
    group = 40

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        return replace(combined(usual(rng), rng), idle=float(rng.uniform(0, 0.04)))
