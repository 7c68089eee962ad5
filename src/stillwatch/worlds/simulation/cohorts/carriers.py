"""Customers of mobile carriers and of resold apps: many strangers behind few addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.cohorts.casual import KINDS
from stillwatch.worlds.simulation.kit import place, systems

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["CarrierCustomers"]

_APPS = 3  # resold apps with users of their own accounts


class CarrierCustomers:
    """Strangers behind carrier NAT; half of them through one of three resold apps."""

    slug = "carrier_customers"
    doc = "Strangers behind carrier NAT, half of them with one of three resold apps."
    kind = "benign"
    share = 0.04
    intensity = 0.6
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        place(block.home, np.arange(n), world.network.mobile(n, block.language))
        app = world.rng.integers(0, _APPS, n)
        resold = world.rng.random(n) < 0.5
        names = np.array([world.clients.product(4000 + number) for number in range(_APPS)])
        block.client = np.where(resold, names[app], world.clients.draw(n, "app")).astype(np.int16)
        traffic = world.ordinary(block, world.sessions(block, "person", turns=2.6), KINDS)
        words = systems(world, "product", np.full(n, "en", dtype=object), 70 + app)
        traffic.system = np.where(resold, words, -1).astype(np.int32)[traffic.row]
        world.enrol(block, quota)
        world.send(block, traffic)
