"""Where requests come from: countries, networks, addresses, clients, identities."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

# country, language, hours from UTC, weight, autonomous systems of its access providers
COUNTRIES = (
    ("us", "en", -6, 20, (7018, 7922, 701, 21928, 20115)),
    ("gb", "en", 0, 7, (2856, 5089, 5607)),
    ("in", "en", 5.5, 11, (55836, 9829, 45609, 24560)),
    ("ng", "en", 1, 3, (29465, 36873)),
    ("au", "en", 10, 3, (1221, 4804)),
    ("cn", "zh", 8, 9, (4134, 4837, 9808)),
    ("tw", "zh", 8, 3, (3462, 9924)),
    ("sg", "zh", 8, 2, (4773, 9506)),
    ("mx", "es", -6, 4, (8151, 28548)),
    ("es", "es", 1, 3, (3352, 12479)),
    ("ar", "es", -3, 2, (7303, 22927)),
    ("de", "de", 1, 6, (3320, 3209, 31334)),
    ("fr", "fr", 1, 5, (3215, 12322, 15557)),
    ("br", "pt", -3, 6, (28573, 26599, 27699)),
    ("pt", "pt", 0, 1, (3243, 12353)),
    ("ru", "ru", 3, 3, (12389, 8402)),
    ("kz", "ru", 5, 1, (9198, 21299)),
    ("jp", "ja", 9, 5, (2516, 17676, 4713)),
)
CLOUDS = (16509, 14618, 396982, 8075, 16276, 24940, 14061, 31898, 63949, 45102, 132203)
TUNNELS = (9009, 212238, 60068, 136787)  # hosters that VPN services rent from
WEB = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/{a}.0",
    "Mozilla/5.0 (Macintosh) Safari/{b}",
)
WEB += ("Mozilla/5.0 (X11; Linux x86_64) Firefox/{c}.0", "Mozilla/5.0 (iPhone) Mobile/{b}")
WEB += ("app-android/5.{d}", "app-ios/5.{d}")
KITS = ("provider-python/1.{d}", "provider-node/4.{d}", "python-requests/2.{d}", "langchain/0.{d}")
KITS += ("curl/8.{d}", "okhttp/4.{d}", "go-http-client/2.0", "aiohttp/3.{d}", "axios/1.{d}")
FREE = ("gmail.com",) * 10 + ("outlook.com",) * 4 + ("yahoo.com", "qq.com", "163.com", "gmx.de")
FREE += ("hotmail.com", "icloud.com", "icloud.com", "proton.me", "mail.ru", "naver.com", "web.de")
SYLLABLES = [
    "ba",
    "ce",
    "do",
    "fi",
    "ga",
    "hu",
    "ki",
    "lo",
    "mu",
    "ne",
    "po",
    "ra",
    "si",
    "to",
    "va",
    "we",
    "xa",
    "yo",
    "zu",
    "tri",
    "plan",
    "soft",
    "net",
    "lab",
]

T = TypeVar("T")
Site = tuple[str, int]  # an address and its autonomous system
Client = tuple[str, str]  # user agent and TLS fingerprint


def token(rng: Random, size: int = 16) -> str:
    """An opaque value."""
    return f"{rng.getrandbits(size * 4):0{size}x}"


@dataclass
class Home:
    """Where one account's requests come from; ``rotate`` is the chance of a new address a run."""

    asn: int
    prefixes: list[str]
    rotate: float = 0.03
    fixed: list[Site] = field(default_factory=list)
    mobile: list[Site] = field(default_factory=list)
    now: Site | None = None


class Places:
    """The networks and clients of one world."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.prefixes: dict[int, list[str]] = {}
        firsts = [x for x in range(2, 223) if x not in {10, 100, 127, 169, 172, 192, 198}]
        pairs = [(a, b) for a in firsts for b in range(0, 256, 5)]
        rng.shuffle(pairs)
        systems = [a for c in COUNTRIES for a in c[4]] + list(CLOUDS) + list(TUNNELS)
        for asn in systems:
            self.prefixes[asn] = [f"{a}.{b}" for a, b in (pairs.pop() for _ in range(8))]
        self.nat = {asn: [self.address(asn) for _ in range(48)] for asn in systems}
        self.web = self.clients(WEB, 14)
        self.kits = self.clients(KITS, 34)
        self.rare = [(f"{token(rng, 3)}-client/0.{i % 9}", self.ja4()) for i in range(400)]

    def ja4(self) -> str:
        """A TLS fingerprint in the form of JA4."""
        r = self.rng
        kind = r.choice(("t13d1516h2", "t13d1517h2", "t13d3112h2", "t12d190800", "t13d181100"))
        return f"{kind}_{token(r, 12)}_{token(r, 12)}"

    def clients(self, forms: tuple[str, ...], prints: int) -> list[Client]:
        """Popular clients: few fingerprints, more user agents, the first ones most frequent."""
        r, seen = self.rng, [self.ja4() for _ in range(prints)]
        return [
            (
                r.choice(forms).format(
                    a=r.randint(118, 131), b=r.randint(15, 18), c=r.randint(115, 133), d=j % 40
                ),
                r.choice(seen),
            )
            for j in range(prints * 3)
        ]

    def address(self, asn: int) -> Site:
        """An address of a network."""
        r = self.rng
        return f"{r.choice(self.prefixes[asn])}.{r.randrange(256)}.{r.randrange(1, 255)}", asn

    def block(self, asn: int) -> list[Site]:
        """A few addresses side by side."""
        r = self.rng
        stem, low = f"{r.choice(self.prefixes[asn])}.{r.randrange(256)}", r.randrange(1, 200)
        return [(f"{stem}.{low + i}", asn) for i in r.sample(range(54), r.randint(4, 24))]

    def residential(self, asns: tuple[int, ...], rotate: float | None = None) -> Home:
        """A household's line, often with a telephone beside it."""
        r = self.rng
        asn = r.choice(asns)
        turn = r.choice((0.0, 0.02, 0.05, 0.3)) if rotate is None else rotate
        home = Home(asn, [r.choice(self.prefixes[asn])], turn)
        if r.random() < 0.4:
            home.mobile = r.sample(self.nat[r.choice(asns)], 3)
        return home

    def server(self) -> Home:
        """A rented machine or a few."""
        asn = zipf(self.rng, CLOUDS, 0.7)
        return Home(asn, self.prefixes[asn], 0.0, [self.address(asn) for _ in range(self.few())])

    def tunnel(self) -> Home:
        """A commercial VPN: shared exits that change."""
        asn = self.rng.choice(TUNNELS)
        return Home(asn, [], 0.5, list(self.nat[asn]))

    def few(self) -> int:
        """One, rarely more."""
        return 1 + int(self.rng.expovariate(1.6))

    def visit(self, home: Home) -> Site:
        """The address of one session."""
        r = self.rng
        if home.mobile and r.random() < 0.35:
            return r.choice(home.mobile)
        if home.fixed:
            if home.now is None or r.random() < max(home.rotate, 0.1):
                home.now = r.choice(home.fixed)
        elif home.now is None or r.random() < home.rotate:
            stem = r.choice(home.prefixes)
            home.now = (f"{stem}.{r.randrange(256)}.{r.randrange(1, 255)}", home.asn)
        return home.now

    def client(self, *, kit: bool) -> Client:
        """A client as people have them: mostly a popular one."""
        r = self.rng
        if r.random() < (0.07 if kit else 0.02):
            return zipf(r, self.rare, 0.8)
        return zipf(r, self.kits if kit else self.web, 0.8)

    def domain(self) -> str:
        """A mail domain: mostly a free one."""
        r = self.rng
        if r.random() < 0.8:
            return r.choice(FREE)
        if r.random() < 0.15:
            return f"uni-{''.join(r.choices(SYLLABLES, k=2))}.edu"
        return self.company()

    def company(self) -> str:
        """A domain of somebody's own."""
        r = self.rng
        return "".join(r.choices(SYLLABLES, k=3)) + r.choice((".com", ".io", ".dev", ".de", ".co"))


def zipf(rng: Random, items: Sequence[T], power: float) -> T:
    """An item, the early ones more often."""
    u = rng.random()
    return items[min(len(items) - 1, int(len(items) * u ** (1 / (1 - power * 0.75))))]
