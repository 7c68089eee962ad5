"""Networks and clients: where requests come from and with what."""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache

from tables import ANDROIDS, CLIENTS, CLOUDS, PLACES, VPNS


def token(rng, size=12):
    return f"{rng.getrandbits(size * 4):0{size}x}"


@lru_cache(4096)
def ja4(family, variant):
    if family in {"chrome", "mac", "edge", "mobileweb"}:
        return "t13d1516h2_8daaf6152771_" + ("b186095e22b6" if variant else "02713d6af862")
    h = hashlib.sha256(f"{family}{variant}".encode()).hexdigest()
    counts = f"{12 + int(h[0], 16) % 8:02d}{8 + int(h[1], 16) % 9:02d}h{1 + int(h[2], 16) % 2}"
    return f"t13d{counts}_{h[3:15]}_{h[15:27]}"


class Client:
    """One program on one machine; its version moves on week by week."""

    def __init__(self, rng, family) -> None:
        self.family, self.variant = family, rng.randrange(CLIENTS[family][2])
        self.lag, self.x = rng.expovariate(0.8), rng.choice(ANDROIDS)
        self.m, self.p = rng.choice([1, 2, 3, 4, 4, 5, 5, 6]), rng.randint(30, 44)

    def show(self, t):
        """User agent, TLS fingerprint and channel at a time."""
        week = int(max(t / 604800 - self.lag, -9))
        channel, agent, _ = CLIENTS[self.family]
        slots = {"v": f"3.{41 + week}.0", "w": 139 + week // 2, "m": self.m, "d": 100 + self.m}
        slots |= {"p": self.p + (week > 1), "x": self.x}
        return agent.format(**slots), ja4(self.family, self.variant), channel


@lru_cache(65536)
def address(asn, region, host):
    """An address of a network: the prefix belongs to it, the region to a district or building."""
    h = hashlib.sha256(f"{asn}/{region % 8}".encode()).digest()
    return f"{h[0] % 200 + 11}.{h[1]}.{region % 251}.{host % 254 + 1}"


@dataclass(slots=True)
class Net:
    """A place. Kinds: home (leases change), pool (some shared exits), resi (a new exit each time)."""

    kind: str
    asn: int
    region: int = 0
    size: int = 1
    lease: float = 5e5
    many: list = field(default_factory=list)
    at: int = -1
    ip: str = ""

    def draw(self, rng, t):
        if self.kind == "resi":
            asn = rng.choice(self.many)
            return address(asn, rng.randrange(4000), rng.randrange(254)), asn
        if self.kind == "pool":
            exit_ = rng.randrange(self.size)
            return address(self.asn, self.region + exit_ // 100, self.region * 7 + exit_), self.asn
        turn = int(t / self.lease)
        if turn != self.at:
            self.at, self.ip = turn, address(self.asn, self.region, rng.randrange(254))
        return self.ip, self.asn


def home(rng, country):
    asn = int(rng.choice(PLACES[country][3].split()))
    return Net("home", asn, rng.randrange(4000), lease=rng.choice([4e4, 9e4, 3e5, 1e6, 9e6]))


def mobile(rng, country):
    asn = int(rng.choice(PLACES[country][4].split()))
    return Net("pool", asn, rng.randrange(24), rng.choice([40, 120, 240]))


def vpn(rng):
    return Net("pool", rng.choice(VPNS), rng.randrange(12), rng.choice([6, 20, 60]))


def cloud(rng, size=1):
    return Net("pool", rng.choice(CLOUDS), rng.randrange(4000), size)


def office(rng, country, size=1):
    return Net("pool", int(rng.choice(PLACES[country][3].split())), rng.randrange(4000), size)


def proxies(rng, countries):
    return Net("resi", 0, many=[int(a) for c in countries for a in PLACES[c][3].split()])
