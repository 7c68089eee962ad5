"""A newsletter that sends a thousand people the same prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.cohorts.casual import KINDS
from stillwatch.worlds.simulation.columns import DAY, HOUR

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Newsletter"]

_LETTERS = 3  # newsletters with readers here
_PROMPTS = 4  # prompts an issue


class Newsletter:
    """Readers who try what the week's issue prints, among their own chats."""

    slug = "newsletter"
    doc = "Strangers who paste the prompts of a weekly newsletter among their own chats."
    kind = "benign"
    share = 0.04
    intensity = 0.7
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        hand = world.rng.random(n) < 0.9
        block.client[hand] = world.clients.draw(int(hand.sum()), "browser")
        world.enrol(block, quota)
        world.send(block, world.ordinary(block, world.sessions(block, "person"), KINDS))
        letter = world.rng.integers(0, _LETTERS, n)
        wrapper = world.styled("newsletter")
        weeks = max(1, (world.end - world.start) // (7 * DAY))
        for week in range(weeks):
            issue = world.start + week * 7 * DAY + letter * DAY + 7 * HOUR
            reads = (world.rng.random(n) < 0.55) & (block.created < issue)
            tried = np.where(reads, world.rng.integers(1, _PROMPTS + 1, n), 0)
            schedule = world.sessions(
                block, "burst", volume=tried, start=issue, end=issue + 3 * DAY, turns=1.0
            )
            schedule.conversation += 1_000_000 * (week + 1)
            traffic = world.ordinary(block, schedule, {"chat": 1.0})
            which = schedule.conversation % _PROMPTS
            style = (letter[traffic.row] * 1000 + week) * _PROMPTS + which
            traffic.wrapper[:] = wrapper
            traffic.wrap_seed = style
            same = world.rng.random(len(traffic)) < 0.4  # the rest fill in their own matter
            traffic.seed = np.where(same, style, traffic.seed)
            traffic.subject = np.where(same, style, traffic.subject)
            world.send(block, traffic)
