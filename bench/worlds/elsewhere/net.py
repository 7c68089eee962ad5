"""Addresses, clients and identities: the internet as a provider's log shows it."""

from __future__ import annotations

import hashlib
import json
import random
import re
from dataclasses import dataclass, replace
from pathlib import Path

from corpus import DATA

__all__ = ["Client", "Country", "Internet", "Place", "Spot"]

Spot = tuple[str, int]
"""An address and its autonomous system."""


_FREE_MAIL = [
    "gmail.com",
    "outlook.com",
    "yahoo.com",
    "icloud.com",
    "proton.me",
    "hotmail.com",
    "qq.com",
    "web.de",
    "mail.ru",
    "naver.com",
]

_COUNTRIES = (
    "US -6 en 22|US -8 en 8|GB 0 en 6|IN 5.5 en 9|IN 5.5 hi 4|BR -3 pt 7|DE 1 de 6|FR 1 fr 5|"
    "ES 1 es 3|MX -6 es 4|AR -3 es 2|ID 7 id 4|JP 9 ja 5|KR 9 ko 3|TW 8 zh 3|SG 8 zh 2|CN 8 zh 3|"
    "RU 3 ru 3|SA 3 ar 2|EG 2 ar 2|NG 1 en 2|CA -5 en 3|CA -5 fr 1|AU 10 en 2|PT 0 pt 1|CH 1 de 1"
)


@dataclass(frozen=True, slots=True)
class Country:
    """Where people live, with the networks that serve them."""

    name: str
    zone: float
    lang: str
    home: tuple[int, ...]
    mobile: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Client:
    """What a request tells about the software that sent it, and the settings it asks for."""

    user_agent: str
    tls: str
    channel: str
    temperature: float | None = None
    max_tokens: int | None = None
    system: str | None = None

    def using(self, system: str | None) -> Client:
        """Return the same client with a system prompt."""
        return replace(self, system=system)


@dataclass(slots=True)
class Place:
    """Where an account is seen: several spots with weights, each with a row of addresses."""

    spots: list[list[Spot]]
    weights: list[float]
    lease: float = 6 * 86_400.0

    def at(self, time: float, spot: int) -> Spot:
        """Return the address at a time."""
        row = self.spots[spot]
        return row[int(time // self.lease) % len(row)]


def _ja4(stack: str) -> str:
    digest = hashlib.sha256(stack.encode()).hexdigest()
    ciphers = 10 + int(digest[:2], 16) % 9
    alpn = "h2" if int(digest[2], 16) > 4 else "h1"
    return f"t13d{ciphers}{10 + int(digest[3:5], 16) % 8}{alpn}_{digest[8:20]}_{digest[24:36]}"


def clients_of(rng: random.Random) -> dict[str, list[Client]]:
    """Return the clients in use in this world by sort, the usual ones first."""
    out: dict[str, list[Client]] = {"browser": [], "mobile": [], "sdk": [], "ide": []}
    systems = (
        "Windows NT 10.0; Win64; x64",
        "Macintosh; Intel Mac OS X 10_15_7",
        "X11; Linux x86_64",
    )
    for version in (133, 134, 135):
        for system in systems:
            agent = (
                f"Mozilla/5.0 ({system}) AppleWebKit/537.36 Chrome/{version}.0.0.0 Safari/537.36"
            )
            out["browser"].append(Client(agent, _ja4(f"chrome{version // 2}"), "app"))
    for system in systems[:2]:
        agent = f"Mozilla/5.0 ({system}; rv:136.0) Gecko/20100101 Firefox/136.0"
        out["browser"].append(Client(agent, _ja4("firefox136"), "app"))
    for app in ("AsterApp/5.2 (iOS 18.3)", "AsterApp/5.3 (iOS 18.4)", "AsterApp/5.2 (Android 15)"):
        out["mobile"].append(Client(app, _ja4(app[-12:]), "app"))
    python = [
        f"aster-python/{v} CPython/3.{m}"
        for v in ("1.40.2", "1.42.0", "1.44.1")
        for m in (10, 11, 12)
    ]
    other = [
        "python-httpx/0.27.2",
        "node-fetch/3.3.2",
        "aster-node/4.9.0",
        "Go-http-client/2.0",
        "okhttp/4.12.0",
        "langchain/0.3.18",
        "litellm/1.61.3",
        "curl/8.5.0",
    ]
    for agent in python + other:
        stack = f"{agent.split('/')[0]}{agent[-2:]}"
        out["sdk"].append(
            Client(agent, _ja4(stack), rng.choice(("direct", "direct", "marketplace")))
        )
    for agent in ("vscode-pilot/2.8.1", "jetcoder/1.14.0", "vscode-pilot/2.9.0"):
        out["ide"].append(Client(agent, _ja4(agent[:8]), "direct"))
    return out


class Internet:
    """Networks, and the addresses, clients and identities taken from them."""

    def __init__(self, rng: random.Random, root: Path = DATA) -> None:
        """Lay out this world's networks."""
        self.rng = rng
        self.prefixes: dict[int, list[str]] = {}
        self.shared: dict[int, list[Spot]] = {}
        listed = (root / "reference/datacenter_asn.txt").read_text()
        hosting = [int(n) for n in re.findall(r"^AS(\d+)", listed, re.MULTILINE)]
        rng.shuffle(hosting)
        self.hosting, self.vpn = hosting[:24], hosting[24:36]
        self.countries, self.country_weights = self._countries()
        self.clients = clients_of(rng)
        self.disposable = (root / "reference/disposable_email_domains.txt").read_text().split()
        universities = json.loads((root / "reference/misp_university_domains.json").read_text())
        self.universities: list[str] = universities["list"]
        self.clouds = [self.address(rng.choice(self.hosting)) for _ in range(4000)]
        self.exits = [self.address(rng.choice(self.vpn)) for _ in range(160)]
        self.homes: list[Spot] = []

    def _countries(self) -> tuple[list[Country], list[int]]:
        rng, found, weights = self.rng, [], []
        numbers = iter(rng.sample(range(9_000, 64_000), 200))
        for text in _COUNTRIES.split("|"):
            name, zone, lang, weight = text.split()
            home = tuple(next(numbers) for _ in range(3))
            mobile = tuple(next(numbers) for _ in range(2))
            found.append(Country(name, float(zone), lang, home, mobile))
            weights.append(int(weight))
        return found, weights

    def hex(self, digits: int = 16) -> str:
        """Return a random hexadecimal string."""
        return f"{self.rng.getrandbits(4 * digits):0{digits}x}"

    def country(self) -> Country:
        """Return a country, large ones more often."""
        return self.rng.choices(self.countries, self.country_weights)[0]

    def address(self, asn: int) -> Spot:
        """Return a new address in a network."""
        rng = self.rng
        if asn not in self.prefixes:
            firsts = [n for n in range(11, 222) if n not in (100, 127, 169, 172, 192, 198, 203)]
            self.prefixes[asn] = [
                f"{rng.choice(firsts)}.{rng.randrange(256)}" for _ in range(rng.randint(2, 6))
            ]
        return f"{rng.choice(self.prefixes[asn])}.{rng.randrange(256)}.{rng.randint(1, 254)}", asn

    def home(self, country: Country) -> Spot:
        """Return the address of a household."""
        asn = self.rng.choice(country.home)
        if self.rng.random() < 0.18:
            groups = ":".join(f"{self.rng.getrandbits(16):x}" for _ in range(6))
            return f"2{asn % 4096:03x}:{100 + asn % 899}:{groups}", asn
        spot = self.address(asn)
        self.homes.append(spot)
        return spot

    def carrier(self, country: Country) -> Spot:
        """Return an address that a mobile carrier gives to many people at once."""
        asn = self.rng.choice(country.mobile)
        if asn not in self.shared:
            self.shared[asn] = [self.address(asn) for _ in range(40)]
        return self.rng.choice(self.shared[asn])

    def cloud(self) -> Spot:
        """Return the address of a rented machine, which others may have had before."""
        return self.rng.choice(self.clouds)

    def person(self, country: Country) -> Place:
        """Return where a person is seen: at home, on the phone, at times abroad or on a VPN."""
        rng = self.rng
        spots = [[self.home(country) for _ in range(rng.choice((1, 1, 2, 5)))]]
        spots.append([self.carrier(country) for _ in range(8)])
        weights = [rng.uniform(0.3, 1.0), rng.uniform(0.0, 0.7)]
        if rng.random() < 0.12:
            spots.append(rng.sample(self.exits, 3))
            weights.append(rng.uniform(0.1, 1.5))
        return Place(spots, weights, rng.choice((0.5, 2, 6, 28)) * 86_400)

    def fixed(self, *spots: Spot) -> Place:
        """Return a place whose addresses do not change."""
        return Place([[s] for s in spots], [1.0] * len(spots))

    def client(self, sort: str) -> Client:
        """Return a client of a sort, usual ones more often; SDKs with settings of their own."""
        rng, found = self.rng, self.clients[sort]
        client = found[min(int(rng.expovariate(4 / len(found))), len(found) - 1)]
        if sort != "sdk":
            return client
        if rng.random() < 0.12:
            client = replace(client, user_agent=self.rare_agent(), tls=_ja4(self.hex()))
        return replace(
            client,
            temperature=rng.choice((None, None, None, 0.0, 0.0, 0.2, 0.3, 0.5, 0.7, 0.7, 1.0)),
            max_tokens=rng.choice((None, None, 256, 512, 1000, 1024, 1024, 2000, 2048, 4096, 8192)),
        )

    def rare_agent(self) -> str:
        """Return the user agent of software that few run."""
        name = self.rng.choice(
            ("python-requests", "aiohttp", "axios", "Java-http-client", "reqwest")
        )
        return f"{name}/{self.rng.randint(1, 4)}.{self.rng.randint(0, 31)}"

    def own_client(self, name: str, channel: str = "direct") -> Client:
        """Return a client that only those who have its code run."""
        return replace(self.client("sdk"), user_agent=name, tls=_ja4(self.hex()), channel=channel)

    def mail(self, sort: str = "free") -> str:
        """Return a mail domain."""
        rng = self.rng
        if sort == "university":
            return rng.choice(self.universities)
        if sort == "disposable":
            return rng.choice(self.disposable)
        if sort == "company" or rng.random() < 0.06:
            stem = "".join(rng.choice("bcdfglmnprstv") + rng.choice("aeiou") for _ in range(3))
            ending = rng.choice(("", "lab", "soft", "group"))
            return f"{stem}{ending}.{rng.choice(('com', 'io', 'co', 'de', 'jp'))}"
        if rng.random() < 0.012:
            return rng.choice(self.disposable)
        return rng.choices(_FREE_MAIL, (50, 14, 8, 7, 4, 5, 3, 2, 3, 2))[0]
