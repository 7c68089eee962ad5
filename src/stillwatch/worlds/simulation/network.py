"""Addresses: home broadband, carrier NAT, clouds, offices, VPNs, residential proxies.

Autonomous systems are real numbers so that lists of hosting networks can be tried on a world;
the addresses under them are made up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import LANGUAGES, Address, Ints, Objects

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CLOUDS", "Addresses", "mixed"]

_ISPS: dict[str, tuple[int, ...]] = {
    "en": (7922, 701, 7018, 20115, 22773, 2856, 5089, 1221, 577, 812),
    "zh": (4134, 4837, 9808, 3462, 4760),
    "es": (3352, 12479, 8151, 22927, 27699),
    "fr": (3215, 12322, 15557, 5410),
    "de": (3320, 3209, 6805, 8881),
    "pt": (28573, 26599, 18881, 3243),
    "ru": (12389, 8402, 25513, 8359),
    "ja": (4713, 2516, 17676, 2518),
    "ko": (4766, 9318, 3786),
    "ar": (25019, 8452, 39891, 5384),
    "hi": (9829, 24560, 45609, 55836),
    "tr": (9121, 34984, 47331),
    "id": (7713, 17451, 23693),
    "vi": (7552, 45899, 18403),
    "it": (3269, 30722, 1267),
    "nl": (1136, 33915, 50266),
    "pl": (5617, 8374, 12741),
    "uk": (15895, 6849, 13188),
    "fa": (58224, 197207, 44244),
    "th": (7470, 23969, 45629),
}
CLOUDS = (16509, 14618, 15169, 396982, 8075, 14061, 24940, 16276, 63949, 20473, 31898, 45102)
"""Data-centre networks, most used first."""
_CLOUD_WEIGHTS = np.array([22, 14, 10, 8, 14, 8, 7, 6, 4, 3, 2, 2], dtype=float)
_VPNS = (9009, 212238, 60068, 136787)
_BUSINESS = (174, 3356, 6461, 1299, 3257, 6939, 11427, 5400, 2914, 4637)
_ABROAD = 0.12  # share of people who speak one language and live on another one's network
_SIX = 0.22  # share of homes and phones on IPv6


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return splitmix64 of each value."""
    with np.errstate(over="ignore"):
        z = x + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed_bits: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed_bits


def mixed(x: NDArray[np.generic], salt: int) -> NDArray[np.uint64]:
    """Return a bijective 64-bit mix of integers under a salt."""
    return _mix(_mix(x.astype(np.uint64)) ^ np.uint64(salt % 2**64))


def _spread(asn: Ints, host: Ints) -> NDArray[np.uint64]:
    """Return IPv4 addresses of hosts inside the made-up /16 prefixes of their networks."""
    prefix = _mix(asn.astype(np.uint64) * np.uint64(8) + (host.astype(np.uint64) >> np.uint64(16)))
    first = np.array([o for o in range(11, 223) if o not in (100, 127, 169, 172, 192, 198, 203)])
    a = first[(prefix % np.uint64(len(first))).astype(np.int64)].astype(np.uint64)
    b = (prefix >> np.uint64(16)) & np.uint64(0xFF)
    low = host.astype(np.uint64) & np.uint64(0xFFFF)
    spread: NDArray[np.uint64] = (a << np.uint64(24)) | (b << np.uint64(16)) | low
    return spread


def _six(asn: Ints, host: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return upper halves of IPv6 addresses: a provider's /32, then the customer's /64."""
    top = np.uint64(0x2A000000) | (_mix(asn.astype(np.uint64)) & np.uint64(0x00FFFFFF))
    upper: NDArray[np.uint64] = (top << np.uint64(32)) | (host & np.uint64(0xFFFFFF00))
    return upper


class Addresses:
    """The :class:`~stillwatch.worlds.simulation.interface.Network` of one world.

    Args:
        accounts: accounts in the world; carrier and VPN pools are sized by it so that an
            address is shared by tens of strangers at any scale.
    """

    def __init__(self, accounts: int) -> None:
        self.rng = np.random.default_rng(0)
        self._nat = max(2, accounts // 1200)
        self._exits = max(2, accounts // 400)

    def home(self, n: int, lang: Objects | None = None) -> Address:
        """Return home broadband addresses, one an account."""
        asn = self._isp(n, lang)
        host = self.rng.integers(0, 8 * 65536, n)
        ip = _spread(asn, host)
        six = self.rng.random(n) < _SIX
        ip[six] = _six(asn[six], self.rng.integers(0, 2**63, int(six.sum())).astype(np.uint64))
        return Address(ip, asn)

    def mobile(self, n: int, lang: Objects | None = None) -> Address:
        """Return mobile addresses behind carrier NAT, shared by many strangers."""
        asn = self._isp(n, lang)
        slot = self.rng.integers(0, self._nat, n)
        return Address(_spread(asn, 8 * 65536 + 17 + slot), asn)

    def cloud(self, n: int, *, asn: int | None = None, block: bool = False) -> Address:
        """Return data-centre addresses; with ``block``, all from one /24."""
        weights = _CLOUD_WEIGHTS / _CLOUD_WEIGHTS.sum()
        many = self.rng.choice(CLOUDS, n, p=weights).astype(np.int64)
        host = self.rng.integers(0, 8 * 65536, n)
        if asn is not None or block:
            many[:] = asn if asn is not None else many[0]
        if block:
            host = (int(host[0]) & ~0xFF) + self.rng.permutation(np.arange(n) % 254 + 1)
        return Address(_spread(many, host), many)

    def office(self, n: int = 1) -> Address:
        """Return egress addresses of companies, schools and events, one each."""
        every = np.array(_BUSINESS + sum(_ISPS.values(), ()))
        asn = self.rng.choice(every, n).astype(np.int64)
        return Address(_spread(asn, self.rng.integers(0, 8 * 65536, n)), asn)

    def proxy(self, n: int) -> Address:
        """Return residential-proxy exits: home addresses anywhere, each used once or twice."""
        lang = self.rng.choice(np.array(LANGUAGES, dtype=object), n)
        return self.home(n, lang)

    def vpn(self, n: int) -> Address:
        """Return exits of consumer VPNs, shared by many strangers."""
        asn = self.rng.choice(_VPNS, n, p=[0.4, 0.3, 0.2, 0.1]).astype(np.int64)
        return Address(_spread(asn, 700 + self.rng.integers(0, self._exits, n)), asn)

    def _isp(self, n: int, lang: Objects | None) -> Ints:
        spoken = (
            self.rng.choice(np.array(LANGUAGES, dtype=object), n) if lang is None else lang.copy()
        )
        abroad = self.rng.random(n) < _ABROAD
        spoken[abroad] = self.rng.choice(np.array(LANGUAGES, dtype=object), int(abroad.sum()))
        asn = np.zeros(n, dtype=np.int64)
        rank = self.rng.random(n) ** 1.6  # the first provider of a country is the largest
        for code in np.unique(spoken.astype(str)):
            at = spoken == code
            isps = np.array(_ISPS[code])
            asn[at] = isps[(rank[at] * len(isps)).astype(np.int64)]
        return asn
