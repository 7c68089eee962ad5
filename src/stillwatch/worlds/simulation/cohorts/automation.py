"""Overnight automation: a batch every night, from a template of the holder's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.kit import (
    constant_settings,
    move_to_cloud,
    part,
    systems,
)

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Automation"]


class Automation:
    """Holders whose scripts summarise, label and extract through the night."""

    slug = "automation"
    doc = "Scripts that summarise, label and extract through the night."
    kind = "benign"
    share = 0.03
    intensity = 2.5
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        block.client[:] = np.where(
            world.rng.random(n) < 0.6, world.clients.draw(n, "sdk"), world.clients.draw(n, "script")
        )
        move_to_cloud(world, block, 0.75)
        schedule = world.sessions(block, "nightly", turns=1.0)
        kinds = {"document": 0.6, "support": 0.2, "code": 0.1, "translation": 0.1}
        traffic = world.ordinary(block, schedule, kinds)
        constant_settings(world, block, traffic)
        template = (world.rng.random(n) < 0.75)[traffic.row] & part(world, traffic, 1.0)
        traffic.wrapper[template] = world.styled("product")
        traffic.wrap_seed = block.subjects[traffic.row, 3]
        traffic.system = systems(world, "assistant", block.language, block.subjects[:, 2])[
            traffic.row
        ]
        world.enrol(block, quota)
        world.send(block, traffic)
