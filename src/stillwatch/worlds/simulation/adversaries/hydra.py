"""Hydra clusters: a banned account is replaced at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.adversaries.accounts import muster
from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.campaign import traffic_of
from stillwatch.worlds.simulation.columns import HOUR, MINUTE

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Hydra"]


class Hydra(Adversary):
    """The publicly reported pattern: slots that are always filled, by new or held accounts."""

    slug = "hydra"
    doc = "Hydra clusters: each blocked account is replaced within minutes or hours."
    share = 1.4
    intensity = 1.0
    group = 12
    forbidden = ("creation",)

    def populate(self, world: World, quota: Quota) -> None:
        """Open chains of accounts, block and replace them."""
        rng, n = world.rng, quota.accounts
        profile = replace(self.drawn(rng), ages="any", late=0.0, idle=0.0, start=0.0)
        block = muster(world, quota, profile)
        span = world.end - world.start
        heads = max(2, int(n / rng.uniform(2, 5)))
        slot, place = np.arange(n) % heads, np.arange(n) // heads
        last = np.bincount(slot, minlength=heads)[slot] - 1
        cuts = np.sort(rng.random((heads, int(place.max()) + 1)), axis=1) * 0.9
        ends = world.start + (cuts[slot, place] * span).astype(np.int64)
        ends[place == last] = world.end
        begin = np.full(n, world.start, np.int64)
        later = np.flatnonzero(place > 0)
        pause = rng.lognormal(np.log(40), 1.2, len(later)) * MINUTE
        begin[later] = ends[later - heads] + np.minimum(pause, 30 * HOUR).astype(np.int64)
        begin = np.minimum(begin, world.end - HOUR)
        held = rng.random(n) < rng.uniform(0.1, 0.5)
        made = (place > 0) & ~held
        block.created[made] = begin[made]
        block.created[~made] = np.minimum(block.created[~made], begin[~made])
        for values in (block.payment, block.device):
            kept = later[rng.random(len(later)) < profile.cards * 0.6]
            values[kept] = values[kept - heads]
        world.enrol(block, quota)
        blocked = np.flatnonzero((place < last) & (ends < world.end))
        world.event(block, blocked, ends[blocked], "blocked")
        traffic = traffic_of(world, block, profile)
        early = traffic.time < begin[traffic.row]
        idle = early & traffic.harvest
        world.send(block, traffic.take((traffic.time < ends[traffic.row]) & ~idle))
