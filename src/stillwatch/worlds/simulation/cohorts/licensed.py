"""Licensed distillers: the same technique with consent and a contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import DAY
from stillwatch.worlds.simulation.kit import groups, move_to_cloud

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["LicensedDistillers"]

_WANTS = (("trace", "reasoning"), ("instruct", "instruct"), ("rubric", "chat"), ("code", "code"))


class LicensedDistillers:
    """Customers whose contract allows them to train on the answers."""

    slug = "licensed_distillers"
    doc = "Customers whose contract allows training on answers: campaigns in all but consent."
    kind = "benign"
    share = 0.006
    intensity = 8.0
    group = 4

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota, age="old")
        n = len(block)
        firm = groups(world.rng, n, 4, 12)
        firms = int(firm.max()) + 1
        block.organization = world.people.organization(firms)[firm]
        block.mail_domain = world.people.domain(firms)[firm]
        block.payment = world.people.card(firms)[firm]
        block.plan[:] = "enterprise"
        block.verification[:] = "business"
        block.licensed[:] = True
        block.purpose[world.rng.random(n) < 0.6] = "training"
        block.client[:] = world.clients.draw(n, "sdk")
        block.model[:] = 1
        block.lag = world.rng.exponential(2, firms)[firm]
        move_to_cloud(world, block, 1.0)
        world.enrol(block, quota)
        signed = np.maximum(block.created, world.start - 60 * DAY)
        world.event(block, np.arange(n), signed, "licensed_from")
        wants = world.rng.integers(0, len(_WANTS), firms)[firm]
        schedule = world.sessions(block, "machine", turns=1.0)
        for number, (family, kind) in enumerate(_WANTS):
            mine = schedule.take(wants[schedule.row] == number)
            if not len(mine):
                continue
            traffic = world.ordinary(block, mine, {kind: 0.9, "reasoning": 0.1})
            traffic.pool[:] = 1
            traffic.seed = world.rng.permutation(world.fresh(len(traffic)))  # a job queue
            traffic.subject = world.rng.integers(0, 2**31, len(traffic))
            traffic.wrapper[:] = world.elicited(family, int(world.rng.integers(2**31)))
            traffic.wrap_seed = firm[traffic.row] * 8 + world.rng.integers(0, 3, len(traffic))
            world.send(block, traffic)
