"""One application: one system prompt and steady machine traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.kit import constant_settings, move_to_cloud, systems

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Application"]


class Application:
    """A company's product in production: one prompt, one client, its own customers."""

    slug = "application"
    doc = "A product in production: one system prompt, one client, steady machine traffic."
    kind = "benign"
    share = 0.05
    intensity = 3.5
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        name = world.rng.integers(0, 2**31, n)
        block.client[:] = [world.clients.product(int(seed)) for seed in name]
        block.plan[:] = world.rng.choice(np.array(["pay_as_you_go", "team"], object), n)
        move_to_cloud(world, block, 0.9)
        company = world.rng.random(n) < 0.7
        block.mail_domain[company] = world.people.domain(int(company.sum()))
        block.subjects[:, 1:] = block.subjects[:, :1]
        schedule = world.sessions(block, "machine", turns=1.3)
        task = world.rng.random(n)
        kinds = {"support": 0.55, "document": 0.2, "tools": 0.15, "chat": 0.1}
        traffic = world.ordinary(block, schedule, kinds)
        traffic.lang = np.where(world.rng.random(len(traffic)) < 0.9, traffic.lang, 0)
        constant_settings(world, block, traffic)
        traffic.system = systems(world, "product", block.language, name)[traffic.row]
        templated = (task < 0.35)[traffic.row] & (traffic.turn == 0)
        traffic.wrapper[templated] = world.styled("product")
        traffic.wrap_seed = name[traffic.row]
        served = (world.rng.random(n) < 0.4)[traffic.row]
        traffic.end_user[served] = (traffic.conversation % 97)[served]
        world.enrol(block, quota)
        world.send(block, traffic)
