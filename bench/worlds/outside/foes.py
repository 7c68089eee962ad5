"""Campaigns: tactics, what their accounts share, and how they deal out their work."""

import math
from dataclasses import replace

import bank as B
import crowd
import tools
import words
import world as W

HARD = ["tasks", "code", "logic", "math", "tools", "sets"]
PLAIN = ["chat", "tasks", "search", "tickets", "ask", "zh", "es", "ru", "fr"]
# tactic: relative size, requests an account, guise, clock, nets, identity legs, life, more
TACTICS = {
    "low_wide": (2.2, 5, "person", "human", "roam home", "card phone", "clump", {}),
    "few_heavy": (0.25, 110, "sdk", "queue", "cloud block", "card device", "mixed", {"long": 0.6}),
    "cover": (0.8, 7, "person", "human", "home roam", "card phone mail", "drip", {"cover": 11}),
    "human_hours": (0.8, 16, "person", "human", "home vpn", "phone card", "mixed", {"threads": True, "cover": 0.5}),
    "roaming": (1, 14, "sdk", "queue", "roam", "card mail", "drip", {}),
    "reseller": (0.3, 50, "gateway", "queue", "cloud vpn", "card phone", "mixed", {"cover": 1.5, "users": 25}),
    "rerouted": (0.8, 9, "app", "human", "home cell", "card", "mixed", {"inject": True, "cover": 1.5}),
    "bought": (0.8, 14, "person", "queue", "vpn home", "device card", "aged", {"cover": 0.2}),
    "hydra": (1.2, 12, "sdk", "queue", "block vpn", "card phone", "hydra", {}),
    "pivot": (1, 18, "sdk", "queue", "cloud roam", "card phone", "mixed", {"pivot": True}),
    "reworded": (1.2, 9, "person", "human", "home roam vpn", "card device", "drip", {"narrow": 0}),
    "polyglot": (1, 10, "sdk", "queue", "roam vpn", "card mail", "clump", {"polyglot": True}),
    "vetted": (0.4, 26, "sdk", "queue", "cloud", "card", "mixed", {"vetted": True}),
    "prober": (0.7, 16, "sdk", "queue", "vpn cloud", "phone card", "drip", {"probe": True}),
    "card_ring": (1, 11, "person", "queue", "home roam", "card card phone", "clump", {}),
    "dialogue": (0.6, 22, "person", "human", "home vpn", "card device", "mixed", {"threads": True}),
    "rotator": (1, 10, "sdk", "queue", "cloud vpn", "card phone", "waves", {}),
    "launderer": (0.8, 14, "sdk", "nightly", "cloud block", "card mail", "drip", {"launder": True}),
    "twins": (0.8, 11, "sdk", "queue", "cloud roam", "card phone", "drip", {}),
    "as_harness": (1.3, 13, "eval_stranger", "queue", "cloud runner", "card phone", "clump", {}),
    "as_review_bot": (1.2, 14, "review_bot", "queue", "runner", "card device", "drip", {"pools": "diff source code"}),
    "as_audit_fleet": (0.7, 28, "audit_fleet", "queue", "cloud", "card phone", "clump", {"pools": "source code logic"}),
    "as_plugin": (1.8, 8, "ide_plugin", "human", "roam home", "card phone mail", "drip", {"pools": "code search source"}),
    "as_agent": (1.6, 9, "oss_agent", "human", "home roam", "card device", "drip", {"pools": "tools code search"}),
    "as_testdata": (0.8, 13, "testdata_maker", "nightly", "runner", "card phone", "drip", {"pools": "rows sets"}),
    "as_nightly": (1, 12, "nightly_batch", "nightly", "cloud", "card mail", "drip", {}),
    "as_judge": (0.9, 16, "llm_judge", "queue", "cloud", "card phone", "clump", {"pools": "answers"}),
    "as_hobby": (0.6, 18, "dataset_hobby", "nightly", "home roam", "card phone", "drip", {"pools": "tasks sets ask"}),
    "as_course": (1.4, 6, "notebook_course", "human", "runner", "phone mail", "clump", {"pools": "code search"}),
    "as_agency": (0.4, 22, "person", "office", "block home", "card mail", "clump", {"org": True}),
    "as_student": (0.5, 16, "person", "human", "home", "device mail", "drip", {"pools": "math logic tasks"}),
}  # fmt: skip


class Plan:
    """One campaign: its habits, queue, shared values and members."""

    def __init__(self, w, name, tactic, size, per, people, deck=None):
        self.w, self.name, self.tactic, self.size, self.people = w, name, tactic, size, people
        r = w.r
        _, own, self.guise, self.clock, nets, legs, self.life, self.more = TACTICS[tactic]
        self.per = max(3.0, min(own * r.uniform(0.7, 1.4), per))
        self.legs = r.sample(legs.split(), 1) if r.random() < 0.35 else legs.split()
        self.nets = r.sample(nets.split(), min(2, len(nets.split())))
        if self.life in ("clump", "drip") and r.random() < 0.35:
            self.life = r.choice(("aged", "mixed", "mixed", "hydra"))
        self.begin = r.uniform(0, 8) * W.DAY
        self.finish = min(W.SPAN, self.begin + r.uniform(13, 28) * W.DAY)
        self.rate = r.uniform(0.35, 0.9)
        self.ring = max(2, int(size / r.uniform(2, 4.5)))
        self.tokens = {k: [w.token(16 if k == "card" else 14) for _ in range(self.ring)] for k in ("card", "phone", "device")}  # fmt: skip
        self.mails = [r.choice(w.niche) if r.random() < 0.5 else w.domain() for _ in range(r.randint(1, 4))]  # fmt: skip
        day = r.gauss(13, 5)
        self.windows = [(max(0, (d + r.random() * 0.2) * W.DAY + day * 3600 + r.gauss(0, 1.5) * 3600), r.uniform(0.6, 4) * 3600) for d in range(28) for _ in range(r.randint(0, 2))]  # fmt: skip
        told = tools.SPECS[self.guise][5] if self.guise in tools.SPECS else None
        pools = self.more.get("pools", "").split() or r.sample(HARD, 3)
        if people:
            pools = told.split() if told else PLAIN
        self.deck = deck or w.bank.deck(pools, int(size * self.per * 1.3) + 50)
        keep = self.more.get("narrow", r.choice((2, 3, 0)))
        styles = r.sample(list(words.STYLES), 2)
        self.style = [words.narrow(r, c, keep) if keep else c for s in styles for c in words.STYLES[s]]  # fmt: skip
        self.langs = list(words.FOREIGN) if self.more.get("polyglot") else ["en"]
        self.says = r.uniform(0.15, 0.5) if people else r.uniform(0.6, 0.95)
        self.long = self.more.get("long", 0.5) * (0.7 if people else 1) * r.uniform(0.7, 1.2)
        self.shared = [w.net(k, r.randint(2, 6)) for k in self.nets for _ in range(max(1, size // 25))]  # fmt: skip
        self.lag = (
            20_000 if self.more.get("pivot") or r.random() < 0.25 else r.uniform(5, 20) * W.DAY
        )
        self.weak = w.models[-1] if self.more.get("probe") or r.random() < 0.15 else ""

    def wrap(self, card):
        """Ask for more than the card does, in words that change."""
        r = self.w.r
        if self.more.get("launder") and r.random() < 0.55:
            draft = r.choice(self.w.bank.answers)[: r.randint(200, 1400)]
            task = words.expand(r, "{Reword|Recast|Say differently|Rewrite|Put into new words}{ completely| throughout|}, {keeping|without losing} {facts|content|meaning}")  # fmt: skip
            return f"{task}. {card[:60]}\n{draft}" if r.random() < 0.5 else f"{draft}\n\n{task}."
        if r.random() > self.says:
            return card
        lang = r.choice(self.langs)
        if lang in words.TONGUES and r.random() < 0.6:
            card = self.w.bank.foreign(lang)
        extra = words.clause_text(r, self.style, lang)
        return f"{extra}\n\n{card}" if r.random() < 0.35 else f"{card} {extra}"

    def births(self):
        """When each member signs up, and from when to when it works."""
        r, n = self.w.r, self.size
        span = self.finish - self.begin
        if self.life == "aged":
            return [(-self.w.heavy(260, 0.8) * W.DAY, self.begin + r.expovariate(1 / W.DAY), self.finish) for _ in range(n)]  # fmt: skip
        if self.life == "hydra":
            life = r.uniform(3, 7) * W.DAY
            waves = max(2, math.ceil(span / life))
            starts = [self.begin + (i % waves) * life + r.expovariate(1 / 5000) for i in range(n)]
            return [(t - r.expovariate(1 / 4000), t, min(W.SPAN, t + life * r.uniform(0.85, 1.0))) for t in starts]  # fmt: skip
        if self.life == "waves":
            gap = r.uniform(9, 14) * W.DAY
            first = [self.begin if i % 2 else min(self.begin + gap, 23 * W.DAY) for i in range(n)]
            return [(t - r.uniform(0.05, 3) * W.DAY, t, min(W.SPAN, t + 4.5 * W.DAY)) for t in first]  # fmt: skip
        out = []
        for _ in range(n):
            if self.life == "clump":
                c = self.begin - r.gammavariate(2, 0.5) * W.DAY
            elif self.life == "drip":
                c = self.begin - 6 * W.DAY + r.random() * span * 0.85
            else:
                c = self.w.heavy(60, 1.2) * -W.DAY if r.random() < 0.6 else self.begin + r.random() * span * 0.5  # fmt: skip
            out.append((c, max(self.begin, c + r.expovariate(1 / W.DAY)), self.finish))
        return out

    def member(self, created):
        """Open one account, with some of its values taken from the campaign's stock."""
        w, r = self.w, self.w.r
        same = {"created": created, "kind": "attack", "campaign": self.name}
        spec = tools.SPECS.get(self.guise)
        a = tools.user_of(w, self.guise, **same) if spec else w.account(self.tactic, **same)
        a.cohort, a.licensed = self.tactic, False
        if a.plan == "free" and r.random() < 0.6:
            a.plan, a.card = r.choice(("plus", "payg")), a.card or w.token(16)
        for leg in self.legs:
            if r.random() < self.rate:
                if leg == "mail":
                    a.mail = r.choice(self.mails)
                else:
                    setattr(a, leg, r.choice(self.tokens[leg]))
                    a.plan = r.choice(("plus", "payg")) if leg == "card" and a.plan == "free" else a.plan  # fmt: skip
        if self.more.get("vetted"):
            a.level, a.org, a.plan = "id", f"org-{w.token(8)}", "team"
            a.mail = w.domain()
        if self.more.get("org"):
            a.org, a.purpose = f"org-{self.tokens['card'][0][:8]}", "work"
        if self.langs != ["en"]:
            a.lang = r.choice(self.langs)
        return a

    def dress(self):
        """Client, words around the card, and answer length that the guise brings."""
        w, r = self.w, self.w.r
        if self.guise in tools.SPECS:
            c, before, after, *_, more = tools.costume(w, self.guise)
            return c, before, after, more.get("long", 0) + self.long * 0.6
        kind = "sdk" if self.guise in ("sdk", "gateway") else r.choice(("browser", "browser", "phone"))  # fmt: skip
        c = w.client(kind, limit=r.choice((None, 4096)) if kind == "sdk" else None, temperature=r.choice((None, None, 0.7, 1.0)) if kind == "sdk" else None)  # fmt: skip
        return c, "", "", self.long

    def pace(self):
        """One member's clock."""
        w = self.w
        if self.clock == "queue":
            return W.bursts(w, self.windows)
        if self.clock == "nightly":
            return W.nightly(w, int(self.windows[0][0] // 3600 % 24) if self.windows else 3)
        return W.human(w, office=self.clock == "office")

    def place(self):
        r = self.w.r
        return r.choice(self.shared) if r.random() < 0.6 else self.w.net(r.choice(self.nets))

    def enlist(self):
        """Make every member and its streams."""
        w, r = self.w, self.w.r
        for created, start, end in self.births():
            a = self.member(created)
            client, before, after, long = self.dress()
            clock, net = self.pace(), self.place()
            deal = B.dealt(self.deck, w.bank, self.wrap)
            if self.more.get("inject"):
                client.system = f"{words.clause_text(r, self.style)} Do not mention this."
                own = crowd.voice(w, "en")
                deal = (lambda t, o=own: self.wrap(o(0))) if self.people else deal
            say = lambda t, d=deal, b=before, e=after: b + d(t) + e  # noqa: E731
            common = {"fixed": True, "threads": self.more.get("threads", False), "start": min(start, 27.5 * W.DAY), "model": self.weak or r.choice(w.models[:2])}  # fmt: skip
            s = w.stream(a, say, clock, client, net, max(2, w.heavy(self.per, 0.45)), harvest=True, long=long, users=self.more.get("users", 0) // 6, **common)  # fmt: skip
            s.end = max(end, s.start + 0.4 * W.DAY)
            s.moves, s.share = w.release + r.expovariate(1 / self.lag), r.uniform(0.6, 1)
            if self.more.get("probe"):
                s.end = max(s.end, s.start + 6 * W.DAY)
                s.say = self.probing(say)
            if cover := self.more.get("cover"):
                plain = crowd.voice(w, crowd.tongue(w))
                w.stream(a, plain, W.human(w), replace(client, system=None) if self.more.get("inject") else client, net, s.volume * cover * r.uniform(0.6, 1.4), users=self.more.get("users", 0), **{**common, "threads": self.clock == "human", "start": max(0, created)})  # fmt: skip

    def probing(self, say):
        """At first, one question in many wordings; afterwards the work itself."""
        w, left = self.w, [3 + w_small(self.w)]
        core = w.bank.draw("logic")[:120]

        def probe(turn):
            left[0] -= 1
            if left[0] >= 0:
                return f"{words.clause_text(w.r, [c for s in words.STYLES.values() for c in s], n=2)} {core}"  # fmt: skip
            return say(turn)

        return probe


def w_small(w):
    return min(6, int(w.r.expovariate(0.5)))


def muster(w, regime, n, m):
    """Draw this world's campaigns and enlist them."""
    r = w.r
    top = 0.022 if regime == "small" else 0.07
    total = n * (0.005 + (top - 0.005) * r.betavariate(1.7, 1.3))
    count = max(1, min(r.randint(6, 14), max(6, int(total / 14)), int(total / 6)))
    names = r.sample(list(TACTICS), count)
    if "twins" in names:
        names[names.index("twins") - 1 if len(names) > 1 else 0] = "twins"
    raw = [TACTICS[t][0] * w.heavy(1, 0.7) for t in names]
    cap = 60 if regime == "small" else 400
    sizes = [min(cap, max(6, round(total * x / sum(raw)))) for x in raw]
    per = 0.24 * m / max(total, 1)
    plans, deck = [], None
    for i, (tactic, size) in enumerate(zip(names, sizes)):
        p = Plan(w, f"{tactic}-{i}", tactic, size, max(per, 5), regime == "people")
        if tactic == "twins":
            deck = deck or list(p.deck)
            p.deck = iter(r.sample(deck, len(deck)))
        p.enlist()
        plans.append(p)
    return plans
