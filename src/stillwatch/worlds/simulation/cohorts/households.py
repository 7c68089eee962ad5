"""Households: two to five accounts on one card, one device, one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.cohorts.casual import KINDS
from stillwatch.worlds.simulation.columns import Address
from stillwatch.worlds.simulation.kit import groups, one_language, place

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Households"]


class Households:
    """Families and shared flats that share a card, a device, a phone and a line."""

    slug = "households"
    doc = "Two to five accounts that share a card, a device, a phone number and a line."
    kind = "benign"
    share = 0.05
    intensity = 0.6
    group = 2

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        house = groups(world.rng, n, 2, 5)
        houses = int(house.max()) + 1
        one_language(world, block, house)
        shared = (
            (world.rng.random(n) < 0.75, "payment", world.people.card(houses)),
            (world.rng.random(n) < 0.5, "device", world.people.device(houses)),
            (world.rng.random(n) < 0.25, "phone", world.people.phone(houses)),
        )
        for at, name, values in shared:
            setattr(block, name, np.where(at, values[house], getattr(block, name)))
        line = world.network.home(houses, block.language[np.unique(house, return_index=True)[1]])
        place(block.home, np.arange(n), Address(line.ip[house], line.asn[house]))
        hand = world.rng.random(n) < 0.92
        block.client[hand] = world.clients.draw(int(hand.sum()), "browser")
        traffic = world.ordinary(block, world.sessions(block, "person", turns=2.8), KINDS)
        world.enrol(block, quota)
        world.send(block, traffic)
