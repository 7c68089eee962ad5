"""Developers, many of them on a cloud box."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.kit import move_to_cloud, systems

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Developers"]


class Developers:
    """Single developers with SDKs and scripts, half of them on a rented machine."""

    slug = "developers"
    doc = "Single developers with SDKs and scripts, half of them on a rented machine."
    kind = "benign"
    share = 0.12
    intensity = 1.3
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        weekly = quota.accounts // 2
        for n, rhythm in ((weekly, "office"), (quota.accounts - weekly, "person")):
            block = world.open(quota, n)
            for family, low, high in (("sdk", 0, 0.6), ("script", 0.6, 0.85), ("any", 0.85, 1)):
                luck = (np.arange(n) + 0.5) / max(n, 1)
                at = (luck >= low) & (luck < high)
                block.client[at] = world.clients.draw(int(at.sum()), family)
            block.purpose[world.rng.random(n) < 0.2] = "software"
            move_to_cloud(world, block, 0.5)
            kinds = {"code": 0.6, "tools": 0.12, "document": 0.1, "chat": 0.1, "reasoning": 0.08}
            traffic = world.ordinary(block, world.sessions(block, rhythm, turns=2.2), kinds)
            own = systems(world, "assistant", block.language, block.subjects[:, 0])
            own[world.rng.random(n) < 0.55] = -1
            traffic.system = own[traffic.row]
            world.enrol(block, quota)
            world.send(block, traffic)
