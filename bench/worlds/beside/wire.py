"""Networks and clients: addresses, autonomous systems, user agents, TLS fingerprints."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

CARRIERS: dict[str, tuple[int, ...]] = {
    "US": (7922, 7018, 20115, 701, 21928, 22773),
    "GB": (2856, 5089, 5607, 12576),
    "CA": (577, 812, 852),
    "AU": (1221, 4804, 7545),
    "IN": (55836, 45609, 9829, 24560),
    "NG": (29465, 36873),
    "KE": (33771, 36914),
    "CN": (4134, 4837, 9808),
    "TW": (3462, 9924),
    "SG": (9506, 4773),
    "MY": (4788, 9534),
    "ES": (3352, 12479, 12430),
    "MX": (8151, 13999),
    "CO": (10620, 3816),
    "AR": (7303, 22927),
    "CL": (7418, 27651),
    "PE": (6147, 12252),
    "BR": (28573, 27699, 7738, 26599),
    "PT": (3243, 2860),
    "AO": (37119,),
    "MZ": (37342,),
    "FR": (3215, 12322, 15557),
    "BE": (5432, 6848),
    "SN": (8346,),
    "CI": (29571,),
    "MA": (36903, 6713),
    "DE": (3320, 3209, 6805, 8881),
    "AT": (8447, 8412),
    "CH": (3303, 6730),
    "RU": (12389, 8402, 31133),
    "KZ": (9198,),
    "UA": (15895, 6849),
    "BY": (6697,),
    "JP": (4713, 17676, 2516),
    "KR": (4766, 9318, 3786),
    "EG": (8452, 24863),
    "SA": (25019, 35819),
    "AE": (5384, 15802),
    "JO": (8376,),
    "NP": (17501,),
    "TR": (9121, 16135, 34984),
    "CY": (6866,),
    "ID": (7713, 23693, 17974),
    "VN": (45899, 7552, 18403),
    "PL": (5617, 12741),
    "IT": (3269, 30722, 12874),
}
CLOUDS = (16509, 14618, 15169, 396982, 8075, 16276, 24940, 14061, 31898, 63949, 20473)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests come from."""

    ip: str
    asn: int


@dataclass(frozen=True, slots=True)
class Client:
    """What sends requests."""

    user_agent: str
    tls: str
    channel: str


def _number(text: str, modulus: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest()) % modulus


def _address(rnd: random.Random, asn: int) -> str:
    """Draw an address of an autonomous system, which has a few blocks of its own."""
    block = _number(f"{asn}/{rnd.randrange(12)}", 190 * 256)
    first, second = 20 + block // 256, block % 256
    if first in {100, 127, 169, 172, 192, 198}:
        first += 3
    if rnd.random() < 0.2:
        return f"2a{first % 90 + 10:02d}:{second:x}:{rnd.randrange(65536):x}::{rnd.randrange(1, 4096):x}"
    return f"{first}.{second}.{rnd.randrange(256)}.{rnd.randrange(1, 255)}"


class Networks:
    """Addresses handed out in one world."""

    def __init__(self, rnd: random.Random) -> None:
        """Start without shared pools."""
        self.rnd = rnd
        self._nat: dict[str, list[Endpoint]] = {}

    def home(self, country: str) -> Endpoint:
        """Return a line of a household or office."""
        asn = self.rnd.choice(CARRIERS.get(country, CARRIERS["US"]))
        return Endpoint(_address(self.rnd, asn), asn)

    def mobile(self, country: str) -> Endpoint:
        """Return a carrier's translated address, which strangers share."""
        pool = self._nat.get(country)
        if pool is None:
            pool = self._nat[country] = [self.home(country) for _ in range(self.rnd.randint(8, 40))]
        return self.rnd.choice(pool)

    def cloud(self, asn: int | None = None) -> Endpoint:
        """Return a machine at a hosting provider."""
        asn = asn or self.rnd.choice(CLOUDS)
        return Endpoint(_address(self.rnd, asn), asn)

    def person(self, country: str) -> tuple[Endpoint, ...]:
        """Return the endpoints of one person: home, often a phone, sometimes a changing line."""
        found = [self.home(country)]
        if self.rnd.random() < 0.6:
            found += [self.mobile(country) for _ in range(self.rnd.randint(1, 3))]
        if self.rnd.random() < 0.3:
            found += [Endpoint(_address(self.rnd, found[0].asn), found[0].asn) for _ in range(3)]
        return tuple(found)

    def proxies(self, count: int, countries: list[str]) -> list[Endpoint]:
        """Return residential addresses as a proxy service sells them."""
        return [self.home(self.rnd.choice(countries)) for _ in range(count)]


def _tls(name: str) -> str:
    a = _number(name + "a", 1 << 48)
    b = _number(name + "b", 1 << 48)
    return f"t13d{15 + _number(name, 6)}{10 + _number(name + 'x', 8)}h2_{a:012x}_{b:012x}"


def client(user_agent: str, channel: str = "direct", stack: str | None = None) -> Client:
    """Return a client; its fingerprint follows from its TLS stack."""
    return Client(user_agent, _tls(stack or user_agent), channel)


def browser(rnd: random.Random) -> Client:
    """Return a common browser or app of a random recent version."""
    version = rnd.choices((138, 139, 140, 141, 142), (1, 2, 6, 5, 2))[0]
    system = rnd.choices(
        (
            "Windows NT 10.0; Win64; x64",
            "Macintosh; Intel Mac OS X 10_15_7",
            "X11; Linux x86_64",
            "Linux; Android 14; K",
        ),
        (5, 2, 1, 5),
    )[0]
    kind = rnd.random()
    if kind < 0.62:
        agent = (
            f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0"
        )
        return client(agent + " Safari/537.36", "app", f"chrome{version // 3}")
    if kind < 0.82:
        ios = rnd.choice(("17_6", "18_1", "18_5", "18_6"))
        agent = f"Mozilla/5.0 (iPhone; CPU iPhone OS {ios} like Mac OS X) AppleWebKit/605.1.15"
        return client(agent, "app", f"safari{ios[:2]}")
    if kind < 0.9:
        agent = f"Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
        return client(agent, "app", "firefox")
    return client(f"ChatApp/{rnd.choice(('5.1', '5.2', '5.3'))} (Android)", "app", "okhttp4")


def plain_client(rnd: random.Random) -> Client:
    """Return a client that names an HTTP library and a version, as many own programs do."""
    name = rnd.choice(("python-httpx", "aiohttp", "node-fetch", "undici", "reqwest"))
    version = f"{rnd.randint(0, 6)}.{rnd.randint(0, 30)}.{rnd.randint(0, 5)}"
    stack = rnd.choice(("python-httpx", "python-aiohttp", "node20", "rustls"))
    return client(f"{name}/{version}", "direct", stack)


def sdk(rnd: random.Random) -> Client:
    """Return a programming client of a random version."""
    if rnd.random() < 0.25:
        return plain_client(rnd)
    name, versions, stack = rnd.choice(
        (
            ("OpenAI/Python", ("1.51.0", "1.68.2", "1.99.1", "2.2.0"), "python-httpx"),
            ("python-requests", ("2.31.0", "2.32.3"), "python-urllib3"),
            ("Anthropic/Python", ("0.49.0", "0.64.0"), "python-httpx"),
            ("OpenAI/JS", ("4.73.0", "5.12.2"), "node20"),
            ("axios", ("1.7.7", "1.9.0"), "node20"),
            ("Go-http-client", ("2.0",), "go1.23"),
            ("okhttp", ("4.12.0",), "okhttp4"),
            ("curl", ("8.5.0", "8.7.1"), "curl-openssl3"),
        )
    )
    channel = rnd.choices(("direct", "cloud marketplace"), (8, 1))[0]
    return client(f"{name}/{rnd.choice(versions)}", channel, stack)
