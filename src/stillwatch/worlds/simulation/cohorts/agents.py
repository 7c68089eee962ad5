"""Strangers who run the same open-source agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.kit import systems

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["OpenAgents"]

_PUBLIC = 9  # agents in wide use
_DEFAULT_MOVES = (0.1, 1.2, 3.0, 0.4, np.inf, 6.0, 0.2, np.inf, 2.0)  # days to a new default


class OpenAgents:
    """Strangers with one public agent: its system prompt, client and TLS, their own code."""

    slug = "open_agents"
    doc = "Strangers with the same public agent: its prompt, client and TLS, their own code."
    kind = "benign"
    share = 0.07
    intensity = 2.0
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        weight = 1 / (1.0 + np.arange(_PUBLIC))
        which = world.rng.choice(_PUBLIC, n, p=weight / weight.sum())
        block.client[:] = [world.clients.agent(int(w)) for w in which]
        block.model[:] = 1
        update = world.rng.exponential(0.8, n)  # each holder updates the program when they will
        block.lag = np.asarray(_DEFAULT_MOVES)[which] + update
        english = np.full(n, "en", dtype=object)
        traffic = world.ordinary(
            block,
            world.sessions(block, "person", turns=6.0),
            {"code": 0.8, "tools": 0.2},
        )
        traffic.system = systems(world, "agent", english, which)[traffic.row]
        heat = world.rng.choice([0.0, np.nan, 0.2], _PUBLIC)[which]
        traffic.temperature = heat[traffic.row]
        cap = np.array([4096, -1, 8192, 8000, -1, 4096, -1, 16384, 4096], np.int32)[which]
        traffic.max_tokens = cap[traffic.row]
        world.enrol(block, quota)
        world.send(block, traffic)
