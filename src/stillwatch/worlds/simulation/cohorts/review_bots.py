"""Pull-request review bots: a public template, each repository with its own subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.kit import move_to_cloud, systems

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["ReviewBots"]


class ReviewBots:
    """Repositories that run one of a few public review actions on every change."""

    slug = "review_bots"
    doc = "A public template that asks for reasons, long answers, new model on day one."
    kind = "benign"
    share = 0.025
    intensity = 3.0
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        which = world.rng.choice(5, n, p=(0.4, 0.25, 0.15, 0.12, 0.08))  # public actions
        block.client[:] = [world.clients.agent(18 + int(w)) for w in which]
        block.model[:] = 1
        block.lag = np.array([0.05, 0.5, 2.0, 0.1, 9.0])[which] + world.rng.exponential(0.3, n)
        move_to_cloud(world, block, 1.0)
        runner = world.network.cloud(n, asn=8075)  # hosted runners of a code forge
        hosted = world.rng.random(n) < 0.7
        block.home.ip[hosted], block.home.asn[hosted] = runner.ip[hosted], runner.asn[hosted]
        repositories = world.rng.integers(1, 4, n)
        schedule = world.sessions(block, "office", turns=1.15)
        traffic = world.ordinary(block, schedule, {"review": 1.0})
        chosen = traffic.conversation % repositories[traffic.row]
        traffic.subject = block.subjects[traffic.row, chosen]
        traffic.lang[:] = 0
        opens = traffic.turn == 0
        traffic.wrapper[opens] = world.styled("review")
        traffic.wrap_seed = which[traffic.row]
        prompts = systems(world, "review", np.full(n, "en", dtype=object), which)
        traffic.system = prompts[traffic.row]
        heat = np.array([0.0, np.nan, 0.2, 0.0, 0.3])[which]
        traffic.temperature = heat[traffic.row]
        traffic.max_tokens = np.array([4096, 2048, -1, 8192, 4000], np.int32)[which][traffic.row]
        world.enrol(block, quota)
        world.send(block, traffic)
