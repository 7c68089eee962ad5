"""Hackathons: a hall of new accounts whose first requests look alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import DAY, HOUR, Address
from stillwatch.worlds.simulation.kit import groups, one_language, part, place, weekday

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Hackathons"]


class Hackathons:
    """Events of forty to a hundred and twenty: one morning, one hall, then a team's project."""

    slug = "hackathons"
    doc = "Forty to 120 new accounts of one morning and hall; then each team's own project."
    kind = "benign"
    share = 0.025
    intensity = 1.1
    group = 40

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota, age="new")
        n = len(block)
        event = groups(world.rng, n, 40, 120)
        events = int(event.max()) + 1
        one_language(world, block, event)
        morning = np.minimum(weekday(world, events, 9.0), world.end - DAY // 2)
        regular = world.rng.random(n) < 0.25  # came with an account that they had
        opened = morning[event] + (HOUR * world.rng.exponential(0.9, n)).astype(np.int64)
        earlier = world.start - (DAY * world.rng.exponential(200, n)).astype(np.int64)
        block.created = np.where(regular, earlier, np.minimum(opened, world.end - HOUR))
        block.client[:] = world.clients.draw(n, "sdk")
        hall = world.network.office(events)
        wired = np.flatnonzero(world.rng.random(n) < 0.7)
        place(block.home, wired, Address(hall.ip[event][wired], hall.asn[event][wired]))
        team = groups(world.rng, n, 3, 5)
        block.subjects = block.subjects[np.unique(team, return_index=True)[1]][team]
        block.plan[:] = "free"
        credit = world.people.card(events)[event]  # an organiser's voucher pays for some
        paid = (world.rng.random(events) < 0.3)[event]
        block.payment = np.where(paid, credit, block.payment)
        start = np.maximum(morning[event], block.created)
        schedule = world.sessions(
            block, "burst", start=start, end=start + int(1.6 * DAY), turns=3.0
        )
        traffic = world.ordinary(block, schedule, {"code": 0.75, "tools": 0.15, "creative": 0.1})
        first = np.diff(traffic.row, prepend=-1) > 0
        copied = (first | part(world, traffic, 0.05)) & (traffic.turn == 0)
        traffic.wrapper[copied] = world.styled("launch")
        traffic.wrap_seed = (event * 31 + quota.call)[traffic.row]
        world.enrol(block, quota)
        world.send(block, traffic)
