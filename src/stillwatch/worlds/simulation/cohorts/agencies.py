"""Agencies: eight to twenty accounts on shared cards and phones, without an organisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import DAY, Address
from stillwatch.worlds.simulation.kit import groups, one_language, place, systems

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Agencies"]


class Agencies:
    """Small agencies: two cards, two numbers, a desk each, clients of their own."""

    slug = "agencies"
    doc = "Eight to twenty accounts on one to three cards and phones, without organisation."
    kind = "benign"
    share = 0.025
    intensity = 1.2
    group = 8

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        firm = groups(world.rng, n, 8, 20)
        firms = int(firm.max()) + 1
        one_language(world, block, firm)
        which = firm * 3 + world.rng.integers(0, world.rng.integers(1, 4, firms)[firm])
        block.payment = world.people.card(3 * firms)[which]
        numbers = world.people.phone(3 * firms)[which]
        block.phone = np.where(world.rng.random(n) < 0.7, numbers, block.phone)
        block.plan[:] = world.rng.choice(np.array(["plus", "pay_as_you_go", "team"], object), n)
        at_once = (world.rng.random(firms) < 0.4)[firm]  # set up by one person in one sitting
        leader = np.unique(firm, return_index=True)[1][firm]
        near = block.created[leader] + (world.rng.random(n) * 0.2 * DAY).astype(np.int64)
        block.created = np.where(at_once, np.minimum(near, world.end - 1), block.created)
        sequence = np.arange(n) - leader
        patterned = (world.rng.random(firms) < 0.25)[firm]
        mail = block.mail_local[leader]
        named = [f"{name}{number + 1}" for name, number in zip(mail, sequence, strict=True)]
        block.mail_local = np.where(patterned, np.array(named, dtype=object), block.mail_local)
        company = (world.rng.random(firms) < 0.5)[firm]
        domain = world.people.domain(firms)[firm]
        block.mail_domain = np.where(company, domain, block.mail_domain)
        desk = world.network.office(firms)
        office = np.flatnonzero(world.rng.random(n) < world.rng.uniform(0.7, 0.95, firms)[firm])
        place(block.home, office, Address(desk.ip[firm][office], desk.asn[firm][office]))
        kinds = {"creative": 0.5, "chat": 0.2, "document": 0.2, "translation": 0.1}
        traffic = world.ordinary(block, world.sessions(block, "office", turns=2.5), kinds)
        house = systems(world, "assistant", block.language, firm * 104_729 + quota.call)
        house[(world.rng.random(firms) < 0.7)[firm]] = -1
        traffic.system = house[traffic.row]
        world.enrol(block, quota)
        world.send(block, traffic)
