"""A student who makes a small synthetic set alone: grey, never blocked by a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import DAY

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Students"]


class Students:
    """One person, one account, a few evenings of data-set requests among ordinary chats."""

    slug = "students"
    doc = "One person who makes a small synthetic set alone in a few evenings."
    kind = "grey"
    share = 0.008
    intensity = 3.0
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        block.client[:] = world.clients.draw(n, "sdk")
        block.purpose[world.rng.random(n) < 0.2] = "research"
        world.enrol(block, quota)
        own = np.maximum(1, block.volume // 3)
        traffic = world.ordinary(
            block,
            world.sessions(block, "person", volume=own),
            {"code": 0.5, "chat": 0.3, "reasoning": 0.2},
        )
        world.send(block, traffic)
        begin = world.start + (world.rng.random(n) * 0.7 * (world.end - world.start)).astype(
            np.int64
        )
        begin = np.maximum(begin, block.created)
        days = world.rng.integers(1, 6, n)
        schedule = world.sessions(
            block,
            "person",
            volume=block.volume - own,
            start=begin,
            end=begin + days * DAY,
            turns=1.0,
        )
        schedule.conversation += 1_000_000
        traffic = world.ordinary(block, schedule, {"topic": 0.7, "instruct": 0.3})
        traffic.wrapper[:] = world.elicited("instruct", int(world.rng.integers(2**31)))
        traffic.wrap_seed = block.subjects[traffic.row, 3] * 4 + world.rng.integers(
            0, 2, len(traffic)
        )
        world.send(block, traffic)
