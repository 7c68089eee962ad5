"""Campaigns: several actors who harvest answers, many of them behind the look of a firm."""

from dataclasses import replace

import firms
from core import DAY, MONTH, Client, Clock, record
from texts import Deck

# how a kind of campaign works; a pair of (group, chance) says how a value is recycled
Plan = record("Plan", size=(), volume=20, share=0.9, ask="free", style="broad", langs=1, clock="queue", place="residential", card=(3, 0.4), phone=(4, 0.35), device=(3, 0.2), born="waves", life="", turns=False, level=0.0, session=3, users=0, front="", web=0.2)  # fmt: skip

PLANS = {
    "low_wide": Plan((90, 360), 4.5, 1, session=1.6, born="waves", card=(4, 0.3), phone=(3, 0.5)),
    "few_heavy": Plan((6, 18), 240, 0.95, "listed", clock="flat", place="cloud", card=(2, 0.6), born="ramp", web=0),
    "covered": Plan((30, 130), 60, 0.09, clock="human", place="homes", card=(4, 0.55), device=(2, 0.4), web=0.7),
    "office_hours": Plan((20, 90), 35, 0.7, turns=True, clock="human", place="homes", card=(5, 0.5), web=0.8, session=5),
    "rotating": Plan((60, 250), 22, 0.9, "none", place="rotating", card=(5, 0.35), phone=(2, 0.3)),
    "reseller": Plan((15, 70), 80, 0.3, place="cloud", card=(6, 0.7), users=40, langs=3, clock="flat", web=0),
    "rerouted": Plan((25, 110), 45, 1, "reroute", langs=3, place="relay", clock="human", card=(5, 0.4), users=12, web=0.1),
    "bought": Plan((25, 120), 30, 0.9, life="bought", born="old", card=(1, 0.5), phone=(1, 0.6), device=(3, 0.5), place="rotating"),
    "hydra": Plan((40, 200), 25, 0.9, life="replace", card=(3, 0.5), phone=(5, 0.5), place="rotating"),
    "pivot": Plan((30, 160), 30, 0.85, life="pivot", style="code", place="cloud", card=(4, 0.45)),
    "reworded": Plan((40, 180), 24, 1, "free", style="reason", place="residential", card=(3, 0.45), device=(2, 0.3)),
    "polyglot": Plan((40, 160), 24, 0.9, langs=7, place="rotating", card=(4, 0.5), clock="human"),
    "verified": Plan((12, 50), 60, 0.75, "system", level=0.9, card=(2, 0.5), phone=(2, 0.4), born="stagger", place="homes", clock="human"),
    "prober": Plan((15, 70), 40, 0.9, life="probe", style="reason", card=(3, 0.5), place="vpn"),
    "prepaid": Plan((40, 200), 18, 0.95, card=(1, 1.0), phone=(7, 0.4), born="stagger", style="seeds", place="residential"),
    "agent_farm": Plan((20, 90), 45, 0.95, "none", style="agentic", place="cloud", card=(3, 0.6), session=7, web=0),
    "trickle": Plan((30, 120), 14, 0.9, born="stagger", clock="human", phone=(4, 0.5), card=(4, 0.5), web=0.8, place="rotating"),
    "twin": Plan((20, 90), 26, 0.95, style="code", card=(3, 0.5), phone=(3, 0.4)),
    "false_harness": Plan((20, 80), 35, 1, "none", style="reason", clock="burst", place="cloud", card=(3, 0.6), web=0),
    "false_student": Plan((15, 60), 24, 0.8, "listed", style="seeds", place="vpn", clock="human", phone=(2, 0.5), card=(4, 0.4)),
    "false_agency": Plan((10, 60), 45, 0.75, langs=4, front="localiser"),
    "false_mill": Plan((12, 70), 40, 0.8, front="content_mill"),
    "false_labelling": Plan((25, 120), 30, 0.85, "system", front="labelling"),
    "false_school": Plan((15, 45), 14, 0.8, "listed", style="reason", front="classroom"),
    "false_franchise": Plan((20, 90), 24, 0.7, front="franchise"),
    "false_coworking": Plan((12, 60), 40, 0.6, style="code", front="coworking"),
    "false_reseller": Plan((25, 120), 24, 0.55, langs=3, front="seat_reseller", turns=True),
    "false_phone_shop": Plan((15, 60), 18, 0.6, front="phone_shop"),
    "false_holding": Plan((20, 90), 30, 0.5, front="holding", turns=True),
}  # fmt: skip


class Actor:
    """One campaign's means: texts, programs, addresses, working times."""

    def __init__(self, world, plan, regime, deck=None):
        self.world, self.plan, py = world, plan, world.py
        people = regime == "people"
        how = plan.ask
        if people and how != "reroute":
            how = py.choices(("none", "system", "free"), (65, 15, 20))[0]
        rest = [world.language() for _ in range(plan.langs - 1)]
        self.langs = ["en" if py.random() < 0.7 else world.language(), *rest]
        self.deck = Deck(world.book, self.langs, plan.style, how, people)
        if deck:
            self.deck.cards = list(deck.cards)
        self.first = py.uniform(0, 9) * DAY
        self.last = min(MONTH, self.first + py.uniform(9, 26) * DAY)
        span = (self.last - self.first) / 30
        self.shifts = []
        for i in range(30):
            t = self.first + (i + py.random() * 0.6) * span
            self.shifts.append((t, t + py.uniform(0.8, 5) * 3600))
        if py.random() < 0.35:  # away at another provider for a while
            self.shifts = self.shifts[:9] + self.shifts[20:]
        system = world.book.ask(self.langs[0], False) if how == "system" else None
        self.kits = [world.sdk(system=system) for _ in range(py.randint(1, 4))]
        blocks = [world.block(world.isps[py.choice(self.langs)]) for _ in range(py.randint(3, 9))]
        self.spots = [world.address(None, py.choice(blocks)) for _ in range(py.randint(20, 90))]
        self.rented = [world.address(world.cloud) for _ in range(py.randint(4, 14))]
        self.shared = world.rotating(self.langs, py.uniform(0.15, 0.45))
        self.inject = [world.book.ask(x) for x in self.langs for _ in range(6)]

    def place(self, lang):
        """Give a member addresses."""
        world, py, kind = self.world, self.world.py, self.plan.place
        if kind == "cloud":
            return world.mixed(world.pool(py.sample(self.rented, 3)), self.shared, 0.25)
        if kind == "vpn":
            return world.mixed(world.pool(py.choice(world.vpns)), world.pool(self.rented), 0.3)
        if kind == "homes":
            return world.mixed(world.home(lang), world.pool(self.spots), py.uniform(0.1, 0.35))
        if kind == "relay":
            return world.mixed(world.pool(self.rented), self.shared, 0.4)
        if kind == "rotating":
            return self.shared
        mine = py.sample(self.spots, py.randint(1, 3))
        return world.mixed(world.pool(mine), self.shared, 0.2)

    def clock(self, lang, start, end):
        """Give a member working times."""
        world, py, plan = self.world, self.world.py, self.plan
        if plan.clock == "flat":
            return Clock(flat=True, start=start, end=end, size=plan.session, gap=30)
        if plan.clock == "human":
            return world.clock(lang, start=start, end=end, size=plan.session, days=py.randint(4, 20))  # fmt: skip
        mine = [s for s in self.shifts if s[0] >= start and s[1] <= end]
        keep = 0.75 if plan.clock == "queue" else 0.25
        mine = [s for s in mine if py.random() < keep] or mine[-1:]
        size, gap = (12, 4) if plan.clock == "burst" else (plan.session, 50)
        return Clock(start=start, end=end, windows=mine or [(start, end)], size=size, gap=gap)

    def say(self, lang):
        """Give a member texts: harvest, and a person's cover beside it."""
        book, py, plan = self.world.book, self.world.py, self.plan
        if plan.ask == "reroute":
            voice = book.person(lang)
            return lambda k: [(f"{t}\n\n{py.choice(self.inject)}", True, 0.6) if py.random() < 0.8 else (t, False, e) for t, _, e in voice(k)]  # fmt: skip
        own = lang if plan.langs > 1 else None
        voices = [book.person(lang) for _ in range(1 + (plan.users > 0) * 8)]
        share = min(1, plan.share * py.uniform(0.8, 1.2))
        return lambda k: self.deck.say(k, own, plan.turns) if py.random() < share else py.choice(voices)(k)  # fmt: skip

    def probe(self, k):
        """Try wordings on little tasks, to see which get through."""
        book, py = self.world.book, self.world.py
        return [(f"{book.ask(x)} {book.frame(x)}", True, -0.1) for x in py.choices(self.langs, k=k)]


def lives(world, actor, n):
    """Draw when each member opens, starts and stops."""
    py, plan = world.py, actor.plan
    if plan.life == "replace":
        waves = py.randint(3, 5)
        step = (actor.last - actor.first) / waves
        found = []
        for i in range(n):
            t = actor.first + (i % waves) * step
            born = t + py.expovariate(1 / (3 * 3600))
            found.append((born, born + 600, t + step * py.uniform(0.85, 1.02)))
        return found
    if plan.life == "bought":
        return [(world.age() - 60 * DAY, actor.first + py.uniform(0, 4) * DAY, actor.last) for _ in range(n)]  # fmt: skip
    born = firms.birth(world, plan.born)
    shift = actor.first - py.uniform(0, 20) * DAY
    found = []
    for _ in range(n):
        t = born()
        if plan.born == "waves" and py.random() < 0.6:
            t = shift + py.choice((0, 0, 2, 5)) * DAY + py.expovariate(1 / (9 * 3600))
        start = max(t, actor.first) + py.expovariate(1 / (1.5 * DAY))
        found.append((t, min(start, MONTH - 3 * DAY), max(actor.last, start + 2 * DAY)))
    return found


def band(world, name, plan, n, cid, regime, scale, deck=None):
    """Add a campaign of accounts opened or bought one by one."""
    py, actor = world.py, Actor(world, plan, regime, deck)
    members = [world.person(name, py.choice(actor.langs), kind="attack", campaign=cid) for _ in range(n)]  # fmt: skip
    tokens = (("card", plan.card, lambda: world.card(0.6)), ("phone", plan.phone, lambda: world.hex(20)), ("device", plan.device, lambda: world.hex(24)))  # fmt: skip
    order = py.sample(members, n)
    for attribute, (group, chance), make in tokens:
        firms.share(world, order, attribute, group, chance, make)
    issuer = py.choice(world.virtual)
    mails = [world.mail("en", 0.5) for _ in range(py.randint(2, 5))]
    for a, (born, start, end) in zip(members, lives(world, actor, n)):
        a.created = min(born, MONTH - DAY)
        a.card = issuer + world.hex(14) if name == "prepaid" else a.card
        a.plan = py.choice(("plus", "payg", "payg")) if a.card else "free"
        a.mail = py.choice(mails) if py.random() < 0.4 and plan.life != "bought" else a.mail
        a.level = "business" if py.random() < plan.level else a.level
        client = world.web() if py.random() < plan.web else py.choice(actor.kits)
        if name == "false_harness":
            client = Client("evalkit/2.3", world.print_of("evalkit"), "direct", None, 2048, 0.0)
        more = {"users": plan.users, "threads": plan.turns or py.random() < 0.6, "fixed": True}
        if plan.life == "pivot":
            more["habit"] = (world.old, world.release + py.uniform(0.02, 0.8) * DAY, py.uniform(0.5, 0.95))  # fmt: skip
        amount = plan.volume * scale * min(py.lognormvariate(-0.15, 0.55), 3)
        place = actor.place(a.lang)
        if plan.life == "bought":
            former = world.clock(a.lang, end=max(start - py.uniform(0, 5) * DAY, 4000))
            world.use(a, 6 * scale, world.book.person(a.lang), world.web(), world.home(a.lang), former, fixed=True)  # fmt: skip
        if plan.life == "probe" and py.random() < 0.5:
            soon = actor.clock(a.lang, start, start + 2 * DAY)
            world.use(a, 10 * scale, actor.probe, client, place, soon, fixed=True, habit=(world.legacy, None, 0))  # fmt: skip
            start += 2 * DAY
        world.use(a, max(amount, 2), actor.say(a.lang), client, place, actor.clock(a.lang, start, end), 0.55, **more)  # fmt: skip
    return actor


def front(world, name, plan, n, cid, regime, scale):
    """Add a campaign that poses as one of the innocent organisations."""
    py = world.py
    actor = Actor(world, plan, regime)
    firm = firms.FIRMS[plan.front][0]
    firm = replace(firm, langs=plan.langs, org=0.0, eager=0.6, virtual=max(firm.virtual, 0.3))
    group, chance = firm.card
    if group == 1 and plan.front != "classroom":
        firm = replace(firm, card=(4, max(chance * 0.8, 0.3)))
    cover = firms.works(
        world, replace(firm, chat=0.6), world.house().split(".")[0].title(), actor.langs[0]
    )

    def talk(own):
        beside, share = cover(own), min(1, plan.share * py.uniform(0.8, 1.2))
        lang = own if plan.langs > 1 else None
        return lambda k: actor.deck.say(k, lang, plan.turns) if py.random() < share else beside(k)

    for a in firms.build(world, firm, n, name, talk, kind="attack", campaign=cid):
        for u in a.uses:
            u.fixed, u.volume = True, max(2, plan.volume * scale * py.lognormvariate(-0.15, 0.5))
            if py.random() < 0.6 and u.client.channel != "app":
                u.client = py.choice(actor.kits)
    return actor


def campaigns(world, regime, n, scale):
    """Draw the actors of a world, their kinds and sizes, and add their accounts."""
    py = world.py
    target = n * py.uniform(0.005, 0.07)
    fronts = [k for k in PLANS if PLANS[k].front]
    plain = [k for k in PLANS if not PLANS[k].front]
    count = max(3, min(py.randint(6, 13), int(target / 6)))
    chosen = py.sample(fronts, min(len(fronts), round(count * py.uniform(0.3, 0.5))))
    chosen += py.sample(plain, count - len(chosen))
    if "twin" in chosen:
        chosen.append("twin")
    bounds = [(6, 60) if regime == "small" else PLANS[k].size for k in chosen]
    wish = [low * (high / low) ** py.random() * py.lognormvariate(0, 0.4) for low, high in bounds]
    ratio = min(target / sum(wish), 1.5)
    actors = []
    for i, name in enumerate(chosen):
        plan, deck = PLANS[name], None
        size = max(6, round(min(wish[i] * ratio, bounds[i][1] * (1 if regime == "small" else 1.4))))
        cid = f"c{i:02d}_{world.hex(4)}"
        if plan.front:
            actors.append(front(world, name, plan, size, cid, regime, scale))
            continue
        if name == "twin":
            deck = next((x.deck for x in actors if x.plan is plan), None)
        actors.append(band(world, name, plan, size, cid, regime, scale, deck))
    return actors


def borrowed(world, n, actors):
    """Innocent people who paste the wording, and sometimes run the library, of some campaign."""
    py = world.py
    for _ in range(n):
        actor, a = py.choice(actors), world.person("borrowed_wording")
        lines = actor.deck.listed

        def pasted(k, lang=a.lang, lines=lines):
            return [(f"{world.book.line(lang)}\n{py.choice(lines)}", False, 0.65) for _ in range(k)]

        say = world.book.blend(world.book.person(a.lang), pasted, py.uniform(0.3, 0.9))
        client = py.choice(actor.kits) if py.random() < 0.3 else world.web()
        world.use(a, 14 * py.lognormvariate(-0.4, 0.8), say, client, world.home(a.lang), world.clock(a.lang), 0.4)  # fmt: skip
