"""A job queue that never repeats a prompt across accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.profile import many_wordings, queued, usual, wordless

if TYPE_CHECKING:
    import numpy as np

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile

__all__ = ["JobQueue"]


class JobQueue(Adversary):
    """Technique 14: jobs dealt at random to whichever account is free."""

    slug = "job-queue"
    doc = "A job queue that never repeats a prompt across accounts."
    share = 1.2
    intensity = 1.2
    group = 8
    forced = ("queue",)

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        words = wordless if rng.random() < 0.4 else many_wordings
        return words(queued(usual(rng), rng), rng)
