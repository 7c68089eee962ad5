"""Accounts, streams of requests, networks, clients and clocks."""

import math
import random
from dataclasses import dataclass, field

import words

DAY = 86_400
SPAN = 28 * DAY
MAILS = [("larkmail.com", 40), ("postpine.net", 22), ("inboxa.org", 15), ("qlmail.cn", 9), ("yarmail.ru", 6), ("tutapost.de", 5), ("mailbrook.in", 8), ("ziplet.jp", 4)]  # fmt: skip
PYTHON = "Tern/Python 2.{}.{} (CPython 3.{})"
AGENTS = {
    "browser": "Mozilla/5.0 ({}) AppleWebKit/537.36 Chrome/{}.0 Safari/537.36",
    "phone": "TernApp/{}.{} ({})",
}


@dataclass
class Account:
    """One customer account as the provider sees it, and what is true of it."""

    id: str
    cohort: str
    kind: str = "benign"
    campaign: str | None = None
    created: float = 0.0
    lang: str = "en"
    org: str | None = None
    mail: str = ""
    card: str | None = None
    phone: str | None = None
    device: str | None = None
    plan: str = "free"
    purpose: str | None = None
    level: str = "email"
    licensed: bool = False


@dataclass
class Client:
    """What a request carries besides its text."""

    agent: str
    tls: str
    channel: str = "direct"
    system: str | None = None
    temperature: float | None = None
    limit: int | None = None


@dataclass
class Net:
    """Where requests come from: fixed spots, or a fresh one each session."""

    spots: list = field(default_factory=list)
    roam: object = None

    def at(self, r):
        return self.roam() if self.roam else self.spots[int(len(self.spots) * r.random() ** 2)]


@dataclass
class Stream:
    """Requests of one sort by one account."""

    account: Account
    say: object
    clock: object
    client: Client
    net: Net
    volume: float
    fixed: bool = False
    harvest: bool = False
    long: float = 0.0
    users: int = 0
    threads: bool = False
    model: str = ""
    moves: float | None = None
    share: float = 0.9
    start: float = 0.0
    end: float = SPAN


class World:
    """Shared state of one world."""

    def __init__(self, seed, bank_of, centres):
        self.r = r = random.Random(seed * 7919 + 17)
        self.bank = bank_of(r)
        self.accounts, self.streams = [], []
        self.release = (r.randint(6, 21) + r.uniform(0.55, 0.8)) * DAY
        self.weekday = r.randrange(7)
        self.models = r.sample(["tern-large-4", "tern-swift-4", "tern-large-3.5", "tern-swift-3"], 4)  # fmt: skip
        self.new = r.choice(["tern-large-5", "tern-apex-1", "tern-large-4.5"])
        self.homes = [(r.randint(1200, 64000), [f"{r.choice((24, 31, 46, 58, 71, 82, 90, 109, 151, 176, 188, 201))}.{r.randint(0, 255)}" for _ in range(6)]) for _ in range(80)]  # fmt: skip
        self.cells = [(r.randint(1200, 64000), [self._ip(f"{r.choice((37, 78, 100, 106, 172))}.{r.randint(32, 240)}") for _ in range(60)]) for _ in range(18)]  # fmt: skip
        self.clouds = [(a, [f"{r.choice((3, 18, 34, 35, 52, 64, 104, 139, 157, 167))}.{r.randint(0, 255)}" for _ in range(5)]) for a in r.sample(centres, 28)]  # fmt: skip
        self.runners = [(a, [self._ip(r.choice(p)) for _ in range(150)]) for a, p in self.clouds[:3]]  # fmt: skip
        self.exits = [(a, [self._ip(p[0]) for _ in range(24)]) for a, p in self.clouds[-8:]]
        self.hands = {}
        self.niche = [self.domain() for _ in range(70)]
        self.numbers = [self.token(14) for _ in range(90)]
        self.neobanks = [self.token(16) for _ in range(6)]

    def token(self, n=16):
        return f"{self.r.getrandbits(4 * n):0{n}x}"

    def _ip(self, prefix):
        return f"{prefix}.{self.r.randint(0, 255)}.{self.r.randint(1, 254)}"

    def domain(self):
        """A small mail host or a firm: such names are anybody's."""
        r = self.r
        return f"{r.choice(words.ADJ + words.NAME).lower()}{r.choice(('', '', '-'))}{r.choice(words.NOUN)}{r.choice(('mail', 'box', ''))}.{r.choice(('com', 'info', 'net', 'org', 'io', 'dev'))}"  # fmt: skip

    def heavy(self, median, sigma):
        return median * math.exp(self.r.gauss(0, sigma))

    def home(self):
        asn, blocks = self.r.choice(self.homes)
        return self._ip(self.r.choice(blocks)), asn

    def net(self, kind, k=1):
        """A place of the given kind."""
        r = self.r
        if kind == "roam":
            return Net(roam=self.home)
        if kind in ("runner", "vpn", "cell"):
            asn, ips = r.choice({"runner": self.runners, "vpn": self.exits, "cell": self.cells}[kind])  # fmt: skip
            if kind == "cell":
                ips = r.sample(ips, 8)
            return Net(roam=lambda: (r.choice(ips), asn))
        if kind == "cloud":
            asn, blocks = r.choices(self.clouds, [1 / (i + 2) for i in range(28)])[0]
            return Net([(self._ip(r.choice(blocks)), asn) for _ in range(k)])
        if kind == "block":
            asn, blocks = r.choice(self.clouds)
            b = f"{r.choice(blocks)}.{r.randint(0, 255)}"
            return Net([(f"{b}.{r.randint(1, 254)}", asn) for _ in range(k)])
        asn, blocks = r.choice(self.homes)
        spots = [(self._ip(r.choice(blocks)), asn) for _ in range(r.choice((1, 1, 2, 3)))]
        if r.random() < 0.4:
            spots.append(self.net("cell").at(r))
        return Net(spots)

    def hand(self, family):
        """The TLS fingerprint that a family of clients shows."""
        if family not in self.hands:
            self.hands[family] = f"t13d{self.r.randint(12, 19)}{self.r.randint(10, 16)}h2_{self.token(12)}_{self.token(12)}"  # fmt: skip
        return self.hands[family]

    def client(self, kind, **more):
        """A client by kind; tools ride on a common library's handshake."""
        r = self.r
        if kind == "browser":
            v, system = r.randint(128, 134), r.choice(("Windows NT 10.0", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64", "Linux; Android 14"))  # fmt: skip
            return Client(AGENTS[kind].format(system, v), self.hand(("b", v // 3)), "app", **more)
        if kind == "phone":
            os = r.choice(("iOS 18", "Android 14", "Android 15"))
            return Client(AGENTS[kind].format(r.randint(5, 7), r.randint(0, 9), os), self.hand(os[:4]), "app", **more)  # fmt: skip
        if kind == "sdk":
            agent = r.choice((PYTHON.format(r.randint(3, 9), r.randint(0, 4), r.randint(10, 13)), f"tern-node/1.{r.randint(8, 14)}.0", PYTHON.format(9, 1, 12), f"httpx/0.{r.randint(25, 28)}", f"okhttp/4.{r.randint(9, 12)}"))  # fmt: skip
            channel = r.choices(("direct", "cloud marketplace"), (5, 1))[0]
            return Client(agent, self.hand(agent[:6]), channel, **more)
        under = library(kind)
        return Client(f"{kind} {under}", self.hand(under[:6]), **more)

    def account(self, cohort, *, age=None, created=None, kind="benign", **more):
        """An account with an identity of its own unless told otherwise."""
        r = self.r
        if created is None:
            created = r.uniform(0, 0.93) * SPAN if r.random() < 0.16 else -self.heavy(age or 170, 1.1) * DAY  # fmt: skip
        created = min(max(created, -1500 * DAY), SPAN - 0.3 * DAY)
        a = Account(f"u{self.token(14)}", cohort, kind, created=created)
        a.mail = r.choices([m for m, _ in MAILS], [w for _, w in MAILS])[0]
        a.plan = r.choices(("free", "plus", "payg", "team"), (50, 22, 22, 6))[0]
        if a.plan != "free" or r.random() < 0.1:
            a.card = r.choice(self.neobanks) if r.random() < 0.02 else self.token(16)
        if r.random() < 0.12:
            a.mail = r.choice(self.niche)
        a.phone = self.token(14) if r.random() < 0.6 else None
        if a.phone and r.random() < 0.06:  # numbers are recycled, and sold again
            a.phone = r.choice(self.numbers)
        a.device = self.token(14) if r.random() < 0.75 else None
        a.level = r.choices(("none", "email", "phone", "id"), (1, 5, 4, 1))[0]
        if r.random() < 0.3:
            a.purpose = r.choice(("personal", "work", "study", "development", "research"))
        for name, value in more.items():
            setattr(a, name, value)
        self.accounts.append(a)
        return a

    def stream(self, account, say, clock, client, net, volume, **more):
        """Register a stream; it starts when its account exists."""
        s = Stream(account, say, clock, client, net, volume, **more)
        s.start = min(max(s.start, account.created, 0), SPAN - 7200)
        s.model = s.model or self.r.choices(self.models, (8, 5, 2, 1))[0]
        if s.moves is None and not s.fixed:
            speed, x = self.r.random(), self.release
            s.moves = x + (self.r.expovariate(1 / (0.5 * DAY)) if speed < 0.12 else self.r.expovariate(1 / (6 * DAY)) if speed < 0.5 else SPAN)  # fmt: skip
            s.share = self.r.uniform(0.3, 1)
        self.streams.append(s)
        return s


def library(name):
    """The library under a tool: the same for everybody who runs that tool."""
    return ("Tern/Python 2.9.1 (CPython 3.12)", "tern-node/1.14.0", "reqwest/0.12")[sum(name.encode()) % 3]  # fmt: skip


def _fit(r, t, s):
    return t if s.start <= t < s.end else r.uniform(s.start, s.end)


def human(w, office=False):
    """A person's days: some active, hours around own peaks, requests in sessions."""
    r = w.r
    zone, days = r.uniform(0, 24), r.uniform(0.2, 0.95)
    peaks = [r.gauss(11, 1.2), r.gauss(15, 1.2)] if office else [r.gauss(14, 3.5), r.gauss(20, 2)]
    talk = r.uniform(1.5, 6)
    busy = {d for d in range(28) if r.random() < days * (0.12 if office and (d + w.weekday) % 7 > 4 else 1)}  # fmt: skip

    def times(n, s):
        out, k = [], 0
        open_ = [d for d in busy if s.start // DAY <= d < s.end / DAY] or [int(s.start // DAY)]
        while len(out) < n:
            t = r.choice(open_) * DAY + (r.gauss(r.choice(peaks), 1.4) + zone) % 24 * 3600
            t = _fit(r, t, s)
            for _ in range(min(n - len(out), 1 + int(r.expovariate(1 / talk)))):
                out.append((min(t, s.end - 1), k))
                t += w.heavy(80, 0.9)
            k += 1
        return out

    return times


def steady(w):
    """A service: any hour, more by day."""
    r = w.r
    depth, zone = r.uniform(0, 0.8), r.uniform(0, 24)

    def times(n, s):
        out = []
        while len(out) < n:
            t = r.uniform(s.start, s.end)
            if r.random() < 1 - depth * (0.5 + 0.5 * math.cos((t / 3600 + zone) * math.pi / 12)):
                out.append((t, len(out)))
        return out

    return times


def nightly(w, hour=None):
    """A scheduled job: runs at one hour, back to back."""
    r = w.r
    hour = r.choice((0, 1, 2, 3, 4, 5, 6, 22)) if hour is None else hour
    minute, gap, every = r.choice((0, 0, 0, 15, 30, r.random() * 60)), w.heavy(9, 0.8), r.choice((1, 1, 1, 7))  # fmt: skip

    def times(n, s):
        days = [d for d in range(28) if s.start // DAY <= d < s.end / DAY and d % every == 0] or [int(s.start // DAY)]  # fmt: skip
        days = r.sample(days, min(len(days), max(1, n // 2)))
        out = []
        for i, d in enumerate(days):
            t = d * DAY + hour * 3600 + minute * 60 + r.uniform(0, 20)
            for _ in range(n // len(days) + (i < n % len(days))):
                out.append((_fit(r, t, s), i))
                t += r.expovariate(1 / gap)
        return out

    return times


def bursts(w, windows):
    """Work that comes in shifts; several accounts may be given the same shifts."""
    r = w.r

    def times(n, s):
        open_ = [x for x in windows if s.start <= x[0] < s.end] or [(s.start, min(7200, s.end - s.start))]  # fmt: skip
        few = r.sample(open_, min(len(open_), 1 + n // 3))
        return [(_fit(r, a + r.random() * b, s), i) for i in range(n) for a, b in (r.choice(few),)]

    return times


def occasion(w, start, width):
    """Everybody at once: a lesson, a launch, a first try."""
    r = w.r
    return lambda n, s: sorted((_fit(r, start + r.gammavariate(2, width / 3), s), i // 4) for i in range(n))  # fmt: skip
