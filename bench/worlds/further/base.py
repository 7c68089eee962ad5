"""The shared state of a world: its accounts, its streams of requests, its chance."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

HOUR = 3600.0
DAY = 86_400.0
DAYS = 28
SPAN = DAY * DAYS

_SPIN = re.compile(r"\[([^\[\]]*)\]")


def spin(py: random.Random, text: str) -> str:
    """Choose one of the alternatives in every [a|b|c], innermost first."""
    while "[" in text:
        new = _SPIN.sub(lambda m: py.choice(m.group(1).split("|")), text)
        if new == text:
            break
        text = new
    return text


def options(text: str) -> list[str]:
    """Split a grammar at the bars that are outside brackets."""
    out, depth, now = [], 0, ""
    for c in text:
        depth += (c == "[") - (c == "]")
        if c == "|" and depth == 0:
            out.append(now)
            now = ""
        else:
            now += c
    return [*out, now]


@dataclass(slots=True)
class Account:
    """One row of the account table, with its truth."""

    account_id: str
    created: float
    lang: str
    tz: float
    cohort: str
    campaign: str | None = None
    kind: str = "benign"
    organization: str | None = None
    mail: str | None = None
    payment: str | None = None
    phone: str | None = None
    device: str | None = None
    plan: str = "starter"
    purpose: str | None = None
    verification: str = "email"
    licensed: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """What a request says about the program that sent it."""

    agent: str
    tls: str
    channel: str = "direct"
    system: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    threads: str = "session"  # how conversation ids run: session, single or none


@dataclass(slots=True)
class Habit:
    """Which model is asked, and when and how far the new one takes over."""

    model: str
    adopts: float | None = None
    share: float = 0.8


@dataclass(slots=True)
class Stream:
    """A part of an account's traffic: when it speaks, what it says, from where."""

    account: Account
    volume: float
    clock: Callable
    talk: Callable
    client: Client
    place: object
    habit: Habit
    fixed: bool = False
    users: int = 0
    keys: int = 1


@dataclass(slots=True)
class World:
    """Everything that builders share."""

    seed: int
    py: random.Random
    rng: np.random.Generator
    bank: object = None
    net: object = None
    shop: object = None  # client catalogue
    accounts: list[Account] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    models: tuple[str, ...] = ()
    new_model: str = ""
    release: float = 0.0
    scale: float = 1.0  # requests an account, over the usual 24
    phrases: list[str] = field(default_factory=list)  # fixed wordings that campaigns use
    throwaway: list[str] = field(default_factory=list)
    schools: list[str] = field(default_factory=list)

    def hex(self, n: int) -> str:
        """Return a random token of n hexadecimal digits."""
        return f"{self.py.getrandbits(4 * n):0{n}x}"

    def code(self, n: int) -> str:
        """Return a random token of n letters and digits."""
        return "".join(self.py.choices("abcdefghjkmnpqrstuvwxyz23456789", k=n))

    def spin(self, text: str) -> str:
        """Choose alternatives with the world's own chance."""
        return spin(self.py, text)

    def tail(self, median: float, sigma: float = 1.1) -> float:
        """Return a heavy-tailed amount."""
        return median * float(np.exp(self.rng.normal(0, sigma)))

    def habit(self, level: int | None = None, eager: float = 0.25) -> Habit:
        """Return a usual choice of model; an eager share moves to the new one in its time."""
        py = self.py
        at = py.choices(range(len(self.models)), (3, 5, 4))[0] if level is None else level
        adopts = None
        if py.random() < eager:
            adopts = self.release + py.expovariate(1 / (4.5 * DAY))
        return Habit(self.models[at], adopts, py.uniform(0.4, 1.0))

    def stream(self, account: Account, volume: float, clock, talk, client, place, **more) -> Stream:
        """Add a stream of traffic to an account."""
        habit = more.pop("habit", None) or self.habit()
        made = Stream(account, volume, clock, talk, client, place, habit, **more)
        self.streams.append(made)
        return made


def groups(py: random.Random, total: int, low: int, high: int) -> list[int]:
    """Split a cohort into groups of unequal sizes, many small and few large."""
    sizes = []
    while total > 0:
        size = int(low + (high - low) * py.random() ** 2.2)
        size = min(size, total)
        if total - size < low:
            size = total
        sizes.append(size)
        total -= size
    return sizes
