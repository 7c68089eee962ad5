"""The world's common parts: accounts, their uses, clocks, addresses, clients and identity tokens."""

import random
from dataclasses import make_dataclass

import numpy as np
from phrases import SHARES

DAY = 86_400
MONTH = 28 * DAY
CLOUDS = (16509, 14061, 24940, 16276, 8075, 396982, 20473, 63949, 45102, 132203)
WEB = ("Chrome/1{}.0", "Safari/6{}.1", "Firefox/13{}.0", "Edg/12{}.0", "LumoMobile/5.{}")
SDK = ("lumo-python/1.{}.0", "lumo-node/4.{}.2", "lumo-go/0.{}.1", "httpx/0.2{}.0", "okhttp/4.{}.0")


def record(name, **fields):
    """Make a class of plain values, with their order and defaults."""
    return make_dataclass(name, [(k, object, v) for k, v in fields.items()], slots=True)


# when an account is at work: hours in local time, sessions, first and last moment
Clock = record("Clock", peak=15, spread=4, tz=0, weekend=0.8, start=0, end=MONTH, size=3, gap=80, flat=False, windows=None, days=28)  # fmt: skip
# what the caller's program shows of itself
Client = record("Client", agent="", tls="", channel="app", system=None, max_tokens=None, temperature=None)  # fmt: skip
# one habit of an account: how much, when, what, with which program, from where
Use = record("Use", volume=0, clock=None, say=None, client=None, place=None, model="", moves=None, share=0.9, users=0, threads=True, fixed=False)  # fmt: skip
# one account and its truth
Account = record("Account", cohort="", lang="en", uses=(), id="", kind="benign", campaign=None, created=0, org=None, mail=None, card=None, phone=None, device=None, plan="free", purpose=None, level="none", licensed=False)  # fmt: skip


def times(rng, clock, n):
    """Draw n moments in sessions and the number of the session of each."""
    sizes = rng.geometric(1 / max(clock.size, 1), n)
    cuts = np.cumsum(sizes)
    which = np.searchsorted(cuts, np.arange(n), side="right")
    k = int(which[-1]) + 1
    if clock.windows:
        w = np.asarray(clock.windows)[rng.integers(0, len(clock.windows), k)]
        first = np.maximum(w[:, 0], clock.start)
        starts = first + rng.random(k) ** 1.4 * np.maximum(w[:, 1] - first, 1800)
    else:
        first, last = int(clock.start // DAY), max(int(np.ceil(clock.end / DAY)), 1)
        days = np.arange(first, max(last, first + 1))
        if clock.days < len(days):
            days = rng.choice(days, clock.days, replace=False)
        p = np.where(days % 7 >= 5, clock.weekend, 1.0) + 1e-9
        hours = rng.random(k) * 24 if clock.flat else rng.normal(clock.peak, clock.spread, k)
        starts = rng.choice(days, k, p=p / p.sum()) * DAY + (hours - clock.tz) % 24 * 3600
        out = (starts < clock.start) | (starts >= clock.end)
        room = max(clock.end - clock.start, 60)
        starts = np.where(out, clock.start + rng.random(k) * room, starts)
    gaps = rng.lognormal(np.log(clock.gap), 0.9, n)
    heads = np.searchsorted(which, np.arange(k))
    run = np.cumsum(gaps)
    return starts[which] + run - run[heads][which], which


class World:
    """Random state, networks, programs and all accounts of one world."""

    def __init__(self, seed, book):
        self.py = py = random.Random(seed * 7919 + 77)
        self.rng = np.random.default_rng(seed + 4_040)
        self.book, self.accounts = book, []
        book.py = py
        self.release = py.uniform(5, 21) * DAY
        stem = py.choice(("harrow", "quill", "marlin", "tern", "opal"))
        self.old, self.new = f"{stem}-4", f"{stem}-5"
        self.small, self.legacy = f"{stem}-4-lite", f"{stem}-3"
        self.isps = {x: [(py.randint(2_000, 65_000), self.prefixes()) for _ in range(py.randint(4, 7))] for x in SHARES}  # fmt: skip
        self.cloud = [(a, self.prefixes()) for a in CLOUDS]
        self.issuers = [self.hex(4) for _ in range(70)]
        self.virtual = [self.hex(4) for _ in range(6)]
        self.tls = {}
        self.vpns = [[self.address(self.cloud) for _ in range(py.randint(5, 40))] for _ in "abcd"]

    def prefixes(self):
        """Draw the networks of a provider."""
        return [(self.py.randint(5, 220), self.py.randint(0, 255)) for _ in "abc"]

    def hex(self, n):
        """Draw n hexadecimal digits."""
        return f"{self.py.getrandbits(4 * n):0{n}x}"

    def language(self):
        """Draw a language."""
        return self.py.choices(list(SHARES), list(SHARES.values()))[0]

    def address(self, isps, block=None):
        """Draw (ip, asn) at some provider, in a given /24 where block is one."""
        if block:
            return f"{block[0]}.{self.py.randint(2, 254)}", block[1]
        asn, prefixes = self.py.choices(isps, [1 / (i + 1) for i in range(len(isps))])[0]
        a, b = self.py.choice(prefixes)
        return f"{a}.{b}.{self.py.randint(0, 255)}.{self.py.randint(2, 254)}", asn

    def block(self, isps):
        """Draw a /24 to which an organisation or a proxy seller has the right."""
        ip, asn = self.address(isps)
        return ip.rsplit(".", 1)[0], asn

    def home(self, lang, roam=0.2):
        """Return the addresses of a person: one at home that changes at times, and a telephone."""
        isps, py = self.isps[lang], self.py
        lease = py.choice((3, 9, 40)) * DAY
        spots = {}
        carrier = self.block(isps[-1:])

        def at(t):
            if py.random() < roam:
                return self.address(None, carrier)
            k = int(t // lease)
            if k not in spots:
                spots[k] = self.address(isps)
            return spots[k]

        return at

    def pool(self, spots, skew=1.6):
        """Return addresses from a fixed list, the first ones oftener."""
        py = self.py
        return lambda t: spots[int(len(spots) * py.random() ** skew)]

    def rotating(self, langs, reuse):
        """Return residential addresses bought by the hour, some of which come again."""
        py = self.py
        kept = [self.address(self.isps[py.choice(langs)]) for _ in range(60)]
        return lambda t: (py.choice(kept) if py.random() < reuse else self.address(self.isps[py.choice(langs)]))  # fmt: skip

    def mixed(self, one, other, p):
        """Return addresses of one place, and of another with chance p."""
        py = self.py
        return lambda t: (other if py.random() < p else one)(t)

    def print_of(self, stem):
        """Return the TLS fingerprint of a program's version, the same for all who run it."""
        if stem not in self.tls:
            self.tls[stem] = f"t13d{self.py.randint(1200, 1999)}h2_{self.hex(12)}_{self.hex(12)}"
        return self.tls[stem]

    def web(self):
        """Draw a browser or the provider's own mobile program."""
        py = self.py
        name = py.choices(WEB, (50, 22, 8, 10, 14))[0]
        agent = name.format(min(9, int(py.expovariate(0.5))))
        return Client(agent, self.print_of(agent[:-2]), "app")

    def sdk(self, **more):
        """Draw a library that calls the interface."""
        py = self.py
        agent = py.choices(SDK, (55, 22, 6, 12, 5))[0].format(min(9, int(py.expovariate(0.45))))
        channel = "marketplace" if py.random() < 0.12 else "direct"
        more.setdefault("max_tokens", py.choice((None, 512, 1024, 2048, 4096, 4096)))
        more.setdefault("temperature", py.choice((None, None, 0.0, 0.2, 0.7, 1.0)))
        return Client(agent, self.print_of(agent.rsplit(".", 1)[0]), channel, **more)

    def card(self, virtual=0.04):
        """Draw a payment token whose first four digits are the issuer's."""
        py = self.py
        rare = py.random() < virtual
        issuer = py.choice(self.virtual) if rare else self.issuers[int(70 * py.random() ** 2.2)]
        return issuer + self.hex(14)

    def mail(self, lang, throwaway=0.03):
        """Draw a mail domain."""
        py = self.py
        if py.random() < throwaway:
            return py.choice(self.book.throwaway[:400])
        local = {"zh": "qq.com", "de": "gmx.de", "ru": "yandex.ru", "ko": "naver.com", "fr": "orange.fr", "pt": "uol.com.br", "ja": "yahoo.co.jp"}  # fmt: skip
        own = local.get(lang, "fastmail.com")
        big = ("gmail.com", "outlook.com", "yahoo.com", "icloud.com", "proton.me", own)
        return py.choices(big, (50, 18, 9, 10, 4, 12))[0] if py.random() < 0.9 else self.house()

    def house(self, end=("com", "net", "io", "co", "org", "biz")):
        """Invent a domain of its own."""
        py = self.py
        part = ("lin", "var", "tos", "mer", "ka", "bel", "dro", "ni", "sol", "pex", "ru", "han")
        return ("".join(py.choice(part) for _ in range(py.randint(2, 4))) + "." + py.choice(list(end)))  # fmt: skip

    def age(self, lo=-900.0):
        """Draw a moment of sign-up: many long ago, some within the month."""
        py = self.py
        return py.random() * MONTH * 0.95 if py.random() < 0.16 else lo * DAY * py.random() ** 1.7

    def person(self, cohort, lang=None, paid=0.4, device=0.75, **more):
        """Add an account with an identity of its own."""
        py = self.py
        a = Account(cohort, lang or self.language(), **more)
        a.id = "acct_" + self.hex(16)
        a.created = more.get("created", self.age())
        a.mail = self.mail(a.lang)
        a.plan = "free"
        if py.random() < paid:
            a.plan, a.card = py.choice(("plus", "plus", "payg", "payg", "team")), self.card()
        a.phone = self.hex(20) if py.random() < 0.7 else None
        a.device = self.hex(24) if py.random() < device else None
        a.level = py.choices(("none", "phone", "document"), (3, 6, 1))[0] if a.phone else "none"
        self.accounts.append(a)
        return a

    def clock(self, lang, **more):
        """Draw a person's clock; hours scatter about those of the language's region."""
        py = self.py
        zone = {"en": -3, "es": -2, "pt": -3, "zh": 8, "ja": 9, "ko": 9, "hi": 5.5, "id": 7, "ru": 4, "tr": 3, "ar": 3}  # fmt: skip
        more.setdefault("tz", zone.get(lang, 1) + py.choice((-2, 0, 0, 1, 3)))
        more.setdefault("peak", py.gauss(15, 3))
        more.setdefault("spread", py.uniform(2, 5))
        more.setdefault("size", 1 + py.expovariate(0.5))
        more.setdefault("gap", py.uniform(35, 200))
        more.setdefault("days", max(1, min(28, int(py.lognormvariate(1.9, 0.9)))))
        return Clock(**more)

    def habit(self, eager=0.3, api=False):
        """Draw which model an account uses and when, if ever, it moves to the new one."""
        py = self.py
        model = py.choices((self.old, self.small, self.legacy), (60, 30, 10 if api else 3))[0]
        if py.random() < eager:
            return model, self.release + py.expovariate(1 / (0.6 * DAY)), py.uniform(0.5, 1)
        if py.random() < 0.5:
            return model, self.release + py.uniform(1, 12) * DAY, py.uniform(0.3, 1)
        return model, None, 0.0

    def use(self, a, volume, say, client, place, clock, eager=0.3, **more):
        """Give an account a habit; nothing happens before it was opened."""
        model, moves, share = more.pop("habit", None) or self.habit(eager, client.channel != "app")
        a.created = min(a.created, MONTH - DAY)
        clock.start = max(clock.start, a.created, 0)
        clock.end = max(clock.end, clock.start + 3600)
        u = Use(volume, clock, say, client, place, model, moves, share, **more)
        a.uses += (u,)
