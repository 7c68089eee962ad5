"""Accounts from a specification: what a group shares, how a member lives, what flows it sends.

Innocents (cohorts.toml) and campaigns (campaigns.toml) are written in the same words.
"""

from types import SimpleNamespace

import times
from core import DAY
from nets import client, firm
from texts import TABLES, Voice


def populate(w, count):
    """Innocents in their groups, in shares that differ from world to world."""
    r, specs = w.r, {k: v for k, v in w.specs.items() if k not in {"default", "flow"}}
    full = {k: w.specs["default"] | v for k, v in specs.items()}
    extra = (1.0, r.uniform(1.6, 2.4) if w.regime == "none" else 1.0)
    weights = {k: s["share"] * r.heavy(1, 0.25) * extra[s["look"]] for k, s in full.items()}
    quota = {k: max(1, round(count * x / sum(weights.values()))) for k, x in weights.items()}
    quota["casual"] += count - sum(quota.values())
    for name, left in quota.items():
        while left > 0:
            n = min(left, max(1, round(r.logu(*full[name]["size"]))))
            left -= n
            w.groups.setdefault(name, []).append(build(w, name, specs[name], n))


class Group:
    """What the members of one household, class, firm or campaign have in common."""

    def __init__(self, w, s, n):
        r, self.w, self.n = w.r, w, n
        self.c, self.nets, self.memo = w.atlas.country(), {}, {}
        hour = r.randint(8, 15) * 3600 - float(self.c[1][0]) * 3600
        self.at = {
            "release": w.release - r.uniform(0, 2) * DAY,
            "lesson": w.t0 + r.randrange(1, 25) * DAY + hour,
        }.get(s["event"], w.t0 + r.uniform(0.5, 23) * DAY)
        self.birth = self.at if s["birth"] == "event" else w.born(s["fresh"])
        self.birth = s["since"] - r.uniform(0, 6) * DAY if s["since"] else self.birth
        kinds = (("cards", "pf_"), ("phones", "ph_"), ("devices", "df_"))
        self.cards, self.phones, self.devices = (self._pool(s[k], p) for k, p in kinds)
        self.org, self.mail = "org_" + r.hexes(10), firm(r, self.c, s["mail"] == "edu")
        self.purpose, self.clients = r.choice(TABLES["purposes"]), [client(r, r.word(s["clients"]))]
        self.starts = [w.t0 + r.uniform(0, 28) * DAY for _ in range(r.randint(8, 30))]

    def _pool(self, size, prefix):
        """Shared values: `size` is how many there are, or below 1 how many a member."""
        k = self.w.r.uniform(*size) * (self.n if size[1] < 1 else 1)
        return [prefix + self.w.r.hexes(16) for _ in range(max(1, round(k)))] if size[1] else []

    def once(self, key, make):
        return self.memo[key] if key in self.memo else self.memo.setdefault(key, make())

    def spans(self, hours, again):
        got = [(self.at + k * 2 * DAY, hours * 3600) for k in range(again + 1)]
        return [s for s in got if s[0] < self.w.t1 - DAY] or got[:1]


def build(w, name, spec, n, campaign=None):
    """A group of n accounts."""
    spec = w.specs["default"] | spec
    flows = [w.specs["flow"] | f for f in spec["flow"]]
    g = Group(w, spec, n)
    for i in range(n):
        a = SimpleNamespace(cohort=name, campaign=campaign, streams=[], end=w.t1)
        a.kind = "attack" if campaign else spec["kind"]
        _member(w, g, a, spec)
        _identity(w, g, a, spec)
        _life(w, g, a, spec, i)
        for k, f in enumerate(flows):
            if w.r.random() < f["p"]:
                _flow(w, g, a, k, f)
        if not a.streams:
            _flow(w, g, a, 0, flows[0])
        w.accounts.append(a)
    return g


def _member(w, g, a, s):
    """Who the member is: country, tongues, habits, clients, networks."""
    r = w.r
    a.c = g.c if r.random() < s["same"] else w.atlas.country()
    a.langs = list(a.c[2] if r.random() < 0.6 else a.c[2][:1])
    a.language, a.tz = a.langs[0], float(a.c[1][0]) * 3600
    if r.random() < s["mixing"]:
        a.langs.append(r.choice(("en", "en", w.atlas.country()[2][0])))
    a.peak, a.width, a.wordy = r.gauss(15, 4) % 24, r.uniform(2, 6), r.heavy(1, 0.25)
    a.habit, a.keys = r.choices(range(4), (2, 2, 5, 3))[0], r.choice(s["keys"])
    a.adopt, a.loyal = r.expovariate(1 / s["adopt"]), r.random() < s["loyal"]
    if s["older"] and r.random() < 0.6:
        a.habit, a.loyal = r.choice((0, 1)), True
    a.clients = [client(r, r.word(s["clients"])) for _ in range(r.choice((1, 1, 2)))]
    if r.random() < s["kit"]:
        a.clients = g.clients
    way = r.choice(s["net"].split("|")) if r.random() > s["vpn_p"] else "vpn*5 home"
    a.net = w.atlas.ways(way, a.c, g.nets, s["pool"])


def _identity(w, g, a, s):
    """What the account table says: card, phone, device, firm, mail, plan, purpose."""
    r = w.r
    for field, prefix, own, pool, shared in (
        ("payment_fingerprint", "pf_", "paid", g.cards, "card_p"),
        ("phone_hash", "ph_", "phone_p", g.phones, "phones_p"),
        ("device_fingerprint", "df_", "device_p", g.devices, "devices_p"),
    ):
        value = prefix + r.hexes(16) if r.random() < s[own] else None
        setattr(a, field, r.choice(pool) if pool and r.random() < s[shared] else value)
    a.plan = r.word(s["plan"]) if a.payment_fingerprint or s["unpaid"] else "free"
    one = g.org if s["org"] == "one" else "org_" + r.hexes(10)
    a.organization_id = one if r.random() < s["org_p"] else None
    a.email_domain = r.choice((*a.c[6], "gmail.com"))
    if r.random() < s["mail_p"]:
        a.email_domain = firm(r, a.c) if s["mail"] == "each" else g.mail
    elif r.random() < s["throw"]:
        a.email_domain = r.choice((r.choice(w.domains), "proton.me", "duck.com", "outlook.com"))
    a.verification_level, a.licensed, a.declared_purpose = r.word(s["verif"]), s["licensed"], None
    if r.random() < s["purpose_p"]:
        a.declared_purpose = s["purpose"] or r.choice(
            (g.purpose, g.purpose, r.choice(TABLES["purposes"]))
        )


def _life(w, g, a, s, i):
    """Birth and end; campaigns replace what is blocked, wave after wave."""
    r = w.r
    clumped = r.random() < s["clump_p"]
    a.created = g.birth + r.expovariate(1 / s["clump"]) if clumped else w.born(s["fresh"])
    if s["waves"] > 1:
        k, long = i * s["waves"] // g.n, (s["until"] - s["since"]) / s["waves"]
        a.created = s["since"] + (k - 0.5 * (k == 0)) * long + abs(r.gauss(0, 0.08 * long))
        a.end = a.created + long * r.uniform(0.7, 1.3)
    a.created = min(a.created, w.t1 - 1.2 * DAY)
    if r.random() < s["short_p"]:
        a.end = max(a.created, w.t0, s["since"]) + r.uniform(2, 16) * DAY


def _when(w, g, f):
    name, *args = w.r.choice(f["when"])
    if name == "windows":
        return times.windows(g.spans(args[0], args[1]), args[2], args[3])
    if name == "batches":
        return times.batches(g.starts, *args)
    if name == "human" and f["ramp"]:
        args = [*args, times.EVENING, 1.0, f["ramp"]]
    return getattr(times, name)(*args)


def _flow(w, g, a, k, f):
    """One flow of a member: its forms, its setting, its hours."""
    r, lib = w.r, w.lib
    forms = r.choice(f["forms"]) if f["forms"] else []
    if forms and f["freeze"]:
        house = g.once(
            ("forms", k), lambda: [lib.frozen(x) for x in forms for _ in range(f["freeze"])]
        )
        forms = r.sample(house, min(len(house), f["mine"]))
    if f["task"]:
        task = g.once(("task", k), lambda: Voice(w, g.c[2]).grammar())
        forms = [task + "\n" + lib.frozen("f.class")]
    to = w.atlas.country()[2][0] if f["pair"] else None

    def voice():
        mine = f["langs"] or (w.atlas.country()[2] if f["strangers"] else a.langs)
        return Voice(w, mine, forms, f, to)

    def setting():
        if f["system"] == "tools":
            return r.choice(lib.tool_systems)
        return f["inject"] * (r.random() < 0.5) + lib.rule(f["system"], Voice(w, ["en"]))

    s = SimpleNamespace(**f, n=r.heavy(f["vol"], f["sigma"]), say=voice(), at=_when(w, g, f))
    s.maxtok, s.temp, s.system, s.users = r.choice(f["maxtok"]), r.word(f["temp"]), None, None
    if f["system"] and r.random() < f["system_p"]:
        s.system = setting() if f["system_own"] else g.once(("system", k), setting)
    if f["users"]:
        named = g.once(("named", k), lambda: r.random() < f["named"])
        one = None if f["strangers"] else s.say
        many = range(r.randint(*f["users"]))
        s.users = [(r.hexes(8) if named else None, one or voice()) for _ in many]
    if f["after"]:
        s.lo = w.release if f["after"] == "release" else g.at
        s.hi = s.lo + f["days"] * DAY
    a.streams.append(s)
