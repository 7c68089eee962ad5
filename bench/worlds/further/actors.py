"""Actors: what a campaign's accounts share, from their sign-up to their job queue."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import clock
from asking import AGAIN, AIMS, LAUNDER, OTHER, PROBES, Voice
from base import DAY, DAYS, HOUR, SPAN, Account, Client, Habit, World
from clients import SUFFIXES
from corpus import Deck, want
from folk import MAILS, card, device, domain, language, make, phone
from net import HOSTS, ISPS
from talk import Person


class Borrowed:
    """A deck of the prompts that people send, one subject after another."""

    def __init__(self, w: World, langs: list[str]):
        self.py = w.py
        self.people = [Person(w, x, wide=True) for x in langs]
        self.seen: set[str] = set()

    def draw(self) -> str:
        """Return a prompt as some person would send it, not dealt before."""
        for _ in range(6):
            text = self.py.choice(self.people).opening()[0]
            if text not in self.seen:
                break
        self.seen.add(text)
        return text


def _quote(py, body: str) -> str:
    """Return a few words of a body, as a later turn refers to it."""
    words = body.split()
    if len(words) > 8:
        at = py.randrange(len(words) - 5)
        return " ".join(words[at : at + py.randint(3, 5)])
    return body[: py.randint(8, 14)]


class Harvest:
    """A worker's speech: bodies from the queue in the actor's wording, follow-ups in a conversation."""

    def __init__(self, actor: Actor, *, launder=False):
        self.actor, self.launder, self.last = actor, launder, ""

    def __call__(self, sessions):
        """Speak; every request is harvest."""
        return [(*self._one(i, sessions), True) for i in range(len(sessions))]

    def _one(self, i: int, sessions) -> tuple:
        act, w = self.actor, self.actor.w
        if act.kind.per > 1 and i and sessions[i] == sessions[i - 1]:
            if self.launder:
                text = f"{w.spin(LAUNDER)}\n\n{w.bank.document(w.py.randint(1, 2))}"
                return text, want(text, 5.1)
            text = f"{w.spin(w.py.choice(AGAIN))}: {_quote(w.py, self.last)}"
            return text, 420 * act.voices[0].factor
        deck, voice = w.py.choice(act.sources)
        body = self.last = deck.draw()
        tokens = want(body, 5.25 if isinstance(deck, Borrowed) else 5.7) * voice.factor**0.8
        return voice.wrap(body), tokens


class Repeats:
    """A deck that deals each text several times, to keep the best of several answers."""

    def __init__(self, py, deck, times: int):
        self.py, self.deck, self.times, self.open = py, deck, times, []

    def draw(self) -> str:
        """Return a text of those being asked now."""
        if len(self.open) < 12:
            self.open += [self.deck.draw()] * self.times
        return self.open.pop(self.py.randrange(len(self.open)))


class Probe:
    """Speech that tries which wording gets past, on a few questions."""

    def __init__(self, w: World):
        self.w = w
        self.bodies = [w.bank.study_task("en") for _ in range(4)] + [
            w.bank.arithmetic() for _ in range(4)
        ]

    def __call__(self, sessions):
        """Speak; most answers are short refusals."""
        py, w = self.w.py, self.w
        said = []
        for _ in sessions:
            short = py.random() < 0.7
            text = w.spin(py.choice(PROBES)) + py.choice(self.bodies)
            said.append((text, w.tail(45 if short else 500, 0.5), True))
        return said


@dataclass
class Actor:
    """One campaign: its traits, its window, and everything it reuses."""

    w: World
    name: str
    label: str
    kind: object
    traits: dict
    size: int
    deck_names: tuple = ()
    subset: list | None = None
    langs: list = field(default_factory=list)
    start: float = 0.0
    end: float = SPAN

    def __post_init__(self):
        w, py = self.w, self.w.py
        self.start = self.start or py.uniform(0.0, 11) * DAY
        self.end = min(SPAN, self.start + py.uniform(6, 24) * DAY)
        if self.kind.pivot >= 1:
            self.start = min(self.start, w.release - py.uniform(2, 5) * DAY)
            self.end = max(self.end, min(SPAN, w.release + 6 * DAY))
        self.load = w.rng.gamma(1.2, 1, DAYS * 24)
        self.dark = [
            (t, t + py.uniform(4, 22) * HOUR)
            for t in sorted(py.uniform(self.start, self.end) for _ in range(py.randint(2, 5)))
        ]
        self.windows = self._windows()
        self.lands = tuple(py.sample(sorted(ISPS), py.choice((1, 2, 3, 5))))
        self.sources = self._sources()
        self.voices = [v for _, v in self.sources]
        self.client = self._client()
        self.pool = self._pool()
        self.habit_level = (
            self.kind.model if self.kind.model is not None else py.choices((0, 1, 2), (1, 2, 3))[0]
        )
        self.pivot = w.release + py.uniform(0, 20) * HOUR if py.random() < self.kind.pivot else None

    def _windows(self) -> list[tuple]:
        py = self.w.py
        if self.traits["clock"] == "windows":
            cuts = sorted(py.uniform(self.start, self.end) for _ in range(py.randint(2, 4)))
            return [(t, min(SPAN, t + py.uniform(1.2, 3.5) * DAY)) for t in cuts]
        hour, long = py.uniform(0, 24) * HOUR, py.uniform(2, 7) * HOUR
        days = [
            d for d in range(int(self.start // DAY), int(self.end // DAY)) if py.random() < 0.75
        ]
        return [
            (d * DAY + hour + x, d * DAY + hour + x + long)
            for d in days or [int(self.start // DAY)]
            for x in (py.gauss(0, 2400),)
        ]

    def _sources(self) -> list[tuple]:
        w, py, kind = self.w, self.w.py, self.kind
        mode, made = self.traits["mode"], []
        names = list(self.deck_names)
        if not self.langs:
            self.langs = [language(w) for _ in range(kind.tongues)]
        aims = (
            py.sample(sorted({*AIMS} - {"build", "agent"}), py.randint(1, 2))
            if py.random() < 0.5
            else [py.choice(("trace", "teach"))]
        )
        if "tools" in names or "code" in names:
            aims = [py.choice(("agent", "build", "trace"))]
        if kind.tongues > 1:
            for lang in sorted({*self.langs, *py.sample(sorted(OTHER), 3)}):
                deck = Borrowed(w, [lang]) if names == ["people"] else Deck(w.bank, names, lang)
                made.append((deck, Voice(w, mode, aims, lang)))
            return made
        deck = (
            Borrowed(w, self._tongues())
            if names == ["people"]
            else Deck(w.bank, names, self.langs[0])
        )
        if self.subset and isinstance(deck, Deck):
            deck.texts = py.sample(self.subset, len(self.subset))
        if kind.shape == "echo":
            deck = Repeats(py, deck, py.randint(3, 6))
        voice_lang = "zh" if names == ["counsel"] else "en"
        if names == ["study"]:
            voice_lang = self.langs[0]
        elif py.random() < 0.15:
            voice_lang = py.choice(sorted(OTHER))
        return [(deck, Voice(w, mode, aims, voice_lang))]

    def _tongues(self) -> list[str]:
        """Return the languages of borrowed prompts: one, or those of a crowd."""
        w = self.w
        return [self.langs[0]] if w.py.random() < 0.4 else [language(w) for _ in range(7)]

    def _client(self) -> Client | None:
        w, py = self.w, self.w.py
        limit, heat = py.choice((None, 2048, 4096, 8192)), py.choice((None, None, 0.7, 1.0))
        which = self.traits["client"]
        if which == "kit":
            return w.shop.kit(max_tokens=limit, temperature=heat, threads=None)
        if which == "tool":
            return w.shop.tool(py.choice(sorted(w.shop.tools)))
        if which == "own":
            return w.shop.own(
                w.code(py.randint(4, 7)) + py.choice(SUFFIXES),
                max_tokens=limit,
                temperature=heat,
                threads="single",
            )
        if which == "faked":
            page = w.shop.browser()
            return Client(page.agent, w.shop.kit().tls, "app", threads="session")
        return None

    def _pool(self):
        net, py = self.w.net, self.w.py
        place = self.traits["place"]
        if place == "rotate":
            return net.proxies(max(8, int(self.size * py.uniform(0.6, 2.5))), self.lands)
        if place == "hosts":
            return net.cloud(max(2, self.size // py.randint(2, 5)), py.choice(HOSTS))
        if place == "block":
            from_net = net.block(py.choice(HOSTS), max(3, self.size // 3))
            return type(net.vpn())(net, from_net, 1.0)
        return None

    def place(self):
        """Return where one account works from."""
        net, py = self.w.net, self.w.py
        if self.pool is not None:
            return self.pool
        if self.traits["place"] == "vpn":
            return net.vpn()
        return net.home(py.choice(self.lands), 0.05)

    def program(self) -> Client:
        """Return the program of one account; single requests get a conversation each."""
        py, made = self.w.py, self.client
        if made is None:
            made = self.w.shop.browser() if py.random() < 0.6 else self.w.shop.kit()
        if made.threads == "session" and self.kind.per == 1 and not self.kind.cover:
            made = replace(made, threads="single")
        return made

    def habit(self) -> Habit:
        """Return the actor's choice of model."""
        py = self.w.py
        adopts = self.pivot + py.expovariate(1 / (5 * HOUR)) if self.pivot else None
        return Habit(self.w.models[self.habit_level], adopts, py.uniform(0.5, 1) if adopts else 0.0)

    def born(self, i: int) -> float:
        """Return when the i-th account is made."""
        py, style = self.w.py, self.traits["birth"]
        start, end = self.start, self.end
        if style == "clump":
            return max(0.0, start - py.uniform(0.1, 2) * DAY) + abs(py.gauss(0, 7)) * HOUR
        if style == "batches":
            return py.choice(self.windows)[0] - py.uniform(0.2, 9) * HOUR
        if style == "staggered":
            step = max(0.5, (end - start) * 0.7 / max(self.size, 1))
            return max(-4 * DAY, start - 3 * DAY) + (i + py.uniform(-0.25, 0.25)) * step
        if style == "aged":
            return -py.uniform(60, 700) * DAY
        return -py.expovariate(1 / 60) * DAY if py.random() < 0.6 else py.uniform(0, 0.8) * end

    def account(self, i: int, born: float | None = None) -> Account:
        """Return the i-th account."""
        w, py = self.w, self.w.py
        mail = (
            py.choice(w.throwaway)
            if py.random() < 0.08
            else py.choice(py.choice(list(MAILS.values())).split("|"))
        )
        a = make(
            w,
            self.name,
            created=min(self.born(i) if born is None else born, SPAN - 6 * HOUR),
            paid=self.kind.paid,
            mail=mail,
            campaign=self.label,
            kind="attack",
        )
        if py.random() < self.kind.verified:
            a.verification = py.choice(("identity", "business"))
            a.organization = f"org_{w.hex(10)}" if py.random() < 0.7 else None
            a.mail = domain(w) if a.organization else a.mail
        return a

    def clock(self, a: Account, low: float, high: float):
        """Return when an account works between two times."""
        w, style, per = self.w, self.traits["clock"], self.kind.per
        if style == "mimic":
            return clock.human(
                w, a.tz, low, high, per=max(per, 2.5) if per > 1 else 2, gap=100, dark=self.dark
            )
        if style in ("shift", "windows"):
            inside = [
                (max(x, low), min(y, high))
                for x, y in self.windows
                if y > low + HOUR and x < high - HOUR
            ]
            if inside:
                return clock.lessons(w, inside, per=max(per, 2), gap=35)
        made = clock.queue(w, low, high, load=self.load, dark=self.dark, per=per, gap=60)
        return clock.ramp(w, made, low, high) if style == "drip" else made

    def span(self, a: Account) -> tuple[float, float]:
        """Return from when to when an account works; some are stopped early."""
        py = self.w.py
        low = max(a.created + py.uniform(0.05, 6) * HOUR, self.start + py.uniform(0, 1.5) * DAY)
        low = min(low, SPAN - 4 * HOUR)
        high = max(self.end, low + 1.5 * DAY)
        if py.random() < 0.12:
            high = low + py.uniform(0.2, 0.8) * (high - low)
        return low, min(SPAN, max(high, low + 3 * HOUR))

    def identify(self, accounts: list[Account]) -> None:
        """Let accounts share cards, telephones and devices in the actor's way."""
        w, py, style = self.w, self.w.py, self.traits["ident"]
        paying = [a for a in accounts if a.plan != "starter"]
        if style == "single":
            value = card(w)
            for a in paying:
                a.payment = value if py.random() < 0.93 else a.payment
        elif style in ("ladder", "chain"):
            step = py.randint(3, 6)
            shift = step // 2 if style == "chain" else 0
            cards = [card(w) for _ in range(len(accounts) // step + 2)]
            phones = [phone(w) for _ in range(len(accounts) // step + 2)]
            for i, a in enumerate(accounts):
                if a in paying and py.random() < 0.85:
                    a.payment = cards[i // step]
                if a.phone and py.random() < 0.7:
                    a.phone = phones[(i + shift) // (step + 1)]
        elif style == "farm":
            devices = [device(w) for _ in range(max(1, len(accounts) // py.randint(4, 9)))]
            for a in accounts:
                a.device = py.choice(devices) if py.random() < 0.8 else a.device
        elif style == "sparse":
            self._sparse(accounts, paying)

    def _sparse(self, accounts: list[Account], paying: list[Account]) -> None:
        w, py = self.w, self.w.py
        for what, make_one, pool in (
            ("payment", card, paying),
            ("phone", phone, accounts),
            ("device", device, accounts),
        ):
            share = py.uniform(0.12, 0.3)
            chosen = py.sample(pool, min(len(pool), max(2, int(share * len(pool)))))
            for i in range(0, len(chosen) - 1, 2):
                value = make_one(w)
                for a in chosen[i : i + py.choice((2, 2, 3))]:
                    setattr(a, what, value)
