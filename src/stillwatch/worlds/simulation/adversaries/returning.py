"""One actor at every provider: as it was, or with other words, cards or infrastructure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.adversaries.accounts import muster
from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.campaign import traffic_of

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile
    from stillwatch.worlds.simulation.columns import Accounts
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["RETURNING", "Returning"]

_RANGES = 3
"""Address blocks that the actor rents."""
_RENTED, _OWN_CLIENT = (0.3, 0.8), (0.3, 0.9)
"""Shares of the accounts in rented blocks, and with the actor's client."""


class Returning(Adversary):
    """An actor with accounts at several providers, for signatures.

    Idea, wording, pace, settings, client and rented blocks are the same at every provider, but for
    what the actor changes when it leaves the first.

    Args:
        slug: name.
        doc: one sentence.
        changed: nothing, words, cards or infrastructure.
    """

    share = 1.0
    intensity = 1.0
    group = 8
    forbidden = ("client", "blocks")

    def __init__(self, slug: str, doc: str, changed: str = "nothing") -> None:
        self.slug = slug
        self.doc = doc
        self.changed = changed

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send the traffic of the actor's campaign here."""
        both = world.shared(f"{self.slug}-{quota.call}")
        profile = self.drawn(both)
        wording, habits, rented = (int(x) for x in both.integers(2**31, size=3))
        moved = world.provider if self.changed == "infrastructure" else 0
        worded = world.provider if self.changed == "words" else 0
        profile = replace(profile, wording=wording + 1_000_003 * worded, habits=habits)
        if self.changed == "cards" and world.provider:
            leaks = tuple(x for x in profile.leaks if x[0] not in ("cards", "phones", "devices"))
            profile = replace(profile, cards=0.0, phones=0.0, devices=0.0, leaks=leaks)
        block = muster(world, quota, profile)
        _equip(world, block, profile, rented + moved)
        world.enrol(block, quota)
        world.send(block, traffic_of(world, block, profile))


def _equip(world: World, block: Accounts, profile: CampaignProfile, rented: int) -> None:
    """Give the accounts the actor's client and addresses, which ``rented`` alone chooses."""
    own = np.random.default_rng(rented)
    client = world.clients.uncommon(int(own.integers(2**31)))
    rents, uses = own.random() < 0.5, own.random() < 0.7
    rented_share, client_share = own.uniform(*_RENTED), own.uniform(*_OWN_CLIENT)
    first = (own.integers(11, 223, _RANGES) << 24) + (own.integers(0, 2**16, _RANGES) << 8)
    rng, n = world.rng, len(block)
    if uses:
        block.client[rng.random(n) < client_share] = client
    if rents and profile.network != "rotating":
        at = np.flatnonzero(rng.random(n) < rented_share)
        base = first[rng.integers(0, _RANGES, len(at))]
        host = base + rng.integers(1, 255, len(at))
        for address in (block.home, block.mobile):
            address.ip[at] = host.astype(np.uint64)
            address.asn[at] = 24940 + (base >> 24)


RETURNING: tuple[Returning, ...] = (
    Returning("returning", "One actor at every provider, that changes nothing."),
    Returning("returning-reworded", "The same, with other words of the same idea.", "words"),
    Returning("returning-repaid", "The same, with cards and phones that nobody shares.", "cards"),
    Returning("returning-moved", "The same, with other clients and networks.", "infrastructure"),
)
"""One actor each way of changing; all are in a world only when they are named."""
