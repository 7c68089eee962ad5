"""Where, with what and when: networks, client stacks and clocks, the same for everyone."""

import hashlib
import ipaddress
import json
import random
import zlib

import numpy as np
import pyarrow.parquet as pq
from scribe import DATA
from words import TABLES, table

DAY, SPAN = 86400.0, 28 * 86400.0
CLOUDS = dict(
    zip(
        [16509, 396982, 8075, 31898, 16276],
        "amazon-aws google-gcp microsoft-azure oracle-oci ovh-cluster".split(),
    )
)
HOSTERS, VPNS = [24940, 14061, 63949, 51167, 20473], [9009, 212238, 60068, 62240, 136787]
DAILY = {name: [float(x) for x in line.split()] for name, line in table("hours").items()}


def ja4(stack: str) -> str:
    h = hashlib.sha256(stack.encode()).hexdigest()
    a, b = 10 + int(h[:2], 16) % 9, 10 + int(h[2:4], 16) % 8
    return f"t13d{a}{b:02d}h{1 + (h[4] > '3')}_{h[8:20]}_{h[20:32]}"


class Place:
    """A country: language, zone, weight, fixed-line networks / mobile networks."""

    def __init__(self, line: str) -> None:
        self.code, self.lang, zone, weight, nets = line.split()
        self.zone, self.weight = float(zone), float(weight)
        self.fixed, self.mobile = ([int(n) for n in part.split(",")] for part in nets.split("/"))


class Field:
    """Draws networks, clients and times."""

    def __init__(self, rnd: random.Random, rng: np.random.Generator) -> None:
        self.rnd, self.rng = rnd, rng
        self.places = [Place(line) for line in TABLES["places"]]
        self.blocks = {}
        for asn, name in CLOUDS.items():
            nets = json.loads((DATA / f"reference/misp_{name}.json").read_text())["list"]
            self.blocks[asn] = rnd.sample([n for n in nets if ":" not in n], 150)
        self.exits = [(self.address(a), a) for a in VPNS for _ in range(14)]
        phones = [a for p in self.places for a in p.mobile]
        self.towers = {a: [self.address(a) for _ in range(50)] for a in phones}
        rows = pq.read_table(DATA / "timing_servegen_clients.parquet").to_pydict()
        rates: dict[str, list] = {}
        for client, rate in zip(rows["client_id"], rows["rate_per_s"]):
            rates.setdefault(client, []).append(rate + 1e-6)
        self.traces = [np.array(r) for r in rates.values() if len(r) > 100]
        gaps = np.diff(
            pq.read_table(DATA / "timing_azure2023_conv.parquet")["t_seconds"].to_numpy()
        )
        self.gaps = gaps / gaps.mean()
        self.stacks = {
            c: [s.rsplit(";", 2) for s in TABLES[f"stacks {c}"]] for c in ("direct", "app", "cloud")
        }

    # networks: each is a function from a session's time to (ip, asn)
    def address(self, asn: int) -> str:
        rnd = self.rnd
        if asn in CLOUDS:
            net = ipaddress.ip_network(rnd.choice(self.blocks[asn]))
            return str(net[rnd.randrange(net.num_addresses)])
        h = zlib.crc32(f"{asn}/{rnd.randrange(6)}".encode())
        if asn not in VPNS + HOSTERS and rnd.random() < 0.15:
            a, b, c = rnd.randrange(65536), rnd.randrange(65536), rnd.randrange(1, 999)
            return f"2a0{h % 10}:{h >> 8 & 0xFFFF:x}:{a:x}:{b:x}::{c:x}"
        return f"{24 + h % 180}.{h >> 8 & 255}.{rnd.randrange(256)}.{rnd.randrange(1, 255)}"

    def home(self, place: Place):
        asn, days = self.rnd.choice(place.fixed), self.rnd.choice([1, 3, 9, 40, 40])
        known: dict[int, str] = {}
        return lambda t: (known.setdefault(int(t / DAY / days), self.address(asn)), asn)

    def mobile(self, place: Place):
        asn = self.rnd.choice(place.mobile)
        return lambda t: (self.rnd.choice(self.towers[asn]), asn)

    def fixed(self, asn: int, count: int):
        ips = [self.address(asn) for _ in range(count)]
        return lambda t: (self.rnd.choice(ips), asn)

    def office(self, place: Place):
        return self.fixed(self.rnd.choice(place.fixed), self.rnd.choice([1, 1, 1, 2]))

    def cloud(self, asn: int | None = None, machines: int | None = None):
        asn = asn or self.rnd.choice([*CLOUDS, 16509, 16509, 8075, 396982, *HOSTERS])
        return self.fixed(asn, machines or self.rnd.choice([1, 1, 2, 4, 12]))

    def vpn(self):
        mine = self.rnd.sample(self.exits, 6)
        return lambda t: self.rnd.choice(mine)

    def rotating(self, places: list):
        def draw(t: float) -> tuple[str, int]:
            place = self.rnd.choice(places)
            asn = self.rnd.choice(place.fixed + place.mobile)
            return (
                self.rnd.choice(self.towers[asn]) if asn in self.towers else self.address(asn)
            ), asn

        return draw

    def blend(self, *pairs):
        nets, odds = [n for n, _ in pairs], [w for _, w in pairs]
        return lambda t: self.rnd.choices(nets, odds)[0](t)

    def client(self, channel: str):
        """From time to (user agent, fingerprint); versions move on, a few speak for another."""
        rnd, rows = self.rnd, self.stacks[channel]
        ua, stack, _ = rnd.choices(rows, [float(r[2]) for r in rows])[0]
        v, c = rnd.choice([38, 40, 41, 42]), rnd.choice([136, 137, 137, 138])
        p, m, turn = rnd.randrange(4), rnd.randrange(3, 7), rnd.uniform(0, 50) * DAY
        odd = rnd.choice(["inspector", "inspector", "curl"]) if rnd.random() < 0.04 else None

        def now(t: float) -> tuple[str, str]:
            up = t > turn
            age = (c + up) // 2 if stack.startswith("chrome") else v // 4
            return ua.format(v=v + up, p=p, m=m, c=c + up), ja4(odd or f"{stack}{age}")

        return now

    # clocks: n sorted times between two
    def within(self, t: np.ndarray, start: float, end: float) -> np.ndarray:
        return np.sort(start + np.mod(t - start, max(min(end, SPAN - 1) - start, 60.0)))

    def human(self, n: int, start, end, zone, kind: str, pace=70.0, length=3.0, ramp=0.0):
        """Sessions on one's own days and hours, with pauses between requests."""
        rng, (weekend, *hours) = self.rng, DAILY[kind]
        first = int(start // DAY)
        days = np.arange(first, max(first, int(min(end, SPAN - 1) // DAY)) + 1)
        w = np.where(days % 7 >= 5, weekend, 1.0) * rng.gamma(0.9, 1, len(days)) + 1e-9
        w *= np.linspace(1 - ramp, 1 + ramp, len(days))
        h = np.array(hours) * rng.gamma(2.0, 1, 24)
        k = max(1, round(n / length))
        begin = rng.choice(days, k, p=w / w.sum()) * DAY
        begin = begin + (rng.choice(24, k, p=h / h.sum()) + rng.random(k) - zone) * 3600
        which = np.sort(np.concatenate([np.arange(k)[:n], rng.integers(0, k, max(0, n - k))]))
        return self.within(
            begin[which] + self.runs(which, rng.lognormal(np.log(pace), 1.0, n)), start, end
        )

    def runs(self, which: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Seconds since the beginning of each run of equal numbers."""
        new = np.r_[True, which[1:] != which[:-1]]
        total = np.cumsum(np.where(new, 0, steps))
        return total - np.maximum.accumulate(np.where(new, total, 0))

    def traced(self, n: int, start: float, end: float) -> np.ndarray:
        """As a real service's client arrives, by ten-minute windows."""
        rate = self.rnd.choice(self.traces)
        rate = np.roll(np.tile(rate, int(4032 / len(rate)) + 1)[:4032], self.rng.integers(4032))
        slot = self.rng.choice(4032, n, p=rate / rate.sum())
        return self.within((slot + self.rng.random(n)) * 600, start, end)

    def cron(self, n: int, start: float, end: float, zone: float) -> np.ndarray:
        rnd, rng = self.rnd, self.rng
        hour, every = rnd.choice([0, 0, 1, 2, 3, 4, 6, 22]) - zone, rnd.choice([1, 1, 1, 2, 7])
        run = np.sort(rng.integers(0, max(1, int((end - start) / DAY / every)), n))
        late = self.runs(run, rng.exponential(rnd.choice([4, 20, 90]), n))
        base = int(start / DAY) * DAY + hour * 3600 + rnd.random() * 40
        return self.within(base + run * every * DAY + late, start, end)

    def bursts(self, n: int, start: float, end: float, count: int, pace: float) -> np.ndarray:
        which = np.sort(self.rng.integers(0, count, n))
        begin = self.rng.uniform(start, min(end, SPAN - 1), count)
        steps = self.gaps[self.rng.integers(0, len(self.gaps), n)] * pace
        return self.within(begin[which] + self.runs(which, steps), start, end)
