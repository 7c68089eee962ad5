"""What several populations do to their blocks: shared values, places, templates, moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import (
    DAY,
    HOUR,
    Accounts,
    Address,
    Bools,
    Ints,
    Objects,
    Traffic,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.worlds.simulation.interface import World

__all__ = [
    "constant_settings",
    "groups",
    "move_to_cloud",
    "one_language",
    "part",
    "place",
    "systems",
    "weekday",
]


def groups(rng: np.random.Generator, n: int, low: int, high: int) -> Ints:
    """Return the group of each of ``n`` accounts; groups have ``low`` to ``high`` members.

    >>> groups(np.random.default_rng(0), 6, 3, 3).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    sizes = rng.integers(low, high + 1, max(1, n // max(low, 1) + 1))
    return np.repeat(np.arange(len(sizes)), sizes)[:n]


def place(address: Address, rows: Ints | Bools, other: Address) -> None:
    """Set some of the addresses of a block."""
    address.ip[rows] = other.ip
    address.asn[rows] = other.asn


def move_to_cloud(world: World, block: Accounts, share: float) -> None:
    """Let a share of the accounts send from one data-centre address each."""
    at = np.flatnonzero(world.rng.random(len(block)) < share)
    cloud = world.network.cloud(len(at))
    place(block.home, at, cloud)
    place(block.mobile, at, cloud)


def one_language(world: World, block: Accounts, group: Ints) -> None:
    """Give each group the language, clock and networks of its first member."""
    _, first = np.unique(group, return_index=True)
    leader = first[group]
    block.language = block.language[leader]
    block.offset = block.offset[leader]
    local, domain = world.people.mail(len(block), block.language)
    block.mail_local, block.mail_domain = local, domain
    place(block.home, np.arange(len(block)), world.network.home(len(block), block.language))
    place(block.mobile, np.arange(len(block)), world.network.mobile(len(block), block.language))


def systems(world: World, role: str, language: Objects, style: Ints) -> NDArray[np.int32]:
    """Return the number of each account's system prompt, -1 where the role has none."""
    found = np.full(len(style), -1, np.int32)
    for row, (lang, number) in enumerate(zip(language, style.tolist(), strict=True)):
        words = world.text.frame(role, lang, number).system
        if words is not None:
            found[row] = world.system(words, (role, number))
    return found


def constant_settings(world: World, block: Accounts, traffic: Traffic) -> None:
    """Give each account's program its one temperature and cap."""
    n = len(block)
    heat = world.rng.choice(
        [np.nan, 0.0, 0.2, 0.3, 0.7, 1.0],
        n,
        p=(0.35, 0.25, 0.1, 0.1, 0.1, 0.1),
    )
    cap = world.rng.choice(np.array([-1, 512, 1024, 2048, 4096], np.int32), n)
    traffic.temperature = heat[traffic.row]
    traffic.max_tokens = cap[traffic.row]


def weekday(world: World, n: int = 1, hour: float = 10.0) -> Ints:
    """Return moments on working days of the world, about an hour of the day, UTC."""
    days = np.arange((world.end - world.start) // DAY)
    weekdays = days[(world.start // DAY + days + 3) % 7 < 5]
    day = world.rng.choice(weekdays if len(weekdays) else days, n)
    clock = np.clip(world.rng.normal(hour, 2.2, n), 0.5, 22)
    return np.asarray(world.start + day * DAY + (clock * HOUR).astype(np.int64))


def part(world: World, traffic: Traffic, share: float) -> Bools:
    """Return a random part of the conversations' opening turns."""
    return np.asarray((traffic.turn == 0) & (world.rng.random(len(traffic)) < share))
