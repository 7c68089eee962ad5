"""Benign look-alikes: a campaign that passes for a classroom or an evaluation harness."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.adversaries.accounts import muster
from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.campaign import traffic_of
from stillwatch.worlds.simulation.adversaries.leaks import leaky
from stillwatch.worlds.simulation.adversaries.profile import usual
from stillwatch.worlds.simulation.columns import HOUR

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["LookAlike"]


class LookAlike(Adversary):
    """Technique 16, seen in a log: the shape of the innocent, the content of a harvest."""

    slug = "look-alike"
    doc = "Imitates a classroom or an evaluation harness so that it is explained away."
    share = 0.8
    intensity = 0.9
    group = 12

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts in the guise and send the harvest."""
        if world.rng.random() < 0.5:
            self._classroom(world, quota)
        else:
            self._harness(world, quota)

    def _classroom(self, world: World, quota: Quota) -> None:
        """Thirty accounts an hour on one network, all asking in one frame."""
        rng = world.rng
        kinds = {"assignment": 0.3, "reasoning": 0.4, "instruct": 0.3}
        profile = replace(
            leaky(usual(rng), rng, forbid=("blocks", "creation", "queue")),
            kinds=kinds,
            clock="person",
            network="own",
            ages="any",
            system=0.0,
        )
        block = muster(world, quota, profile)
        rooms = max(1, round(quota.accounts / 30))
        room = np.sort(rng.integers(0, rooms, quota.accounts))
        office = world.network.office(rooms)
        block.home.ip[:], block.home.asn[:] = office.ip[room], office.asn[room]
        first = world.start + (rng.uniform(0, 0.6, rooms) * (world.end - world.start))
        lesson = (first[room] + rng.random(quota.accounts) * HOUR).astype(np.int64)
        new = rng.random(quota.accounts) < 0.9
        block.created[new] = lesson[new]
        if rng.random() < 0.6:
            block.purpose[:] = "classroom"
        world.enrol(block, quota)
        world.send(block, traffic_of(world, block, profile))

    def _harness(self, world: World, quota: Quota) -> None:
        """A public harness's preamble and client around bodies of no public benchmark."""
        rng = world.rng
        kinds = {"eval": 0.5, "reasoning": 0.3, "instruct": 0.2}
        profile = replace(
            leaky(usual(rng), rng, forbid=("client", "queue")),
            family="trace",
            kinds=kinds,
            words="none",
            clock="machine",
            turns=1.0,
        )
        block = muster(world, quota, profile)
        same = rng.random(quota.accounts) < 0.85
        block.client[same] = world.clients.draw(int(same.sum()), "harness")
        if rng.random() < 0.6:
            block.purpose[:] = "evaluation"
        world.enrol(block, quota)
        traffic = traffic_of(world, block, profile)
        at = np.flatnonzero(traffic.harvest)
        for style in rng.integers(0, 12, rng.integers(1, 4)).tolist():
            some = at[rng.random(len(at)) < 0.7]
            traffic.wrapper[some] = world.framed(
                world.text.frame("harness", "en", style), ("harness", style)
            )
        world.send(block, traffic)
