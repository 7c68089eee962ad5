"""The world: accounts, streams, addresses, clients and clocks."""

import random
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
from words import AGENTS

DAY = 86_400
SPAN = DAY * 28
HABITS = ((9.5, 14.5), (12.5, 21.0), (20.5,), (8.0, 13.0, 22.0), (16.5, 22.5), (10.0, 16.0))
SDKS = ("lantern-python", "lantern-node", "go-lantern", "httpx", "okhttp")
# country: hours from UTC, languages, weight
_LANDS = "us -6 en,en,en,es 24|uk 0 en 9|in 5.5 en 9|ng 1 en 4|es 1 es 6|mx -6 es 6|fr 1 fr 6|sn 0 fr 2|de 1 de 8|br -3 pt 8|pt 0 pt 2|cn 8 zh 8|tw 8 zh 3|jp 9 ja 6|kz 5 ru 3|rs 3 ru 4|eg 2 ar 4|ma 1 ar,fr 3|id 7 id 6"
LANDS = {
    k: (float(tz), tuple(say.split(","))) for k, tz, say, _ in map(str.split, _LANDS.split("|"))
}
WEIGHTS = [int(x.split()[3]) for x in _LANDS.split("|")]
_MAILS = "postlark.com|mailnest.net|brievenbus.org|inboxly.io|correo-sol.com|kurier.me|boitebleue.fr|briefkiste.de|youjian.cn|tegami.jp|pochta-dom.ru|barid.co|surat.id|hushmail-box.net"
MAILS = _MAILS.split("|")
MAIL_ODDS = [30 / (i + 1) for i in range(15)]


@dataclass(slots=True)
class Account:
    """One row of the account table, and its truth."""

    account_id: str
    created: float
    lang: str
    cohort: str
    kind: str = "benign"
    campaign: str | None = None
    known: dict = field(default_factory=dict)


def client(user_agent, tls, channel, **more):
    """Return how requests are sent."""
    base = {"system": None, "temperature": None, "max_tokens": None, "threads": True}
    return SimpleNamespace(user_agent=user_agent, tls=tls, channel=channel, **(base | more))


@dataclass(slots=True)
class Spot:
    """One network that is used from one address at a time; the address changes with its lease."""

    asn: int
    lease: float
    net: "Net"
    ips: dict = field(default_factory=dict)

    def at(self, time):
        key = int(time / self.lease)
        if key not in self.ips:
            self.ips[key] = self.net.address(self.asn)
        return self.ips[key], self.asn


@dataclass(slots=True)
class Place:
    """Where an account is: its usual spots, and the networks in which it roams."""

    spots: list
    roam: tuple = ()
    odds: float = 0.0

    def at(self, time, net):
        if self.roam and (not self.spots or net.py.random() < self.odds):
            asn = net.py.choice(self.roam)
            return net.address(asn), asn
        return self.spots[int(len(self.spots) * net.py.random() ** 2)].at(time)


class Net:
    """Networks of a seed: home, mobile, hosting, private relay, campus."""

    def __init__(self, py):
        self.py = py
        numbers = py.sample(range(2_000, 64_000), 260)
        blocks = py.sample(range(11 * 256, 220 * 256), 700)
        self.blocks, self.kinds = {}, {}
        plan = [(f"{kind}-{land}", k) for land in LANDS for kind, k in (("home", 4), ("mobile", 2))]
        for name, k in [*plan, ("hosting", 12), ("relay", 7), ("campus", 30), ("firm", 40)]:
            self.kinds[name] = tuple(numbers.pop() for _ in range(k))
            for asn in self.kinds[name]:
                self.blocks[asn] = [blocks.pop() for _ in range(py.choice((1, 2, 3)))]

    def address(self, asn, low=0, high=256):
        block = self.py.choice(self.blocks[asn])
        c, d = self.py.randrange(low, high), self.py.randrange(1, 255)
        return f"{block >> 8}.{block & 255}.{c}.{d}"

    def spot(self, name, lease=9.0):
        """Return a new spot; a lease is in days."""
        return Spot(self.py.choice(self.kinds[name]), lease * DAY * self.py.uniform(0.4, 2), self)

    def home(self, land):
        """Return a person's place: a home line, perhaps work, and a phone."""
        spots = [self.spot(f"home-{land}")]
        if self.py.random() < 0.3:
            spots.append(self.spot(f"home-{land}", 20))
        return Place(spots, self.kinds[f"mobile-{land}"], self.py.choice((0, 0.1, 0.3, 0.6)))


@dataclass(slots=True)
class Clock:
    """When an account speaks: sessions inside a window, at its own hours or at any."""

    start: float
    end: float
    tz: float = 0.0
    peaks: tuple = (11.0, 20.0)
    spread: float = 2.2
    weekend: float = 0.8
    session: float = 3.0
    gap: float = 75.0
    flat: bool = False

    def draw(self, n, world):
        """Return times and session numbers, in order of time."""
        rng, start, end = world.rng, max(self.start, 0.0), min(self.end, SPAN)
        sizes = rng.geometric(1 / self.session, max(1, n))
        sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), n)) + 1]
        k = len(sizes)
        when = rng.uniform(start, max(end, start + 60), k * 4)
        if not self.flat:
            day = np.floor(when / DAY)
            peak = rng.choice(self.peaks, len(when))
            hour = (peak + rng.normal(0, self.spread, len(when)) - self.tz) % 24
            when = day * DAY + hour * 3600
            lazy = (day + world.weekday) % 7 >= 5
            keep = rng.random(len(when)) < np.where(lazy, self.weekend, 1)
            keep &= (when >= start) & (when < end)
            when = when[keep] if keep.sum() else np.array([start + rng.uniform(0, 600)])
        when = np.sort(rng.choice(when, k, replace=len(when) < k))
        which = np.repeat(np.arange(k), sizes)[:n]
        gaps = self.gap * np.exp(rng.normal(0, 1.0, len(which)))
        gaps[np.r_[True, which[1:] != which[:-1]]] = 0
        total = np.cumsum(gaps)
        first = np.maximum.accumulate(np.where(gaps == 0, total, 0))
        times = when[which] + total - first
        order = np.argsort(times, kind="stable")
        times, which = times[order], which[order]
        keep = times < SPAN
        return times[keep], which[keep]


class World:
    """Everything that a seed decides."""

    def __init__(self, seed, texts, salt):
        self.py = random.Random(seed * 7919 + salt)
        self.gaps = random.Random(seed * 53 + 9)  # which columns a log lacks
        self.rng = np.random.default_rng(seed * 104_729 + 3)
        self.net, self.texts = Net(self.py), texts
        self.accounts, self.streams = [], []
        self.weekday = self.py.randrange(7)
        self.release = self.py.uniform(7, 20) * DAY
        line = self.py.choice(("quill", "tern", "onyx", "fjord"))
        self.old = (f"{line}-2-mini", f"{line}-2", f"{line}-2-max", f"{line}-1")
        self.new = f"{line}-3"
        self.tls = {}
        self.agents = [
            self.sdk(n, system=s, threads=True, max_tokens=8192, temperature=0.0)
            for n, s in zip(("otterwork", "tinker-loop", "burrow"), AGENTS)
        ]

    def token(self, k):
        return f"{self.py.getrandbits(k * 4):0{k}x}"

    def fingerprint(self, family):
        """Return the one TLS fingerprint of a client family."""
        if family not in self.tls:
            count = self.py.randrange(1210, 1817)
            self.tls[family] = f"t13d{count}h2_{self.token(12)}_{self.token(12)}"
        return self.tls[family]

    def browser(self, channel="app"):
        """Return a browser or phone client of an ordinary person."""
        py = self.py
        family, odds = ("Hallo", "Vixen", "Skiff", "app-ios", "app-droid"), (40, 12, 14, 18, 16)
        name, major = py.choices(family, odds)[0], int(118 - py.expovariate(0.35))
        agent = f"{name}/{major}.{py.choice((0, 0, 0, 1, 2))}"
        if not name.startswith("app"):
            system = py.choices(("Win10", "MacOS 15", "Linux", "MacOS 14"), (6, 2, 1, 1))[0]
            agent = f"Mozilla/5.0 ({system}) {agent}"
        return client(agent, self.fingerprint(f"{name}{major // 4}"), channel)

    def sdk(self, name=None, **more):
        """Return a program's client."""
        py = self.py
        name = name or py.choices(SDKS, (9, 6, 2, 3, 1))[0]
        version = f"{py.choice((1, 1, 2))}.{int(py.expovariate(0.25))}.{py.choice((0, 0, 1, 2))}"
        set_ = {
            "temperature": py.choice((None, None, 0.0, 0.2, 0.7, 1.0)),
            "max_tokens": py.choice((None, 512, 1024, 2048, 4096, 4096)),
            "threads": py.random() < 0.4,
        }
        agent = f"{name}/{version}"
        return client(agent, self.fingerprint(f"{name}{version[0]}"), "direct", **(set_ | more))

    def land(self, lang=None):
        """Return a country, with the given language if one is given."""
        lands = [x for x in LANDS if lang is None or lang in LANDS[x][1]]
        return self.py.choices(lands, [WEIGHTS[list(LANDS).index(x)] for x in lands])[0]

    def birth(self):
        """Return a creation time with a heavy tail: some new, most months old."""
        py = self.py
        return py.uniform(0, 26) * DAY if py.random() < 0.2 else -DAY * py.lognormvariate(4.6, 1.1)

    def account(self, cohort, lang, created, **known):
        """Make an account with the identity of an ordinary person unless told otherwise."""
        py = self.py
        paid = py.random() < 0.5
        plan = py.choice(("plus", "plus", "api", "team")) if paid else "free"
        base = {
            "email_domain": py.choices((*MAILS, f"{self.token(6)}.net"), MAIL_ODDS)[0],
            "payment_fingerprint": self.card() if paid else None,
            "phone_hash": self.phone() if py.random() < 0.7 else None,
            "device_fingerprint": self.device() if py.random() < 0.8 else None,
            "plan": plan,
            "declared_purpose": py.choice(("personal", "work", "study", "hobby", *[None] * 8)),
            "verification_level": py.choices(("none", "email", "phone", "id"), (1, 5, 4, 1))[0],
        }
        truth = {k: known.pop(k) for k in ("kind", "campaign") if k in known}
        made = Account(f"a{self.token(15)}", created, lang, cohort, known=base | known, **truth)
        self.accounts.append(made)
        return made

    def agent(self):
        """Return an open agent's client, the same for all strangers who use it."""
        return self.py.choices(self.agents, (6, 2, 1))[0]

    def card(self):
        return f"pm.{self.token(14)}"

    def phone(self):
        return f"tel.{self.token(14)}"

    def device(self):
        return f"dev.{self.token(12)}"

    def hours(self, tz, start=0.0, end=SPAN, **more):
        """Return a person's own clock."""
        py, peaks = self.py, self.py.choice(HABITS)
        set_ = {
            "peaks": tuple(p + py.gauss(0, 1.2) for p in peaks),
            "spread": py.uniform(0.8, 3),
            "weekend": py.choice((0.2, 0.6, 1, 1)),
            "session": py.uniform(1.3, 6),
            "gap": py.lognormvariate(4.4, 0.5),
        }
        return Clock(start, end, tz, **(set_ | more))
