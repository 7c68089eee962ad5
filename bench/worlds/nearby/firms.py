"""Firms of every trade: seats opened one by one, cards and machines shared in the trade's way."""

from field import DAY, SPAN
from scribe import Mind, Style
from words import LANGS, SPIN, TRADES, Layout, Speaker
from world import Say, Seat, World


class Firm:
    """A firm's address, cards, machines and templates; `hire` opens an account."""

    def __init__(self, w: World, trade: str, size: int) -> None:
        rnd, f = w.rnd, w.field
        self.w, self.trade, self.habit = w, trade, TRADES[trade].habit
        self.place = w.where(None if rnd.random() < 0.5 else "en")
        self.lang, english = self.place.lang, self.place.lang == "en"
        self.pack = TRADES[trade] if english else LANGS[self.lang]
        self.groups = None if english else [int(self.habit["group"]), rnd.randrange(7)]
        self.domain = w.company() if rnd.random() < 0.42 else None
        partners = rnd.randint(1, 3) if self.habit["card"] == "partner" else 0
        self.cards = [w.token("pm") for _ in range(1 + partners + size // 15)]
        self.desk = [w.token("ph") for _ in range(1 + size // 6)]
        hot = 1 if self.habit["device"] == "vdi" else max(1, size * 2 // 3)
        self.machines = [w.token("dv") for _ in range(hot)]
        self.office, self.server, self.tunnel = f.office(self.place), f.cloud(), f.vpn()
        self.client = {c: f.client(c) for c in ("app", "direct", "cloud")}
        labels = TRADES[trade].labels
        self.forms = [Layout(rnd, labels, self.lang) for _ in range(rnd.randint(1, 4))]
        voice = Speaker(rnd, self.pack)
        rules = [voice.spin(g) for g in rnd.sample(TRADES[trade].guide, rnd.randint(2, 4))]
        strict = rnd.random() < self.habit["guide"]
        self.guide = " ".join([voice.spin(SPIN["guide"]), *rules]) if strict else None
        w.public.append((rnd.choice(self.forms), self.guide))
        self.share = min(0.95, max(0.0, rnd.gauss(self.habit["share"], 0.2)))
        self.founded, self.bulk = -rnd.expovariate(1 / 220) * DAY, rnd.lognormvariate(0, 0.5)
        self.base = w.any("lumen-2 lumen-2-mini lumen-2-max", [6, 2.5, 2])
        late = w.release + rnd.expovariate(0.25) * DAY
        self.adopt = late if rnd.random() < 0.7 else 99 * DAY
        self.common = Speaker(rnd, self.pack, self.groups)

    def born(self) -> float:
        """Founders at first, then one by one; a growing firm hires within the month."""
        rnd, roll = self.w.rnd, self.w.rnd.random()
        if roll < min(0.5, self.habit["hires"] * 0.06):
            return rnd.uniform(0, 26) * DAY
        if roll < 0.65:
            return self.founded + rnd.expovariate(0.5) * DAY
        return rnd.uniform(min(self.founded, -2 * DAY), 0)

    def pay(self, plan: str, channel: str) -> str | None:
        rnd, way = self.w.rnd, self.habit["card"]
        if plan == "free" or channel == "cloud":
            return None
        if way in ("own", "virtual") or rnd.random() < 0.12:
            return self.w.token("pm")
        return self.cards[0] if way == "one" and rnd.random() < 0.8 else rnd.choice(self.cards)

    def network(self):
        rnd, f, way = self.w.rnd, self.w.field, self.habit["net"]
        home = f.home(self.place if rnd.random() < 0.85 else self.w.where())
        if way == "home":
            return f.blend((home, 4), (f.mobile(self.place), 1), (self.office, 0.6))
        if way == "vpn" and rnd.random() < 0.7:
            return f.blend((self.tunnel, 3), (home, 1))
        return f.blend((self.office, 4), (home, rnd.random() * 2))

    def hire(self, cohort: str, **more) -> Seat:
        w, rnd, h = self.w, self.w.rnd, self.habit
        app = rnd.random() > h["api"]
        channel = "app" if app else w.any("direct cloud", [4, 1])
        s = w.seat(cohort, self.place, channel, **{"born": self.born(), **more})
        s.plan = w.any(
            "free plus team" if app else "payg team free", [2, 3, 3] if app else [5, 2, 1]
        )
        s.domain = self.domain if self.domain and rnd.random() < 0.85 else s.domain
        s.pay = self.pay(s.plan, channel)
        phones = {"desk": rnd.choice(self.desk), "one": self.desk[0], "own": w.token("ph")}
        s.phone = phones.get(h["phone"]) if rnd.random() < 0.6 else None
        if s.device and h["device"] in ("hot", "vdi"):
            s.device = rnd.choice(self.machines)
        s.base, s.adopt = self.base, self.adopt + abs(rnd.gauss(0, 1.5)) * DAY
        s.client = self.client[channel] if not app or h["device"] == "vdi" else s.client
        s.net = self.network() if app or rnd.random() < 0.4 else self.server
        s.n = max(1, int(self.bulk * rnd.lognormvariate(2.1, 1.15)))
        s.purpose = self.trade if rnd.random() < 0.25 else s.purpose
        if rnd.random() < 0.14 and "end" not in more:  # leaves, or the trial ends
            s.end = min(SPAN - 1, s.start + rnd.uniform(0.5, 24) * DAY)
        self.work(s)
        return s

    def work(self, s: Seat) -> None:
        """Own clients at one's own desk, or what the queue deals; private questions between."""
        w, rnd, h = self.w, self.w.rnd, self.habit
        own = self.common if h["dealt"] else Speaker(rnd, self.pack, self.groups)
        style, private = Style(rnd), rnd.random() * 0.3
        pools = {"spoken": 3, "chat": 1} if s.lang == "en" else {"spoken": 1}
        w.chat(s, mind=Mind(w.lib, rnd, s.lang, pools), stick=0.5 if s.channel == "app" else 0.12)
        want = h["want"] * rnd.lognormvariate(0, 0.35)
        system = self.guide if s.channel != "app" or rnd.random() < 0.3 else None

        def voice(turn: int, t: float, tag: int) -> Say:
            if rnd.random() < private:
                return Say(*s.mind.ask())
            if turn and rnd.random() < 0.6:
                text = own.say(own.pack.follow) + " " + own.slot("c") * (rnd.random() < 0.6)
                return Say(style.dress(text.strip()), want * 0.7, system)
            text = style.dress(own.say(own.pack.frames))
            form = rnd.choice(self.forms) if rnd.random() < self.share else None
            return Say(form.fill(text, own) if form else text, want, system)

        s.voice, zone, f = voice, s.place.zone, w.field
        pace, length = rnd.lognormvariate(4.2, 0.5), 1 + rnd.expovariate(0.25)
        s.clock = lambda n: f.human(n, s.start, s.end, zone, h["clock"], pace, length)
        if s.channel != "app" and rnd.random() < 0.25:
            s.clock = lambda n: f.cron(n, s.start, s.end, zone)


def trade_firms(name: str):
    """A cohort: firms of one trade, most small, a few large, until k accounts are open."""

    def make(w: World, k: int) -> None:
        habit = TRADES[name].habit
        while k > 0:
            size = int(min(k, habit["low"] + w.rnd.paretovariate(1.1) ** 1.3, habit["high"]))
            firm = Firm(w, name, size)
            for _ in range(size):
                firm.hire(name)
            k -= size

    return make


def enterprise(w: World, k: int) -> None:
    """One contract, one egress, single sign-on; most departments simply chat."""
    while k > 0:
        rnd, size = w.rnd, min(k, w.rnd.randint(15, 120))
        firm = Firm(w, rnd.choice(list(TRADES)), size)
        org, firm.domain = w.token("org", 8) if rnd.random() < 0.7 else None, w.company()
        egress = w.field.office(firm.place)
        for _ in range(size):
            s = firm.hire("enterprise", org=org)
            s.pay, s.net, s.plan = firm.cards[0], egress, w.any("enterprise team", [2, 1])
            s.verified = w.any("business email phone", [1, 1, 1])
            if rnd.random() < 0.6:
                w.chat(s, rnd.choice(["casual", "maker"]), "office")
        k -= size


def accelerator(w: World, k: int) -> None:
    """A batch of young firms in one house: its card or credits, a shared workshop form."""
    while k > 0:
        rnd, house, card = w.rnd, w.field.office(w.where("en")), w.token("pm")
        form, begin = Layout(rnd), rnd.uniform(-20, 14) * DAY
        for _ in range(rnd.randint(5, 12)):
            firm = Firm(w, rnd.choice(list(TRADES)), 4)
            firm.office = house
            firm.forms.append(form)
            for _ in range(min(k, rnd.randint(1, 5))):
                s = firm.hire("accelerator", born=begin + rnd.expovariate(0.4) * DAY)
                s.pay = card if rnd.random() < 0.5 else s.pay
                k -= 1
