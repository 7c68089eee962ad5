"""Framing of innocents: a campaign that copies their words and client."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.adversaries.accounts import muster
from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.campaign import traffic_of

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Framing"]

_COPIED = (("agent", "code"), ("agent", "code"), ("review", "review"), ("newsletter", "chat"))


class Framing(Adversary):
    """Technique 16: whoever blocks the copied words or client blocks the innocent."""

    slug = "framing"
    doc = "Copies an innocent crowd's public words and client to have it blocked too."
    share = 0.8
    intensity = 1.0
    group = 10
    forbidden = ("client",)

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send harvest in the crowd's frame."""
        rng = world.rng
        role, kind = _COPIED[rng.integers(len(_COPIED))]
        which = int(rng.integers(0, 4))
        drawn = self.drawn(rng)
        profile = replace(drawn, kinds={kind: 0.6, "instruct": 0.4}, system=0.0)
        block = muster(world, quota, profile)
        if role == "agent":
            same = rng.random(len(block)) < 0.9
            block.client[same] = world.clients.agent(which)
        world.enrol(block, quota)
        traffic = traffic_of(world, block, profile)
        frame = world.text.frame(role, "en", which)
        if frame.system is not None:
            traffic.system[traffic.harvest] = world.system(frame.system, (role, which))
        else:
            at = np.flatnonzero(traffic.harvest & (traffic.turn == 0))
            traffic.wrapper[at[rng.random(len(at)) < 0.5]] = world.framed(frame, (role, which))
        world.send(block, traffic)
