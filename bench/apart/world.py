"""Accounts of one world, their clocks, and the exchanges they make."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import grammar
from places import COUNTRIES, Client, Home, Places, token, zipf

if TYPE_CHECKING:
    from random import Random

    from corpora import Pool

DAY = 86_400.0
WIDE = {"zh", "ja"}


@dataclass
class Talk:
    """One conversation as the speaker remembers it."""

    rng: Random
    turn: int = 0
    time: float = 0.0
    memory: dict[str, object] = field(default_factory=dict)


@dataclass
class Line:
    """What is sent in one exchange."""

    prompt: str
    system: str | None = None
    harvest: bool = False
    size: float = 1.0  # how much longer the answer is than usual


class Voice(Protocol):
    """Somebody who has something to say."""

    def say(self, talk: Talk) -> Line:
        """The next prompt of a conversation."""


@dataclass
class Account:
    """An account and everything that decides its exchanges."""

    id: str
    cohort: str
    created: float
    lang: str
    hours: float  # local time less UTC
    asns: tuple[int, ...]
    home: Home
    client: Client
    start: float
    end: float
    model: str
    voice: Voice | None = None
    kind: str = "benign"
    campaign: str | None = None
    org: str | None = None
    domain: str | None = None
    pay: str | None = None
    phone: str | None = None
    device: str | None = None
    plan: str = "free"
    purpose: str | None = None
    verified: str = "email"
    licensed: bool = False
    clock: str = "human"
    peaks: list[tuple[float, float]] = field(default_factory=list)
    weekend: float = 1.0
    weight: float = 1.0
    count: int | None = None
    least: int = 1
    turns: float = 3.0
    talks: str = "session"  # conversation ids: session, each, none
    temperature: float | None = None
    limit: int | None = None
    moves: float = math.inf  # when it takes the newest model
    users: list[str] = field(default_factory=list)
    runs: list[float] = field(default_factory=list)
    event: tuple[float, float] | None = None
    tempo: float = 90.0
    clients: list[Client] = field(default_factory=list)


class World:
    """One world: its time, networks, texts, accounts and rows."""

    def __init__(self, rng: Random, begin: float, days: int, pools: dict[str, Pool]) -> None:
        self.rng, self.begin, self.days, self.pools = rng, begin, days, pools
        self.end = begin + days * DAY
        self.places = Places(rng)
        stem = "".join(rng.choices("aeklmnorstv", k=5))
        self.models = [f"{stem}-2-large", f"{stem}-2-small", f"{stem}-1-large"]
        self.fresh = f"{stem}-3-large"
        self.release = begin + rng.uniform(0.35, 0.75) * days * DAY
        self.releases = [(self.release, self.fresh)]
        if rng.random() < 0.5:
            self.releases.append((begin + rng.uniform(0.1, 0.9) * days * DAY, f"{stem}-3-small"))
        self.accounts: list[Account] = []
        self.rows: list[tuple] = []
        self.size: Counter[str] = Counter()

    def person(self, cohort: str, *, kit: bool = False, country: tuple | None = None) -> Account:
        """An ordinary account; cohorts change what makes them different."""
        r, p = self.rng, self.places
        land = country or r.choices(COUNTRIES, [c[3] for c in COUNTRIES])[0]
        created = self.sign_up()
        start = max(created, self.begin)
        spoken = land[1] if r.random() < 0.88 else "en"
        home = p.tunnel() if r.random() < 0.04 else p.residential(land[4])
        paid = r.random() < 0.45
        account = Account(
            token(r), cohort, created, spoken, land[2] + r.choice((0, 0, 0, 1)), land[4], home,
            p.client(kit=kit), start, self.stay(start),
            r.choices(self.models, (6, 3, 1))[0],
        )  # fmt: skip
        account.domain = p.domain()
        account.pay = token(r) if paid else None
        account.phone = token(r) if r.random() < 0.55 else None
        account.device = token(r) if r.random() < 0.7 else None
        account.plan = r.choice(("pro", "pro", "api", "team")) if paid else "free"
        account.purpose = r.choice((None, None, None, "personal", "coding", "writing", "research"))
        account.verified = r.choices(("none", "email", "phone", "identity"), (1, 6, 4, 1))[0]
        account.peaks = [(r.gauss(11, 2), 2.0), (r.gauss(20, 2), 2.0)][: r.randint(1, 2)]
        account.weekend = r.uniform(0.3, 1.3)
        account.turns = 1 + r.expovariate(0.5)
        account.moves = self.adoption()
        if kit:
            self.wire(account)
        return account

    def wire(self, account: Account) -> None:
        """Makes an account one that calls the programming interface."""
        r = self.rng
        account.talks = r.choice(("none", "none", "each", "session"))
        account.temperature = r.choice((None, 0.0, 0.2, 0.7, 1.0))
        account.limit = r.choice((None, 512, 1024, 2048, 4096))
        account.plan = r.choice(("api", "api", "pro", "team"))
        account.client = self.places.client(kit=True)

    def sign_up(self) -> float:
        """When an account was made: long ago, or some time this month."""
        r = self.rng
        if r.random() < 0.6:
            return self.begin - r.expovariate(1 / (200 * DAY))
        return self.begin + r.random() ** 0.9 * (self.end - self.begin) * 0.97

    def stay(self, start: float) -> float:
        """When an account is used for the last time."""
        r = self.rng
        if r.random() < 0.6:
            return self.end
        return min(self.end, start + 3600 + r.expovariate(1 / (9 * DAY)))

    def adoption(self) -> float:
        """When somebody moves to a released model."""
        r = self.rng
        if r.random() < 0.2:
            return math.inf
        return self.release + r.expovariate(1 / (r.choice((0.3, 4, 9)) * DAY))

    def add(self, account: Account) -> Account:
        """Takes an account into the world."""
        self.accounts.append(account)
        self.size[account.cohort] += 1
        return account

    def share_out(self, exchanges: int) -> None:
        """Gives each account its number of exchanges: one family of volumes for everybody."""
        r = self.rng
        free = [a for a in self.accounts if a.count is None]
        raw = [r.lognormvariate(0, 1.25) * a.weight * self.span(a) for a in free]
        left = exchanges - sum(a.count or 0 for a in self.accounts) - 0.5 * len(free)
        scale, cap = left / sum(raw), 0.006 * exchanges
        for account, x in zip(free, raw, strict=True):
            account.count = max(account.least, int(min(x * scale, cap) + 0.5 + r.random()))

    def span(self, account: Account) -> float:
        """Shorter stays make fewer requests."""
        return 0.25 + 0.75 * (account.end - account.start) / (self.end - self.begin)

    def play(self, account: Account) -> None:
        """Appends an account's exchanges."""
        r = self.rng
        for times in sessions(self, account):
            talk = Talk(r)
            session = token(r) if account.talks == "session" else None
            site = self.places.visit(account.home)
            client = r.choice(account.clients) if account.clients else account.client
            user = zipf(r, account.users, 0.6) if account.users else None
            for talk.turn, time in enumerate(times):
                talk.time = time
                line = account.voice.say(talk)
                one = token(r) if account.talks == "each" else session
                self.emit(account, time, line, (one, site, client, user))

    def emit(self, account: Account, time: float, line: Line, wire: tuple) -> None:
        """Appends one exchange."""
        talk, site, client, user = wire
        r, system = self.rng, line.system
        wide = 1.6 if account.lang in WIDE else 4.0
        sent = int((len(line.prompt) + len(system or "")) / wide * r.uniform(0.9, 1.1)) + 4
        latent = zlib.crc32(line.prompt[:60].encode()) % 997 / 997
        got = math.exp(3.7 + 2.4 * latent) * line.size * r.lognormvariate(0, 0.3) + sent**0.7
        new = time >= max(account.moves, self.release) and not account.model.endswith("small")
        self.rows.append((
            int(time * 1e6) + r.randrange(1000), token(r), account.id, talk,
            self.fresh if new else account.model, line.prompt, system, sent,
            max(1, int(min(got, account.limit or 4096))), account.limit, account.temperature,
            site[0], site[1], client[0], client[1], user, line.harvest,
        ))  # fmt: skip


def sessions(world: World, account: Account) -> list[list[float]]:
    """Moments of an account's exchanges, by session."""
    r, left = world.rng, account.count or 1
    made: list[list[float]] = []
    while left > 0:
        size = min(left, 1 + int(r.expovariate(1 / max(account.turns - 0.6, 0.2))))
        if account.clock in {"batch", "nightly", "runs"}:
            size = min(left, max(size, int(r.lognormvariate(2.2, 0.8))))
        begin = moment(world, account)
        if account.clock in {"batch", "nightly", "runs"}:
            made += run(r, account, begin, size)
        else:
            times = [begin]
            for _ in range(size - 1):
                times.append(times[-1] + 4 + r.expovariate(1 / account.tempo))
            made.append(times)
        left -= size
    last = world.end - 1
    return [[min(t, last - r.random()) for t in times] for times in made]


def run(r: Random, account: Account, begin: float, size: int) -> list[list[float]]:
    """A machine's run: conversations of some turns one after another, some at once."""
    made, time, lanes = [], begin, r.choice((1, 1, 2, 6))
    while size > 0:
        turns = min(size, 1 + int(r.expovariate(1 / max(account.turns - 0.6, 0.2))))
        at = [time]
        for _ in range(turns - 1):
            at.append(at[-1] + 2 + r.expovariate(0.1))
        made.append(at)
        time += (1 + r.expovariate(1 / 14)) / lanes
        size -= turns
    return made


def moment(world: World, account: Account) -> float:
    """When a session begins."""
    r = world.rng
    if account.runs and r.random() < 0.9:
        time = r.choice(account.runs) + r.expovariate(1 / 40)
        if account.start <= time < account.end:
            return time
    if account.event and r.random() < 0.8:
        return account.event[0] + r.betavariate(1.3, 2) * account.event[1]
    if account.clock == "steady":
        return r.uniform(account.start, account.end)
    for _ in range(12):
        day = math.floor(r.uniform(account.start, account.end) / DAY)
        if (day + 3) % 7 > 4 and r.random() > account.weekend:
            continue
        time = day * DAY + hour(world, account) * 3600 - account.hours * 3600
        if account.start <= time < account.end:
            return time
    return r.uniform(account.start, account.end)


def hour(world: World, account: Account) -> float:
    """A local hour at which the account is used."""
    r = world.rng
    if account.clock == "nightly":
        return account.peaks[0][0] + r.expovariate(8)
    if account.clock == "office":
        return min(19.5, max(7.5, r.gauss(13, 2.6)))
    if account.clock in {"batch", "runs"}:
        return r.uniform(8, 24)
    centre, spread = r.choice(account.peaks)
    return r.gauss(centre, spread) % 24


def languages(world: World, account: Account, name: str = "people") -> bool:
    """Whether a pool holds enough bodies in the account's language."""
    return len(world.pools[name].by_lang.get(account.lang, ())) > 60


def known(lang: str) -> str:
    """The language, or English where there are no tables for it."""
    return lang if lang in grammar.LANGUAGES else "en"
