"""Addresses and clients: who connects from where, with which library and handshake."""

import hashlib

from tables import table

CLOUDS = [(16509, 54), (16509, 3), (14618, 52), (396982, 34), (15169, 35), (8075, 20), (8075, 40), (24940, 65), (24940, 116), (16276, 51), (14061, 143), (14061, 164), (45102, 47), (20473, 45), (63949, 172), (51167, 173), (132203, 43)]  # fmt: skip
CLOUD_W = [9, 6, 5, 6, 3, 6, 4, 5, 4, 4, 4, 3, 3, 3, 3, 2, 2]
VPNS = [(9009, 146), (212238, 156), (60068, 185), (39351, 193), (136787, 103)]
CAMPUS = [(11, 128), (5661, 130), (786, 131), (680, 141), (2200, 134), (1853, 140), (4538, 166), (2907, 133), (55824, 14), (1916, 200)]  # fmt: skip


def places():
    """Return (country, language, offset from UTC in hours, [(asn, first octet)])."""
    rows = table("countries", " ")
    return [(c, la, float(tz), [tuple(map(int, p.split(":"))) for p in isp]) for c, la, tz, *isp in rows]  # fmt: skip


def clients():
    return {n: (ua, v.split(), s.split()) for n, ua, v, s in table("clients", "|")}


def handshake(stack):
    h = hashlib.sha256(stack.encode()).hexdigest()
    return f"t13d{15 + int(h[0], 16) % 5}{10 + int(h[1], 16) % 7}{'h2' if int(h[2], 16) % 3 else 'h1'}_{h[4:16]}_{h[16:28]}"


def address(r, first, spread=64):
    """Return a random address of a carrier: one of a few wide blocks."""
    return f"{first}.{(first * 37 + r.randrange(4) * 19) % 256}.{r.randrange(spread * 4) % 256}.{r.randrange(1, 255)}"


def home(r, place):
    asn, first = r.choices(place[3], (6, 4, 3, 2))[0]
    return address(r, first), asn


def cloud(r, pick=None):
    asn, first = pick or r.choices(CLOUDS, CLOUD_W)[0]
    return address(r, first), asn


def vpn(r):
    asn, first = r.choice(VPNS)
    return f"{first}.{(first * 11) % 256}.{r.randrange(4)}.{r.randrange(1, 16)}", asn


def block(r, pick=None):
    """Rent a block: returns a function that draws one of its addresses."""
    ip, asn = cloud(r, pick)
    head = ip.rsplit(".", 1)[0]
    return lambda: (f"{head}.{r.randrange(1, 255)}", asn)


class Nets:
    """Addresses of an account at a time; the kinds an account uses are its `net` string."""

    def __init__(self, r):
        self.r, self.places = r, places()
        self.notebooks = [cloud(r, (396982, 34)) for _ in range(260)]
        self.pools = {c: [cloud(r, c) for _ in range(160)] for c in CLOUDS}
        self.wild = [r.uniform(0.4, 1.6) * (4 if p[0] == "US" else 1.5 if p[1] == "en" else 1) for p in self.places]  # fmt: skip
        self.exits = [home(r, self.place()) for _ in range(4000)]

    def place(self):
        return self.r.choices(self.places, self.wild)[0]

    def at(self, a, conv):
        """Return the address for one conversation: sticky where that kind of network is sticky."""
        now = a.netnow
        if conv != now.get("conv"):
            kind = a.nets[0] if len(a.nets) == 1 or self.r.random() < 0.85 else a.nets[1]
            now["conv"], now["ip"] = conv, getattr(self, kind)(a, now)
        return now["ip"]

    def mobile(self, a, now):
        """Share a carrier's few addresses with everybody on it."""
        asn, first = a.place[3][3]
        return f"{first}.{(first * 37) % 256}.{self.r.randrange(6)}.{self.r.randrange(1, 40)}", asn

    def vpn(self, a, now):
        return vpn(self.r) if self.r.random() < 0.4 else now.setdefault("v", vpn(self.r))

    def runner(self, a, now):
        return self.r.choice(self.pools[(8075, 20) if self.r.random() < 0.7 else (8075, 40)])

    def colab(self, a, now):
        return self.r.choice(self.notebooks)

    def resi(self, a, now):
        """Leave by a household's line: near the account's invented home, or anywhere, or one used before."""
        u, r = self.r.random(), self.r
        if u < 0.06:
            return r.choice(self.exits)
        return home(r, r.choice(a.unit["exits"]) if u < 0.06 + a.unit["roam"] else a.place)

    def pool(self, a, now):
        """Call from functions in a cloud, whose outgoing addresses are shared with its other tenants."""
        mine = a.unit.setdefault("clouds", self.r.choices(CLOUDS, CLOUD_W))
        return self.r.choice(self.pools[now.setdefault("cloud", self.r.choice(mine))])

    def office(self, a, now):
        lines = a.unit.get("office") or [home(self.r, a.place) for _ in range(self.r.randint(1, 3))]
        return self.r.choice(a.unit.setdefault("office", lines))

    def campus(self, a, now):
        """Come out of a university's few addresses."""
        asn, first = self.r.choice(CAMPUS)
        head = f"{first}.{self.r.randrange(256)}.{self.r.randrange(256)}"
        lines = [(f"{head}.{self.r.randrange(1, 255)}", asn) for _ in range(self.r.randint(2, 5))]
        return self.r.choice(a.unit.setdefault("campus", lines))

    def block(self, a, now):
        return now.setdefault("block", self.r.choice(a.unit["blocks"])())

    def box(self, a, now):
        return now.setdefault("box", cloud(self.r))

    def home(self, a, now):
        if "home" not in now or self.r.random() < 0.1:  # the line gets a new address now and then
            now["home"] = home(self.r, a.place)
        return now["home"]

    def house(self, a, now):
        return a.unit.setdefault("house", home(self.r, a.place))
