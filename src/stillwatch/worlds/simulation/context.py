"""The world that populations receive: it opens accounts, enrols them and takes their traffic."""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.clients import ClientTable
from stillwatch.worlds.simulation.clocks import Window, sessions
from stillwatch.worlds.simulation.columns import (
    DAY,
    HOUR,
    KINDS,
    Accounts,
    Ints,
    Schedule,
    Traffic,
)
from stillwatch.worlds.simulation.habits import ordinary_traffic
from stillwatch.worlds.simulation.network import Addresses, mixed
from stillwatch.worlds.simulation.opening import (
    draw_volumes,
    opening_times,
    ordinary_accounts,
)
from stillwatch.worlds.simulation.people import Registry
from stillwatch.worlds.simulation.spill import Spill, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillwatch.worlds.simulation.interface import (
        Elicitation,
        Quota,
        TextSource,
        World,
        Wrapper,
    )
    from stillwatch.worlds.simulation.register import Register

__all__ = ["MODELS", "Context"]

MODELS: tuple[str, ...] = ("mini-2", "large-3", "large-4", "large-2")
"""Cheap, strong, strong and released inside the world, older."""

_PEOPLES = ("chat", "code", "creative", "chat")


class Context:
    """The :class:`~stillwatch.worlds.simulation.interface.World` of one provider.

    Args:
        seed: seed of the whole simulation.
        provider: number of this provider, 0-based.
        providers: providers side by side.
        start: first instant.
        days: days of the world.
        accounts: accounts planned.
        unit: mean volume of an account of intensity 1.
        harvest_like_people: whether campaigns send people's prompts.
        text: makes the texts.
        register: takes accounts, events, identifiers and truth.
        spill: takes exchanges.
    """

    def __init__(
        self,
        *,
        seed: int,
        provider: int,
        providers: int,
        start: int,
        days: int,
        accounts: int,
        unit: float,
        harvest_like_people: bool,
        text: TextSource,
        register: Register,
        spill: Spill,
    ) -> None:
        self.seed = seed
        self.provider = provider
        self.providers = providers
        self.start = start
        self.end = start + days * DAY
        self.models = MODELS
        own = np.random.default_rng([seed, provider, 1])
        self.release = start + int((0.35 + 0.25 * own.random()) * days) * DAY + 17 * HOUR
        self.release += int(own.integers(HOUR))
        if days == 1:
            self.release = start + DAY // 2
        self.harvest_like_people = harvest_like_people
        self.text = text
        self.network = Addresses(accounts)
        self.people = Registry()
        self.clients = ClientTable()
        self.wrappers: list[Wrapper] = []
        self.systems: list[str] = []
        self.asks: dict[int, tuple[str, int | None]] = {}
        self.system_asks: dict[int, tuple[str, int]] = {}
        self._blocked: dict[int, tuple[int, int]] = {}
        self._styled: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._register = register
        self._spill = spill
        self._unit = unit
        self._opened = 0
        self._seeds = int(own.integers(2**40)) << 20
        self.rng = own

    def enter(self, slug: str, call: int) -> World:
        """Return the world with the randomness of one call of one population."""
        self.rng = np.random.default_rng(
            [self.seed, self.provider, zlib.crc32(slug.encode()), call],
        )
        self.network.rng = self.people.rng = self.clients.rng = self.rng
        return self

    def shared(self, name: str) -> np.random.Generator:
        """Return randomness that is the same at every provider, for an actor that rotates."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode()), 7])

    def open(
        self,
        quota: Quota,
        n: int | None = None,
        *,
        age: str = "any",
        mean: float = 1.0,
    ) -> Accounts:
        """Return ordinary accounts; see the protocol."""
        count = quota.accounts if n is None else n
        index = np.arange(self._opened, self._opened + count)
        self._opened += count
        created = opening_times(self.rng, count, age, self.start, self.end)
        parts = (self.network, self.people, self.clients)
        block = ordinary_accounts(self.rng, index, created, parts)
        present = np.clip((self.end - created) / (self.end - self.start), 0.02, 1.0)
        drawn = draw_volumes(self.rng, count, self._unit * quota.intensity * mean)
        block.volume = np.maximum(1, np.rint(drawn * np.sqrt(present))).astype(np.int64)
        return block

    def volumes(self, n: int, intensity: float) -> Ints:
        """Return volumes from the one family of distributions that everyone shares."""
        return draw_volumes(self.rng, n, self._unit * intensity)

    def sessions(
        self,
        block: Accounts,
        rhythm: str,
        *,
        volume: Ints | None = None,
        start: int | Ints | None = None,
        end: int | Ints | None = None,
        turns: float = 2.5,
    ) -> Schedule:
        """Return when each account speaks; see the protocol."""
        n = len(block)
        low = np.broadcast_to(np.asarray(self.start if start is None else start, np.int64), n)
        high = np.broadcast_to(np.asarray(self.end if end is None else end, np.int64), n)
        low = np.maximum(np.maximum(low, block.created), self.start)
        high = np.maximum(np.minimum(high, self.end), low + 1)
        window = Window(self.start, self.end, low, high)
        sent = block.volume if volume is None else volume
        return sessions(self.rng, block, rhythm, volume=sent, window=window, turns=turns)

    def ordinary(self, block: Accounts, schedule: Schedule, kinds: Mapping[str, float]) -> Traffic:
        """Return traffic as the accounts' holders would send it; see the protocol."""
        return ordinary_traffic(
            self.rng,
            block,
            schedule,
            kinds,
            release=self.release,
            clients=self.clients,
        )

    def fresh(self, n: int) -> Ints:
        """Return ``n`` consecutive seeds that no other call gets."""
        self._seeds += n
        return np.arange(self._seeds - n, self._seeds)

    def wrapper(self, wrap: Wrapper) -> int:
        """Register a wrapper and return its number."""
        self.wrappers.append(wrap)
        return len(self.wrappers) - 1

    def framed(self, words: Elicitation, asks: tuple[str, int] | None = None) -> int:
        """Register the wrapper that puts fixed words around every body; see the protocol."""
        prefix, suffix = words.prefix, words.suffix

        def wrap(bodies: Sequence[str], seeds: Ints, lang: str) -> list[str]:  # noqa: ARG001
            return [f"{prefix}{body}{suffix}" for body in bodies]

        number = self.wrapper(wrap)
        if asks is not None:
            self.asks[number] = asks
        return number

    def styled(self, role: str) -> int:
        """Return the wrapper that frames each body by a benign role."""
        if role in self._styled:
            return self._styled[role]
        text = self.text

        @lru_cache(maxsize=4096)
        def frame(lang: str, style: int) -> Elicitation:
            return text.frame(role, lang, style)

        def wrap(bodies: Sequence[str], seeds: Ints, lang: str) -> list[str]:
            made = []
            for body, style in zip(bodies, seeds.tolist(), strict=True):
                words = frame(lang, style)
                made.append(f"{words.prefix}{body}{words.suffix}")
            return made

        self._styled[role] = self.wrapper(wrap)
        self.asks[self._styled[role]] = (role, None)
        return self._styled[role]

    def elicited(self, family: str, style: int) -> int:
        """Register the wrapper that sets an elicitation around every body."""
        text = self.text

        def wrap(bodies: Sequence[str], seeds: Ints, lang: str) -> list[str]:
            made = []
            for body, seed in zip(bodies, seeds.tolist(), strict=True):
                words = text.elicitation(family, lang, style, seed)
                made.append(f"{words.prefix}{body}{words.suffix}")
            return made

        number = self.wrapper(wrap)
        self.asks[number] = (family, style)
        return number

    def system(self, words: str, asks: tuple[str, int] | None = None) -> int:
        """Register a system prompt and return its number."""
        if words not in self._numbers:
            self._numbers[words] = len(self.systems)
            if asks is not None:
                self.system_asks[len(self.systems)] = asks
            self.systems.append(words)
        return self._numbers[words]

    def enrol(self, block: Accounts, quota: Quota) -> None:
        """Take the accounts into the world, with their events and identifiers."""
        _, place, often = np.unique(block.created, return_inverse=True, return_counts=True)
        alike = (often[place] > 1) | (block.created == self.start)  # a clamp must not show
        block.created[alike] -= self.rng.integers(0, HOUR, int(alike.sum()))
        direct = np.array([c.channel == "direct" for c in self.clients.clients])[block.client]
        self._blocked |= self._register.enrol(self.rng, block, quota, direct)

    def event(self, block: Accounts, row: Ints, time: Ints, what: str) -> None:
        """Record dated account events."""
        self._register.event(block.index[row], time, what)

    def send(self, block: Accounts, traffic: Traffic) -> None:
        """Take exchanges into the world; rows outside [start, end) are dropped."""
        inside = (traffic.time >= self.start) & (traffic.time < self.end)
        for row in [r for r, number in enumerate(block.index.tolist()) if number in self._blocked]:
            begin, end = self._blocked[int(block.index[row])]
            inside &= (traffic.row != row) | (traffic.time < begin) | (traffic.time >= end)
        kept = traffic if inside.all() else traffic.take(inside)
        rows = rows_of(block, kept)
        if self.harvest_like_people:
            odd = np.isin(rows["kind"], [KINDS.index("instruct"), KINDS.index("topic")])
            odd &= rows["pool"] == 1
            choice = np.array([KINDS.index(kind) for kind in _PEOPLES], np.int8)
            rows["kind"][odd] = choice[mixed(rows["seed"][odd], 5) % np.uint64(len(choice))]
            rows["pool"] = 0
        self._spill.write(rows)
