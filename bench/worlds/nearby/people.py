"""Benign cohorts that are not firms: people, tools, classes and crowds."""

from functools import partial

from field import DAY
from scribe import Mind, taste
from words import LANGS, SPIN, TABLES, Layout, code_piece, table
from world import Say, Seat, World

SCRIPTS = {name: line.split(" ", 2) for name, line in table("scripts").items()}


def machine(w: World, s: Seat, kind: str, n: int):
    if kind == "steady":
        return w.field.traced(n, s.start, s.end)
    if w.rnd.random() < 0.6:
        pace = w.rnd.choice([0.5, 2, 8, 40])
        return w.field.bursts(n, s.start, s.end, w.rnd.randint(1, 4), pace)
    return w.field.cron(n, s.start, s.end, s.place.zone)


def equip(w: World, s: Seat, kit: dict) -> None:
    """What a cohort's account has of its own, and of a public tool."""
    rnd, name = w.rnd, s.cohort
    if name in SCRIPTS:
        s.form, s.share = Layout(rnd) if rnd.random() < 0.5 else None, rnd.uniform(0.5, 1)
        s.kind = "grey" if name == "lone_student" else s.kind
    elif name == "early_adopter":
        s.adopt = w.release + rnd.expovariate(2) * DAY
    elif name == "returner":  # lapsed customers whom the news of a release brings back
        s.born, s.adopt = -rnd.uniform(40, 600) * DAY, w.release
        s.start = min(w.release + rnd.expovariate(0.6) * DAY, 27.5 * DAY)
        s.end = 28 * DAY - 5
    elif name == "launch_day":
        s.born = s.start = w.release + abs(rnd.gauss(0.6, 0.5)) * DAY
        s.adopt, s.end, s.greets = w.release, 28 * DAY - 5, rnd.random() < 0.7
    elif name == "application":
        pools = {rnd.choice(["bank", "tools", "plan", "chat", "roles"]): 3, "spoken": 1}
        s.mind = Mind(w.lib, rnd, s.lang, pools if s.lang == "en" else {"spoken": 1})
        s.system, s.side, s.tools = w.prose(rnd.randint(3, 9)), 0.0, "tools" in pools
        count = rnd.randint(5, 80) if rnd.random() < 0.4 else 0
        s.users = [(w.token("u", 6), s.mind) for _ in range(count)] or [(None, s.mind)]
    elif name == "gateway":
        likes = [
            (p.lang, rnd.choice(["casual", "maker"]))
            for p in map(w.where, [None] * rnd.randint(12, 40))
        ]
        s.users = [(w.token("u", 6), Mind(w.lib, rnd, a, taste(a, b))) for a, b in likes]
        s.system, s.tools = None, False
    elif name == "evaluation":
        s.system, s.adopt = rnd.choice(kit["shots"]), w.release + rnd.expovariate(0.8) * DAY
        s.client = kit["harness"] if rnd.random() < 0.6 else s.client
        s.pool, s.temp = (
            rnd.choice("math math logic med code tools".split()),
            rnd.choice([0, 0, 0.6]),
        )
    elif name in ("oss_agent", "review_bot"):
        s.system, s.client = rnd.choice(kit[name][:1] * 3 + kit[name])
        if name == "review_bot" and rnd.random() < 0.7:
            s.net, s.adopt = kit["hosted"], w.release + rnd.random() * DAY


def ask(w: World, s: Seat, turn: int, t: float, tag: int) -> Say:
    """A cohort's request; what is not special is the person's own."""
    rnd, name, speaker = w.rnd, s.cohort, s.mind.speaker
    if name in SCRIPTS and rnd.random() < s.share:
        want, reason, spins = SCRIPTS[name]
        text = s.mind.style.dress(speaker.spin(SPIN[rnd.choice(spins.split())]))
        text += " " + speaker.say(speaker.pack.reason) if rnd.random() < float(reason) else ""
        return Say(s.form.fill(text, speaker) if s.form else text, float(want) * s.mind.scale)
    if name in ("application", "gateway"):
        user, mind = s.users[int(len(s.users) * rnd.random() ** 2)]
        return Say(*mind.ask(), s.system, user=user, tools=s.tools and rnd.random() < 0.6)
    if name == "oss_agent" and turn:
        text = f"tool result:\n{code_piece(rnd, rnd.randint(2, 9))}"
        return Say(text, 260, s.system, tools=rnd.random() < 0.8)
    say = s.plain(turn, t, tag)
    if name == "oss_agent":
        say.system, say.tools = s.system, True
    elif name == "review_bot":
        say = Say(f"{s.system}\n{code_piece(rnd, rnd.randint(4, 22))}", 750)
    elif name == "evaluation":
        text, want = w.lib.text(rnd, s.pool, None, 0.4)
        say = Say(f"{s.system}\n\nQuestion: {text}\nThink step by step.".strip(), want * 1.2)
    elif name == "launch_day" and s.greets and speaker.pack is LANGS["en"]:
        say, s.greets = Say(speaker.spin(SPIN["hello"]), 400), False
    return say


def public_tools(w: World) -> dict:
    """What strangers have in common: agents' and review tools' prompts, clients and runners."""
    talk, client, lib = w.talk["en"], w.field.client, w.lib
    agents = [(talk.spin(SPIN["agent"]), client("direct")) for _ in range(3)]
    w.public += [(None, system) for system, _ in agents] * 5
    shots = [
        lib.text(w.rnd, "math", None, 0.3)[0] + "\nAnswer: " + talk.slot("c") for _ in range(4)
    ]
    few = ["", "\n\n".join(shots[:2]), "\n\n".join(shots[1:]), "\n\n".join(shots[2:])]
    review = [(talk.spin(SPIN["review"]), client("direct")) for _ in range(2)]
    kit = {"oss_agent": agents, "review_bot": review, "shots": few, "harness": client("direct")}
    return kit | {"hosted": w.field.cloud(8075, 60)}


def solo(row: str):
    """A cohort of single accounts as its row in tables.txt has it."""
    name, _, _, sort, clock, channel, stick, n, times = row.split()

    def make(w: World, k: int) -> None:
        kit = public_tools(w)
        for _ in range(k):
            s = w.seat(name, channel=None if channel == "-" else w.rnd.choice(channel.split(",")))
            s.n = s.n if n == "-" else int(w.rnd.lognormvariate(float(n), 0.9)) + 1
            w.chat(s, sort, w.rnd.choice(clock.split(",")), stick=float(stick))
            equip(w, s, kit)
            s.plain, s.voice = s.voice, partial(ask, w, s)
            if times in ("steady", "nightly") or (times == "nightly?" and w.rnd.random() < 0.3):
                s.clock = partial(machine, w, s, times)

    return make


def household(w: World, k: int) -> None:
    while k > 0:
        place, card, tablet = w.where(), w.token("pm"), w.token("dv")
        home = w.field.home(place)
        for _ in range(min(k, w.rnd.randint(2, 5))):
            net = w.field.blend((home, 4), (w.field.mobile(place), 1))
            s = w.chat(w.seat("household", place, "app", net=net))
            s.pay, k = card if s.pay else None, k - 1
            s.device = tablet if w.rnd.random() < 0.3 else s.device


def reopened(w: World, k: int) -> None:
    """A trial ends or an address is lost: the same person opens the next account at once."""
    for _ in range(0, k, 2):
        place, until = w.where(), w.rnd.uniform(2, 22) * DAY
        same = {"net": w.usual(place, "app"), "device": w.token("dv")}
        born, again = until - w.rnd.uniform(1, 60) * DAY, until + w.rnd.expovariate(8) * DAY
        first = w.chat(w.seat("reopened", place, "app", born=born, end=until, **same))
        w.chat(w.seat("reopened", place, "app", born=again, **same), mind=first.mind)


def formed(w: World, s: Seat, forms: list, share: float, day=None, weekly: bool = False) -> None:
    """Puts the first request of many a conversation into a form that others have too."""
    plain = s.voice

    def voice(turn: int, t: float, tag: int) -> Say:
        say = plain(turn, t, tag)
        near = day is None or day < t < day + 2 * DAY
        if turn == 0 and near and w.rnd.random() < share:
            form = forms[int(t / DAY / 5) % len(forms)] if weekly else w.rnd.choice(forms)
            say.text, say.want = form.fill(say.text, s.mind.speaker), say.want * 1.2
        return say

    s.voice = voice


def form_users(name: str, low: int, high: int, clump: bool):
    """Strangers with one public form: a newsletter's on the day it comes, or a bought pack's."""

    def make(w: World, k: int) -> None:
        rnd = w.rnd
        while k > 0:
            forms = [Layout(rnd) for _ in range(1 if clump else rnd.randint(2, 5))]
            day, share = rnd.uniform(2, 26) * DAY, rnd.uniform(0.2, 0.8)
            for _ in range(min(k, rnd.randint(low, high))):
                s = w.chat(w.seat(name, channel=rnd.choice(["app"] * 4 + ["direct"])))
                if clump and rnd.random() < 0.4 and s.start < day:
                    s.start, s.end = max(s.start, day - rnd.random() * DAY), 28 * DAY - 5
                formed(w, s, forms, share, day if clump else None)
                k -= 1

    return make


def classes(name: str, low: int, high: int, meets: int, sort: str, at: str):
    """A course: accounts made within the hour, one network, an assignment a meeting."""

    def make(w: World, k: int) -> None:
        rnd = w.rnd
        while k > 0:
            place, begin = w.where(), rnd.uniform(0.3, 20) * DAY
            room, domain = w.field.office(place), w.company() if rnd.random() < 0.5 else None
            days = [begin + 7 * DAY * i / max(1, meets // 4) for i in range(meets)]
            forms = [Layout(rnd, lang=place.lang) for _ in range(min(meets, 6))]
            groups, credit = [rnd.randrange(7)], w.token("pm") if rnd.random() < 0.4 else None
            for _ in range(min(k, rnd.randint(low, high))):
                born = begin - rnd.expovariate(2 if rnd.random() < 0.7 else 0.02) * DAY / 24
                s = w.seat(name, place, rnd.choice(["app", "app", "direct"]), born=born)
                s.domain, s.pay = domain or s.domain, credit or s.pay
                s.net = w.field.blend((room, 4), (w.usual(place, "app"), rnd.random() * 4))
                w.chat(s, sort, at, groups)
                formed(w, s, forms, 1 - rnd.random() * 0.4, weekly=True)
                went = [d for d in days if d < 27 * DAY and rnd.random() < 0.85] or days[:1]
                s.clock, k = partial(lessons, w, s, went), k - 1

    return make


def lessons(w: World, s: Seat, went: list[float], n: int) -> list[float]:
    at = [w.rnd.choice(went) + w.rnd.random() ** 1.5 * 5400 for _ in range(n)]
    at = [t if w.rnd.random() < 0.75 else t + w.rnd.expovariate(0.6) * DAY for t in at]
    return sorted(min(max(t, s.start + 30), 28 * DAY - 5) for t in at)


def licensed(w: World, k: int) -> None:
    """Distillers under contract: several accounts, every subject, reasoning asked for."""
    while k > 0:
        rnd, card, org, net = w.rnd, w.token("pm"), w.token("org", 8), w.field.cloud()
        pools = dict.fromkeys(rnd.sample("inst code logic plan math med chat".split(), 4), 1.0)
        form = Layout(rnd)
        for _ in range(min(k, rnd.randint(2, 9))):
            s = w.seat("licensed", channel="direct", licensed=True, net=net, verified="business")
            s.org, s.pay, s.plan = org if rnd.random() < 0.6 else None, card, "payg"
            w.chat(s, stick=0.0, mind=Mind(w.lib, rnd, "en", pools, broad=True))
            s.mind.reasons, s.n = 0.9, int(rnd.lognormvariate(4, 0.6))
            formed(w, s, [form], 0.9)
            s.clock, k = partial(machine, w, s, "steady"), k - 1


COHORTS = {  # name: (share of benign accounts, maker, whether a look-alike to enlarge)
    "household": (0.03, household, True),
    "reopened": (0.014, reopened, True),
    "newsletter": (0.02, form_users("newsletter", 20, 90, clump=True), True),
    "prompt_pack": (0.025, form_users("prompt_pack", 25, 120, clump=False), True),
    "classroom": (0.03, classes("classroom", 15, 38, 3, "learner", "leisure"), True),
    "bootcamp": (0.02, classes("bootcamp", 12, 45, 10, "learner", "office"), True),
    "hackathon": (0.02, classes("hackathon", 20, 90, 1, "maker", "late"), True),
    "licensed": (0.006, licensed, False),
}
for _row in TABLES["solo"]:
    COHORTS[_row.split()[0]] = (float(_row.split()[1]), solo(_row), _row.split()[2] == "1")
