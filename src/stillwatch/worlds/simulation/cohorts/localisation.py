"""Localisation shops: several seats, one card, translating all day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import HOUR, Address, Ints
from stillwatch.worlds.simulation.kit import groups, one_language, place, systems

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Localisation"]


class Localisation:
    """Shops of three to eight seats on one card; half of them name no organisation."""

    slug = "localisation"
    doc = "Several seats on one card translate all day; half name no organisation."
    kind = "benign"
    share = 0.03
    intensity = 2.5
    group = 3

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        shop = groups(world.rng, n, 3, 8)
        shops = int(shop.max()) + 1
        one_language(world, block, shop)
        block.payment = world.people.card(shops)[shop]
        named = world.rng.random(shops) < 0.5
        at = named[shop]
        block.organization[at] = world.people.organization(shops)[shop][at]
        block.mail_domain[at] = world.people.domain(shops)[shop][at]
        alone = ~at & (world.rng.random(shops) < 0.4)[shop]
        block.mail_domain[alone] = world.people.domain(shops)[shop][alone]
        block.purpose[at & (world.rng.random(n) < 0.5)] = "localisation"
        block.created = _seats(world, block.created, shop)
        desk = world.network.office(shops)
        together = np.flatnonzero(world.rng.random(n) < world.rng.uniform(0.7, 0.95, shops)[shop])
        place(block.home, together, Address(desk.ip[shop][together], desk.asn[shop][together]))
        hand = world.rng.random(shops) < 0.4
        tool = np.array(
            [world.clients.product(int(s)) for s in world.rng.integers(0, 2**31, shops)],
        )
        block.client = np.where(hand[shop], world.clients.draw(n, "browser"), tool[shop]).astype(
            np.int16,
        )
        leader = np.unique(shop, return_index=True)[1][shop]
        block.subjects = block.subjects[leader]
        traffic = world.ordinary(
            block,
            world.sessions(block, "office", turns=1.4),
            {"translation": 0.94, "chat": 0.06},
        )
        rules = world.rng.integers(0, 2**31, shops)
        house = systems(world, "translation", block.language, rules[shop])
        house[(world.rng.random(shops) < 0.4)[shop]] = -1
        traffic.system = house[traffic.row]
        framed = (world.rng.random(shops) < 0.6)[shop][traffic.row] & (traffic.turn == 0)
        traffic.wrapper[framed] = world.styled("translation")
        traffic.wrap_seed = rules[shop][traffic.row]
        world.enrol(block, quota)
        world.send(block, traffic)


def _seats(world: World, created: Ints, shop: Ints) -> Ints:
    """Let the seats of some shops be opened on one day."""
    _, first = np.unique(shop, return_index=True)
    same = (world.rng.random(int(shop.max()) + 1) < 0.5)[shop]
    near = created[first][shop] + (world.rng.random(len(shop)) * 2 * HOUR).astype(np.int64)
    return np.where(same, np.minimum(near, world.end - 1), created)
