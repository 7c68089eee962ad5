"""Release day: people who move to the new model within hours and use it more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["ReleaseMovers"]


class ReleaseMovers:
    """Enthusiasts and automatic updates: on the new model within a day, and busier after."""

    slug = "release_movers"
    doc = "Holders who are on the new model within a day of its release, and busier after."
    kind = "benign"
    share = 0.04
    intensity = 1.0
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        block.model[:] = 1
        block.lag = world.rng.exponential(0.35, n)
        after = world.rng.uniform(0.3, 0.9, n)
        late = np.rint(block.volume * after).astype(np.int64)
        kinds = {"code": 0.35, "chat": 0.35, "reasoning": 0.15, "creative": 0.15}
        world.enrol(block, quota)
        spells = (
            (block.volume - late, world.start, world.release),
            (late, world.release, world.end),
        )
        for number, (volume, start, end) in enumerate(spells):
            present = np.where(block.created < end, volume, 0)
            schedule = world.sessions(
                block, "person", volume=present, start=start, end=end, turns=2.8
            )
            schedule.conversation += number * 1_000_000
            world.send(block, world.ordinary(block, schedule, kinds))
