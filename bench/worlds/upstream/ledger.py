"""The provider's side: accounts, models and their releases, and one line in the log per request."""

import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pyarrow.parquet as pq
from nets import Nets, clients, handshake
from textkit import Texts

DAY = 86400.0
SPAN = 28 * DAY
MAILS = "gmail.com:46 outlook.com:11 hotmail.com:7 icloud.com:6 yahoo.com:6 proton.me:5 qq.com:3 163.com:2 yandex.ru:2 naver.com:1 web.de:1 gmx.net:1 duck.com:1 fastmail.com:1 mailbox.org:1 tuta.io:1"
ANSWER = {"label": (7, 0.5), "tool": (75, 0.6), "json": (150, 0.6), "short": (90, 0.8), "chat": (270, 0.8), "code": (430, 0.7), "reason": (560, 0.65), "long": (820, 0.55)}  # fmt: skip
SCREENS = {"web", "mac", "fox", "phone", "droid"}


def weighted(r, spec):
    """Draw a name from "a:3 b:1"; weights default to 1."""
    parts = [p.rpartition(":") if ":" in p else (p, ":", "1") for p in spec.split()]
    return r.choices([p[0] for p in parts], [float(p[2]) for p in parts])[0]


# what an account is unless its cohort or ring says otherwise: the provider's facts, then the holder's habits
FACTS = {"campaign": None, "kind": "benign", "channel": "direct", "org": None, "mail": None, "pay": None, "phone": None, "device": None, "plan": "payg", "purpose": None, "checked": "email", "licensed": False}  # fmt: skip
HABITS = {"lo": 0.0, "hi": SPAN, "adopt": None, "later": (SPAN, ""), "temperature": None, "cap": None}  # fmt: skip


class World:
    """One world: its random stream, its texts and networks, its accounts and its log."""

    def __init__(self, seed, regime, folder):
        self.r = r = random.Random(f"upstream-{seed}-{regime}")
        self.regime, self.tx, self.nets, self.clients = regime, Texts(folder, r), Nets(r), clients()
        self.tongues = list(self.tx.bank)
        self.start = datetime(2025, 9, 1, tzinfo=UTC) + timedelta(days=7 * r.randrange(50))
        self.release = (r.uniform(6, 19) * DAY // 3600 * 3600, "aria-4")
        self.second = (self.release[0] + r.uniform(2, 10) * DAY, "aria-4-mini")
        self.ticks = [
            r.uniform(0, 28) * DAY // 3600 * 3600 for _ in range(60)
        ]  # a no-code service's
        self.accounts, self.units, self.rows = [], [], []
        law = pq.read_table(folder / "timing_servegen_clients.parquet", columns=["cv"])
        self.cv = sorted(c for c in law["cv"].to_pylist() if c and 0.3 < c < 6)[::23]

    def hexid(self, bits=64):
        return f"{self.r.getrandbits(bits):0{bits // 4}x}"

    def unit(self, place=None, **extra):
        """Start a household, team, firm, class or ring: what its accounts hold in common."""
        r, tx = self.r, self.tx
        words = r.sample(tx.vocab, 24)
        name = (r.choice(words) + r.choice(tx.vocab)).title()
        u = {"words": words, "name": name, "place": place, "subj": r.sample(range(16), r.randint(1, 4))}  # fmt: skip
        u |= {"domain": name.lower() + r.choice([".com", ".com", ".io", ".dev", ".ai", ".net", ".org"])}  # fmt: skip
        u |= {"pay": self.hexid(), "org": "org_" + self.hexid(48), "when": r.uniform(0.3, 25) * DAY}
        u |= {"phone": self.hexid(), "device": self.hexid(), "hour": r.choice([0, 0, 1, 2, 2, 3, 4, 6])}  # fmt: skip
        u |= {"minute": r.choice([0, 0, 0, 5, 15, 30, r.randrange(60)]), "shifts": [(0, SPAN)], "run": r.uniform(1, 6), "gap": r.uniform(2, 60), "ramp": 1}  # fmt: skip
        u |= {"oneshot": r.random() < 0.6, "ticks": self.ticks, "slack": r.choice([5, 30, 200, 900])} | extra  # fmt: skip
        self.units.append(u)
        return u

    def account(self, cohort, unit, place, lang, n):
        a = SimpleNamespace(**FACTS, **HABITS, id="acc_" + self.hexid(), cohort=cohort, unit=unit)
        a.place, a.lang, a.n, a.netnow, a.own = place, lang, n, {}, {}
        self.accounts.append(a)
        return a

    def equip(self, a, client, steady=None):
        """Give an account its library, models, decoding parameters and keys."""
        r = self.r
        if a.channel == "app" and client not in SCREENS:
            client = weighted(r, "web:4 mac fox phone droid:2")
        elif a.channel != "app" and client in SCREENS and r.random() < 0.6:
            client = weighted(r, "py:4 node:2 httpx axios")  # the rest use the console's playground
        ua, versions, stacks = self.clients[client]
        k = min(len(versions) - 1, int(r.triangular(0, len(versions), len(versions) * 0.6)))
        a.ua, a.tls = ua.format(v=versions[k]), handshake(r.choice(stacks))
        if r.random() < 0.3 and k + 1 < len(versions):
            a.later = (r.uniform(0, SPAN), ua.format(v=versions[k + 1]))
        first = weighted(r, steady or "aria-3-mini:4 aria-3:8 aria-3-max:5 aria-2-max:1.3")
        a.models = (first, first if r.random() < 0.6 else weighted(r, "aria-3-mini:2 aria-3:3 aria-3-max:2"))  # fmt: skip
        if a.channel != "app":
            a.temperature = r.choice([None, None, None, 0.0, 0.0, 0.2, 0.3, 0.7, 0.7, 1.0, 1.0])
            a.cap = r.choice([None, None, None, None, 512, 1024, 1024, 2048, 4096, 4096, 8192])
        a.keys = ["key_" + self.hexid(48) for _ in range(1 + int(r.expovariate(1.6)))]
        a.wordy, a.peak = r.lognormvariate(0, 0.25), r.gauss(14.5, 3.2)

    def model(self, a, t):
        base = a.models[0] if self.r.random() < 0.85 else a.models[1]
        if a.adopt is None:
            return base
        if base.endswith("mini"):
            return self.second[1] if t > self.second[0] + a.adopt else base
        late = t - self.release[0] - a.adopt
        return self.release[1] if late > 0 and self.r.random() < 0.93 else base

    def say(self, a, t, conv, prompt, system, cls, hist=0, harvest=False, eu=None):
        """Log one request; returns the tokens that the conversation has grown by."""
        r = self.r
        wide = sum(c > "\u0400" for c in prompt[:200:9])
        size = len(prompt) / (4.1 - 2.4 * wide / max(1, len(prompt[:200:9])))
        mu, sd = ANSWER.get(cls) or (max(20, size * 1.1), 0.2)
        out = max(1, int(r.lognormvariate(0, sd) * mu * (a.wordy if mu > 20 else 1)))
        cap = a.cap if cls != "label" or a.cap is None else min(a.cap, 64)
        odd = r.random()
        finish = "content_filter" if odd < 0.004 or (cls == "probe" and odd < 0.1) else "stop"
        finish = "tool_use" if cls == "tool" and odd > 0.25 else finish
        if cap and out >= cap:
            out, finish = cap, "length"
        ip, asn = self.nets.at(a, conv)
        used = int(size + (len(system) / 4.2 if system else 0) + r.randint(4, 12) + hist)
        ua = a.later[1] if t > a.later[0] else a.ua
        key = a.keys[int(conv.split("-")[1]) % len(a.keys)]
        self.rows.append((t, a.id, conv, self.model(a, t), prompt, system, used, out, cap, a.temperature, ip, asn, ua, a.tls, eu, key, a.channel, finish, harvest))  # fmt: skip
        return int(size) + out
