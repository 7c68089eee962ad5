"""The innocents: how the groups and members of the table of cohorts live."""

import math
from types import SimpleNamespace

import net
from tables import HOURS, PLACES, SPECS, STUDY, SYSTEM, TARGETS
from world import DAY, END


def band(w, spec, size):
    """What a group has in common."""
    rng = w.rng
    g = SimpleNamespace(spec=spec, country=w.place(), card=net.token(rng, 16), at=None)
    g.phone, g.org, g.traits, g.templates = net.token(rng, 16), net.token(rng, 10), spec.traits, {}
    g.lang = rng.choice(PLACES[g.country][2].split())
    g.net, g.home = net.office(rng, g.country, rng.choice([1, 1, 2, 4])), net.home(rng, g.country)
    g.desks = [net.token(rng, 16) for _ in range(max(1, size // rng.choice([2, 4, 8])))]
    g.mail = f"{net.token(rng, 7)}.{rng.choice(['com', 'org', 'net', 'edu', 'io'])}"
    school = rng.uniform(8, 15) * 3600 - PLACES[g.country][0] * 3600
    g.birth = rng.randint(-12, 22) * DAY + school
    first = max(g.birth, school % DAY)
    g.lessons = [first + 600] + [first + d * DAY for d in rng.sample([1, 2, 5, 7, 8, 9], 2)]
    g.peak, g.send = rng.uniform(1, 24) * DAY, rng.uniform(0, 7) * DAY
    g.me = w.text.persona(g.lang)
    g.own = [w.text.noun(g.lang, d) for d in g.me.doms for _ in range(4)]
    deck = w.text.decks["awesome_prompts_zh" if g.lang == "zh" else "awesome_prompts"]
    g.cards = [text for text, _ in rng.sample(deck, rng.choice([1, 3, 8]))]
    return g


def member(w, spec, g):
    """One account of a group."""
    rng, links = w.rng, set(spec.links)
    local = bool(links & {"net", "home", "desks", "shop", "card", "me", "topic"})
    place = (g.country, g.lang if rng.random() < 0.9 else None) if local else (None, None)
    a = w.person(spec.name, *place, machine="api" in g.traits)
    if spec.plan != "-":
        w.subscribe(a, spec.plan, g.card if "card" in links and rng.random() < 0.85 else None)
    if "net" in links:
        a.nets = [(rng.uniform(2, 6), g.net), *(a.nets[:2] if spec.name != "cafe" else [])]
    if "home" in links:
        a.nets[0] = (2.0, g.home)
    if "desks" in links and rng.random() < 0.75:
        a.device = rng.choice(g.desks)
    if "phone" in links or ("shop" in links and rng.random() < 0.15):
        a.phone = g.phone
    if "shop" in links and rng.random() < 0.3:
        a.device = g.desks[0]
    if "mail" in links and rng.random() < 0.9:
        a.mail = g.mail
    a.org = g.org if "org" in links else None
    a.persona = g.me if "me" in links else a.persona
    if "topic" in links:
        a.persona.own = g.own
    if "cards" in links and rng.random() < 0.6:
        a.system = SYSTEM["card"].format(x=rng.choice(g.cards)[:600])
    traits(w, a, g)
    birth(w, a, spec, g)
    a.n = math.exp(min(rng.gauss(spec.mu, spec.sigma), spec.mu + 2.6 * spec.sigma))
    a.live = lambda n: live(w, a, g, n)
    return a


def traits(w, a, g):
    rng = w.rng
    if "desk" in g.traits:
        a.clients = [net.Client(rng, w.pick("chrome 6 edge 3 mac 2 safari 1 firefox 1"))]
    if "tidepool" in g.traits:
        a.clients, a.system = [net.Client(rng, "tidepool")], SYSTEM["agent"]
    for key in ("support", "wrapper", "segments"):
        if key in g.traits:
            a.system = SYSTEM[key].format(n=net.token(rng, 5).title())
    if "own" in g.traits and rng.random() < 0.7:
        a.system = rng.choice(g.cards)[:500]
    if "edu" in g.traits and rng.random() < 0.5:
        a.mail, a.plan, a.pay = f"{net.token(rng, 5)}.edu", "edu", None
    a.days = w.exam if "exam" in g.traits else None
    if "eager" in g.traits:
        a.adopt = w.adoption(0.6)
    if "burner" in g.traits and rng.random() < 0.5:
        a.phone = rng.choice(w.burners)
        a.mail = rng.choice([a.mail, f"{net.token(rng, 6)}.top", "mailinator.com", "duck.com"])
    if "purpose" in g.traits and rng.random() < 0.7:
        a.purpose = rng.choice(STUDY)
    a.kind, a.licensed = "grey" if "grey" in g.traits else "benign", "licensed" in g.traits


def birth(w, a, spec, g):
    """When the account was opened and how long it is in use."""
    rng = w.rng
    if spec.born == "serial":
        g.at = rng.uniform(-10, 8) * DAY if g.at is None else g.at
        a.created, g.at = g.at, g.at + rng.uniform(1, 6) * DAY
        a.end = min(max(g.at + rng.uniform(-0.2, 0.5) * DAY, 7200), END)
    elif spec.born != "any":
        late = {"hour": rng.uniform(0, 2700), "days": rng.expovariate(0.7) * DAY}.get(spec.born)
        shop = rng.uniform(-25, 27) * DAY if spec.born == "trickle" else w.birth(spec.born)
        a.created, a.end = shop if late is None else g.birth + late, END
    a.created = min(a.created, END - DAY / 5)
    a.start = min(max(a.created, 0 if spec.born != "any" else a.start), a.end - 3600)
    if spec.life != "stay":
        a.start = max(a.start, min(g.birth, 20 * DAY)) if spec.born == "any" else a.start
        a.end = min(
            END, a.start + rng.uniform(*((1, 9) if spec.life == "short" else (6, 20))) * DAY
        )


def clock(w, a, g, n):
    """Start times of conversations; with each, whether the group's occasion brought it."""
    rng, rule = w.rng, g.spec.clock
    runs = [w.moment(a, "work") for _ in range(rng.randint(1, 4))]
    span = a.end - a.start
    step = math.exp(rng.gauss(1.5, 0.8)) if rule == "batch" else span / (n + 1)
    cv, t, tick = rng.choice(w.shapes), a.start, rng.random() * DAY
    while True:
        t += rng.gammavariate(1 / cv**2, cv**2) * step
        if rule == "queue":
            yield a.start + (t - a.start) % span, True
        elif rule == "batch":
            i = rng.randrange(len(runs))
            runs[i] = a.start + (runs[i] + rng.expovariate(1 / step) - a.start) % span
            yield runs[i], True
        elif rule == "nightly":
            night = rng.randint(int(a.start // DAY), int(a.end // DAY)) * DAY + tick
            yield (night + rng.expovariate(1 / 600)) % END, True
        elif rule == "lesson" and rng.random() < 0.65:
            yield rng.choice(g.lessons) + rng.uniform(0, 2400), True
        elif rule in {"spike", "send"} and rng.random() < 0.5:
            at = g.peak if rule == "spike" else g.send + 7 * DAY * rng.randrange(4)
            at += rng.expovariate(1 / (DAY if rule == "spike" else 2e4))
            yield max(min(at, END - rng.uniform(0, DAY)), a.start), True
        else:
            own = rule in HOURS
            yield w.moment(a, rule if own else "eve"), own


def opener(w, a, g, t, p, occasion):
    """The first prompt of a conversation, by the cohort's words."""
    rng, text = w.rng, w.text
    kind, *rest = g.spec.words
    if kind == "segment":
        return text.fresh(lambda: f"{rng.choice(TARGETS)}: {text.passage(p, 2)}", p)
    if kind in {"deck", "distill"} and rng.random() < 0.85:
        deck = rest[0] if kind == "deck" else rng.choice(["codealpaca_gpt4", "logicot_reasoning"])
        style = rest[-1] if rest[-1] in {"reason", "json", "rewrite"} else None
        public = g.spec.name in {"evaluation", "redteam"}  # benchmarks do recur, word by word
        body = rng.choice(text.decks[deck])[0] if public else text.deal(deck)[0]
        text.seen.add(body)
        g.templates.setdefault("suffix", text.elicit(style, "en") if style else "")
        return (body + "\n" + g.templates["suffix"]).strip() if rng.random() < 0.9 else body
    if kind in {"own", "deck", "distill"} or not occasion or rng.random() > float(rest[1]) + 0.2:
        return text.fresh(lambda: text.ask(p), p)
    scope = {"g": "", "w": int(t // (7 * DAY)), "a": a.id, "c": (kind, rng.randrange(3))}[rest[0]]
    store = w.templates if rest[0] == "c" else g.templates
    key = f"{scope}{p.lang}"
    if key not in store:
        store[key] = text.template(kind, p.lang)
    deck = {"people": "oasst_prompts"}.get(rest[-1], rest[-1])
    dealt = deck in text.decks and p.lang == "en"
    slots = {"f": g.own[0], "w": int(g.birth // DAY % 30)}

    def make():
        x = text.deal(deck)[0] if dealt else text.ask(p)
        return text.fill(store[key], p, x=x, y=text.passage(p, 5), **slots)

    return text.fresh(make, p)


def live(w, a, g, n):
    """The account's own use: n exchanges."""
    rng, spec, times = w.rng, g.spec, clock(w, a, g, n)
    users = [(None, a.persona)]
    if "users" in g.traits:
        langs = [a.persona.lang, a.persona.lang, "en"]
        users = [(net.token(rng, 8), w.text.persona(rng.choice(langs))) for _ in range(n // 4 + 1)]
    tool = "tidepool" in g.traits or spec.name == "reviewbot"
    while n > 0:
        (t, occasion), (user, p) = next(times), rng.choice(users)
        turns = min(n, 1 + int(rng.expovariate(1 / (spec.turns - 0.99)) + 0.3), 40)
        prompts = [opener(w, a, g, t, p, occasion)]
        for _ in range(turns - 1):
            seen = tool and rng.random() < 0.7
            prompts.append(f"Observation: {w.text.passage(p, 3)}" if seen else w.text.later(p))
        o = {"gap": 6.0 if "api" in g.traits and not user else 70.0, "user": user}
        if occasion and spec.clock == "lesson":
            o["where"] = g.net.draw(rng, t)
        if tool and turns > 1:
            o["finish"] = rng.choice(["tool_use", "tool_use", "stop"])
        w.talk(a, t, prompts, **o)
        n -= turns


def settle(w, count):
    """Fill the world; look-alikes are half again as common where there is no campaign."""
    rng = w.rng
    plain = {"casual", "student", "family"} if w.regime == "none" else set(SPECS)
    shares = {s.name: s.share * (1.0 if s.name in plain else 1.5) for s in SPECS.values()}
    parts = {k: round(count * v / sum(shares.values())) for k, v in shares.items()}
    parts["casual"] += count - sum(parts.values())
    for name, left in parts.items():
        while left > 0:
            size = min(left, rng.randint(SPECS[name].lo, SPECS[name].hi))
            g = band(w, SPECS[name], size)
            w.accounts += [member(w, SPECS[name], g) for _ in range(size)]
            left -= size
