"""Launch days: strangers who try a new feature with the quick-start's own example."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import DAY, HOUR

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Launches"]


class Launches:
    """People from everywhere who sign up on one of two launch days and paste the example."""

    slug = "launches"
    doc = "Strangers who sign up on a launch day and paste the quick-start's example."
    kind = "benign"
    share = 0.02
    intensity = 0.5
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota, age="new")
        n = len(block)
        calendar = np.random.default_rng([world.start // DAY, world.release // HOUR])
        days = (world.end - world.start) // DAY
        event = calendar.integers(0, max(1, days - 1), 2) * DAY + 16 * HOUR
        which = world.rng.integers(0, 2, n)
        wave = (HOUR * world.rng.lognormal(1.6, 1.0, n)).astype(np.int64)
        opened = world.start + event[which] + wave
        block.created = np.minimum(opened, world.end - HOUR)
        schedule = world.sessions(block, "person", turns=2.4)
        traffic = world.ordinary(block, schedule, {"chat": 0.5, "code": 0.35, "creative": 0.15})
        first = np.diff(traffic.row, prepend=-1) > 0
        pasted = first & (world.rng.random(len(traffic)) < 0.7)
        traffic.wrapper[pasted] = world.styled("launch")
        traffic.wrap_seed = 500 + which[traffic.row]
        soon = block.created[traffic.row] + (HOUR * world.rng.random(len(traffic))).astype(np.int64)
        traffic.time = np.where(pasted, soon, traffic.time)
        world.enrol(block, quota)
        world.send(block, traffic)
