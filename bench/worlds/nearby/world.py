"""Accounts, and the one loop that writes everybody's exchanges."""

import random
from dataclasses import dataclass
from types import SimpleNamespace as Seat  # one account with its habits, set in World.seat

import numpy as np
from field import DAY, SPAN, Field, Place
from scribe import DATA, Library, Mind, taste
from words import LANGS, WORDS, Speaker, table

MAIL = {lang: names.split() for lang, names in table("mail").items()}
DIRTY = DATA / "reference/disposable_email_domains.txt"


@dataclass(slots=True)
class Say:
    """One request as its author means it; `want` is the usual length of the answer in tokens."""

    text: str
    want: float
    system: str | None = None
    harvest: bool = False
    user: str | None = None
    tools: bool = False


class World:
    def __init__(self, seed: int, regime: str, accounts: int, exchanges: int) -> None:
        self.rnd, self.rng = random.Random(seed), np.random.default_rng(seed)
        self.regime, self.accounts, self.exchanges = regime, accounts, exchanges
        self.lib, self.field = Library(self.rng), Field(self.rnd, self.rng)
        self.release = self.rnd.uniform(8.3, 19.7) * DAY
        self.second = self.release + self.rnd.uniform(3, 7) * DAY
        self.seats: list[Seat] = []
        self.seen: dict[int, str] = {}
        self.rows: list[tuple] = []
        self.public: list[tuple] = []  # forms and system prompts that others could borrow
        self.disposable = self.rnd.sample(DIRTY.read_text().split(), 90)
        # values that strangers share: recycled numbers, common phones, gift cards of one batch
        self.numbers, self.commons = ([self.token(h, 10) for _ in range(55)] for h in ("ph", "dv"))
        self.prepaid = [self.token("pm", 9) for _ in range(25)]
        self.talk = {name: Speaker(self.rnd, pack, broad=True) for name, pack in LANGS.items()}

    def token(self, head: str, size: int = 12) -> str:
        return f"{head}_{self.rnd.getrandbits(size * 4):0{size}x}"

    def any(self, options: str, odds: list[float]) -> str:
        return self.rnd.choices(options.split(), odds)[0]

    def where(self, lang: str | None = None) -> Place:
        some = [p for p in self.field.places if lang is None or p.lang == lang]
        return self.rnd.choices(some, [p.weight for p in some])[0]

    def company(self) -> str:
        rnd, syllables = self.rnd, LANGS["en"].syllables
        name = "".join(rnd.choice(syllables) for _ in range(rnd.randint(2, 4)))
        tail = rnd.choice(["", "", "", "group", "-studio", "hub", "co", "labs", "works"])
        return f"{name}{tail}.{rnd.choice(['com', 'com', 'com', 'io', 'net', 'co', 'org', 'eu'])}"

    def mail(self, lang: str) -> str:
        roll = self.rnd.random()
        if roll < 0.31:
            return self.rnd.choice(MAIL[lang] if roll < 0.25 and lang in MAIL else self.disposable)
        return self.company() if roll > 0.82 else self.rnd.choice(MAIL["any"])

    def own(self, head: str, others: list[str], share: float) -> str:
        """Mostly one's own value; now and then one that strangers have too."""
        return self.rnd.choice(others) if self.rnd.random() < share else self.token(head)

    def usual(self, place: Place, channel: str):
        """A person's networks: home and phone, some a server, some a VPN."""
        rnd, net = self.rnd, self.field
        if channel != "app" and rnd.random() < 0.5:
            return net.cloud()
        if rnd.random() < 0.07:
            return net.blend((net.vpn(), 3), (net.home(place), 1))
        return net.blend((net.home(place), 3), (net.mobile(place), rnd.random() * 2))

    def seat(
        self, cohort: str, place: Place | None = None, channel: str | None = None, **more
    ) -> Seat:
        """Open an account with a person's ordinary habits; `more` overrides any of them."""
        rnd, s = (
            self.rnd,
            Seat(cohort=cohort, kind="benign", campaign=None, org=None, licensed=False),
        )
        s.place = place or self.where()
        s.channel = channel or self.any("app direct cloud", [5, 4, 0.8])
        app, s.lang, s.aid = s.channel == "app", s.place.lang, self.token("", 22)[1:]
        s.plan = (
            self.any("free plus payg", [5, 4, 0.3])
            if app
            else self.any("payg free team", [7, 1.7, 1])
        )
        paid = s.plan != "free" and s.channel != "cloud"
        old = rnd.random() < 0.66
        s.born = (-rnd.expovariate(1 / 170) if old else rnd.uniform(-12, 27)) * DAY
        soon = rnd.expovariate(3 if rnd.random() < 0.3 else 0.12)
        s.adopt = self.release + soon * DAY if rnd.random() < 0.72 else 99 * DAY
        s.n, s.fixed, s.side = (
            max(1, int(rnd.lognormvariate(1.6, 1.25))),
            False,
            rnd.random() * 0.15,
        )
        s.domain, s.pay = self.mail(s.lang), self.own("pm", self.prepaid, 0.015) if paid else None
        s.phone = self.own("ph", self.numbers, 0.04) if rnd.random() < 0.62 else None
        s.device = self.own("dv", self.commons, 0.08) if app or rnd.random() < 0.45 else None
        s.verified = self.any("email phone id none", [5, 4, 0.6, 0.6])
        s.base = self.any("lumen-2 lumen-2-mini lumen-2-max lumen-1.5", [6, 3, 1.6, 0.8])
        bare = app or rnd.random() < 0.4
        s.temp = None if bare else rnd.choice([0, 0, 0.2, 0.3, 0.5, 0.7, 0.7, 1.0])
        bare = app or rnd.random() < 0.35
        s.cap = None if bare else rnd.choice([512, 1024, 1024, 2048, 4096, 4096, 8192])
        s.purpose = rnd.choice(WORDS["purposes"]) if rnd.random() < 0.3 else None
        s.client, s.start, s.end = self.field.client(s.channel), 0.0, SPAN
        s.keys = [self.token("key") for _ in range(rnd.choice([1, 1, 1, 2]))]
        vars(s).update(more)
        s.net = more["net"] if "net" in more else self.usual(s.place, s.channel)
        s.start = max(s.start, s.born, 0.0)
        s.end = max(min(s.end, SPAN - 1), s.start + 120)
        self.seats.append(s)
        return s

    def chat(
        self, s: Seat, sort="casual", kind="leisure", groups=None, stick=0.6, mind=None
    ) -> Seat:
        """Give a seat a person's mind, voice and clock."""
        rnd = self.rnd
        lang = "en" if s.lang != "en" and rnd.random() < 0.12 else s.lang
        s.mind, s.stick = mind or Mind(self.lib, rnd, lang, taste(lang, sort), groups), stick
        s.harvest_stick = None

        def voice(turn: int, t: float, tag: int) -> Say:
            return Say(*(s.mind.ask() if turn == 0 or rnd.random() < 0.35 else s.mind.follow()))

        pace, length = rnd.lognormvariate(4.3, 0.4), 1 + rnd.expovariate(0.35)
        s.voice, zone = voice, s.place.zone
        s.clock = lambda n: self.field.human(n, s.start, s.end, zone, kind, pace, length)
        return s

    def prose(self, lines: int) -> str:
        """A role or product description as a system prompt has it."""
        text, _ = self.lib.text(self.rnd, "roles", None, 0.8)
        return " ".join(
            [text[: 90 * lines], *(self.talk["en"].slot("c") for _ in range(lines // 2))]
        )

    def model(self, s: Seat, t: float) -> str:
        if self.rnd.random() < s.side:
            late = ["lumen-3"] if t > self.release else []
            return self.rnd.choice(["lumen-2", "lumen-2-mini", "lumen-2-max", *late])
        mini = t > self.second and s.base.endswith("mini")
        return s.base if t < s.adopt else "lumen-3-mini" if mini else "lumen-3"

    def fresh(self, s: Seat, text: str) -> str:
        """Bodies do not recur between accounts, except what a person sends again."""
        while self.seen.setdefault(hash(text), s.aid) != s.aid:
            text = f"{text} {self.talk[s.lang].slot('c')}"
        return text

    def run(self, s: Seat) -> None:
        rnd, last, tag, turn, before = self.rnd, -1e9, 0, 0, 0
        for item in s.clock(s.n):
            t, now = item if isinstance(item, tuple) else (float(item), 0)
            stick = s.harvest_stick if now and s.harvest_stick is not None else s.stick
            if t - last > 2700 or now != tag or rnd.random() > stick:
                conv, turn, before = self.token("c", 14), 0, 0
                (ip, asn), key = s.net(t), rnd.choice(s.keys)
            say = s.voice(turn, t, now)
            text = self.fresh(s, say.text)
            size = len(text) / (1.6 if any(ch > "\u2e80" for ch in text[:40]) else 4.1)
            sent = int(size + len(say.system or "") / 4.1 + before + rnd.randint(6, 14))
            got, cap = max(2, int(say.want * rnd.lognormvariate(0, 0.6))), s.cap or 8192
            why = "length" if got >= cap else "tool_use" if say.tools else "stop"
            if rnd.random() < 0.004:
                why, got = "content_filter", rnd.randint(5, 60)
            head, got = (conv, s, self.model(s, t), text, say, sent), min(got, cap)
            tail = (ip, asn, *s.client(t), key, why)
            self.rows.append((t, *head, got, *tail))
            if rnd.random() < 0.008 and why != "length":  # pressed again
                again = min(t + rnd.uniform(4, 50), SPAN - 0.5)
                self.rows.append((again, *head, max(2, got - got // 9), *tail))
            last, tag, turn, before = t, now, turn + 1, min(before + int(size) + got, 30000)
