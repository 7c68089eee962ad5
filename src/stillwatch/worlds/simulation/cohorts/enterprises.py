"""Enterprises: one egress, one contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import Address
from stillwatch.worlds.simulation.kit import groups, one_language, place, systems

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Enterprises"]


class Enterprises:
    """Companies with one contract: one organisation, one egress, teams with their subjects."""

    slug = "enterprises"
    doc = "One organisation, one egress, one card; teams with subjects of their own."
    kind = "benign"
    share = 0.06
    intensity = 1.5
    group = 10

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        firm = groups(world.rng, n, 10, 60)
        firms = int(firm.max()) + 1
        team = groups(world.rng, n, 4, 9)
        one_language(world, block, firm)
        block.organization = world.people.organization(firms)[firm]
        block.mail_domain = world.people.domain(firms)[firm]
        block.payment = world.people.card(firms)[firm]
        block.payment[(world.rng.random(firms) < 0.3)[firm]] = None  # paid by invoice
        block.plan[:] = world.rng.choice(np.array(["team", "enterprise"], object), firms)[firm]
        block.verification[:] = "business"
        block.lag = world.rng.exponential(6, firms)[firm] + world.rng.exponential(1, n)
        block.lag[(world.rng.random(firms) < 0.5)[firm]] = np.inf
        egress = world.network.office(firms)
        inside = np.flatnonzero(world.rng.random(n) < 0.85)
        place(block.home, inside, Address(egress.ip[firm][inside], egress.asn[firm][inside]))
        block.subjects[:, :2] = block.subjects[np.unique(team, return_index=True)[1], :2][team]
        kinds = {"document": 0.35, "code": 0.3, "chat": 0.2, "tools": 0.05, "creative": 0.1}
        traffic = world.ordinary(block, world.sessions(block, "office", turns=2.6), kinds)
        house = systems(world, "assistant", block.language, firm * 7919 + quota.call)
        house[(world.rng.random(firms) < 0.5)[firm]] = -1
        traffic.system = house[traffic.row]
        world.enrol(block, quota)
        world.send(block, traffic)
