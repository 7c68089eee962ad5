"""The campaigns: each an actor with habits, a stock of questions and several weak tells."""

import math
from dataclasses import replace
from types import SimpleNamespace

import words as wd
from base import DAY, LANDS, SPAN, Clock, Place
from crowds import speak
from talk import CORPORA, Deal, Harvest, Person, Wording

LEGS = ("cards", "phones", "devices", "block", "client", "mail", "birth", "window", "pivot", "kit")


# what a campaign's operator aims at; a row of the table says where a kind differs
BASE = {"size": 1.0, "volume": 22.0, "cover": 0.15, "turns": 0.15, "personal": 0.0, "langs": 1}
BASE |= {"mode": "reword", "clock": "human", "place": "home", "born": "staggered", "legs": ()}
BASE |= {"client": "browser", "crafts": ("grade", "code"), "days": (6, 20), "weak": 0}
TABLE = """
low_wide size=2.5 volume=5 cover=0.1 turns=0 place=residential legs=birth,window,mail
few_heavy size=0.3 volume=240 cover=0.1 clock=queue client=sdk legs=kit,cards
covered volume=60 cover=0.9 turns=0.2 personal=0.1 legs=cards,client,devices
human_clock size=0.8 volume=45 cover=0.3 turns=0.5 clock=shift legs=block,devices,window
residential size=1.6 volume=18 cover=0.2 place=residential legs=birth,client,phones
reseller size=0.6 volume=90 cover=0.75 turns=0.2 clock=queue place=hosting client=sdk legs=kit,cards,pivot
rerouted size=0.6 volume=70 cover=0.45 turns=0.1 personal=1.0 mode=suffix place=hosting client=sdk langs=3 legs=kit,window
aged volume=35 cover=0.2 turns=0.2 born=aged legs=window,devices,phones
bought size=0.9 volume=40 turns=0.2 born=bought legs=client,block,window
phoenix size=1.3 volume=35 cover=0.1 clock=queue place=residential born=wave legs=devices,cards,client
release_pivot volume=40 clock=queue client=sdk legs=pivot,cards,kit
reword volume=30 cover=0.2 turns=0.2 legs=phones,birth,block
multilingual volume=25 cover=0.2 turns=0.2 place=countries langs=4 legs=cards,devices,window
verified size=0.6 volume=55 cover=0.3 turns=0.3 legs=devices,pivot,block
prober size=0.5 volume=30 cover=0.2 mode=probe clock=queue client=sdk legs=kit,cards,block weak=1
patterned_payments size=1.2 volume=25 cover=0.2 legs=cards,birth,mail
multi_turn size=0.9 volume=45 turns=0.8 legs=client,phones,window crafts=talk
staggered size=1.2 volume=25 cover=0.25 turns=0.2 born=drip legs=mail,devices,pivot days=8,14
harness_mimic size=0.5 volume=110 cover=0.0 turns=0 mode=suffix clock=burst place=hosting client=harness legs=cards,phones,pivot crafts=
agency_mimic size=0.5 volume=60 cover=0.4 turns=0.2 personal=0.2 clock=shift legs=cards,window,birth,block
student_mimic size=0.8 volume=18 cover=0.25 turns=0.3 personal=0.4 clock=evening born=class legs=block,devices,mail
paid_askers size=0.9 volume=30 cover=0.35 turns=0.6 personal=0.5 place=countries born=drip langs=5 legs=window,cards,pivot
personas size=0.7 volume=50 cover=0.4 turns=0.6 personal=0.7 legs=devices,phones,client
rotation size=0.9 volume=30 cover=0.1 clock=queue born=wave client=sdk legs=kit,birth,cards days=3,5
decoy size=0.8 volume=45 cover=0.3 mode=suffix client=agent legs=cards,window,phones,pivot
launderer size=0.6 volume=40 cover=0.2 client=sdk langs=2 legs=kit,mail,block crafts=rewrite,talk
toolsmith size=0.5 volume=70 cover=0.1 turns=0.3 clock=queue place=hosting client=sdk legs=kit,phones,pivot crafts=tools,code
shared_corpus size=0.9 volume=28 cover=0.2 turns=0.1 mode=suffix legs=cards,birth,client
"""


def _plan(line):
    """Read a row of the table."""
    name, *rest = line.split()
    known = {}
    for key, value in (x.split("=") for x in rest):
        like = BASE[key]
        if isinstance(like, tuple):
            known[key] = tuple(int(x) if x.isdigit() else x for x in value.split(",") if x)
        else:
            known[key] = type(like)(value)
    return name, SimpleNamespace(**(BASE | known))


KINDS = dict(_plan(line) for line in TABLE.strip().splitlines())


class Farm(Place):
    """A short run of neighbouring addresses on one home line provider."""

    def at(self, time, net):
        asn, low = self.spots
        return net.address(asn, low, low + 3), asn


class Actor:
    """One campaign: what its accounts share, and how each is made."""

    def __init__(self, w, name, plan, size, regime, campaign, deal=None):
        py = w.py
        self.w, self.name, self.plan, self.size, self.campaign = w, name, plan, size, campaign
        more = [x for x in LEGS if x not in plan.legs]
        self.legs = {*plan.legs, *py.sample(more, py.choice((1, 1, 2)) + (regime == "people"))}
        self.langs = py.choices(("en", "zh", "es", "ru"), (7, 2, 1, 1))
        if plan.langs > 1:
            self.langs = py.sample(list(wd.LANGS), plan.langs)
        folk = regime == "people"
        names = py.sample(CORPORA, 3)
        self.deal = deal or Deal(w, ("people",) if folk else names, self.langs, folk)
        self.langs = self.deal.langs
        mode = plan.mode
        if folk and mode != "probe":
            mode = py.choice(("none", "none", "none", "reword"))
        self.wording = Wording(w, mode, self.langs, () if folk else plan.crafts)
        span = py.uniform(*plan.days)
        self.start = py.uniform(0, 27 - span) * DAY
        self.end = self.start + span * DAY
        self.land = w.land(self.langs[0])
        makers = {"cards": w.card, "phones": w.phone, "devices": w.device}
        self.pools = {x: self._pool(make) for x, make in makers.items()}
        self.mail = py.choice((f"{w.token(6)}.net", "boitebleue.fr", "surat.id", "kurier.me"))
        self.farm = (py.choice(w.net.kinds[f"home-{self.land}"]), py.randrange(0, 250))
        self.browser, self.kit = w.browser(), w.sdk(threads=plan.turns > 0.1)
        self.hours = w.hours(LANDS[self.land][0], self.start, self.end)
        self.hosts = [w.net.spot("hosting", 6) for _ in range(max(2, size // 5))]
        self.volume = plan.volume * py.uniform(0.7, 1.4)

    def _pool(self, make):
        """Return values of which each serves a few accounts."""
        return [make() for _ in range(max(2, int(self.size / self.w.py.uniform(2.2, 4.5))))]

    def identity(self):
        """Return an account's identity; tells are weak, since each is shared by a part only."""
        py, w, known = self.w.py, self.w, {}
        paid = py.random() < (0.8 if self.plan.volume > 40 or "cards" in self.legs else 0.5)
        third = "plus" if self.plan.client == "browser" else "api"
        known["plan"] = py.choice(("plus", "team", third)) if paid else "free"
        known["payment_fingerprint"] = w.card() if paid else None
        if paid and "cards" in self.legs and py.random() < 0.75:
            known["payment_fingerprint"] = py.choice(self.pools["cards"])
        for leg, column in (("phones", "phone_hash"), ("devices", "device_fingerprint")):
            if leg in self.legs and py.random() < 0.62:
                known[column] = py.choice(self.pools[leg])
        if "mail" in self.legs and py.random() < 0.5:
            known["email_domain"] = self.mail
        if self.name == "verified":
            known["verification_level"] = py.choice(("id", "phone", "id"))
        if self.name == "agency_mimic":
            known["declared_purpose"] = "work"
        if self.name == "harness_mimic" and py.random() < 0.3:
            known["declared_purpose"] = "evaluation"
        return known

    def birth(self, i):
        """Return when an account was made and when its harvest begins and ends."""
        py, born = self.w.py, self.plan.born
        if born in {"aged", "bought"}:
            return -DAY * py.uniform(20, 400), self.start + py.uniform(0, 2) * DAY, self.end
        if born == "wave":
            waves = 2 + self.size // 15
            k = i % waves
            gap = (
                (27 * DAY - self.start) / waves
                if self.name == "rotation"
                else (self.end - self.start) / waves
            )
            start = self.start + k * gap + py.expovariate(1 / 3000)
            end = start + min(gap, self.plan.days[0] * DAY) * py.uniform(0.75, 1)
            return start - py.uniform(1, 30) * 3600, start, end
        if born == "class" or "birth" in self.legs:
            clump = self.start + (i % (1 + self.size // 12)) * DAY * 0.6
            made = clump - py.expovariate(1 / 7000)
            return made, max(made, self.start) + py.expovariate(1 / (0.7 * DAY)), self.end
        if born == "drip":
            made = self.start - 2 * DAY + (self.end - self.start) * 0.8 * i / self.size
            return made, made + py.uniform(0.2, 3) * DAY, self.end + py.uniform(0, 3) * DAY
        made = self.start - py.expovariate(1 / (25 * DAY))
        return made, self.start + py.expovariate(1 / (2 * DAY)), self.end

    def clock(self, land, start, end):
        """Return the clock of one account."""
        py, w, kind = self.w.py, self.w, self.plan.clock
        if "window" not in self.legs:
            start, end = start + py.expovariate(1 / (2 * DAY)), end + py.uniform(-2, 3) * DAY
        start = min(max(start, 0), SPAN - 0.5 * DAY)
        end = max(end, start + 0.4 * DAY)
        if kind == "queue":
            return Clock(start, end, session=1.3 + 3 * self.plan.turns, gap=40, flat=True)
        if kind == "burst":
            return Clock(start, min(end, start + 3 * DAY), session=25, gap=5, flat=True)
        if kind == "shift":
            return replace(
                self.hours, start=start, end=end, peaks=(10.5, 15), spread=1.8, weekend=0.3
            )
        if kind == "evening":
            return replace(self.hours, start=start, end=end, peaks=(17, 20.5), spread=1.5)
        return w.hours(LANDS[land][0], start, end)

    def place(self, land):
        """Return where an account works from."""
        w, kind = self.w, self.plan.place
        if kind == "hosting":
            return Place(w.py.sample(self.hosts, min(2, len(self.hosts))))
        if "block" in self.legs and w.py.random() < 0.7:
            return Farm(self.farm)
        if kind == "residential":
            return Place([w.net.spot(f"home-{land}", w.py.choice((0.3, 3, 20)))])
        return w.net.home(land)

    def client(self):
        """Return how an account speaks: each its own, or one of the operator's."""
        py, w, kind = self.w.py, self.w, self.plan.client
        if kind == "harness":
            return w.sdk("evalbarn", temperature=0.0, max_tokens=2048, threads=False)
        if kind == "agent":
            return w.agent()
        if kind == "browser":
            return self.browser if "client" in self.legs and py.random() < 0.7 else w.browser()
        return (
            self.kit
            if "kit" in self.legs and py.random() < 0.8
            else w.sdk(threads=self.plan.turns > 0.1)
        )

    def make(self, i):
        """Make one account with its harvest and what hides it."""
        py, w, plan = self.w.py, self.w, self.plan
        made, start, end = self.birth(i)
        lang = py.choice(self.langs)
        land = w.land(lang) if plan.place in {"countries", "residential"} else self.land
        account = w.account(
            self.name, lang, made, kind="attack", campaign=self.campaign, **self.identity()
        )
        me = Person(w, lang, depth=0.05)
        cover = min(0.96, max(0.0, plan.cover + py.uniform(-0.08, 0.06)))
        wording = self.wording
        if plan.mode == "probe":
            wording = Wording(
                w,
                py.choice(("suffix", "reword", "none")),
                self.langs,
                py.sample(tuple(wd.CRAFT), 2),
            )
        talk = Harvest(w, self.deal, wording, cover, plan.turns, me, plan.personal)
        client, place = self.client(), self.place(land)
        model = (
            w.old[3]
            if plan.weak or self.name == "toolsmith"
            else py.choices(w.old[:3], (2, 6, 2))[0]
        )
        pivot = "pivot" in self.legs
        habit = {
            "client": client,
            "model": model,
            "moves": w.release
            + (py.uniform(0.5, 20) * 3600 if pivot else py.expovariate(1 / 5) * DAY),
            "share": 0.95 if pivot else py.uniform(0.5, 1),
            "place": place,
            "fixed": True,
        }
        volume = max(2, self.volume * py.lognormvariate(0, 0.45))
        users = py.randint(10, 80) if self.name in {"reseller", "rerouted"} else 0
        speak(w, account, talk, self.clock(land, start, end), volume=volume, users=users, **habit)
        if made < start - 3 * DAY or plan.born == "bought":
            self.former(account, start)

    def former(self, account, start):
        """Give an aged or bought account its earlier life."""
        w, py = self.w, self.w.py
        if start < DAY or py.random() < 0.25:
            return
        bought = self.plan.born == "bought"
        lang = py.choice(list(wd.LANGS)) if bought else account.lang
        land = w.land(lang) if bought else self.land
        clock = w.hours(LANDS[land][0], max(0, account.created), start)
        speak(
            w,
            account,
            Person(w, lang),
            clock,
            volume=py.uniform(3, 16),
            place=w.net.home(land),
            fixed=True,
        )


def _sizes(w, names, regime, n):
    """Divide the attackers' share of accounts among the campaigns."""
    py = w.py
    share = math.exp(py.uniform(math.log(0.005), math.log(0.07)))
    budget = max(n * share, 7 * len(names))
    weights = [KINDS[k].size * py.lognormvariate(0, 0.8) for k in names]
    cap = 60 if regime == "small" else 90 if py.random() < 0.5 else 360
    scale = budget / sum(weights)
    return [int(min(cap, max(6, x * scale))) for x in weights]


def campaigns(w, regime, n):
    """Make six to fourteen campaigns of different actors."""
    py = w.py
    count = py.randint(6, 14)
    count = max(6, min(count, n // 60))
    names = py.sample(list(KINDS), count)
    if "shared_corpus" in names:
        others = [k for k in names if k != "shared_corpus"]
        names = [*others[: count - 2], "shared_corpus", "shared_corpus"]
    deal = None
    for i, (name, size) in enumerate(zip(names, _sizes(w, names, regime, n))):
        actor = Actor(
            w,
            name,
            KINDS[name],
            size,
            regime,
            f"{name}-{i}",
            deal if name == "shared_corpus" else None,
        )
        if name == "shared_corpus":
            deal = actor.deal
        for k in range(size):
            actor.make(k)
