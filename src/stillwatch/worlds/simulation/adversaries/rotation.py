"""Rotation between providers: here until it hurts, then elsewhere, then back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.adversaries.accounts import muster
from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.campaign import traffic_of
from stillwatch.worlds.simulation.columns import DAY, HOUR

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Rotation"]


class Rotation(Adversary):
    """Technique 12: the same idea and clients everywhere, new accounts on every return.

    With one provider the other phases are simply quiet.
    """

    slug = "rotation"
    doc = "One actor that rotates between providers and returns with new accounts."
    share = 1.0
    intensity = 1.0
    group = 8
    forbidden = ("creation",)

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts of every phase spent at this provider."""
        both = world.shared(f"rotation-{quota.call}")
        profile = self.drawn(both)
        others = max(world.providers, int(both.integers(2, 4)))
        rounds = int(both.integers(1, 3))
        parts = others * rounds
        turn = int(both.integers(others))
        places = [p for p in range(parts) if p % others == (world.provider + turn) % others]
        shares = np.array_split(np.arange(quota.accounts), len(places))
        span = world.end - world.start
        for place, share in zip(places, shares, strict=True):
            if not len(share):
                continue
            begin = world.start + place * span // parts
            finish = world.start + (place + 1) * span // parts
            here = replace(
                profile, start=place / parts, end=(place + 1) / parts, late=0.2, ages="any"
            )
            block = muster(world, quota, here, len(share))
            opened = world.rng.uniform(0, 0.7, len(share)) * (finish - begin) - DAY // 2
            new = (world.rng.random(len(share)) < 0.7) | (block.created >= finish)
            created = np.maximum(world.start, begin + opened.astype(np.int64))
            block.created[new] = np.minimum(created, world.end - HOUR)[new]
            world.enrol(block, quota)
            traffic = traffic_of(world, block, here)
            stays = (traffic.time < finish) | (world.rng.random(len(traffic)) < 0.02)
            keep = stays & (traffic.time >= block.created[traffic.row])
            world.send(block, traffic.take(keep))
