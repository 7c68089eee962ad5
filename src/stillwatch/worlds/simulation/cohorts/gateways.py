"""Gateways: hundreds of end users in one account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import LANGUAGES
from stillwatch.worlds.simulation.kit import move_to_cloud, systems
from stillwatch.worlds.simulation.network import mixed

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Gateways"]


class Gateways:
    """Accounts that carry the traffic of hundreds of people, with an id for each."""

    slug = "gateways"
    doc = "Hundreds of end users of every language in one account."
    kind = "benign"
    share = 0.008
    intensity = 12.0
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        block.client[:] = world.clients.draw(n, "gateway")
        move_to_cloud(world, block, 0.95)
        block.plan[:] = "pay_as_you_go"
        company = world.rng.random(n) < 0.6
        block.mail_domain[company] = world.people.domain(int(company.sum()))
        schedule = world.sessions(block, "machine", turns=2.4)
        kinds = {"chat": 0.5, "code": 0.2, "creative": 0.12, "translation": 0.1, "reasoning": 0.08}
        traffic = world.ordinary(block, schedule, kinds)
        users = world.rng.integers(20, 600, n)
        mass = mixed(traffic.row * 1_000_003 + traffic.conversation, quota.call + 17)
        share = (mass >> np.uint64(11)) / 2.0**53
        user = (share**1.5 * users[traffic.row]).astype(np.int64)  # some users talk more
        person = mixed(traffic.row * 1_000_003 + user, 23)
        named = (world.rng.random(n) < 0.85)[traffic.row]
        traffic.end_user = np.where(named, user, -1)
        traffic.subject = (mixed(person, 1) + mixed(traffic.conversation, 5) % np.uint64(3)).astype(
            np.int64
        ) % (2**31 - 1)
        spoken = (person % np.uint64(len(LANGUAGES))).astype(np.int8)
        local = (person >> np.uint64(20)) % np.uint64(10) < 6
        traffic.lang = np.where(local, traffic.lang, spoken).astype(np.int8)
        greeting = systems(world, "gateway", block.language, block.subjects[:, 0])
        greeting[world.rng.random(n) < 0.5] = -1
        traffic.system = greeting[traffic.row]
        world.enrol(block, quota)
        world.send(block, traffic)
