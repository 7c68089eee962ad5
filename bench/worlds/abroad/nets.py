"""Where traffic comes from: countries, carriers, shared exits, clouds; and the clients people run."""

import ipaddress
import json

from texts import DATA, TABLES, coin

COUNTRIES = [[f.split(",") for f in row.split()] for row in TABLES["countries"]]
CLIENTS = {
    k: (c, a.split("~"), j.split()) for k, c, a, j in (x.split("|") for x in TABLES["clients"])
}
CLOUDS = {16509: "amazon-aws", 8075: "microsoft-azure", 396982: "google-gcp", 31898: "oracle-oci"}
RACKS = (24940, 16276, 14061, 20473, 51167, 63949, 45090, 45102)
STAYS = (1800, 7200, 86400)  # how long a residential proxy keeps one address
EXITS = (9009, 212238, 60068, 136787, 62240)
FIRST = (2, 5, 31, 37, 41, 62, 78, 84, 88, 94, 102, 110, 122, 151, 177, 187, 189, 201, 213)


class Atlas:
    """Address space of every network, the same through a world."""

    def __init__(self, r):
        self.r, self.blocks, self.pools = r, {}, {}
        for asn, name in CLOUDS.items():
            got = json.loads((DATA / f"reference/misp_{name}.json").read_text())["list"]
            self.blocks[asn] = r.sample(sorted(x for x in got if ":" not in x and "/" in x), 60)
        weights = [float(c[3][0]) for c in COUNTRIES]
        self.drawn = r.choices(COUNTRIES, weights, k=5000)

    def country(self):
        return self.r.choice(self.drawn)

    def address(self, asn, spread=6, six=0.0):
        """Some address of a network."""
        r = self.r
        if asn not in self.blocks:
            tops = [r.choice(FIRST) for _ in range(spread)]
            self.blocks[asn] = [
                f"{a}.{r.randint(1, 254)}.{r.randrange(16) * 16}.0/20" for a in tops
            ]
        if r.random() < six:
            a, b, c = (r.randint(1, 65535) for _ in range(3))
            return f"2a0{asn % 10}:{asn % 65535:x}:{a:x}:{b:x}::{c:x}"
        net = ipaddress.ip_network(r.choice(self.blocks[asn]))
        return str(net[r.randrange(net.num_addresses)])

    def fixed(self, asn, n=1, six=0.0):
        """A few addresses of one's own in a network."""
        mine = [self.address(asn, six=six) for _ in range(n)]
        return lambda t: (self.r.choice(mine), asn)

    def shared(self, asn, lo, hi, few=None):
        """Addresses that very many use: a carrier's NAT, a VPN's exits; a user may keep to a few."""
        if asn not in self.pools:
            self.pools[asn] = [self.address(asn, 8) for _ in range(self.r.randint(lo, hi))]
        mine = self.r.sample(self.pools[asn], few) if few else self.pools[asn]
        return lambda t: (self.r.choice(mine), asn)

    def leased(self, pick, keep):
        """An address that is another one every `keep` seconds; `pick` draws a network."""
        book, six = {}, 0.9 if self.r.random() < 0.25 else 0.0

        def at(t):
            if int(t / keep) not in book:
                book[int(t / keep)] = (self.address(asn := int(pick()), six=six), asn)
            return book[int(t / keep)]

        return at

    def net(self, kind, c, pool=None):
        """A way to the provider by name."""
        r, far = self.r, pool or [c]
        one, few = int(r.choice(c[4])), r.choice((1, 1, 2, 4))
        made = {
            "home": lambda: self.leased(lambda: one, 86400 * r.choice((1, 3, 9, 60))),
            "mobile": lambda: self.shared(int(r.choice(c[5])), 14, 60),
            "vpn": lambda: self.shared(r.choice(EXITS), 25, 70, r.randint(1, 5)),
            "resi": lambda: self.leased(lambda: r.choice(r.choice(far)[4]), r.choice(STAYS)),
            "sticky": lambda: self.fixed(int(r.choice(r.choice(far)[4])), 1, 0.2),
            "rack": lambda: self.fixed(r.choice((*CLOUDS, 16509, 8075, *RACKS)), few),
            "aws": lambda: self.fixed(16509, few),
            "azure": lambda: self.fixed(8075, few),
            "roam": self.roaming,
        }
        return made.get(kind, lambda: self.fixed(one, few))()

    def roaming(self):
        """Somebody on the road: another country every few days."""
        kinds = self.r.choices(("home", "mobile", "vpn"), k=5)
        legs = [self.net(kind, self.country()) for kind in kinds]
        return lambda t: legs[int(t / 500000) % 5](t)

    def ways(self, spec, c, common, pool=None):
        """Several ways with weights, as "home*3 mobile"; a capital letter is the group's own."""
        nets, weights = [], []
        for word in spec.split():
            kind, _, weight = word.partition("*")
            weights.append(float(weight or 1) * self.r.uniform(0.5, 1.5))
            if kind[0].isupper() and kind not in common:
                common[kind] = self.net(kind.lower(), c, pool)
            nets.append(common[kind] if kind[0].isupper() else self.net(kind, c, pool))
        return lambda t: self.r.choices(nets, weights)[0](t)


def client(r, name):
    """One installation of a client: channel, user agent, TLS fingerprint."""
    channel, agents, tls = CLIENTS[name]
    lo, hi = {"chrome": (126, 131), "firefox": (127, 132), "requests": (26, 32)}.get(name, (4, 48))
    version = max(lo, hi - int(r.expovariate(0.9 if channel == "app" else 0.4)))
    return channel, r.choice(agents).replace("{v}", str(version)), r.choice(tls)


def firm(r, c, school=False):
    """A mail domain of one's own."""
    code = c[0][0].lower()
    if school:
        return f"{coin(r)}.{r.choice(('edu', 'ac', 'school'))}.{code}"
    tail = {"us": "com", "gb": "co.uk", "jp": "co.jp", "kr": "co.kr"}.get(code, code)
    kind = r.choice(("", "", "-group", "tech", "labs", "media", "soft"))
    return f"{coin(r)}{kind}.{r.choice((tail, 'com', 'com', 'io'))}"
