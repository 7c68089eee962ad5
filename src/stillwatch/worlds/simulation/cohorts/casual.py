"""Casual people in every language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Casual"]

KINDS = {
    "chat": 0.60,
    "creative": 0.13,
    "translation": 0.07,
    "code": 0.07,
    "reasoning": 0.05,
    "document": 0.05,
    "assignment": 0.03,
}
"""What people ask for, by conversation."""


class Casual:
    """People who chat in the browser and on the phone, about their own few interests."""

    slug = "casual"
    doc = "People who chat in the browser and on the phone, in twenty languages."
    kind = "benign"
    share = 0.36
    intensity = 0.55
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        by_hand = world.rng.random(n) < 0.9
        at = np.flatnonzero(by_hand)
        browser = world.rng.random(len(at)) < 0.6
        block.client[at] = np.where(
            browser,
            world.clients.draw(len(at), "browser"),
            world.clients.draw(len(at), "app"),
        )
        vpn = np.flatnonzero(world.rng.random(n) < 0.04)
        exits = world.network.vpn(len(vpn))
        block.mobile.ip[vpn], block.mobile.asn[vpn] = exits.ip, exits.asn
        traffic = world.ordinary(block, world.sessions(block, "person", turns=2.8), KINDS)
        world.enrol(block, quota)
        world.send(block, traffic)
