"""A campaign's accounts: ordinary ones, edited in identity, network, client and age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.adversaries.leaks import betray
from stillwatch.worlds.simulation.columns import DAY, HOUR, Accounts, Bools, Ints, Objects

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["connect", "muster", "recycle"]


def muster(world: World, quota: Quota, profile: CampaignProfile, n: int | None = None) -> Accounts:
    """Return the campaign's accounts, not yet enrolled."""
    block = world.open(quota, n)
    if profile.few:
        mean = profile.few * world.rng.gamma(3.0, 1 / 3, len(block))
        block.volume = 1 + world.rng.poisson(np.maximum(mean - 1, 0)).astype(np.int64)
    _age(world, block, profile)
    _identify(world, block, profile)
    connect(world, block, profile.network)
    _equip(world, block, profile)
    fast = world.rng.random(len(block)) < 0.8
    block.lag[fast] = profile.lag * world.rng.gamma(2.0, 0.5, int(fast.sum()))
    betray(world, block, profile)
    return block


def _age(world: World, block: Accounts, profile: CampaignProfile) -> None:
    """Edit times of opening; a minority always stays as everyone's."""
    rng, span, n = world.rng, world.end - world.start, len(block)
    if profile.ages == "any":
        return
    edited = rng.random(n) < rng.uniform(0.7, 1.0)
    if profile.ages == "old":
        young = edited & (block.created >= world.start)
        years = np.minimum(rng.exponential(330, n), 1500) * DAY
        moved = world.start - HOUR - years.astype(np.int64)
        block.created[young] = moved[young]
        return
    latest = min(0.85, profile.start + 0.5)
    if profile.ages == "new":
        time = world.start + (rng.random(n) * latest * span).astype(np.int64)
    else:
        clumps = rng.integers(1, 4)
        begin = world.start + rng.random(clumps) * min(latest, 0.7) * span
        width = min(profile.clump, int(0.3 * span))
        time = (rng.choice(begin, n) + rng.random(n) * width).astype(np.int64)
    hour = ((14 + 4.5 * rng.standard_normal(n)) % 24 * HOUR).astype(np.int64)
    wide = profile.ages == "new" or profile.clump > DAY
    time = time - time % DAY + hour if wide else time
    block.created[edited] = np.clip(time, world.start, world.end - HOUR)[edited]


def recycle(rng: np.random.Generator, values: Objects, share: float, reuse: int) -> None:
    """Let a share of the entries share values, 2 to ``reuse`` a value, in place."""
    at = np.flatnonzero((values != None) & (rng.random(len(values)) < share))  # noqa: E711
    at = rng.permutation(at)
    place = 0
    while place < len(at) - 1:
        size = int(rng.integers(2, reuse + 1))
        values[at[place : place + size]] = values[at[place]]
        place += size


def _identify(world: World, block: Accounts, profile: CampaignProfile) -> None:
    rng, n = world.rng, len(block)
    recycle(rng, block.payment, profile.cards, profile.reuse)
    recycle(rng, block.phone, profile.phones, profile.reuse)
    recycle(rng, block.device, profile.devices, profile.reuse)
    raised = rng.random(n) < profile.verified
    block.verification[raised] = rng.choice(
        np.array(["id", "business", "phone"], dtype=object), int(raised.sum())
    )


def _put(block: Accounts, at: Bools | Ints, ip: Ints, asn: Ints) -> None:
    block.home.ip[at], block.home.asn[at] = ip, asn
    block.mobile.ip[at], block.mobile.asn[at] = ip, asn


def connect(world: World, block: Accounts, network: str) -> None:
    """Move accounts to the campaign's networks; some always keep their own line."""
    rng, n = world.rng, len(block)
    if network == "own":
        return
    luck = rng.random(n)
    keep = luck < 0.08
    shares = {
        "proxy": {"proxy": 1.0},
        "rotating": {"proxy": 1.0},
        "cloud": {"cloud": 0.7, "own": 0.3},
        "vpn": {"vpn": 0.4, "proxy": 0.6},
        "mixed": {"proxy": 0.46, "cloud": 0.15, "vpn": 0.04, "own": 0.35},
    }[network]
    names = np.array(list(shares))[rng.choice(len(shares), n, p=np.array(list(shares.values())))]
    for name, make in (
        ("proxy", world.network.proxy),
        ("cloud", world.network.cloud),
        ("vpn", world.network.vpn),
    ):
        at = np.flatnonzero((names == name) & ~keep)
        if len(at):
            address = make(len(at))
            _put(block, at, address.ip.astype(np.uint64), address.asn)


def _equip(world: World, block: Accounts, profile: CampaignProfile) -> None:
    rng, n = world.rng, len(block)
    if profile.client == "any":
        by_hand = np.flatnonzero(rng.random(n) < profile.by_hand)
        browser = rng.random(len(by_hand)) < 0.6
        block.client[by_hand] = np.where(
            browser,
            world.clients.draw(len(by_hand), "browser"),
            world.clients.draw(len(by_hand), "app"),
        )
        return
    edited = rng.random(n) < rng.uniform(0.6, 0.95)
    family = "sdk" if profile.client == "one" else profile.client
    drawn = world.clients.draw(n, family)
    if profile.client == "one":
        drawn[:] = drawn[0]
    block.client[edited] = drawn[edited]
