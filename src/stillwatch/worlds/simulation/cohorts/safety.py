"""Safety researchers and red teams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.kit import groups, move_to_cloud

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["SafetyResearchers"]


class SafetyResearchers:
    """Small teams that probe refusals with many rewordings, on purpose and often declared."""

    slug = "safety_researchers"
    doc = "Small teams that probe refusals with many rewordings, often declared."
    kind = "benign"
    share = 0.015
    intensity = 2.0
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        team = groups(world.rng, n, 1, 6)
        teams = int(team.max()) + 1
        named = (world.rng.random(teams) < 0.4)[team]
        block.organization[named] = world.people.organization(teams)[team][named]
        domain = world.people.domain(teams)[team]
        block.mail_domain = np.where(named, domain, block.mail_domain)
        block.purpose[world.rng.random(n) < 0.5] = "safety research"
        block.client[:] = world.clients.draw(n, "sdk")
        move_to_cloud(world, block, 0.4)
        block.subjects[:, :2] = block.subjects[np.unique(team, return_index=True)[1], :2][team]
        schedule = world.sessions(block, "office", turns=2.0)
        kinds = {"redteam": 0.7, "chat": 0.15, "reasoning": 0.15}
        traffic = world.ordinary(block, schedule, kinds)
        probing = (traffic.turn == 0) & (world.rng.random(n) < 0.5)[traffic.row]
        probing &= world.rng.random(len(traffic)) < 0.5
        traffic.wrapper[probing] = world.elicited("probe", int(world.rng.integers(2**31)))
        traffic.wrap_seed = team[traffic.row] * 64 + world.rng.integers(0, 40, len(traffic))
        world.enrol(block, quota)
        world.send(block, traffic)
