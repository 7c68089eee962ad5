"""One actor that moves on from provider to provider, and what it keeps when it does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.adversaries.accounts import muster
from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.campaign import traffic_of
from stillwatch.worlds.simulation.columns import DAY, HOUR

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.columns import Accounts
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["MOVING", "Moving"]

_STEADY = 0.95
"""Share of the accounts that a kept card, block or client serves."""
_RANGES = 6
"""Address blocks that the actor rents."""
_EACH = 3
"""Accounts that one card pays for at one provider."""
_WORDINGS, _BARE = 8, 0.2
"""Wordings at most, and share of exchanges without one: else there is none to keep."""


class Moving(Adversary):
    """An actor that works at one provider after the other, with new accounts at each.

    What it does not keep is another's at every provider: another wording of the idea, fresh cards,
    other blocks and another client.

    Args:
        slug: name.
        doc: one sentence.
        keeps: any of words, cards and network.
    """

    share = 1.0
    intensity = 1.0
    group = 8
    forbidden = ("client", "blocks", "creation")

    def __init__(self, slug: str, doc: str, keeps: frozenset[str]) -> None:
        self.slug = slug
        self.doc = doc
        self.keeps = keeps

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send the traffic of the phase spent at this provider."""
        both = world.shared(f"{self.slug}-{quota.call}")
        profile = self.drawn(both)
        wording, habits, cards, rented = (int(x) for x in both.integers(2**31, size=4))
        begin, finish = (
            world.start + (world.provider + phase) * (world.end - world.start) // world.providers
            for phase in (0, 1)
        )
        here = replace(
            profile,
            start=world.provider / world.providers,
            end=(world.provider + 1) / world.providers,
            late=0.2,
            ages="any",
            words="variants",
            wordings=min(profile.wordings, _WORDINGS),
            bare=min(profile.bare, _BARE),
            wording=wording + self._elsewhere(world, "words"),
            habits=habits,
        )
        block = muster(world, quota, here)
        opened = world.rng.uniform(0, 0.6, len(block)) * (finish - begin) - DAY // 2
        created = np.maximum(world.start, begin + opened.astype(np.int64))
        block.created[:] = np.minimum(created, world.end - HOUR)
        self._pay(world, block, cards)
        if "network" in self.keeps:
            _equip(world, block, rented)
        world.enrol(block, quota)
        traffic = traffic_of(world, block, here)
        first = np.maximum(begin, block.created[traffic.row])
        keep = (traffic.time < finish) & (traffic.time >= first)
        world.send(block, traffic.take(keep))

    def _elsewhere(self, world: World, trait: str) -> int:
        return 0 if trait in self.keeps else 1_000_003 * world.provider

    def _pay(self, world: World, block: Accounts, seed: int) -> None:
        """Pay with the actor's own cards, the same at every provider where it keeps them."""
        own, n = np.random.default_rng(seed + self._elsewhere(world, "cards")), len(block)
        numbers = own.integers(2**48, size=max(2, n // _EACH))
        pool = np.array([f"pay_{number:012x}" for number in numbers], object)
        paid = world.rng.random(n) < _STEADY
        block.payment[paid] = pool[world.rng.integers(len(pool), size=int(paid.sum()))]


def _equip(world: World, block: Accounts, seed: int) -> None:
    """Give the accounts the actor's client and addresses, which ``seed`` alone chooses."""
    own, rng, n = np.random.default_rng(seed), world.rng, len(block)
    client = world.clients.uncommon(int(own.integers(2**31)))
    first = (own.integers(11, 223, _RANGES) << 24) + (own.integers(0, 2**16, _RANGES) << 8)
    block.client[rng.random(n) < _STEADY] = client
    at = np.flatnonzero(rng.random(n) < _STEADY)
    base = first[rng.integers(0, _RANGES, len(at))]
    for address in (block.home, block.mobile):
        address.ip[at] = (base + rng.integers(1, 255, len(at))).astype(np.uint64)
        address.asn[at] = 24940 + (base >> 24)


_ALL = frozenset({"words", "cards", "network"})
MOVING: tuple[Moving, ...] = (
    Moving("moving", "One actor that moves on and keeps words, cards and network.", _ALL),
    Moving("moving-words", "The same, that keeps its words alone.", frozenset({"words"})),
    Moving("moving-cards", "The same, that keeps its cards alone.", frozenset({"cards"})),
    Moving("moving-network", "The same, that keeps client and blocks.", frozenset({"network"})),
    Moving("moving-anew", "The same, that keeps nothing but its idea.", frozenset()),
)
"""One actor each way of moving on; all are in a world only when they are named."""
