"""The world while it is being made: accounts, their streams of requests, and its calendar."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import numpy as np
from clock import DAY, MONTH, Clock, Human
from corpus import Library
from net import Client, Country, Internet, Place
from talk import Talk

__all__ = ["Account", "Habit", "Stream", "World"]


@dataclass(slots=True)
class Account:
    """One account and what is true of it."""

    account_id: str
    cohort: str
    lang: str
    created: float
    campaign: str | None = None
    kind: str = "benign"
    organization: str | None = None
    mail: str = "gmail.com"
    payment: str | None = None
    phone: str | None = None
    device: str | None = None
    plan: str = "free"
    purpose: str | None = None
    verification: str = "email"
    licensed: bool = False
    events: list[tuple[float, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Habit:
    """Which model an account asks for, and when it moves to the new one."""

    model: str
    moves: float | None = None
    share: float = 0.9


@dataclass(slots=True)
class Stream:
    """Requests of one sort that an account sends."""

    account: Account
    clock: Clock
    talk: Talk
    client: Client
    place: Place
    habit: Habit
    volume: float
    fixed: bool = False
    users: int = 0
    threads: bool = True


class World:
    """Everything that the makers of cohorts and campaigns share."""

    def __init__(self, seed: int) -> None:
        """Draw the calendar, the corpora's order and the networks."""
        self.py = random.Random(seed)
        self.rng = np.random.default_rng(seed)
        self.library = Library.load(self.py)
        self.net = Internet(self.py)
        self.weekday = self.py.randrange(7)
        self.models = ("aster-3-large", "aster-3-mini", "aster-2-large")
        self.new_model = "aster-4-large"
        self.release = (self.py.randint(8, 19) + self.py.uniform(0.55, 0.8)) * DAY
        self.accounts: list[Account] = []
        self.streams: list[Stream] = []

    def age(self) -> float:
        """Return when an ordinary account was opened: years to days ago, or this month."""
        if self.py.random() < 0.12:
            return self.py.uniform(0, 0.85 * MONTH)
        return -min(self.py.expovariate(1 / 260.0), 1500.0) * DAY

    def account(
        self, cohort: str, lang: str, created: float | None = None, **more: object
    ) -> Account:
        """Open an account with identities of its own; keywords change some."""
        py, net = self.py, self.net
        paid = py.random()
        account = Account(
            account_id=f"acct_{net.hex(20)}",
            cohort=cohort,
            lang=lang,
            created=self.age() if created is None else created,
            mail=net.mail(),
            payment=f"pm_{net.hex()}" if paid < 0.62 else None,
            phone=f"ph_{net.hex()}" if py.random() < 0.7 else None,
            device=f"dv_{net.hex()}" if py.random() < 0.85 else None,
            plan=("pro" if paid < 0.3 else "payg" if paid < 0.62 else "free"),
            verification=py.choices(("none", "email", "phone", "identity"), (8, 50, 36, 6))[0],
        )
        if more:
            account = replace(account, **more)  # type: ignore[arg-type]
        if py.random() < 0.02:
            account.events.append((py.uniform(0, MONTH), "declined"))
        if py.random() < 0.003 and account.kind == "benign":
            account.events.append((py.uniform(0.5, 1.0) * MONTH, "blocked"))
        self.accounts.append(account)
        return account

    def habit(self, sort: str = "person") -> Habit:
        """Return a habit: people move to a new model in hours to weeks, pinned software never."""
        py = self.py
        model = py.choices(self.models, (55, 38, 7))[0]
        chance, median = {"person": (0.75, 3.0), "eager": (1.0, 0.3), "software": (0.35, 6.0)}[sort]
        if py.random() > chance:
            return Habit(model)
        return Habit(
            model, self.release + py.lognormvariate(np.log(median), 1.1) * DAY, py.uniform(0.6, 1.0)
        )

    def human(self, country: Country, shape: str, begin: float = 0.0, **more: float) -> Human:
        """Return the clock of a person in a country."""
        py = self.py
        return Human(
            self.rng,
            self.weekday,
            country.zone + py.gauss(0, 0.5),
            shape,
            begin=max(begin, 0.0),
            end=more.get("end", MONTH),
            weekend=more.get("weekend", py.uniform(0.5, 1.2)),
            turns=more.get("turns", py.uniform(1.3, 5.0)),
            gap=more.get("gap", py.uniform(35, 160)),
        )

    def stream(
        self,
        account: Account,
        clock: Clock,
        talk: Talk,
        client: Client,
        place: Place,
        **more: object,
    ) -> Stream:
        """Add a stream; volume is a weight unless it is said to be fixed."""
        found = Stream(account, clock, talk, client, place, self.habit(), 1.0)
        if more:
            found = replace(found, **more)  # type: ignore[arg-type]
        self.streams.append(found)
        return found

    def heavy(self, median: float, spread: float = 1.0) -> float:
        """Return a heavy-tailed volume."""
        return float(self.py.lognormvariate(np.log(median), spread))
