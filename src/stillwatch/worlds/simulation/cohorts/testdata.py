"""Synthetic test-data makers: records for staging systems, by the thousand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.kit import constant_settings, move_to_cloud

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["TestData"]


class TestData:
    """Teams that have made-up customers, orders and tickets written for their tests."""

    slug = "test_data"
    doc = "Teams that have made-up records written for their tests, by the thousand."
    kind = "benign"
    share = 0.015
    intensity = 2.5
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        block.client[:] = world.clients.draw(n, "sdk")
        move_to_cloud(world, block, 0.5)
        schemas = world.rng.integers(1, 4, n)
        nightly = world.rng.random(n) < 0.4
        volume = block.volume
        world.enrol(block, quota)
        for number, (rhythm, at) in enumerate((("nightly", nightly), ("office", ~nightly))):
            schedule = world.sessions(block, rhythm, volume=np.where(at, volume, 0), turns=1.2)
            traffic = world.ordinary(block, schedule, {"testdata": 0.92, "code": 0.08})
            constant_settings(world, block, traffic)
            chosen = traffic.conversation % schemas[traffic.row]
            traffic.subject = block.subjects[traffic.row, chosen]
            framed = (traffic.turn == 0) & (world.rng.random(n) < 0.8)[traffic.row]
            traffic.wrapper[framed] = world.styled("testdata")
            traffic.wrap_seed = block.subjects[traffic.row, 3] % 400 + number
            world.send(block, traffic)
