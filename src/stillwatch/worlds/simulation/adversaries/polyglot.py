"""One campaign in many languages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import combined, own_languages, usual
from stillwatch.worlds.simulation.columns import LANGUAGES

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["Polyglot"]


class Polyglot(Adversary):
    """The same idea asked for in up to fourteen languages."""

    slug = "polyglot"
    doc = "One campaign in many languages."
    share = 1.2
    intensity = 1.0
    group = 12

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        profile = own_languages(combined(usual(rng), rng), rng)
        spoken = rng.permutation(LANGUAGES[:14])[: rng.integers(4, 15)]
        return replace(profile, languages=tuple(str(code) for code in spoken))
