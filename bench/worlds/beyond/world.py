"""One world: places, networks, clients, accounts, clocks and rows."""

import ipaddress
import json
import math
import random
import re
from dataclasses import dataclass, field

import numpy as np

US, DAY, HOUR = 1_000_000, 86_400, 3_600
DAYS = 28
# name, UTC offset, languages, weight, ISP systems (last one is the mobile carrier)
PLACES = [
    ("us-e", -5, ["en"], 13, [701, 7922, 20115, 21928]),
    ("us-w", -8, ["en", "en", "es"], 9, [7018, 22773, 20057, 6167]),
    ("gb", 0, ["en"], 6, [2856, 5089, 5607, 12576]),
    ("in", 5.5, ["en", "hi"], 9, [24560, 17488, 9829, 55836]),
    ("de", 1, ["de"], 5, [3320, 3209, 6805, 12638]),
    ("fr", 1, ["fr"], 4, [3215, 12322, 15557, 5410]),
    ("es", 1, ["es"], 3, [3352, 12479, 12430, 16299]),
    ("mx", -6, ["es"], 3, [8151, 13999, 28403]),
    ("br", -3, ["pt"], 6, [28573, 18881, 27699, 26599]),
    ("cn", 8, ["zh"], 6, [4134, 4837, 9808]),
    ("tw", 8, ["zh"], 2, [3462, 9924, 24158]),
    ("jp", 9, ["ja"], 5, [4713, 17676, 2516, 9605]),
    ("kr", 9, ["ko"], 4, [4766, 9318, 17858]),
    ("ru", 3, ["ru"], 4, [12389, 42610, 8402, 31133]),
    ("tr", 3, ["tr"], 3, [9121, 34984, 16135]),
    ("vn", 7, ["vi"], 3, [45899, 18403, 7552]),
    ("id", 7, ["id"], 4, [7713, 17451, 23693]),
    ("eg", 2, ["ar"], 2, [8452, 24863, 36992]),
    ("sa", 3, ["ar", "en"], 2, [25019, 35819, 43766]),
    ("ng", 1, ["en"], 3, [37148, 29465, 36873]),
    ("ph", 8, ["en"], 3, [9299, 17639, 132199]),
    ("au", 10, ["en"], 3, [1221, 4804, 133612]),
    ("ca", -5, ["en", "fr"], 3, [577, 812, 855]),
]
CLOUD = {
    "amazon-aws": [16509, 14618],
    "google-gcp": [396982],
    "microsoft-azure": [8075],
    "oracle-oci": [31898],
    "ovh-cluster": [16276],
}
MAILS = (
    ["gmail.com"] * 12
    + ["outlook.com"] * 4
    + [
        "yahoo.com",
        "icloud.com",
        "icloud.com",
        "hotmail.com",
        "proton.me",
        "qq.com",
        "163.com",
        "mail.ru",
        "naver.com",
        "web.de",
        "gmx.net",
        "orange.fr",
        "uol.com.br",
    ]
)
LONG = re.compile(
    r"[Rr]eason|deriv|step|thought|exhaust|at least 400|complete|essay|detailed|分析|详细|walkthrough|worksheet"
)
SHORT = re.compile(
    r"one label|category|sentiment|two sentences|[Bb]rief|under \d+ words|shorter|headline|简|kurz|corto"
)


@dataclass(slots=True)
class Acc:
    """One account with what it logs in from."""

    id: str
    cohort: str
    place: tuple
    lang: str
    created: float = 0.0
    kind: str = "benign"
    campaign: str | None = None
    org: str | None = None
    mail: str | None = None
    card: str | None = None
    phone: str | None = None
    device: str | None = None
    plan: str = "free"
    purpose: str | None = None
    level: str = "email"
    licensed: bool = False
    net: object = None
    clients: list = field(default_factory=list)
    model: object = None
    key: str | None = None
    channel: str = "app"
    raw: float = 1.0
    gen: object = None
    hour: float = 14.0
    end: float = DAYS * DAY


class World:
    """State shared by all generators; times are seconds since the world's start."""

    def __init__(self, seed, data, text):
        self.r, self.g, self.text = (
            random.Random(seed * 7 + 1),
            np.random.default_rng([seed, 99]),
            text,
        )
        r = self.r
        self.epoch = 1_767_571_200 + r.randrange(0, 250) * DAY
        self.release = r.randrange(6, 22) * DAY + r.choice([15, 16, 17, 18, 20]) * HOUR
        fam = r.choice(["orion", "lumen", "atlas", "heron", "basalt"])
        self.old, self.main, self.mini, self.new = (
            f"{fam}-2",
            f"{fam}-3.5",
            f"{fam}-3.5-mini",
            f"{fam}-4",
        )
        self.accounts, self.rows, self.events = [], [], []
        ref = data / "reference"
        self.cidr = {
            k: [
                c
                for c in json.loads((ref / f"misp_{k}.json").read_text())["list"]
                if ":" not in c and int(c.split("/")[-1] if "/" in c else 32) <= 32
            ]
            for k in CLOUD
        }
        self.cidr = {k: v for k, v in self.cidr.items() if v}
        self.hosting = [
            int(m[1])
            for m in re.finditer(r"^AS(\d+)", (ref / "datacenter_asn.txt").read_text(), re.M)
        ]
        self.throwaway = r.sample((ref / "disposable_email_domains.txt").read_text().split(), 400)
        self.schools = [
            d for d in json.loads((ref / "misp_university_domains.json").read_text())["list"]
        ]
        self.hosters = r.sample(self.hosting, 40)
        self.vpn = r.sample(self.hosting, 14)
        self.vpn_exits = {a: [self.ip_in(a) for _ in range(r.randint(6, 40))] for a in self.vpn}
        self.cgnat = {p[4][-1]: [self.ip_in(p[4][-1]) for _ in range(80)] for p in PLACES}
        self.devices_common = [self.token() for _ in range(25)]
        self.turnover = r.uniform(0.1, 0.25)
        self.popular_new = r.uniform(0.35, 0.75)

    # --- identifiers and places
    def token(self, n=16):
        return f"{self.r.getrandbits(n * 4):0{n}x}"

    def ip_in(self, asn):
        """An address in one of the few /16 blocks of a system."""
        k = (asn * 2654435761 + self.r.randrange(4) * 40503) & 0xFFFFFFFF
        first = [
            5,
            24,
            31,
            37,
            46,
            58,
            62,
            71,
            77,
            79,
            82,
            84,
            86,
            88,
            91,
            93,
            95,
            101,
            109,
            113,
            118,
            121,
            151,
            176,
            178,
            181,
            186,
            188,
            189,
            201,
            212,
            217,
        ][k % 32]
        return f"{first}.{(k >> 8) % 256}.{self.r.randrange(256)}.{self.r.randrange(1, 255)}"

    def place(self):
        return self.r.choices(PLACES, [p[3] for p in PLACES])[0]

    def cloud_ip(self, provider=None):
        r = self.r
        if not provider and r.random() < 0.25:
            h = r.choice(self.hosters)
            return self.ip_in(h), h
        p = provider if provider in self.cidr else r.choice(list(self.cidr))
        net = ipaddress.ip_network(r.choice(self.cidr[p]), strict=False)
        return str(net[r.randrange(net.num_addresses)]), r.choice(CLOUD[p])

    def home(self, place, mobile=None):
        """Network of a person: a leased home address, sometimes the carrier's shared one, sometimes a trip."""
        r = self.r
        asn = r.choice(place[4][:-1])
        lease = r.choice([1, 3, 7, 14, 40]) * DAY
        ips = [self.ip_in(asn) for _ in range(max(1, int(DAYS * DAY / lease) + 1))]
        cg = self.cgnat[place[4][-1]]
        share = r.choice([0, 0.05, 0.2, 0.5, 0.9]) if mobile is None else mobile
        return lambda t: (
            (r.choice(cg), place[4][-1])
            if r.random() < share
            else (ips[int(t // lease) % len(ips)], asn)
        )

    def fixed(self, *pairs):
        r = self.r
        return (lambda t: pairs[0]) if len(pairs) == 1 else (lambda t: r.choice(pairs))

    def vpn_net(self, sticky=None):
        r = self.r
        a = r.choice(self.vpn)
        mine = r.sample(self.vpn_exits[a], min(len(self.vpn_exits[a]), sticky or 5))
        return lambda t: (mine[int(t // (6 * HOUR)) % len(mine)], a)

    def mixed(self, main, other, share):
        r = self.r
        return lambda t: other(t) if r.random() < share else main(t)

    # --- clients
    def browser(self):
        r = self.r
        v = r.choice([136, 137, 138, 138, 139, 139, 140])
        os_, b = (
            r.choice(
                [
                    "Windows NT 10.0; Win64; x64",
                    "Macintosh; Intel Mac OS X 10_15_7",
                    "X11; Linux x86_64",
                    "Linux; Android 15; K",
                ]
            ),
            r.random(),
        )
        if b < 0.6:
            return (
                f"Mozilla/5.0 ({os_}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36",
                f"t13d1516h2_8daaf6152771_{'02713d6af862' if v < 138 else 'd8a2da3f94cd'}",
            )
        if b < 0.8:
            return (
                f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_{r.randint(1, 6)} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.{r.randint(1, 6)} Mobile/15E148 Safari/604.1",
                "t13d2014h2_a09f3c656075_14788d8d241b",
            )
        if b < 0.9:
            return (
                f"Mozilla/5.0 ({os_}; rv:{v}.0) Gecko/20100101 Firefox/{v}.0",
                "t13d1717h2_5b57614c22b0_3cbfd9057e0d",
            )
        return (
            f"ProviderApp/{r.randint(5, 7)}.{r.randint(0, 30)} (Android)",
            "t13d1312h2_f57a46bbacb6_ef7df7f74e48",
        )

    def sdk(self):
        r = self.r
        k = r.random()
        tls = r.choice(
            [
                "t13d1812h1_85036bcba153_b26ce05bbdd6",
                "t13d1813h1_85036bcba153_375ca2c5e164",
                "t13d1712h2_ab0a1bf427ad_8e6e362c5eac",
            ]
        )
        if k < 0.55:
            return (
                f"provider-python/1.{r.choice([58, 61, 61, 66, 70, 72])}.{r.randint(0, 2)} CPython/3.{r.choice([10, 11, 11, 12, 12, 13])}",
                tls,
            )
        if k < 0.75:
            return (
                f"provider-node/0.{r.choice([39, 52, 60])}.0 node/{r.choice([18, 20, 22])}",
                r.choice(
                    ["t13d5911h1_a33745022dd6_1f22a2ca17c4", "t13d5913h1_a33745022dd6_dbd39dd1d406"]
                ),
            )
        return r.choice(
            [
                ("python-requests/2.32.3", tls),
                ("python-httpx/0.27.2", tls),
                ("Go-http-client/2.0", "t13d1311h2_f57a46bbacb6_e7c285222651"),
                ("curl/8.7.1", "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6"),
                ("langchain/0.3", tls),
                ("litellm/1.7", tls),
                ("okhttp/4.12.0", "t13d1613h2_46e7e9700bed_45f260be83e2"),
            ]
        )

    # --- models
    def model_use(self, eager=1.0, first=None, moves=None):
        """Which model at time t: habit, with a move to the new one some time after its release."""
        r = self.r
        base = first or r.choices([self.main, self.mini, self.old], [6, 2.5, 1])[0]
        move = r.random() < self.popular_new * eager if moves is None else moves
        lag = r.choice([0, 0, 1, 2, 5, 9]) * r.random() * DAY / max(eager, 0.2) if move else 1e12
        side = r.choice([self.main, self.mini]) if r.random() < 0.2 else base
        return lambda t: (
            self.new
            if t > self.release + lag and r.random() < 0.9
            else (base if r.random() < 0.92 else side)
        )

    # --- accounts
    def opened(self, share=None):
        r = self.r
        if r.random() < (self.turnover if share is None else share):
            return r.random() * DAYS * DAY * 0.97
        return -min(r.expovariate(1 / 330) + 0.05, 1500) * DAY

    def person(self, cohort, lang=None, place=None, api=None, created=None):
        """An unsuspicious account of one person; callers change what differs."""
        r = self.r
        place = place or self.place()
        a = Acc("acct_" + self.token(14), cohort, place, lang or r.choice(place[2]))
        if lang is None and r.random() < 0.06:
            a.lang = r.choice(["en", "en", "es", "zh", "ar", "fr", "hi"])
        a.created = self.opened() if created is None else created
        api = r.random() < 0.12 if api is None else api
        a.plan = (
            r.choice(["payg", "payg", "payg", "scale"])
            if api
            else r.choices(["free", "plus", "pro"], [6, 4, 1])[0]
        )
        a.channel = (
            r.choices(["direct", "cloud marketplace"], [8, 2])[0]
            if api
            else r.choices(["app", "direct"], [9, 1])[0]
        )
        a.mail = (
            r.choice(MAILS)
            if r.random() > 0.05
            else r.choice(
                ["firstname.me", "studio.example.com", "mail.example.org", self.token(6) + ".com"]
            )
        )
        a.card = self.token(20) if a.plan != "free" or r.random() < 0.08 else None
        a.phone = self.token(20) if r.random() < 0.7 else None
        a.device = r.choice(self.devices_common) if r.random() < 0.03 else self.token(20)
        if r.random() < (0.12 if api else 0.04):
            a.device = None
        a.level = r.choices(
            ["none", "email", "phone", "card", "id"],
            [1, 6, 5 if a.phone else 0, 4 if a.card else 0, 0.5],
        )[0]
        a.net = self.home(place)
        a.clients = [
            self.sdk() if api else self.browser() for _ in range(r.choice([1, 1, 1, 2, 3]))
        ]
        if r.random() < 0.01:  # filtering proxies and home-made tools
            a.clients[0] = (a.clients[0][0], self.sdk()[1])
        a.model = self.model_use()
        a.key = "key_" + self.token(8) if api else None
        a.hour = r.gauss(14 if r.random() < 0.6 else 20, 2.5)
        if r.random() < 0.3:
            a.end = min(DAYS * DAY, max(0, a.created) + r.random() * DAYS * DAY + DAY)
        self.accounts.append(a)
        return a

    # --- clocks
    def human_times(self, a, n, turns=3.0, workweek=None, lo=None, hi=None, spread=3.0):
        """Sessions at a person's hours: list of (time, conversation, turn)."""
        r = self.r
        lo = max(a.created, 0) if lo is None else max(lo, a.created, 0)
        hi = max(min(hi or a.end, DAYS * DAY), lo + 600)
        work = workweek if workweek is not None else r.choice([0, 0, 0.5, 0.9])
        off, out = a.place[1] * HOUR, []
        d0, d1 = int(lo // DAY), int(min(hi, DAYS * DAY - 1) // DAY)
        days = [d for d in range(d0, d1 + 1)]
        wk = [(1 - work) if ((self.epoch // DAY + d + 3) % 7) >= 5 else 1.0 for d in days]
        wt = [w * r.lognormvariate(0, 1) + 1e-6 for w in wk]
        while len(out) < n:
            d = r.choices(days, wt)[0]
            t = d * DAY + (r.gauss(a.hour, spread) % 24) * HOUR - off + r.random() * 900
            if not lo <= t < hi:
                t = lo + r.random() * min(hi - lo, 2 * DAY)
            c = self.token(12)
            for k in range(min(n - len(out), 1 + int(r.expovariate(1 / max(turns - 1, 0.05))))):
                if t < DAYS * DAY:
                    out.append((t, c, k))
                else:
                    out.append((r.uniform(lo, min(hi, DAYS * DAY)), self.token(12), 0))
                t += r.lognormvariate(4.4, 0.9)
        return out

    def machine_times(self, a, n, how=None, lo=None, hi=None):
        """Steady, nightly, in bursts, or along the customers' day: sorted times."""
        r, g = self.r, self.g
        lo, hi = max(a.created, 0, lo or 0), min(hi or a.end, DAYS * DAY)
        hi = max(hi, lo + HOUR)
        how = how or r.choice(["steady", "day", "cron", "burst"])
        if how == "steady":
            t = lo + np.cumsum(g.gamma(0.6, size=n + 1))[:-1] / (n * 0.6 + 1) * (hi - lo)
        elif how == "day":
            t = g.uniform(lo, hi, size=3 * n + 20)
            loc = (t / HOUR + a.place[1] - a.hour) % 24
            t = t[g.random(len(t)) < 0.12 + 0.88 * np.cos(loc / 24 * 2 * math.pi).clip(0)]
            t = t[:n] if len(t) >= n else np.concatenate([t, g.uniform(lo, hi, n - len(t))])
        elif how == "cron":
            nights = max(1, int((hi - lo) // DAY))
            runs = np.floor(lo / DAY) + 1 + g.integers(0, nights, size=n)
            at = (r.randrange(0, 24) * HOUR + r.choice([0, 0, 900, 1800])) % DAY
            t = runs * DAY + at + g.exponential(400 + 8 * n / nights, n)
        else:
            k = max(1, min(int(n / 40) + 1, 9))
            begin = g.uniform(lo, hi, k)
            t = begin[g.integers(0, k, n)] + g.gamma(2, r.choice([30, 300, 1200]), n)
        return np.sort(np.where((t >= lo) & (t < hi), t, g.uniform(lo, hi, n))).tolist()

    # --- rows
    def emit(
        self,
        a,
        t,
        prompt,
        conv=None,
        system=None,
        harvest=False,
        cap=None,
        temp=None,
        user=None,
        net=None,
        client=None,
        model=None,
        out=None,
        history=0,
    ):
        """Append one exchange; token counts and finish reason follow from it."""
        r = self.r
        if t >= DAYS * DAY or t < 0:
            t, model = r.uniform(max(a.created, 0), DAYS * DAY), None
        size = len(prompt) / (4.1 if prompt.isascii() else 2.0)
        tin = int(size * r.uniform(0.9, 1.1)) + (len(system) // 4 if system else 0) + history + 4
        if out is None:
            cut = prompt if len(prompt) < 500 else prompt[:250] + prompt[-250:]
            out = 60 + 22 * math.sqrt(size + 10) * (0.25 if SHORT.search(cut) else 1) * (
                2.1 if LONG.search(cut) else 1
            )
        tout = max(1, int(r.lognormvariate(math.log(out), 0.55)))
        reason = "stop"
        if cap and tout >= cap:
            tout, reason = cap, "length"
        ip, asn = (net or a.net)(t)
        ua, tls = client or (a.clients[0] if r.random() < 0.85 else r.choice(a.clients))
        self.rows.append(
            (
                int((self.epoch + t) * US),
                a.id,
                conv,
                model or a.model(t),
                prompt,
                system,
                tin,
                tout,
                cap,
                temp,
                ip,
                asn,
                ua,
                tls,
                user,
                a.key,
                a.channel,
                reason,
                harvest,
            )
        )

    def chat(self, a, n, first, follow, turns=3.0, system=None, **kw):
        """A person's conversations."""
        hist = 0
        for t, c, k in self.human_times(
            a, n, turns, **{x: kw.pop(x) for x in ("workweek", "lo", "hi", "spread") if x in kw}
        ):
            hist = 0 if k == 0 else hist + 350
            self.emit(a, t, first() if k == 0 else follow(), c, system, history=hist, **kw)

    def event(self, a, t, kind):
        if 0 <= t < DAYS * DAY or kind in ("created", "licensed_from"):
            self.events.append((int((self.epoch + t) * US), a.id, kind))
