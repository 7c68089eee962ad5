"""Multi-agent code audit: many workers of one account over one repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import HOUR
from stillwatch.worlds.simulation.kit import move_to_cloud, systems
from stillwatch.worlds.simulation.lengthening import lengthening

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["CodeAudits"]


class CodeAudits:
    """Engineers whose fleets of agents read a repository and reason at length."""

    slug = "code_audits"
    doc = "Fleets of agents over one repository: parallel, reasoning asked for, long answers."
    kind = "benign"
    share = 0.015
    intensity = 5.0
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        which = world.rng.integers(0, 4, n)  # public tools for it
        block.client[:] = [world.clients.agent(12 + int(w)) for w in which]
        block.model[:] = 1
        block.lag = world.rng.exponential(1.5, n)
        block.plan[world.rng.random(n) < 0.7] = "pay_as_you_go"
        move_to_cloud(world, block, 0.4)
        world.enrol(block, quota)
        wrapper = world.styled("audit")
        prompts = systems(world, "audit", np.full(n, "en", dtype=object), which)
        campaigns = world.rng.integers(1, 4, n)
        for number in range(3):
            volume = np.where(number < campaigns, block.volume // campaigns + 1, 0)
            begin = world.start + (world.rng.random(n) * (world.end - world.start)).astype(np.int64)
            begin = np.maximum(begin, block.created)
            end = begin + (HOUR * world.rng.lognormal(1.3, 0.7, n)).astype(np.int64)
            schedule = world.sessions(
                block, "burst", volume=volume, start=begin, end=end, turns=3.5
            )
            schedule.conversation += number * 1_000_000
            traffic = world.ordinary(block, schedule, {"review": 0.8, "code": 0.2})
            traffic.subject = block.subjects[traffic.row, number]
            opens = traffic.turn == 0
            traffic.wrapper[opens] = wrapper
            traffic.wrap_seed = which[traffic.row]
            traffic.system = prompts[traffic.row]
            asked = lengthening("audit", which[traffic.row])
            traffic.answer[~opens] *= asked[~opens]  # an agent keeps to what it was told
            world.send(block, traffic)
