"""Campaigns: what they ask, how they hide, what they pay and connect with."""

import numpy as np
import phrases as P
from text import DISTILL
from world import DAY, DAYS, HOUR

KINDS = [
    "lockstep",
    "low_wide",
    "residential",
    "virtual_cards",
    "reworded",
    "cover",
    "human_hours",
    "aged_slow",
    "reseller",
    "rerouted",
    "release_mover",
    "rotation",
    "probing",
    "job_queue",
    "postproc",
    "lookalike",
    "old_model",
    "heavy_few",
    "taskgen",
]
TEXTLESS = [
    "lockstep",
    "low_wide",
    "residential",
    "virtual_cards",
    "cover",
    "human_hours",
    "aged_slow",
    "reseller",
    "release_mover",
    "rotation",
    "job_queue",
    "old_model",
    "heavy_few",
]


class Campaign:
    """One campaign; kind forces what its name says, the rest is drawn."""

    def __init__(self, w, name, kind, size, people, mean):
        r = self.r = w.r
        self.w, self.name, self.kind, self.size, self.people = w, name, kind, size, people
        self.goals = r.sample(list(DISTILL), r.randint(1, 3)) if kind != "taskgen" else ["instruct"]
        self.goals = [g for g in self.goals if g != "counsel"] or (
            ["cot"] if kind != "human_hours" else ["pref"]
        )
        self.lang = r.choices(["en", "zh", "other"], [7, 1.5, 1.5])[0]
        if self.lang == "other":
            self.lang = r.choice([k for k in P.LANGS if k != "zh"])
        self.sources = [s for g in self.goals for s in DISTILL[g]]
        if kind == "taskgen":
            self.sources = ["alpaca_genrequests"]
        if r.random() < 0.2:
            self.sources.append(r.choice(["human_en", "awesome_prompts", "banking77_tickets"]))
        self.variants = r.choice([1, 1, 2, 4, 8, 14]) if kind != "reworded" else r.randint(8, 24)
        self.rephrase = {"reworded": r.uniform(0.7, 1), "lookalike": 0}.get(
            kind, r.choice([0, 0, 0, 0.3, 0.8])
        )
        self.wrap = None if people else w.text.template(self.goals, self.variants, self.rephrase)
        self.bare = r.choice([0, 0, 0.1, 0.3]) if kind != "job_queue" else r.choice([0.3, 0.7, 1.0])
        if kind == "taskgen":
            self.bare = r.choice([0.6, 1.0])
        self.cover = {
            "cover": r.uniform(0.9, 0.95),
            "heavy_few": r.uniform(0, 0.05),
            "reseller": r.uniform(0.4, 0.8),
            "low_wide": r.choice([0, 0, 0.3]),
        }.get(kind, r.choice([0, 0, 0.1, 0.3, 0.5]))
        self.system = w.text.system_prompt() if r.random() < 0.2 and not people else None
        self.cap = r.choice([None, None, 1024, 2048, 4096, 8192])
        self.temp = r.choice([None, None, 0.0, 0.7, 1.0])
        self.vol = {
            "low_wide": r.uniform(2.5, 6),
            "heavy_few": mean * r.uniform(6, 14),
            "cover": mean * r.uniform(0.12, 0.3),
        }.get(kind, max(3, mean * r.choice([0.4, 0.8, 1.3, 2, 3]) * r.uniform(0.8, 1.2)))
        self.clock = {
            "lockstep": "batch",
            "human_hours": "human",
            "job_queue": "queue",
            "aged_slow": r.choice(["human", "queue"]),
            "cover": r.choice(["human", "queue", "crew"]),
            "rerouted": "human",
        }.get(kind, r.choice(["queue", "queue", "crew", "batch", "human"]))
        self.intensity()
        self.infra()

    def intensity(self):
        """When the campaign works: activity of each hour of the month."""
        r = self.r
        h = np.arange(DAYS * 24)
        a = r.choice([0, 0, r.uniform(0, 12)]) * 24
        b = min(DAYS * 24, a + r.choice([r.uniform(5, 10), r.uniform(10, 20), 28]) * 24)
        x = ((h >= a) & (h < b)).astype(float) + 1e-9
        if self.clock in ("crew", "human"):
            local = (h + r.choice(range(-11, 13))) % 24
            x *= np.where((local > 8) & (local < r.choice([18, 22])), 1, 0.06)
            if r.random() < 0.6:
                x *= np.where(((self.w.epoch // DAY + h // 24 + 3) % 7) < 5, 1, 0.2)
        for _ in range(r.choice([0, 1, 3])):
            k = r.randrange(len(h))
            x[k : k + r.randint(4, 40)] *= 0.02
        if self.kind == "aged_slow" or r.random() < 0.2:
            x *= np.linspace(0.05, 1, len(h)) ** 1.5
        if self.kind == "rotation":
            gap = r.randint(4, 9) * 24
            for k in range(r.randint(0, gap), len(h), 2 * gap):
                x[k : k + gap] *= 0.005
        if self.kind == "release_mover":
            x = x + 1e-3
            x *= np.where(h * HOUR >= self.w.release, r.uniform(2, 5), 1)
        self.cum = np.concatenate([[0], np.cumsum(x)])
        self.span = (a * HOUR, b * HOUR)
        self.batches = np.sort(self.draw(0, DAYS * DAY, r.randint(6, 40)))

    def draw(self, lo, hi, n):
        """Times within a life, by the campaign's activity."""
        grid = np.arange(len(self.cum)) * HOUR
        c0, c1 = np.interp([lo, hi], grid, self.cum)
        t = np.interp(self.w.g.uniform(c0, max(c1, c0 + 1e-12), n), self.cum, grid)
        return np.clip(t, lo, hi - 1)

    def infra(self):
        """Addresses, cards, phones, machines and clients of the whole campaign."""
        w, r, k = self.w, self.r, self.kind
        self.ip = {
            "residential": "sticky",
            "reseller": r.choice(["dc", "pool"]),
            "human_hours": r.choice(["sticky", "vpn", "pool"]),
            "rerouted": r.choice(["dc", "pool"]),
        }.get(k, r.choice(["sticky", "pool", "pool", "dc", "vpn", "mixed"]))
        place = [w.place() for _ in range(r.choice([1, 3, 12]))]
        self.places = place
        self.pool = [
            (w.ip_in(s), s)
            for s in (
                r.choice(r.choice(place)[4][:-1])
                for _ in range(max(4, int(self.size * r.uniform(0.4, 3))))
            )
        ]
        hosts = r.sample(w.hosters, 3)
        self.boxes = [
            (w.ip_in(h), h) if r.random() < 0.7 else w.cloud_ip()
            for h in (r.choice(hosts) for _ in range(max(2, int(self.size * r.uniform(0.05, 0.6)))))
        ]
        self.card_mode = {
            "lockstep": r.choice(["shared", "shared", "few"]),
            "virtual_cards": "virtual",
            "residential": r.choice(["virtual", "few"]),
        }.get(k, r.choice(["shared", "few", "virtual", "virtual", "stolen", "none"]))
        self.per_card = {"shared": r.randint(6, 40), "few": r.uniform(2, 5)}.get(self.card_mode, 1)
        self.recycle = r.uniform(0.03, 0.3)
        self.cards = [w.token(20) for _ in range(max(1, int(self.size / self.per_card)))]
        if self.card_mode == "stolen":
            owners = [a.card for a in w.accounts if a.card and a.kind == "benign" and not a.org]
            self.cards = r.sample(
                owners, min(len(owners), max(2, int(self.size / r.uniform(2, 6))))
            )
        self.phones = [
            w.token(20) for _ in range(max(1, int(self.size / r.choice([1, 1.3, 2, 6]))))
        ]
        self.devs = [
            w.token(20) for _ in range(max(1, int(self.size / r.choice([1, 1, 1.5, 4, 15]))))
        ]
        self.phone_rate, self.dev_rate = r.choice([0, 0.3, 0.9]), r.choice([0, 0.5, 1])
        self.clients = (
            [w.sdk() for _ in range(r.choice([1, 1, 2, 4]))]
            if r.random() < 0.65
            else [w.browser() for _ in range(r.choice([1, 2, 6]))]
        )
        if r.random() < 0.2:
            self.clients = [(w.browser()[0], w.sdk()[1])]
        self.mails = r.choice(
            [
                ["gmail.com"],
                ["outlook.com", "hotmail.com", "gmail.com"],
                r.sample(w.throwaway, 8),
                [w.token(7) + x for x in (".com", ".net", ".xyz", ".org")],
            ]
        )
        self.birth = {
            "aged_slow": "aged",
            "rotation": "waves",
            "reseller": r.choice(["trickle", "aged"]),
        }.get(k, r.choice(["burst", "waves", "trickle", "aged", "mixed"]))
        self.births = (
            [r.uniform(-6 * DAY, max(self.span[1] - 4 * DAY, 0)) for _ in range(r.randint(2, 6))]
            if self.birth == "waves"
            else [self.span[0] - r.uniform(0.1, 10) * DAY]
        )
        self.moves = (
            r.choice([(self.w.release, r.uniform(2, 24) * HOUR, r.uniform(0.5, 0.95))])
            if k == "release_mover"
            else (self.w.release, r.uniform(1, 8) * DAY, r.choice([0, 0, 0.6, 0.9]))
        )
        self.base = (
            self.w.old if k == "old_model" else r.choice([self.w.main, self.w.main, self.w.mini])
        )
        self.kit = r.choice(w.kits) if k == "lookalike" and getattr(w, "kits", None) else None

    def born(self, i):
        r = self.r
        b = self.birth if self.birth != "mixed" else r.choice(["burst", "trickle", "aged"])
        if b == "aged":
            return -min(r.expovariate(1 / 250) + 20, 1200) * DAY
        if b == "trickle":
            return r.uniform(-40 * DAY, max(self.span[1] - 3 * DAY, DAY))
        t = self.births[i % len(self.births)]
        return t + r.expovariate(1 / (r.choice([2, 10, 30]) * HOUR))

    def members(self):
        """Make the accounts."""
        w, r = self.w, self.r
        for i in range(self.size):
            place = r.choice(self.places) if r.random() < 0.8 else w.place()
            real = self.kind in ("reseller", "rerouted")
            a = w.person(
                "attack_" + self.kind,
                self.lang if r.random() < 0.6 else None,
                place,
                r.random() < (0.6 if self.clients[0][0][0] != "M" else 0.15),
                min(self.born(i), (DAYS - 1.5) * DAY),
            )
            a.kind, a.campaign = "attack", self.name
            if self.ip == "pool" or (self.ip == "mixed" and r.random() < 0.5):
                mine = r.sample(self.pool, min(len(self.pool), r.choice([2, 5, 30])))
                a.net = lambda t, m=mine: r.choice(m)
            elif self.ip == "dc":
                a.net = w.fixed(*r.sample(self.boxes, min(len(self.boxes), r.choice([1, 2, 6]))))
            elif self.ip == "vpn":
                a.net = w.vpn_net(r.randint(1, 5))
            else:
                a.net = w.home(place, r.choice([0, 0, 0.1]))
            if self.card_mode == "none":
                a.card = None
            elif self.card_mode == "virtual":
                a.card = (
                    r.choice(self.cards[: max(1, len(self.cards) // 4)])
                    if r.random() < self.recycle
                    else w.token(20)
                )
            elif not real or r.random() < 0.7:
                a.card = r.choice(self.cards)
            if a.card and a.plan == "free" and r.random() < 0.8:
                a.plan = r.choice(["plus", "pro"])
            if self.card_mode == "none" and not a.key:
                a.plan = "free"
            a.phone = (
                r.choice(self.phones)
                if r.random() < self.phone_rate
                else (w.token(20) if r.random() < 0.5 else None)
            )
            if r.random() < self.dev_rate:
                a.device = r.choice(self.devs)
            if not real:
                a.clients = (
                    [r.choice(self.clients)]
                    if r.random() < 0.9
                    else [*a.clients, r.choice(self.clients)]
                )
            a.mail = r.choice(self.mails) if r.random() < 0.85 else a.mail
            a.level = r.choice(
                ["email", "email", "phone" if a.phone else "none", "card" if a.card else "email"]
            )
            if self.kit:
                a.clients = [self.kit[1]]
            a.end = DAYS * DAY
            if self.kind == "rotation" or r.random() < 0.08:
                a.end = min(DAYS * DAY, max(a.created, 0) + r.uniform(2, 9) * DAY)
                if r.random() < 0.6:
                    w.event(a, a.end + 2 * HOUR, "blocked")
            if self.card_mode == "stolen" and r.random() < 0.3:
                w.event(a, max(a.created, 0) + r.uniform(3, 20) * DAY, "chargeback")
            habit, eager = w.model_use(first=self.base, moves=False), r.random() < self.moves[2]
            late = r.random() * self.moves[1]
            a.model = lambda t, h=habit, e=eager, q=late: (
                w.new if e and self.kind != "old_model" and t > self.moves[0] + q else h(t)
            )
            n = max(
                1, round(r.lognormvariate(np.log(self.vol), 0.25 if self.clock == "batch" else 0.6))
            )
            a.gen = lambda _, a=a, n=n, eager=r.choice([1, 1, 2]): self.act(a, n)
            a.raw = -n / (1 - self.cover)

    def item(self, early=False):
        """One harvest prompt (and system prompt)."""
        w, r = self.w, self.r
        if self.people:
            return w.text.human(self.lang), None
        if self.kind == "rerouted":
            x = w.text.human(r.choice(w.place()[2]))
            return (x, self.wrap("", 0)) if self.variants % 2 == 0 else (self.wrap(x, 0), None)
        if self.kind == "postproc" and r.random() < 0.5:
            s = self.w.text.sent[
                r.choice(["alpaca_instruct", "oasst_prompts", "huatuo_o1_reasoning"])
            ]
            return self.wrap(" ".join(r.choice(s) for _ in range(r.randint(2, 7)))), self.system
        b = (
            w.text.foreign(self.lang)
            if self.lang not in ("en", "zh") and r.random() < 0.7
            else w.text.body(r.choice(self.sources))
            if self.lang != "zh" or r.random() < 0.4
            else r.choice(
                [w.text.foreign("zh"), w.text.body("human_zh"), w.text.body("smile_zh_multiturn")]
            )
        )
        if self.kit:
            return (b if r.random() < 0.5 else self.wrap(b)), self.kit[0]
        if r.random() < self.bare:
            return b, self.system
        return self.wrap(b), self.system

    def act(self, a, n):
        """All traffic of one member: harvest, then cover."""
        w, r = self.w, self.r
        lo, hi = max(a.created, 0), min(a.end, DAYS * DAY)
        style = (
            w.text.style()
            if self.kind in ("human_hours", "cover") or (self.people and r.random() < 0.5)
            else (lambda p: p)
        )
        same = r.randrange(1 << 30)
        if self.clock == "batch":
            ok = self.batches[(self.batches >= lo) & (self.batches < hi - 60)]
            ok = ok if len(ok) else self.draw(lo, hi, 3)
            times = np.clip(
                w.g.choice(ok, n) + w.g.exponential(r.choice([40, 300, 1500]), n), lo, hi - 1
            )
        else:
            times = self.draw(lo, hi, n)
        times = sorted(times.tolist())
        probing_until = (
            self.span[0] + 0.2 * (self.span[1] - self.span[0]) if self.kind == "probing" else -1
        )
        i = 0
        while i < n:
            t, c = times[i], w.token(12)
            turns = (
                min(n - i, 1 + int(r.expovariate(0.6)))
                if self.kind == "human_hours" or (self.clock == "human" and r.random() < 0.4)
                else 1
            )
            for k in range(turns):
                p, s = self.item()
                if k and not self.people:
                    p = w.text.follow(self.lang) if r.random() < 0.6 else self.item()[0]
                elif k:
                    p = w.text.follow(self.lang)
                probe = t < probing_until
                if probe:
                    p = w.text.synonyms(
                        w.text.template(self.goals, 1, 1.0)(
                            w.text.pool[self.sources[0]][(same + r.randrange(6)) % 40]
                        )
                    )
                w.emit(
                    a,
                    t,
                    style(p),
                    c if self.kind != "job_queue" or r.random() < 0.5 else None,
                    s,
                    harvest=not probe,
                    cap=self.cap,
                    temp=self.temp,
                    history=350 * k,
                )
                t = min(t + r.lognormvariate(4.2, 0.8), hi)
            i += turns
        extra = round(n * self.cover / (1 - self.cover)) if self.cover else 0
        if not extra:
            return
        if self.kind in ("reseller", "rerouted"):
            ps = [w.text.persona(r.choice(w.place()[2])) for _ in range(r.randint(2, 12))]
            w.chat(
                a,
                extra,
                lambda: r.choice(ps)[0](),
                lambda: r.choice(ps)[1](),
                3,
                spread=6,
                lo=lo,
                hi=hi,
            )
        else:
            first, follow = w.text.persona(a.lang)
            w.chat(a, extra, first, follow, 3, lo=lo, hi=hi)


def sizes(r, regime, n):
    """How many accounts each campaign has."""
    k = r.randint(6, 12)
    share = r.uniform(0.01, 0.05)
    total = int(share * n)
    if regime == "small":
        s = [r.randint(6, 20) for _ in range(k)]
        while sum(s) > 0.05 * n and len(s) > 2:
            s.pop()
        return s
    k = max(2, min(k, int(0.05 * n) // 6))
    total = max(total, 6 * k)
    x = [r.lognormvariate(0, 1.4) for _ in range(k)]
    return [6 + int((total - 6 * k) * v / sum(x)) for v in x]


def campaigns(w, regime, n, mean):
    """Draw the campaigns of a world and make their members."""
    r = w.r
    s = sizes(r, regime, n)
    kinds = r.sample(TEXTLESS if regime == "people" else KINDS, min(len(s), 12))
    made = []
    kinds.sort(
        key=lambda x: x not in ("low_wide", "residential", "virtual_cards") or r.random() < 0.3
    )
    s.sort(reverse=True)
    for i, (size, kind) in enumerate(zip(s, kinds)):
        if kind == "heavy_few":
            size = min(size, 24)
        c = Campaign(w, f"c{i:02d}_{kind}", kind, size, regime == "people", mean)
        c.members()
        made.append(c)
    return made
