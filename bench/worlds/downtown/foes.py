"""The campaigns: how each kind of the table draws its accounts, tasks, wording and times.

What a buyer does to the answers afterwards (translation, filtering, mixing) leaves only the
`launder` tasks here: earlier answers sent back to be reworded.
"""

import math

import net
from cohorts import SPECS, band, member
from tables import BANK, DISTILL_DECKS, KINDS, PEOPLE_DECKS, STUDY, SYSTEM
from text import Wording
from world import DAY, END, OLD


class Campaign:
    """One actor; everything about it is drawn once."""

    def __init__(self, w, kind, size) -> None:
        rng = w.rng
        self.w, self.kind, self.size = w, kind, size
        self.name = f"{kind.name}-{net.token(rng, 4)}"
        fields = (kind.origin, kind.net, kind.clock, kind.tasks, kind.style)
        drawn = [rng.choice(options.split("|")) for options in fields]
        self.people = w.regime == "people"
        self.origin, self.net, self.clock, self.tasks, style = drawn
        self.tasks, style = ("ask", "none") if self.people else (self.tasks, style)
        self.wording = Wording(w.text, style, (style != "none") * rng.choice([-1, -1, 2, 3, 5, 8]))
        self.langs = (
            ["en"] if rng.random() < 0.5 else [*rng.sample(list(BANK), rng.randint(2, 5)), "en"]
        )
        self.countries = [w.place() for _ in range(rng.choice([5, 9, 14]))]
        long = rng.choice([3, 7, 12, 20, 26]) * DAY
        self.start = rng.uniform(0.5 * DAY, max(END - long, DAY))
        self.end = min(self.start + long, END - 60)
        self.span = min(rng.choice([0.2, 1, 2, 4]) * DAY, long / 2)
        self.ramp, self.duty = rng.choice([1, 1, 0.5, 0.35]), rng.choice([1, 1, 1, 0.5, 0.7])
        ticks = range(rng.choice([40, 120, 300]))
        self.rounds = sorted(rng.uniform(self.start, self.end) for _ in ticks)
        self.jitter, self.reply = rng.choice([60, 600, 2400]), math.exp(rng.gauss(0.1, 0.2))
        self.pivot = rng.random() < (0.9 if kind.name == "chaser" else 0.3)
        self.mask = rng.choice(["agent", "extension", "none"]) if kind.name == "mimic" else "none"
        self.blocks = [net.office(rng, c, 40) for c in self.countries]
        self.cover = rng.uniform(*(float(x) for x in kind.cover.split("-")))
        self.mean, secret = rng.gauss(kind.mu, 0.3), rng.random() < 0.25
        self.pools, self.sloppy = {}, rng.choice([0.3, 0.5, 0.7, 0.9])
        self.path = rng.choice([0.4, 0.6, 0.8])  # the others come by networks of their own
        for key in ("pay", "phone", "device"):
            per = 0 if secret else rng.choice([0, 0, 0, 2, 4, 9, 25])
            self.pools[key] = [net.token(rng, 16) for _ in range(-(-size // per))] if per else []
        if self.pools["phone"] and rng.random() < 0.4:
            self.pools["phone"] = rng.sample(w.burners, min(len(w.burners), 1 + size // 6))

    def recruit(self):
        """The accounts: people's own with their owners' lives, or made, bought, replaced."""
        w, rng, kind = self.w, self.w.rng, self.kind
        wide = max(2, int(self.size * self.span / (self.end - self.start)))
        out = []
        for i in range(self.size):
            spec = SPECS[rng.choice(kind.like.split("|"))]
            a = member(w, spec, band(w, spec, 1))
            on, off = self.start, self.end
            if self.origin == "rotate":
                at = self.start + i // wide * self.span * rng.uniform(0.9, 1.1)
                on = min(at, self.end - DAY / 8)
                off = min(on + self.span * rng.uniform(0.6, 1.3), self.end)
            self.age(a, on)
            self.equip(a)
            a.campaign, a.kind, a.cohort, a.licensed = (
                self.name,
                "attack",
                f"foe_{kind.name}",
                False,
            )
            if a.plan in {"api", "team", "enterprise"} and rng.random() < 0.15:
                a.purpose = rng.choice(STUDY)
            h = min(max(4, round(math.exp(rng.gauss(self.mean, kind.sigma)))), 400)
            on = max(on, a.created + 300)
            out.append((a, on, max(off, on + 7200), h))
        return out

    def age(self, a, on):
        rng = self.w.rng
        if self.origin == "own":
            return
        a.created = self.w.birth("old")
        if self.origin in {"clump", "rotate"}:
            a.created = (self.start if self.origin == "clump" else on) - rng.expovariate(1 / 15000)
        elif self.origin == "drip":
            a.created = on - math.exp(rng.gauss(2.3, 1.3)) * DAY
        former = self.origin == "aged" and rng.random() < 0.3  # its first owner may still show
        a.start, a.end = (
            max(a.created, 0.0 if former else on - rng.choice([0, 0, 2, 6]) * DAY, 0.0),
            self.end,
        )

    def equip(self, a):
        """Network, client, identity values and model."""
        rng, country = self.w.rng, self.w.rng.choice(self.countries)
        made = {
            "vpn": net.vpn(rng),
            "mobile": net.mobile(rng, country),
            "block": rng.choice(self.blocks),
        }
        made |= {"cloud": net.cloud(rng, rng.choice([1, 1, 8])), "resi": net.home(rng, country)}
        if self.net == "resi" and rng.random() < 0.5:
            made["resi"] = net.proxies(
                rng, self.countries
            )  # a new exit each time, else a sticky one
        if self.net != "own" and rng.random() < self.path:
            a.nets = [(1.0, made[self.net]), (rng.choice([0, 0, 0.1, 0.5]), a.nets[0][1])]
        for key, pool in self.pools.items():
            if self.origin != "own" and pool and getattr(a, key) and rng.random() < self.sloppy:
                setattr(a, key, rng.choice(pool))
        if self.mask == "agent":
            a.clients, a.system = [net.Client(rng, "tidepool")], SYSTEM["agent"]
        if self.pivot and rng.random() < 0.7:
            a.adopt = rng.expovariate(1 / (7 * 3600))
        elif self.kind.name == "prober" and rng.random() < 0.5:
            a.base, a.adopt = OLD, math.inf

    def request(self, a):
        """A task of the pool, worded: the pool covers everything, and no one deals it twice."""
        rng, text = self.w.rng, self.w.text
        lang = a.persona.lang if self.people or self.origin == "own" else rng.choice(self.langs)
        source = self.tasks
        if source == "mixed":
            source = rng.choice(
                [*DISTILL_DECKS[:4] * 2, *DISTILL_DECKS[4:], *["ask"] * 4, "launder"]
            )
        elif source == "people":
            source = rng.choice(PEOPLE_DECKS[:3])
        if source in text.decks and lang in {"en", "zh"} and rng.random() < 0.75:
            body, lang = text.deal(source)
            p = text.persona(lang)
            body = text.vary(body, lang, source) if body in text.seen else body
            text.seen.add(body)
        else:
            p = text.persona(lang)
            make = {"grade": lambda: f"{text.ask(p)}\n---\n{text.passage(p, 3)}",
                    "launder": lambda: text.passage(p, 3)}.get(source, lambda: text.ask(p))  # fmt: skip
            body = text.fresh(make, p)
        if self.mask == "extension":
            form = self.w.templates.get(f"('extension', {rng.randrange(3)}){lang}", "{x}")
            body = text.fill(form, p, x=body)
        return self.wording.wrap(body, lang), p

    def times(self, a, on, off, h, own):
        """When this account's harvest happens; own: when its owner was there."""
        w, rng, rule = self.w, self.w.rng, self.clock
        life, a.start, a.end = (a.start, a.end), on, min(off, END)
        rounds = [r for r in self.rounds if on <= r <= off] or [on]
        out, t = [], on + rng.uniform(0, max(0, min(off - on - 7200, 6 * DAY)))
        for i in range(h):
            if rule == "shadow" and own:
                out.append(rng.choice(own) + rng.uniform(8, 500))
            elif rule == "burst":
                t += rng.expovariate(1 / (self.jitter / 2))
                out.append(t)
            elif rule == "rounds":
                out.append(rng.choice(rounds) + rng.expovariate(1 / self.jitter))
            elif rule in {"drip", "queue"}:
                x = (i + rng.random()) / h if rule == "drip" else rng.random()
                out.append(on + (off - on) * x**self.ramp)
            else:
                out.append(w.moment(a, "eve" if rule == "shadow" else rule))
        a.start, a.end = life
        turn = 4 * DAY  # with a duty below one the actor is at another provider in between
        return out if rule == "shadow" else [t // turn * turn + t % turn * self.duty for t in out]

    def run(self, recruits, shrink):
        """Cover, probes and harvest of every account."""
        w, rng, turns = self.w, self.w.rng, self.kind.turns
        probing = not self.people and (self.kind.name == "prober" or rng.random() < 0.2)
        for a, on, off, h in recruits:
            n, since = max(4, round(h * shrink)), len(w.rows)
            a.live(round(n * self.cover / (1 - self.cover) * rng.uniform(0.6, 1.4)))
            own = [r[0] for r in w.rows[since:]]
            if probing and rng.random() < 0.06:
                self.probe(a, on)
            named = self.kind.name == "hydra" and rng.random() < 0.7
            for t in sorted(self.times(a, on, off, max(1, round(n / turns)), own)):
                prompt, p = self.request(a)
                more = min(int(rng.expovariate(1 / (turns - 0.95)) + 0.2), 12)
                user = net.token(rng, 8) if named else None
                prompts = [prompt, *(w.text.deepen(p) for _ in range(more))]
                w.talk(a, t, prompts, harvest=True, reply=self.reply, user=user)
        w.accounts += [a for a, *_ in recruits]

    def probe(self, a, on):
        """Which wording gets through: one task, many phrasings; answers are not kept."""
        w, rng = self.w, self.w.rng
        body = w.text.ask(w.text.persona("en"))
        for i in range(rng.randint(4, 15)):
            wording = w.text.elicit(rng.choice(["rewrite", "reason", "role"]), "en")
            finish = "content_filter" if rng.random() < 0.25 else None
            w.talk(a, on + i * rng.uniform(60, 900), [f"{wording}\n{body}"], finish=finish)


def sizes(w):
    """Number of accounts of each campaign."""
    rng, n = w.rng, w.size
    if w.regime == "none":
        return []
    if w.regime == "small" or (w.regime == "people" and rng.random() < 0.4):
        drawn = [math.exp(rng.uniform(1.8, 4.09)) * w.scale for _ in range(rng.randint(8, 14))]
        return [max(6, round(x)) for x in drawn]
    drawn = [min(max(math.exp(rng.gauss(4.3, 0.8)), 40), 400) for _ in range(rng.randint(5, 9))]
    low, high = (share * n / w.scale / sum(drawn) for share in (0.034, 0.075))
    fit = min(max(1.0, low), high)
    return [max(6, round(max(x * fit, 40) * w.scale)) for x in drawn]


def invade(w, wide):
    """The campaigns with their accounts, and the exchanges they plan; the widest ask the least."""
    rng, kinds = w.rng, []
    for _ in wide:
        left = [k for k in KINDS if k not in kinds] or KINDS
        kinds.append(rng.choices(left, [k.weight for k in left])[0])
    kinds.sort(key=lambda k: k.mu + rng.gauss(0, 0.3))
    every = [Campaign(w, k, size) for k, size in zip(kinds, sorted(wide, reverse=True))]
    drafts = [(c, c.recruit()) for c in every]
    return drafts, sum(h / (1 - c.cover) for c, rs in drafts for *_, h in rs)
