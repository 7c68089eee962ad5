"""Campaigns: shells that look like customers, lives that dodge blocks, harvest from one queue."""

import numpy as np
from field import DAY, SPAN
from firms import Firm
from harvest import Queue, Wording
from scribe import Mind, Style, taste
from words import LANGS, SPIN, TRADES
from world import Say, Seat, World

KINDS = {  # kind: (shell, life, least and most requests an account, cover); - is drawn
    "front_companies": ("front", "-", 6, 160, 0.3, 0.9),
    "identity_kits": ("kit", "-", 6, 160, 0.0, 0.9),
    "rotating": ("-", "waves", 6, 160, 0.0, 0.9),
    "sleepers": ("aged", "sleep", 6, 120, 0.2, 0.8),
    "low_and_wide": ("-", "-", 4, 10, 0.0, 0.35),
    "resale": ("resale", "-", 15, 200, 0.5, 0.9),
    "rerouted_users": ("reroute", "-", 8, 200, 0.1, 0.6),
    "probing": ("-", "probe", 6, 160, 0.0, 0.8),
    "few_but_heavy": ("-", "-", 110, 400, 0.0, 0.9),
    "provider_hopping": ("-", "hop", 6, 160, 0.0, 0.9),
    "borrowed_face": ("-", "-", 6, 120, 0.0, 0.8),
    "drip": ("-", "plain", 8, 40, 0.5, 0.9),
}


class Campaign:
    def __init__(self, w: World, name: str, kind: str, size: int, budget: float) -> None:
        rnd = w.rnd
        self.w, self.name, self.kind, self.size = w, name, kind, size
        shell, life, low, high, least, most = KINDS[kind]
        drawn = float(np.exp(rnd.uniform(np.log(low), np.log(high))))
        budget *= 4 if low > 100 else 1  # the heavy stay heavy
        self.per, self.cover = min(drawn, max(4.5, budget / size)), rnd.uniform(least, most)
        if self.per < 22:
            self.cover = min(self.cover, 1 - 2.2 / self.per)
        self.shell = rnd.choice("kit aged plain plain front".split()) if shell == "-" else shell
        self.life = rnd.choice("plain plain waves sleep hop".split()) if life == "-" else life
        self.ramp = 0.95 if kind == "drip" else rnd.choice([0.0, 0.0, 0.5, 0.9])
        self.langs = rnd.sample(list(LANGS), rnd.choice([1, 2, 3, 5]))
        if rnd.random() < 0.85:
            self.langs = ["en", *[x for x in self.langs if x != "en"]]
        self.queue, self.lean = Queue(w, self.langs), rnd.uniform(0.8, 1.3)
        self.wording = [Wording(w, self.langs) for _ in range(rnd.choice([1, 1, 2, 3]))]
        self.turns = rnd.uniform(0.2, 0.6) if rnd.random() < 0.35 else 0.03
        self.rhythm = rnd.choice("human human human queue queue lockstep night".split())
        self.begin = rnd.uniform(0.2, 12) * DAY
        self.until = min(SPAN - 60, self.begin + rnd.uniform(8, 27) * DAY)
        self.pivot = rnd.random() < 0.55 or self.life == "sleep"
        self.old = not self.pivot and rnd.random() < 0.25  # an older model guards itself less
        self.web = w.any("sticky rotating mobile cloud vpn own", [4, 2, 1.5, 1, 0.7, 4])
        self.purity = rnd.uniform(0.3, 0.75)
        self.fleet = [w.field.client("direct") for _ in range(rnd.choice([2, 3, 6]))]
        self.channels = [5 * rnd.expovariate(1) + 2, 4 * rnd.expovariate(1) + 1.6, 0.7]
        self.places = [w.where() for _ in range(rnd.choice([5, 9, 16]))]
        self.hosts = w.field.blend(
            *((w.field.cloud(machines=rnd.randint(1, 9)), 1) for _ in range(4))
        )
        day = np.array([0.15] * 7 + [1.0] * 13 + [0.3] * 4 if rnd.random() < 0.65 else [1.0] * 24)
        curve = np.tile(np.roll(day, rnd.randrange(24)), 28) * w.rng.gamma(1.5, 1, 672)
        curve *= np.repeat(w.rng.gamma(2.0, 1, 28), 24)  # the queue's own hours and days
        self.curve = curve * np.linspace(1 - self.ramp, 1 + self.ramp, 672) + 1e-9
        self.slots = sorted(rnd.uniform(self.begin, self.until) for _ in range(rnd.randint(6, 30)))

    def lives(self) -> list[tuple[float, float, float]]:
        """(created, first harvest, last use) of every account."""
        rnd, begin, until = self.w.rnd, self.begin, self.until
        lag, wake, deep = (
            rnd.choice([0.3, 3, 12, 50, 90]),
            rnd.choice([1.5, 6]),
            rnd.uniform(40, 300),
        )
        first = begin + rnd.uniform(2, 5) * DAY
        second = first + rnd.uniform(3, 8) * DAY
        workers = max(2, self.size // rnd.randint(3, 6))
        at, out = [begin + rnd.random() * DAY for _ in range(workers)], []
        for i in range(self.size):
            bought = (
                rnd.expovariate(1 / 150) if rnd.random() < 0.3 else 0.0
            )  # on the market for aged ones
            aged = (rnd.expovariate(1 / lag) + bought) * DAY
            if self.life == "sleep":
                start = min(self.w.release + rnd.expovariate(wake) * DAY, SPAN - DAY)
                stop = SPAN - 60
                aged = start + (20 + rnd.expovariate(1 / deep)) * DAY
            elif self.life == "hop":  # elsewhere in between
                a, b = (begin, first) if i % 2 else (second, max(until, second + 2 * DAY))
                stop = min(b, SPAN - 60)
                start = a + rnd.random() * (stop - a) * 0.4
            elif self.life == "waves":  # a blocked account's worker has the next at once
                start, mean = min(at[i % workers], SPAN - 0.2 * DAY), (until - begin) / self.size
                stop = min(
                    SPAN - 60, start + max(0.15 * DAY, rnd.gammavariate(2, 0.5) * mean * workers)
                )
                at[i % workers] = stop + rnd.expovariate(12) * DAY
            else:
                start, stop = begin + rnd.random() ** 2 * (until - begin) * 0.5, until
            out.append((start - aged, start, stop))
        return out

    def network(self, place):
        f, web = self.w.field, self.web if self.w.rnd.random() < self.purity else "own"
        if web in ("sticky", "mobile"):
            return f.blend((f.home(place), 1), (f.mobile(place), 4 if web == "mobile" else 0.01))
        if web == "rotating":
            return f.blend((f.rotating(self.places), 1), (f.home(place), 1))
        if web == "own":  # a desk, a server, or as anybody
            web = self.w.any("office server own", [3, 2, 5])
        rented = {"vpn": f.vpn(), "cloud": self.hosts, "office": f.office(place)}
        return rented.get(web, f.cloud() if web == "server" else None)

    def seats(self) -> list[Seat]:
        """Open the accounts in the way of the shell, in lots, firms, or one by one."""
        w, rnd, lives, out = self.w, self.w.rnd, self.lives(), []
        while lives:
            lot = [lives.pop(0) for _ in range(min(len(lives), rnd.randint(3, 14)))]
            place, domain = rnd.choice(self.places), w.company() if rnd.random() < 0.2 else None
            trade, front = rnd.choice(list(TRADES)), self.shell == "front"
            firm = Firm(w, trade, len(lot)) if front else None
            for born, start, end in lot:
                more = {"kind": "attack", "fixed": True, "campaign": self.name, "end": end}
                if self.shell == "kit":  # a lot of identities is made in one sitting
                    born = min(lot[0][0] + rnd.expovariate(5) * DAY, start)
                s = firm.hire(self.kind, born=born, **more) if firm else None
                s = s or self.person(place, domain, {"born": born, **more})
                s.wake = start
                out.append(s)
        return out

    def person(self, place, domain: str | None, more: dict) -> Seat:
        w, rnd = self.w, self.w.rnd
        place = place if self.shell == "kit" else w.where()
        channel, net = w.any("app direct cloud", self.channels), self.network(place)
        s = w.seat(self.kind, place, channel, **more, **({"net": net} if net else {}))
        s.domain = domain or s.domain
        if channel == "direct" and rnd.random() < self.purity * 0.7:
            s.client = rnd.choice(self.fleet)
        if self.shell == "kit" and not s.phone and rnd.random() < 0.5:
            s.phone, s.verified = w.token("ph"), "phone"
        hours = rnd.choice(["leisure", "late", "evening", "office"])
        return w.chat(s, rnd.choice(["casual", "maker", "learner"]), hours)

    def links(self, seats: list[Seat]) -> None:
        """Recycle cards, phones and machines now and then; some campaigns never do."""
        w, rnd = self.w, self.w.rnd
        clean = self.shell == "front" or rnd.random() < 0.25
        for name, head in (("pay", "pm"), ("phone", "ph"), ("device", "dv")):
            share = 0.0 if clean or rnd.random() < 0.4 else rnd.uniform(0.1, 0.7)
            many = rnd.choice([2, 3, 5, 12])
            some = [s for s in seats if getattr(s, name) and rnd.random() < share]
            rnd.shuffle(some)
            for i in range(0, len(some), many):
                value = w.token(head)
                for s in some[i : i + many]:
                    setattr(s, name, value)

    def times(self, s: Seat, n: int) -> np.ndarray:
        f, rnd, rng = self.w.field, self.w.rnd, self.w.rng
        a = max(s.wake, s.start)
        b = max(s.end, a + 600)
        if self.rhythm == "queue":
            p = self.curve[int(a // 3600) : max(int(b // 3600), int(a // 3600) + 1)]
            t = (int(a // 3600) + rng.choice(len(p), n, p=p / p.sum()) + rng.random(n)) * 3600
        elif self.rhythm == "lockstep" and (near := [x for x in self.slots if a < x < b]):
            t = rng.choice(near, n) + rng.exponential(rnd.choice([300, 1500, 4000]), n)
        elif self.rhythm == "night":
            t = f.cron(n, a, b, s.place.zone)
        else:
            kind, pace = (
                rnd.choice(["office", "leisure", "late", "evening"]),
                rnd.lognormvariate(4.3, 0.4),
            )
            t = f.human(n, a, b, s.place.zone, kind, pace, 1 + rnd.expovariate(0.4), self.ramp)
        if self.pivot and a < self.w.release < b and self.life != "sleep":
            after = self.w.release + rng.exponential(2.5 * DAY, n)
            t = np.where(rng.random(n) < 0.5, after, t)
        return f.within(t, a, b)

    def voice(self, s: Seat, named: bool):
        """Harvest where the time is marked, else what such a customer would say."""
        w, rnd, cover, style = self.w, self.w.rnd, s.voice, Style(self.w.rnd)
        wording, people = rnd.choice(self.wording), w.regime == "people"
        form, system = (
            rnd.choice(w.public) if self.kind == "borrowed_face" and not people else (None, None)
        )
        house = w.prose(4) if self.shell == "reroute" else None
        note = " " + w.talk["en"].spin(SPIN["inject"]) if house and not people else ""
        langs = [w.where().lang for _ in range(rnd.randint(2, 9) * (self.shell[:2] == "re"))]
        users = [(w.token("u", 6), Mind(w.lib, rnd, x, taste(x, "casual"))) for x in langs]

        def speak(turn: int, t: float, tag: int) -> Say:
            user, mind = rnd.choice(users) if users else (None, s.mind)
            if house:  # real users' own requests, some with an instruction put in
                say = Say(*mind.ask(), house + note * tag, harvest=bool(tag))
            elif tag and turn and rnd.random() < 0.7:
                return Say(*s.mind.follow(), harvest=True)
            elif tag:
                free = self.life == "probe" and t < self.begin + 3 * DAY
                ways = Wording(w, self.langs, "free") if free else wording
                say = self.queue.take(style, ways, self.lean)
                say.text = form.fill(say.text, s.mind.speaker) if form else say.text
                say.system = system or say.system
            else:
                say = Say(*mind.ask()) if users else cover(turn, t, tag)
            say.user = user if named else say.user
            return say

        return speak

    def build(self) -> None:
        w, rnd, seats = self.w, self.w.rnd, self.seats()
        self.links(seats)
        named, settings = rnd.random() < 0.5, rnd.random() < 0.35
        temp, cap = rnd.choice([None, 0, 0.7, 1.0]), rnd.choice([None, 2048, 4096])
        for s in seats:
            s.harvest_stick = self.turns
            if self.pivot and rnd.random() < 0.7:
                s.adopt = w.release + rnd.expovariate(1.5) * DAY
            if self.old and rnd.random() < 0.6:
                s.base, s.adopt = "lumen-1.5", 99 * DAY
            if settings and s.channel != "app" and rnd.random() < 0.6:
                s.temp, s.cap = temp, cap
            s.n = int(min(400, max(4, self.per * rnd.lognormvariate(0, 0.5))))
            hidden = max(1, int(w.rng.binomial(s.n, 1 - self.cover)))
            both = [(float(t), 1) for t in self.times(s, hidden)]
            both += [(float(t), 0) for t in s.clock(s.n - hidden)] if s.n > hidden else []
            s.voice, s.clock = self.voice(s, named), lambda n, both=sorted(both): both
