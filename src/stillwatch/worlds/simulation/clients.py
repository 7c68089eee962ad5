"""Clients: user agents with the TLS fingerprint of the library behind each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Client", "ClientTable"]

_PRODUCTS = 8192
_AGENTS = 24
_RARE = (0.003, 0.012)  # share of all accounts that uses an uncommon client
_SYLLABLES = (
    "ba", "co", "di", "fe", "ga", "hu", "ki", "lo", "mi", "na", "pe", "ra", "so", "ti", "vu",
    "wa", "xe", "yo", "zu", "lin", "mar", "ten", "vor", "sky",
)  # fmt: skip
_LIBRARIES = {
    "python-httpx/0.27.2": "python-openssl3",
    "python-requests/2.32.3": "python-openssl3-urllib3",
    "aiohttp/3.10.10": "python-openssl3-aiohttp",
    "axios/1.7.7": "node20",
    "undici": "node22",
    "Go-http-client/2.0": "go1.22",
    "okhttp/4.12.0": "conscrypt",
    "reqwest/0.12.9": "rustls",
}


@dataclass(frozen=True, slots=True)
class Client:
    """One client program at one version."""

    agent: str
    """User agent as sent."""
    tls: str
    """JA4 fingerprint of its TLS library."""
    channel: str
    """app for the provider's own web and mobile pages, else direct."""
    family: str
    """browser, app, sdk, script, agent, harness, gateway or product."""
    weight: float
    """Popularity."""


def _ja4(library: str) -> str:
    """Return a JA4-shaped fingerprint that belongs to a TLS library."""
    digest = hashlib.blake2b(library.encode(), digest_size=12).hexdigest()
    ciphers = 13 + int(digest[0], 16) % 8
    extensions = 9 + int(digest[1], 16) % 8
    alpn = "h2" if int(digest[2], 16) % 3 else "h1"
    return f"t13d{ciphers:02d}{extensions:02d}{alpn}_{digest[:12]}_{digest[12:24]}"


def _browsers() -> list[Client]:
    systems = (
        ("Windows NT 10.0; Win64; x64", 5.0),
        ("Macintosh; Intel Mac OS X 10_15_7", 3.0),
        ("X11; Linux x86_64", 0.8),
        ("Linux; Android 10; K", 3.0),
    )
    found = []
    for system, share in systems:
        for age, version in enumerate((132, 131, 130, 128)):
            mobile = " Mobile" if "Android" in system else ""
            chrome = (
                f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) "
                f"Chrome/{version}.0.0.0{mobile} Safari/537.36"
            )
            weight = share / 2**age
            found.append(Client(chrome, _ja4("chrome"), "app", "browser", weight))
            edge = f"{chrome} Edg/{version}.0.0.0"
            found.append(Client(edge, _ja4("chrome"), "app", "browser", weight / 5))
        firefox = f"Mozilla/5.0 ({system}; rv:132.0) Gecko/20100101 Firefox/132.0"
        found.append(Client(firefox, _ja4("firefox"), "app", "browser", share / 8))
    for device in ("Macintosh; Intel Mac OS X 10_15_7", "iPhone; CPU iPhone OS 18_1 like Mac OS X"):
        safari = (
            f"Mozilla/5.0 ({device}) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/18.1 Safari/605.1.15"
        )
        found.append(Client(safari, _ja4("safari"), "app", "browser", 2.5))
    return found


def _programs() -> list[Client]:
    found = [
        Client(f"AssistantApp/{v} (Android 14)", _ja4("conscrypt"), "app", "app", w)
        for v, w in (("3.18.0", 3.0), ("3.17.2", 1.2), ("3.15.1", 0.3))
    ]
    found += [
        Client(f"AssistantApp/{v} CFNetwork/1568.200.51", _ja4("nsurl"), "app", "app", w)
        for v, w in (("3.18.1", 3.0), ("3.17.0", 1.0))
    ]
    for minor, weight in ((54, 4.0), (52, 3.0), (47, 1.5), (40, 1.0), (31, 0.5)):
        for patch in range(3):
            ua = f"Provider/Python 1.{minor}.{patch}"
            found.append(Client(ua, _ja4("python-openssl3"), "direct", "sdk", weight))
    for minor, weight in ((71, 2.5), (67, 1.5), (58, 0.6)):
        ua = f"Provider/JS 4.{minor}.1"
        found.append(Client(ua, _ja4("node20"), "direct", "sdk", weight))
        found.append(Client(ua, _ja4("node22"), "direct", "sdk", weight / 2))
    found.append(Client("Provider/Go 0.9.2", _ja4("go1.22"), "direct", "sdk", 0.8))
    found.append(Client("Provider/Java 0.21.0", _ja4("jdk21"), "direct", "sdk", 0.9))
    found += [
        Client(name, _ja4(library), "direct", "script", 2.0 / (1 + i))
        for i, (name, library) in enumerate(_LIBRARIES.items())
    ]
    found.append(Client("curl/8.5.0", _ja4("curl-openssl3"), "direct", "script", 0.6))
    found += [
        Client(f"lm-harness/0.4.{v}", _ja4("python-openssl3-aiohttp"), "direct", "harness", w)
        for v, w in ((5, 3.0), (4, 1.0), (3, 0.5))
    ]
    found += [
        Client(name, _ja4("python-openssl3"), "direct", "gateway", w)
        for name, w in (("litellm/1.52.0", 3.0), ("litellm/1.50.2", 1.5), ("llm-proxy/2.3.1", 1.0))
    ]
    return found


def _agents() -> list[Client]:
    libraries = ("python-openssl3", "node20", "node22", "go1.22", "rustls")
    return [
        Client(
            f"{_name(9000 + i)}-agent/0.{7 + i % 5}.{i % 7}",
            _ja4(libraries[i % 5]),
            "direct",
            "agent",
            3.0 / (1 + i),
        )
        for i in range(_AGENTS)
    ]


def _name(seed: int) -> str:
    """Return a product name made of syllables."""
    syllables = len(_SYLLABLES)
    parts = [_SYLLABLES[seed % syllables], _SYLLABLES[seed // syllables % syllables]]
    return "".join([*parts, _SYLLABLES[seed // syllables**2 % syllables]])


def _product(number: int) -> Client:
    library, tls = list(_LIBRARIES.items())[(number * 7919 >> 4) % len(_LIBRARIES)]
    version = f"{1 + number % 4}.{number // 4 % 20}.{number // 80 % 10}"
    return Client(f"{_name(number)}/{version} {library}", _ja4(tls), "direct", "product", 0.0)


class ClientTable:
    """The :class:`~stillwatch.worlds.simulation.interface.Clients` of every world."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)
        agents = _agents()
        programs = _browsers() + _programs()
        self._first_agent = len(programs)
        self._first_product = len(programs) + len(agents)
        products = [_product(i) for i in range(_PRODUCTS)]
        self.clients: tuple[Client, ...] = (*programs, *agents, *products)
        self._by_family: dict[str, tuple[NDArray[np.int16], NDArray[np.float64]]] = {}
        everyone = self.clients[: self._first_product]
        for family in ("any", *sorted({c.family for c in everyone})):
            numbers = [i for i, c in enumerate(everyone) if family in ("any", c.family)]
            weights = np.array([everyone[i].weight for i in numbers])
            self._by_family[family] = (np.array(numbers, np.int16), weights / weights.sum())

    def draw(self, n: int, family: str) -> NDArray[np.int16]:
        """Return client numbers by popularity."""
        numbers, weights = self._by_family[family]
        return self.rng.choice(numbers, n, p=weights)

    def product(self, name_seed: int) -> int:
        """Return the number of a client of its own name on a popular library's TLS."""
        return self._first_product + name_seed % _PRODUCTS

    def uncommon(self, seed: int) -> int:
        """Return the number of a public client that few people use."""
        numbers, weights = self._by_family["any"]
        direct = np.array([self.clients[n].channel == "direct" for n in numbers])
        few = numbers[direct & (weights > _RARE[0]) & (weights < _RARE[1])]
        return int(few[seed % len(few)])

    def agent(self, which: int) -> int:
        """Return the client of the ``which``-th public open-source agent."""
        return self._first_agent + which % _AGENTS
