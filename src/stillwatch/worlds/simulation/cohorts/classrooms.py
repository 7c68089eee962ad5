"""Classrooms: thirty new accounts in an hour, one network, one assignment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import DAY, HOUR, MINUTE, Address
from stillwatch.worlds.simulation.kit import groups, one_language, part, weekday

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Accounts, Ints, Quota, World

__all__ = ["Classrooms"]


class Classrooms:
    """Classes that open accounts in one lesson and work on what the teacher set."""

    slug = "classrooms"
    doc = "Thirty new accounts in an hour, one network, one assignment; then their own use."
    kind = "benign"
    share = 0.04
    intensity = 0.45
    group = 20

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota, age="new")
        n = len(block)
        room = groups(world.rng, n, 20, 36)
        rooms = int(room.max()) + 1
        one_language(world, block, room)
        lesson = np.minimum(weekday(world, rooms), world.end - 6 * HOUR)
        minutes = np.minimum(world.rng.exponential(14, n), 70) * MINUTE
        block.created = lesson[room] + minutes.astype(np.int64)
        school = world.network.office(rooms)
        network = Address(school.ip[room], school.asn[room])
        given = (world.rng.random(rooms) < 0.55)[room]
        block.mail_domain[given] = world.people.domain(rooms)[room][given]
        block.client[:] = world.clients.draw(n, "browser")
        block.plan[:] = "free"
        block.payment[:] = None
        block.purpose[given & (world.rng.random(n) < 0.3)] = "education"
        block.subjects[:, 0] = world.rng.integers(0, 2**31, rooms)[room]
        world.enrol(block, quota)
        self._lessons(world, block, lesson[room], network)
        own = np.maximum(1, block.volume // 2)
        traffic = world.ordinary(
            block,
            world.sessions(block, "person", volume=own),
            {"chat": 0.7, "creative": 0.15, "reasoning": 0.15},
        )
        traffic.subject = block.subjects[traffic.row, 1 + traffic.conversation % 3]
        world.send(block, traffic)

    @staticmethod
    def _lessons(world: World, block: Accounts, begin: Ints, network: Address) -> None:
        """Send what the classes write in their lessons, this week and the next."""
        wrapper = world.styled("assignment")
        for week in range(2):
            start = np.maximum(begin + week * 7 * DAY, block.created)
            volume = np.minimum(1 + block.volume // 3, 18)
            schedule = world.sessions(
                block, "burst", volume=volume, start=start, end=start + 100 * MINUTE, turns=2.5
            )
            schedule = schedule.take(schedule.time < world.end)
            traffic = world.ordinary(block, schedule, {"assignment": 0.9, "chat": 0.1})
            traffic.ip = network.ip[traffic.row]
            traffic.asn = network.asn[traffic.row]
            traffic.subject = block.subjects[traffic.row, 0] + week
            pasted = part(world, traffic, 0.5)
            traffic.wrapper[pasted] = wrapper
            traffic.wrap_seed = traffic.subject.copy()
            traffic.conversation += 1000 * (week + 1)
            world.send(block, traffic)
