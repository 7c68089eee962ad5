"""Campaigns: who draws on the provider, how they hide, and which traces they leave."""

from copy import copy
from types import SimpleNamespace

import clock as ck
from people import chat
from text import PURPOSES, ask, compose, layout, shots
from tongues import ASK, BANK
from world import Habit, turns

# kind: weight of size, requests an account, what the kind is bound to do
KINDS = {
    "low_wide": (2.6, 7, {"net": "residential", "session": 1.2}),
    "heavy": (0.4, 170, {"net": "box", "clock": "queue"}),
    "cover": (1.0, 18, {"cover": 9.0}),
    "daytime": (1.0, 28, {"clock": "person", "multi": True}),
    "residential": (1.3, 22, {"net": "residential"}),
    "reseller": (0.5, 45, {"cover": 3.0, "users": 60, "net": "box"}),
    "rerouted": (1.0, 22, {"cover": 1.2, "inject": True, "multi": True}),
    "aged": (0.9, 28, {"aged": True}),
    "replaced": (1.4, 26, {"lives": 3, "clock": "queue"}),
    "pivot": (1.0, 26, {"must": ("pivot",)}),
    "reworded": (1.0, 26, {"style": "loose"}),
    "multilingual": (1.0, 24, {"style": "loose", "langs": True}),
    "verified": (0.5, 55, {"level": "id", "must": ("batch",)}),
    "probing": (0.6, 40, {"probe": True}),
    "patterned": (1.0, 24, {"must": ("cards", "batch")}),
    "talkers": (0.7, 34, {"multi": True, "clock": "shift"}),
    "staggered": (1.2, 22, {"never": ("batch",), "clock": "person", "must": ("cards", "pool")}),
    "rotation": (1.0, 26, {"windows": True}),
    "twin": (0.8, 26, {"twin": True}),
    "as_harness": (0.7, 45, {"mimic": "harness", "net": "box"}),
    "as_agency": (0.7, 28, {"mimic": "agency", "clock": "shift"}),
    "as_student": (0.9, 20, {"mimic": "student", "net": "home"}),
    "older_model": (0.8, 26, {"older": True, "never": ("pivot",)}),
}


def _subject(w, p, regime, dealt):
    """Choose what a campaign asks for: one purpose, or what people ask."""
    r = w.r
    if p.spec.get("langs"):
        p.langs = tuple(r.sample(list(ASK), r.randint(3, 5)))
    elif r.random() < 0.2:
        p.langs = (r.choice(("zh", "ru", "es")),)
    if dealt:
        p.deal = dealt
    elif regime == "people":
        crowds = {x: w.lib.crowd(r, x) for x in p.langs}
        p.deal = lambda: crowds[r.choice(p.langs)]()
    else:
        purposes = r.sample((*PURPOSES, "instruct"), r.choice((1, 1, 2)))
        deals = [w.lib.deal(r, x) for x in purposes]
        p.deal = lambda: r.choice(deals)()


def _wording(w, p, regime):
    """Choose how answers are drawn out."""
    r = w.r
    styles = ("tail", "head", "system", "loose", "none")
    weights = (8, 8, 18, 25, 41) if regime == "people" else (18, 12, 18, 38, 14)
    p.style = p.spec.get("style") or r.choices(styles, weights)[0]
    if "wording" in p.traces and p.style == "none":
        p.style = "loose"
    for _ in range(r.randint(2, 4)):
        lang = r.choice(p.langs)
        form = " " + layout(r, lang) if r.random() < 0.6 else ""
        p.wordings.append(f"{ask(r, lang)}.{form}")


def plot(w, kind, name, size, regime, dealt=None):
    """Draw one campaign's habits: four to six of the usual mistakes among them."""
    r, spec = w.r, KINDS[kind][2]
    must = set(spec.get("must", ()))
    free = [t for t in BANK["traces"] if t not in must and t not in spec.get("never", ())]
    traces = must | set(r.sample(free, r.randint(4, 6) - len(must)))
    low = r.uniform(0.3, 9) * ck.DAY
    high = min(ck.END, low + r.uniform(13, 27) * ck.DAY)
    if "pivot" in traces:
        high = max(high, min(ck.END, w.release + 5 * ck.DAY))
    p = SimpleNamespace(kind=kind, name=name, size=size, spec=spec, traces=traces, low=low)
    p.high, p.langs, p.wordings, p.batches, p.limits = high, ("en",), [], [], (None, None)
    _subject(w, p, regime, dealt)
    _wording(w, p, regime)
    p.lines = w.lines(max(4, int(size * r.uniform(0.5, 1.6))), r.sample(w.isps, r.randint(2, 12)))
    p.cards = [w.value("pay") for _ in range(max(2, int(size / r.uniform(2, 4.5))))]
    p.phones = [w.value("ph") for _ in range(max(2, int(size / r.uniform(2, 4))))]
    first = low - r.uniform(0, 25) * ck.DAY
    for _ in range(max(1, round(size / r.uniform(5, 18)))):
        p.batches.append(r.uniform(first, low + 0.4 * (high - low)))
    p.agents = r.sample(BANK["sdks"], 1 if "client" in traces else 4)
    if spec.get("clock") == "person" and r.random() < 0.6:
        p.agents = r.sample(BANK["browsers"], 2)
    if "limits" in traces:
        p.limits = (r.choice((1024, 2048, 4096, 8192)), r.choice((0.0, 0.6, 0.7, 1.0)))
    p.queue = ck.Dispatcher(w.rng, low, high, "shift" if spec.get("clock") == "shift" else "queue")
    return p


def _member(w, p, index, made=None):
    """Sign up one account, with some of what the campaign's accounts share."""
    r, spec = w.r, p.spec
    if made is None and spec.get("aged"):
        made = -r.uniform(60, 900) * ck.DAY
    elif made is None and "batch" in p.traces:
        made = r.choice(p.batches) + r.expovariate(1 / 25) * 60
    elif made is None:
        made = p.low + r.uniform(-25, 8) * ck.DAY
    a = w.account(p.kind, min(made, p.high - 2 * ck.DAY), kind="attack", campaign=p.name)
    a.lang = r.choice(p.langs)
    plans = ("free", "plus") if p.kind == "low_wide" else ("payg", "payg", "plus", "free")
    a.plan = r.choice(plans)
    paid = a.plan != "free"
    a.card = w.value("pay") if paid else None
    if "cards" in p.traces and r.random() < 0.8:
        a.card = p.cards[index // 3 % len(p.cards)] if p.kind == "patterned" else r.choice(p.cards)
        a.plan = a.plan if paid else "plus"
    if "phones" in p.traces and r.random() < 0.55:
        a.phone = r.choice(p.phones)
    a.level = spec.get("level", a.level)
    if spec.get("mimic") == "agency":
        a.purpose = r.choice(("work", "marketing", a.purpose))
    return a


def _client(w, p):
    """Return what a member sends with."""
    r = w.r
    top, heat = p.limits if r.random() < 0.9 else (None, None)
    channel = "app" if p.agents[0] in BANK["browsers"] else "direct"
    version = r.choice((0, 1)) if "client" in p.traces else None
    client = w.client(p.agents, channel, version, max_tokens=top, temperature=heat)
    if p.style == "system" or p.spec.get("inject"):
        client.system = r.choice(p.wordings)
    return client


def _place(w, p):
    """Return where a member sends from: own lines, rented ones, or machines."""
    r, net = w.r, p.spec.get("net")
    if "pool" in p.traces or (net == "residential" and r.random() < 0.5):
        return w.pool(r.sample(p.lines, min(len(p.lines), r.randint(2, 6))))
    if net == "box":
        return w.box()
    if net == "residential":
        return w.pool(w.lines(r.randint(1, 5)))
    return w.home() if net == "home" or r.random() < 0.6 else w.pool(r.choice(w.exits))


def _harvest(w, p):
    """Return what members say to harvest: a first prompt, and one that goes on."""
    r = w.r
    head = shots(r, w.lib, 2) if p.spec.get("mimic") == "harness" else ""
    brief = f"For the client {r.choice(BANK['names'])}: " if p.spec.get("mimic") == "agency" else ""

    def first():
        text = p.deal()
        if p.style in ("tail", "head") and r.random() < 0.85:
            line = r.choice(p.wordings)
            text = f"{text}\n{line}" if p.style == "tail" else f"{line}\n{text}"
        elif p.style == "loose" and r.random() < 0.75:
            lang = r.choice(p.langs)
            line = ask(r, lang) + ("。" if lang in ("zh", "ja") else ".")
            if r.random() < 0.3:
                line += " " + layout(r, lang)
            text = f"{line} {text}" if r.random() < 0.4 else f"{text}\n\n{line}"
        if head and r.random() < 0.7:
            return f"{head}\n\n{text}"
        return brief + text if r.random() < 0.7 else text

    def follow():
        nudge = r.choice(("Now ", "Next, ", "Go deeper: ", "And a harder one. ", ""))
        return nudge + (ask(r, r.choice(p.langs)) if r.random() < 0.4 else p.deal())

    return first, follow if p.spec.get("multi") and "single" not in p.traces else None


def _probe(w, p, first):
    """Return a talk that tries wordings on a few tasks, and then harvests."""
    r = w.r
    tasks = [compose(r, r.choice(PURPOSES)) for _ in range(5)]

    def talk(sessions):
        edge, lang = int(len(sessions) * r.uniform(0.25, 0.5)), r.choice(p.langs)
        tried = [f"{r.choice(tasks)} {ask(r, lang)}. {layout(r, 'en')}" for _ in range(edge)]
        return [(t, True, -0.5) for t in tried] + [(first(), True, 0.2) for _ in sessions[edge:]]

    return talk


def _habit(w, p):
    """Return which model a member uses."""
    if p.spec.get("older"):
        return Habit((w.models[2],))
    if "pivot" in p.traces:
        return Habit((w.models[0],), w.release + w.r.uniform(1, 26) * ck.HOUR, w.r.uniform(0.6, 1))
    return w.habit(0.4)


def _work(w, p, a, low, high, median):
    """Give one account its harvest and, where the kind has it, other people's traffic."""
    r, spec = w.r, p.spec
    client, place, habit = _client(w, p), _place(w, p), _habit(w, p)
    first, follow = _harvest(w, p)
    talk = _probe(w, p, first) if spec.get("probe") else turns(first, follow, True, 0.15)
    session = r.uniform(2, 4) if follow else spec.get("session", 1.6)
    if "timing" in p.traces or spec.get("clock") in ("queue", "shift"):
        clock = p.queue.clock(low, high, session)
    else:
        clock = ck.person(w.rng, low, high, session, 160)
    amount = median * r.lognormvariate(0, 0.45)
    users = r.randint(20, spec["users"]) if "users" in spec else 0
    w.stream(a, client, talk, clock, place, amount, habit=habit, fixed=True, users=users)
    plain = copy(client)
    plain.system = None if spec.get("inject") else client.system
    if spec.get("cover"):
        if users and not plain.system:
            plain.system = r.choice(BANK["apps"]).replace("{x}", r.choice(BANK["names"]))
        other = chat(w, a, 1, 6 if users else 3, place, max(low, 0), plain, habit=habit, fixed=True)
        other.volume, other.users = amount * spec["cover"] * r.uniform(0.6, 1.3), users
    elif r.random() < 0.3:
        chat(w, a, 1.5, 3, place, max(low, 0), plain, habit=habit, fixed=True)
    if spec.get("aged") and r.random() < 0.4 and low > 2 * ck.DAY:
        old = chat(w, a, 3, fixed=True)
        old.clock = ck.person(w.rng, 0, low)


def run(w, p, pace):
    """Sign up a campaign's accounts and give each its work."""
    r = w.r
    median = max(KINDS[p.kind][1] * pace, 220 / p.size)
    lives = p.spec.get("lives", 1)
    slots = max(1, round(p.size / lives))
    for i in range(p.size):
        low, high, made = p.low, p.high, None
        if lives > 1:
            turn, step = i // slots, (p.high - p.low) / lives
            low = p.low + min(turn, lives - 1) * step + r.uniform(0, 0.35) * step
            high = low + step * r.uniform(0.7, 1.1)
            made = low - r.uniform(0.3, 9) * ck.HOUR if turn else None
        elif p.spec.get("windows"):
            first = r.random() < 0.5
            middle = (p.low + p.high) / 2
            low, high = (p.low, middle - 2 * ck.DAY) if first else (middle + 2 * ck.DAY, p.high)
            made = None if first else low - r.uniform(0.2, 2) * ck.DAY
        elif p.kind == "staggered":
            low = p.low + i / p.size * 0.6 * (p.high - p.low)
            made = low - r.uniform(0.2, 3) * ck.DAY
        a = _member(w, p, i, made)
        low = max(low, a.created + r.uniform(0.2, 9) * ck.HOUR, 0.0)
        high = min(max(high, low + 1.5 * ck.DAY), ck.END)
        _work(w, p, a, low, high, median)


def proxied(w, plots, n):
    """Make innocent people whose own lines are sold as exits to those campaigns."""
    for _ in range(n):
        a = w.account("proxied_home", lang=w.language())
        chat(w, a, 9, place=w.pool([w.r.choice(w.r.choice(plots).lines)]))


def sizes(w, regime, accounts):
    """Draw how many accounts each campaign has, and which kinds there are."""
    r = w.r
    low, high = r.choices(((0.005, 0.01), (0.01, 0.04), (0.04, 0.07)), (1, 8, 1))[0]
    total = max(60, r.uniform(low, high) * accounts) if accounts > 4000 else 0.03 * accounts
    least, most = (6, 60) if regime == "small" else (8, 250)
    count = max(2, min(r.randint(6, 14), int(total // least)))
    kinds = r.sample(list(KINDS), count)
    weights = [KINDS[k][0] * r.lognormvariate(0, 0.7) for k in kinds]
    spare = max(0.0, total - least * count) / sum(weights)
    return [(k, min(most, round(least + spare * x))) for k, x in zip(kinds, weights)]


def campaigns(w, regime, accounts, exchanges):
    """Make all campaigns of a world; a twin draws on the tasks of another."""
    pace = min(2.0, max(0.4, exchanges / accounts / 24))
    made, deal = [], None
    for i, (kind, size) in enumerate(sizes(w, regime, accounts)):
        shared = deal if KINDS[kind][2].get("twin") else None
        p = plot(w, kind, f"k{i:02d}", size, regime, shared)
        deal = p.deal
        run(w, p, pace)
        made.append(p)
    proxied(w, made, w.count(60))
