"""Probing: many wordings on few bodies to learn what gets through, then a switch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.adversaries.accounts import muster
from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.campaign import traffic_of

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Probing"]


class Probing(Adversary):
    """Technique 13: a few accounts probe first; the campaign then uses what worked."""

    slug = "probing"
    doc = "Probes for the wording that gets through, then shifts to it."
    share = 1.0
    intensity = 1.0
    group = 8

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts, probe with some, then harvest with all."""
        rng = world.rng
        switch = float(rng.uniform(0.15, 0.4))
        drawn = self.drawn(rng)
        words = "variants" if drawn.words == "none" else drawn.words
        profile = replace(drawn, start=switch, end=1.0, words=words)
        block = muster(world, quota, profile)
        world.enrol(block, quota)
        traffic = traffic_of(world, block, profile)
        instant = world.start + int(switch * (world.end - world.start))
        probers = rng.random(len(block)) < rng.uniform(0.1, 0.5)
        probers[: max(1, len(block) // 20)] = True
        early = (traffic.time < instant) & probers[traffic.row] & (traffic.turn == 0)
        early &= rng.random(len(traffic)) >= drawn.cover
        at = np.flatnonzero(early)
        bodies = world.fresh(int(rng.integers(3, 30)))
        traffic.seed[at] = rng.choice(bodies, len(at))
        traffic.subject[at] = traffic.seed[at] % 2**31
        traffic.conversation[at] = int(traffic.conversation.max(initial=0)) + 1 + np.arange(len(at))
        traffic.kind[at] = traffic.kind[traffic.harvest][:1] if traffic.harvest.any() else 0
        traffic.pool[at], traffic.harvest[at] = profile.pool, True
        traffic.wrap_seed[at] = rng.integers(2**31) + np.arange(len(at))
        styles = [world.elicited("probe", int(rng.integers(2**31))) for _ in range(3)]
        styles.append(world.elicited(profile.family, profile.style))
        traffic.wrapper[at] = rng.choice(styles, len(at))
        world.send(block, traffic)
