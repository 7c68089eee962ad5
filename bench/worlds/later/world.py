"""Accounts, networks, clients and streams of traffic: what a world is made of."""

import random
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from clock import DAY, DAYS, END, HOUR
from tongues import BANK

LANGS = ("en", "zh", "es", "pt", "fr", "de", "ja", "ko", "ru", "ar", "hi", "tr")
LANG_WEIGHTS = (46, 12, 8, 6, 5, 5, 4, 3, 4, 3, 4, 3)


ACCOUNT = dict.fromkeys("campaign org card phone device purpose level".split())
ACCOUNT |= {"kind": "benign", "lang": "en", "mail": "", "plan": "free", "licensed": False}
CLIENT = {"channel": "direct", "system": None, "max_tokens": None, "temperature": None}


class Habit(NamedTuple):
    """Which models a stream uses, and when it moves to the new one."""

    models: tuple
    moves: float | None = None
    share: float = 0.8


class World:
    """A provider, its networks and clients, and everybody on it."""

    def __init__(self, seed, lib, accounts):
        self.r, self.lib = random.Random(seed * 7919 + 11), lib
        self.rng = np.random.default_rng([seed, 2029])
        self.net = random.Random(seed * 104_729 + 3)
        self.size, self.accounts, self.streams = accounts, [], []
        r = self.r
        family = r.choice(("alder", "meridian", "quartz", "halcyon"))
        self.models = (f"{family}-3", f"{family}-3-lite", f"{family}-2.5")
        self.new, self.release = f"{family}-4", r.uniform(6, 21) * DAY
        self.isps = [self._range(r, 20_000, 60_000, 40) for _ in range(48)]
        self.clouds = [self._range(r, 13_000, 19_000, 120) for _ in range(12)]
        self.exits = [[self._address(c) for _ in range(40)] for c in self.clouds[:4]]
        self.mobile = [[self._address(i) for _ in range(60)] for i in self.isps[:10]]
        self.tls = {}

    def _range(self, r, low, high, subnets):
        heads = [f"{r.randint(23, 217)}.{r.randint(0, 255)}" for _ in range(3)]
        return r.randint(low, high), heads, subnets

    def _address(self, owner):
        r = self.net
        asn, heads, subnets = owner
        return f"{r.choice(heads)}.{r.randrange(subnets)}.{r.randint(1, 254)}", asn

    def token(self, size):
        """Return a random identifier that means nothing."""
        return f"{self.net.getrandbits(size * 4):0{size}x}"

    def value(self, sort):
        """Return a new payment, phone, device or organisation value."""
        return f"{sort}_{self.token(16)}"

    def count(self, share):
        """Return how many accounts a share per 9,000 means here."""
        return max(1, round(share * self.size / 9000 * self.r.uniform(0.8, 1.35)))

    def spread(self, total, low, high):
        """Cut a number of accounts into groups of differing sizes."""
        sizes = []
        while total > 0:
            k = min(total, max(low, int(low + (high - low) * self.r.random() ** 1.7)))
            sizes.append(k)
            total -= k
        return sizes

    def language(self):
        """Draw a language as the provider's customers speak."""
        return self.r.choices(LANGS, LANG_WEIGHTS)[0]

    def born(self, new=0.3):
        """Draw when an account was made: most long ago, some within the month."""
        r = self.r
        return r.uniform(0, 0.9) * END if r.random() < new else -r.expovariate(1 / 230) * DAY

    def account(self, cohort, created=None, **known):
        """Make an account with the identity that such people leave."""
        r = self.r
        a = SimpleNamespace(**ACCOUNT, id=self.token(16), cohort=cohort)
        a.created = self.born() if created is None else created
        a.mail = r.choices(BANK["mails"], (9, 7, 4, 3, 3, 2, 2, 1))[0]
        a.plan = r.choices(("free", "plus", "payg", "team"), (46, 28, 22, 4))[0]
        a.phone = self.value("ph") if r.random() < 0.75 else None
        a.device = self.value("dev") if r.random() < 0.7 else None
        a.level = r.choices((None, "email", "phone", "id"), (10, 45, 38, 7))[0]
        if r.random() < 0.25:
            a.purpose = r.choice(("personal", "work", "study", "development"))
        for name, what in known.items():
            setattr(a, name, what)
        if a.card is None and a.plan != "free" and "card" not in known:
            a.card = self.value("pay")
        self.accounts.append(a)
        return a

    def firm(self):
        """Return what the seats of one organisation share."""
        r = self.r
        word = r.choice("north|blue|cedar|prime|atlas|river|nova|stone|hill|lumen".split("|"))
        mail = f"{word}{r.choice(('works', 'labs', 'soft', 'media'))}{r.randint(1, 999)}.example"
        plan = r.choice(("team", "team", "payg", "enterprise"))
        return {"org": self.value("org"), "mail": mail, "card": self.value("pay"), "plan": plan}

    def client(self, agents, channel="direct", version=None, **more):
        """Return a client of a family, in one of the versions in use."""
        w = min(7, int(self.r.expovariate(0.6))) if version is None else version
        agent = self.r.choice(agents).replace("{w}", str(w)).replace("{v}", str(141 - w))
        family = agent.split("/")[0] + str(len(agent)) + str(w // 3)
        if family not in self.tls:
            head = f"t13d{self.net.randint(11, 19)}{self.net.randint(10, 17)}h2"
            self.tls[family] = f"{head}_{self.token(12)}_{self.token(12)}"
        more |= {"agent": agent, "tls": self.tls[family], "channel": channel}
        return SimpleNamespace(**(CLIENT | more))

    def browser(self):
        """Return a person's browser in the provider's own app."""
        return self.client(BANK["browsers"], "app")

    def sdk(self, **more):
        """Return a program that uses a public library."""
        channel = self.r.choices(("direct", "marketplace"), (85, 15))[0]
        return self.client(BANK["sdks"], channel, **more)

    # places: given a session and a time they return an address and its network
    def home(self):
        """Somebody's line: one address that changes now and then, and a phone at times."""
        r, isp = self.net, self.net.choice(self.isps)
        mobile = r.choice(self.mobile)
        own = [self._address(isp) for _ in range(r.choice((1, 1, 2, 4)))]
        away = r.choice((0, 0.1, 0.4))

        def at(session, time):
            if r.random() < away:
                return r.choice(mobile)
            return own[int(time / END * len(own)) % len(own)]

        return at

    def pool(self, addresses, sticky=True):
        """Some of many addresses: one a session, or any."""
        r = self.net
        chosen = {}

        def at(session, time):
            if not sticky:
                return r.choice(addresses)
            if session not in chosen:
                chosen[session] = r.choice(addresses)
            return chosen[session]

        return at

    def box(self):
        """One or two machines at a hosting company."""
        owner = self.net.choice(self.clouds)
        return self.pool([self._address(owner) for _ in range(self.net.choice((1, 1, 2)))])

    def lines(self, count, owners=None):
        """Return addresses of many households, as proxy sellers and offices have them."""
        return [self._address(self.net.choice(owners or self.isps)) for _ in range(count)]

    # models
    def habit(self, keen=0.35, share=None):
        """Return an innocent habit: some move to the new model soon, some late, some never."""
        r = self.r
        main = r.choices(self.models, (60, 28, 12))[0]
        models = (main,) * 5 + (r.choice(self.models),)
        if r.random() > keen + 0.25:
            return Habit(models)
        wait = r.expovariate(1 / 2.0) if r.random() < keen else r.uniform(1, DAYS)
        return Habit(models, self.release + wait * DAY, share or r.uniform(0.3, 1))

    def stream(self, account, client, talk, clock, place, volume, **more):
        """Add traffic to an account."""
        made = SimpleNamespace(
            account=account, client=client, talk=talk, clock=clock, place=place, volume=volume
        )
        made.habit, made.fixed, made.users = (
            more.get("habit"),
            more.get("fixed"),
            more.get("users", 0),
        )
        made.habit = made.habit or self.habit()
        made.keys = [f"key_{self.token(10)}" for _ in range(self.r.choice((1, 1, 1, 2)))]
        self.streams.append(made)
        return made


def alive(account, wait=HOUR):
    """Return from when an account sends: the month's start or soon after its making."""
    return max(0.0, account.created + wait) if account.created > 0 else 0.0


def volume(r, median, sigma=1.1):
    """Draw a heavy-tailed number of requests."""
    return max(1.0, median * r.lognormvariate(0, sigma))


def turns(first, follow=None, harvest=False, extra=0.0):
    """Return a talk: a first prompt a session and follow-ups after it."""

    def talk(sessions):
        said, last = [], None
        for s in sessions:
            text = follow() if follow and s == last else first()
            said.append((text, harvest, extra))
            last = s
        return said

    return talk
