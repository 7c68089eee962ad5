"""Addresses: homes, phones, offices, campuses, clouds, VPN exits and residential proxies."""

from __future__ import annotations

from base import DAY

# country: systems of its homes, then of its phones
ISPS = {
    "us": ((7922, 701, 20115, 22773, 11427), (21928, 22394)),
    "gb": ((2856, 5089, 5607), (25135,)),
    "in": ((9829, 24560, 55836), (45609,)),
    "es": ((3352, 12479), (12430,)),
    "mx": ((8151, 17072), (28403,)),
    "ar": ((7303, 10318), (7303,)),
    "br": ((28573, 27699, 7738), (26599,)),
    "pt": ((3243, 12353), (12353,)),
    "fr": ((3215, 12322, 15557), (51207,)),
    "de": ((3320, 3209, 31334), (6805,)),
    "it": ((3269, 30722), (30722,)),
    "pl": ((5617, 21021), (8374,)),
    "ru": ((12389, 8402, 42610), (25159,)),
    "tr": ((9121, 34984), (16135,)),
    "eg": ((8452, 24863), (36992,)),
    "sa": ((25019, 39891), (35819,)),
    "id": ((7713, 23700), (23693,)),
    "vn": ((45899, 7552), (131429,)),
    "cn": ((4134, 4837, 9808), (56040,)),
    "tw": ((3462, 9924), (24158,)),
    "jp": ((4713, 2516, 17676), (2497,)),
    "kr": ((4766, 9318), (17858,)),
}
HOSTS = (16509, 14618, 15169, 8075, 24940, 16276, 14061, 20473, 63949, 51167, 45102, 31898)
EXITS = (9009, 60068, 212238, 136787, 39351, 207137)
CAMPUS = (680, 786, 1103, 2200, 2907, 4538, 9431, 11537, 1916, 2847, 3333, 5713, 18002, 38)


class Home:
    """A household's line with a lease, and its people's phones."""

    def __init__(self, net, country: str, mobile: float):
        py = net.py
        homes, cells = ISPS[country]
        self.net, self.asn, self.mobile = net, py.choice(homes), mobile
        self.lease = py.choice((2, 7, 30, 60)) * DAY
        self.lines: dict[int, str] = {}
        cell = py.choice(cells)
        self.cells = [(net.shared(cell), cell) for _ in range(py.randint(1, 4))]

    def at(self, t: float) -> tuple[str, int]:
        """Return the address and system at a time."""
        if self.net.py.random() < self.mobile:
            return self.net.py.choice(self.cells)
        term = int(t // self.lease)
        if term not in self.lines:
            self.lines[term] = self.net.fresh(self.asn)
        return self.lines[term], self.asn


class Spots:
    """One of several addresses, the first ones more often."""

    def __init__(self, net, spots: list[tuple[str, int]], skew=1.6):
        self.net, self.spots, self.skew = net, spots, skew

    def at(self, t: float) -> tuple[str, int]:
        """Return an address and its system."""
        return self.spots[int(len(self.spots) * self.net.py.random() ** self.skew)]


class Net:
    """Hands out addresses; each system has a few ranges of its own."""

    def __init__(self, py, rng):
        self.py, self.rng = py, rng
        self.ranges: dict[int, list[tuple[int, int]]] = {}
        self.carrier: dict[int, list[str]] = {}
        self.exits = [(self.fresh(a), a) for a in py.choices(EXITS, k=90)]

    def _range(self, asn: int) -> tuple[int, int]:
        if asn not in self.ranges:
            firsts = [x for x in range(23, 222) if x not in (100, 127, 169, 172, 192, 198)]
            n = self.py.randint(4, 9)
            self.ranges[asn] = [(self.py.choice(firsts), self.py.randrange(256)) for _ in range(n)]
        return self.py.choice(self.ranges[asn])

    def fresh(self, asn: int) -> str:
        """Return an address of a system that is hardly ever given twice."""
        a, b = self._range(asn)
        py = self.py
        if py.random() < 0.12:
            return f"2a{a:02x}:{b:x}:{py.randrange(65536):x}:{py.randrange(65536):x}::{py.randrange(1, 65536):x}"
        return f"{a}.{b}.{py.randrange(256)}.{py.randrange(1, 255)}"

    def shared(self, asn: int) -> str:
        """Return one of the few addresses behind which a carrier puts its phones."""
        if asn not in self.carrier:
            self.carrier[asn] = [self.fresh(asn) for _ in range(self.py.randint(40, 160))]
        return self.py.choice(self.carrier[asn])

    def block(self, asn: int, size: int) -> list[tuple[str, int]]:
        """Return addresses of one range of 256."""
        a, b = self._range(asn)
        c = self.py.randrange(256)
        last = self.py.sample(range(1, 255), min(size, 250))
        return [(f"{a}.{b}.{c}.{d}", asn) for d in last]

    def home(self, country: str, mobile: float | None = None) -> Home:
        """Return a household's place."""
        return Home(self, country, self.py.random() ** 2 * 0.7 if mobile is None else mobile)

    def office(self, country: str) -> Spots:
        """Return an organisation's egress: one to four addresses side by side."""
        asn = self.py.choice(ISPS[country][0])
        return Spots(self, self.block(asn, self.py.choice((1, 1, 2, 2, 4))))

    def campus(self) -> Spots:
        """Return a school's or a university's addresses."""
        return Spots(self, self.block(self.py.choice(CAMPUS), self.py.choice((1, 2, 3, 6, 12))), 1)

    def cloud(self, n: int | None = None, asn: int | None = None) -> Spots:
        """Return rented machines, not side by side."""
        asn = asn or self.py.choice(HOSTS)
        n = n or self.py.choice((1, 1, 1, 2, 3))
        return Spots(self, [(self.fresh(asn), asn) for _ in range(n)])

    def vpn(self) -> Spots:
        """Return exits that many strangers share."""
        return Spots(self, self.py.sample(self.exits, self.py.randint(2, 9)), 1.2)

    def proxies(self, n: int, countries: tuple[str, ...]) -> Spots:
        """Return a pool of strangers' home lines, used in turn."""
        asns = [a for c in countries for a in ISPS[c][0]]
        return Spots(self, [(self.fresh(a), a) for a in self.py.choices(asns, k=n)], 1.0)
