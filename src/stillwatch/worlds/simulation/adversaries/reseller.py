"""Resellers: real customers and harvest in one account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.adversaries.accounts import muster
from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.campaign import elicit, fill
from stillwatch.worlds.simulation.adversaries.leaks import keep_time
from stillwatch.worlds.simulation.adversaries.profile import PEOPLES, combined, usual

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Reseller"]


class Reseller(Adversary):
    """Technique 9: hundreds of end users, a few of which are the harvester.

    Half the campaigns hand on an end-user id; in the rest only conversation and segment
    tell the sub-streams apart.
    """

    slug = "reseller"
    doc = "Resellers: real customers and harvest in one account."
    share = 0.4
    intensity = 4.0
    group = 6
    forbidden = ("queue",)

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        clock = str(rng.choice(["machine", "person"]))
        cover = float(rng.uniform(0.5, 0.92))
        return replace(combined(usual(rng), rng), cover=cover, clock=clock, idle=0.0, turns=1.0)

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send both streams."""
        rng = world.rng
        profile = replace(self.drawn(rng), network=str(rng.choice(["cloud", "mixed"])))
        block = muster(world, quota, profile)
        n = len(block)
        gateway = rng.random(n) < 0.7
        block.client[gateway] = world.clients.draw(int(gateway.sum()), "gateway")
        world.enrol(block, quota)
        schedule = world.sessions(block, profile.clock, turns=2.5)
        traffic = world.ordinary(block, schedule, PEOPLES)
        users = np.maximum(3, (block.volume * rng.uniform(0.05, 0.3, n)).astype(np.int64))
        talk = traffic.row * (int(traffic.conversation.max(initial=0)) + 1) + traffic.conversation
        _, number = np.unique(talk, return_inverse=True)
        luck = rng.random(int(number.max(initial=-1)) + 1)
        user = (users[traffic.row] * luck[number] ** 1.8).astype(np.int64)
        begin = world.start + profile.start * (world.end - world.start)
        own = np.clip(rng.beta(6 * profile.cover, 6 * (1 - profile.cover), n), 0.02, 0.98)
        harvested = (rng.random(len(luck))[number] > own[traffic.row]) & (traffic.time > begin)
        traffic.subject[:] = (user * 2_654_435_761 + traffic.row * 40_503 + 17) % 2**31
        keep_time(world, block, traffic, profile, harvested)
        fill(world, traffic, profile, harvested)
        elicit(world, traffic, profile, harvested)
        few = rng.integers(1, 9)
        traffic.end_user[:] = user
        at = np.flatnonzero(harvested)
        traffic.end_user[at] = users[traffic.row[at]] + rng.integers(0, few, len(at))
        if rng.random() < 0.5:
            traffic.end_user[:] = -1
        world.send(block, traffic)
