"""Operational leaks: what a campaign's operators are careless about.

Every campaign but the spotless one draws two to four, each over a share of its accounts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import DAY, HOUR, SECOND, Accounts, Ints, Objects, Traffic
from stillwatch.worlds.simulation.kit import groups

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile
    from stillwatch.worlds.simulation.columns import Bools
    from stillwatch.worlds.simulation.interface import World

__all__ = ["LEAKS", "betray", "keep_time", "leaky"]

LEAKS = (
    "cards",  # payment values recycled over groups of 2 to 6
    "phones",  # telephone numbers likewise
    "devices",  # devices likewise
    "creation",  # opened in waves of hours to three days
    "blocks",  # several /24s, each with 4 to 15 accounts
    "client",  # one uncommon public client for a part
    "pivot",  # to the new model within a day of its release
    "hours",  # the harvest keeps to a few hours of the day
    "minutes",  # rounds in which many accounts send within minutes
    "queue",  # one queue deals jobs at a steady rate
    "mails",  # one stem and running numbers as mail addresses
)
"""Leaks to draw from."""

_CLASHES = {"queue": ("hours", "minutes"), "hours": ("queue",), "minutes": ("queue",)}
_STRENGTH = (0.35, 1.0)  # share of the accounts that a leak concerns
_DOMAINS = ("gmail.com", "gmail.com", "outlook.com", "hotmail.com", "yahoo.com")


def leaky(
    p: CampaignProfile,
    rng: np.random.Generator,
    force: Collection[str] = (),
    forbid: Collection[str] = (),
) -> CampaignProfile:
    """Draw two to four leaks, those forced among them, with strengths."""
    names = list(force)
    wanted = int(rng.integers(2, 5))
    for name in [LEAKS[place] for place in rng.permutation(len(LEAKS))]:
        clashes = any(other in names for other in _CLASHES.get(name, ()))
        if len(names) < wanted and name not in names and name not in forbid and not clashes:
            names.append(name)
    p = replace(p, leaks=tuple((name, float(rng.uniform(*_STRENGTH))) for name in names))
    if "pivot" in names:
        p = replace(p, lag=float(rng.uniform(0.1, 0.8)), strong=max(p.strong, 0.9), end=1.0)
    if "queue" in names:
        p = replace(p, clock="queue", turns=1.0)
    if "blocks" in names and p.network == "rotating":
        p = replace(p, network="proxy")
    return p


def betray(world: World, block: Accounts, profile: CampaignProfile) -> None:
    """Let the campaign's leaks show in its accounts."""
    for name, strength in profile.leaks:
        effect = _EFFECTS.get(name)
        if effect is not None:
            some = world.rng.permutation(len(block))[: max(2, round(strength * len(block)))]
            effect(world, block, profile, some)


def _shared(rng: np.random.Generator, some: Ints, make: Callable[[int], Objects]) -> Objects:
    """Return values for some accounts, each new value for a group of 2 to 6."""
    group = groups(rng, len(some), 2, 6)
    if len(group) > 1 and group[-1] != group[-2]:
        group[-1] = group[-2]  # no group of one
    return make(int(group.max()) + 1)[group]


def _cards(world: World, block: Accounts, _: CampaignProfile, some: Ints) -> None:
    block.payment[some] = _shared(world.rng, some, world.people.card)
    free = some[block.plan[some] == "free"]
    block.plan[free] = world.rng.choice(np.array(["plus", "pay_as_you_go"], object), len(free))


def _phones(world: World, block: Accounts, _: CampaignProfile, some: Ints) -> None:
    block.phone[some] = _shared(world.rng, some, world.people.phone)
    weak = some[block.verification[some] == "email"]
    block.verification[weak] = "phone"


def _devices(world: World, block: Accounts, _: CampaignProfile, some: Ints) -> None:
    block.device[some] = _shared(world.rng, some, world.people.device)


def _creation(world: World, block: Accounts, _: CampaignProfile, some: Ints) -> None:
    rng, span = world.rng, world.end - world.start
    waves = max(1, min(int(rng.integers(2, 6)), len(some) // 4))
    width = np.exp(rng.uniform(np.log(2), np.log(72), waves)) * HOUR
    begin = world.start + rng.uniform(-0.5, 0.6, waves) * span
    wave = rng.integers(0, waves, len(some))
    time = (begin[wave] + rng.random(len(some)) * width[wave]).astype(np.int64)
    hour = ((14 + 4.5 * rng.standard_normal(len(some))) % 24 * HOUR).astype(np.int64)
    time = np.where(width[wave] > DAY, time - time % DAY + hour, time)
    block.created[some] = np.minimum(time, world.end - HOUR)


def _blocks(world: World, block: Accounts, _: CampaignProfile, some: Ints) -> None:
    rng = world.rng
    group = groups(rng, len(some), 4, 15)
    if group.max() and (group == group.max()).sum() < 4:
        group[group == group.max()] -= 1
    hosted = rng.choice([0.0, 0.5, 1.0])
    for number in range(int(group.max()) + 1):
        at = some[group == number]
        if rng.random() < hosted:
            address = world.network.cloud(len(at), block=True)
            ip, asn = address.ip, address.asn
        else:
            exits = world.network.proxy(16)
            one = int(np.argmax(exits.ip < np.uint64(2**32)))
            low = (rng.permutation(254)[: len(at)] + 1).astype(np.uint64)
            ip = (exits.ip[one] & ~np.uint64(0xFF)) | np.resize(low, len(at))
            asn = np.full(len(at), exits.asn[one])
        for address in (block.home, block.mobile):
            address.ip[at], address.asn[at] = ip, asn


def _client(world: World, block: Accounts, profile: CampaignProfile, some: Ints) -> None:
    part = some[: max(2, round(len(some) * world.rng.uniform(0.4, 0.8)))]
    block.client[part] = world.clients.uncommon(profile.style)


def _mails(world: World, block: Accounts, _: CampaignProfile, some: Ints) -> None:
    rng = world.rng
    stem = str(block.mail_local[some[0]]).rstrip("0123456789")
    first, digits = int(rng.integers(1, 800)), int(rng.integers(0, 5))
    by_age = some[np.argsort(block.created[some])]
    block.mail_local[by_age] = [f"{stem}{first + i:0{digits}d}" for i in range(len(by_age))]
    block.mail_domain[some] = str(rng.choice(_DOMAINS))


_EFFECTS: dict[str, Callable[[World, Accounts, CampaignProfile, Ints], None]] = {
    "cards": _cards,
    "phones": _phones,
    "devices": _devices,
    "creation": _creation,
    "blocks": _blocks,
    "client": _client,
    "mails": _mails,
}


def keep_time(
    world: World, block: Accounts, traffic: Traffic, profile: CampaignProfile, chosen: Bools
) -> None:
    """Move harvested conversations to the campaign's shift, and then to its rounds."""
    rng = world.rng
    own = np.random.default_rng(profile.style)
    first, width = own.uniform(0, 24), own.uniform(2, 5)
    for name in ("hours", "minutes"):
        strength = profile.leak(name)
        if not strength or (name == "minutes" and profile.clock == "lockstep"):
            continue
        mine = rng.random(len(block)) < strength
        at = np.flatnonzero(chosen & mine[traffic.row])
        if not len(at):
            continue
        talk = traffic.row[at] * (int(traffic.conversation.max()) + 1) + traffic.conversation[at]
        _, head, number = np.unique(talk, return_index=True, return_inverse=True)
        row = traffic.row[at][head]
        begin = np.full(len(head), np.iinfo(np.int64).max)
        np.minimum.at(begin, number, traffic.time[at])
        if name == "hours":
            hour = (first + width * rng.random(len(begin))) % 24
            moved = begin - begin % DAY + (hour * HOUR).astype(np.int64)
        else:
            often = np.quantile(np.bincount(row)[np.unique(row)], 0.9)
            rounds = np.sort(rng.choice(begin, int(np.clip(1.5 * often, 4, 3000))))
            right = np.clip(np.searchsorted(rounds, begin), 1, len(rounds) - 1)
            left = rounds[right - 1]
            nearer = np.where(begin - left < rounds[right] - begin, left, rounds[right])
            pause = rng.exponential(rng.uniform(8, 90), len(begin)) * SECOND
            moved = nearer + pause.astype(np.int64)
        outside = (moved < np.maximum(block.created[row], world.start)) | (moved >= world.end)
        shift = np.where(outside, 0, moved - begin)
        traffic.time[at] += shift[number]
