"""Innocent groups: people who share a place, a card, an hour or a task, as people do."""

from functools import partial

import clock as ck
from people import chat, saying, varied
from text import ask, compose
from tongues import BANK
from world import alive, turns, volume


def classroom(w, n):
    """New accounts within an hour, one network, one assignment."""
    for size in w.spread(n, 18, 42):
        start = (w.r.randrange(26) + w.r.uniform(0.3, 0.65)) * ck.DAY
        lines = w.lines(w.r.choice((1, 1, 2)))
        theme, lang = w.r.choice(BANK["themes"]), w.r.choice(("en", "en", "en", "es", "de"))
        mail = f"school{w.r.randint(1, 999)}.example" if w.r.random() < 0.6 else None
        kind = w.r.choice(("math", "science", "code", "reason"))
        steps = ask(w.r, "en") if w.r.random() < 0.4 else ""
        own = [compose(w.r, kind) for _ in range(12)]
        tasks = [x.replace("{a}", theme).replace("{b}", "{y}") + " " + steps for x in BANK["tasks"]]
        for _ in range(size):
            made = start + w.r.uniform(-900, 2400)
            a = w.account("classroom", made, lang=lang, plan="free", card=None)
            a.mail = mail or a.mail
            say = turns(partial(saying, w, "{x}", tasks, own), w.lib.person(w.r, "en")[1])
            clock = ck.event(w.rng, max(a.created, start), 1.6 * ck.HOUR, 3, 0.2)
            w.stream(a, w.browser(), say, clock, w.pool(lines), volume(w.r, 9, 0.6))


def hackathon(w, n):
    """Teams that build with one starter kit over a weekend."""
    for size in w.spread(n, 30, 110):
        start = (w.r.choice((4, 5, 11, 12, 18, 19)) + 0.4) * ck.DAY
        lines = w.lines(3)
        client = w.sdk(system=f"You assist a hackathon team, track {w.r.choice(BANK['themes'])}.")
        while size > 0:
            own = [compose(w.r, w.r.choice(("code", "tools"))) for _ in range(8)]
            for _ in range(min(size, w.r.randint(2, 5))):
                made = start + w.r.uniform(-20, 6) * ck.HOUR
                a = w.account("hackathon", made, plan="payg", card=None)
                say = turns(partial(varied, w, own), w.lib.person(w.r, "en")[1])
                mine = client if w.r.random() < 0.6 else w.sdk()
                clock = ck.event(w.rng, max(start, a.created), 30 * ck.HOUR, 6, 0.1)
                w.stream(a, mine, say, clock, w.pool(lines), volume(w.r, 25, 0.8))
                size -= 1


def launch(w, n):
    """Everyone who read the same announcement and tries its examples first."""
    for size in w.spread(n, 60, 160):
        start = w.release if w.r.random() < 0.5 else w.r.uniform(1, 24) * ck.DAY
        demo = w.r.sample(w.lib.people["en"], 5)
        for _ in range(size):
            made = start + w.r.expovariate(1 / 14) * ck.HOUR
            a = w.account("launch", min(made, ck.END - ck.DAY), lang=w.language())
            clock = ck.event(w.rng, a.created, 0.7 * ck.HOUR, 2, 0)
            say = turns(lambda d=demo: w.r.choice(d))
            w.stream(a, w.browser(), say, clock, w.home(), w.r.uniform(1, 5))
            if w.r.random() < 0.6:
                chat(w, a, 5)


def enterprise(w, n):
    """Staff behind one egress and one contract."""
    for size in w.spread(n, 15, 110):
        firm, lines = w.firm() | {"plan": "enterprise"}, w.lines(w.r.choice((1, 2, 4)))
        start = -w.r.uniform(20, 500) * ck.DAY
        field = w.r.randrange(max(1, len(w.lib.people["en"]) - 300))
        own = w.lib.people["en"][field : field + 250]
        template = w.r.choice((None, "Follow our house style: short sentences, no jargon."))
        for _ in range(size):
            late = w.r.random() < 0.15
            made = w.r.uniform(0, 20) * ck.DAY if late else start + w.r.expovariate(1 / 9) * ck.DAY
            a = w.account("enterprise", min(made, 22 * ck.DAY), **firm, level="business")
            mine = w.lib.interests(w.r, own, 2, 15)
            say = turns(partial(varied, w, mine), w.lib.person(w.r, "en")[1])
            client = w.browser()
            client.system = template
            clock = ck.person(w.rng, alive(a), session=3, week=0.08)
            w.stream(a, client, say, clock, w.pool(lines, False), volume(w.r, 16))


def localisation(w, n):
    """Translators: several seats, one card, all day."""
    for size in w.spread(n, 3, 14):
        firm, lines = w.firm(), w.lines(2)
        target = w.r.choice(("German", "Japanese", "Brazilian Portuguese", "Turkish", "Polish"))
        system = f"Translate interface and help texts into {target}. Keep placeholders."
        shared = w.r.sample(w.lib.tickets + w.lib.common["instruct"], 400)
        for _ in range(size):
            a = w.account("localisation", -w.r.uniform(5, 400) * ck.DAY, **firm)
            first = partial(saying, w, "[{m}] {x}", shared)
            clock = ck.person(w.rng, alive(a), session=20, gap=50, week=0.1)
            client = w.sdk(system=system, temperature=0.2)
            say = turns(first, extra=-0.6)
            w.stream(a, client, say, clock, w.pool(lines), volume(w.r, 70, 0.7))


def agency(w, n):
    """Marketing agencies: seats for clients, made in batches, one card, some templates."""
    for size in w.spread(n, 6, 40):
        firm, lines = w.firm(), w.lines(w.r.choice((1, 2, 5)))
        org = firm if w.r.random() < 0.6 else {"card": firm["card"], "plan": "plus"}
        start = w.r.uniform(-200, 18) * ck.DAY
        brief = w.r.choice(("Write a post for {p}: ", "Three headlines, warm. ", "Ad copy. "))
        for _ in range(size):
            a = w.account("agency", start + w.r.expovariate(1 / 30) * ck.HOUR, **org)
            mine = w.lib.interests(w.r, w.lib.people["en"], 2, 20)
            clock = ck.person(w.rng, alive(a), session=4, week=0.15)
            first = partial(saying, w, "{x}{y}", (brief, brief, ""), mine)
            say = turns(first, w.lib.person(w.r, "en")[1])
            w.stream(a, w.browser(), say, clock, w.pool(lines, False), volume(w.r, 20))


def sharing(w, n, cohort, low, high):
    """Households share cards, lines and devices; dormitories lines; shops cards and phones."""
    for size in w.spread(n, low, high):
        lang, home, device = w.language(), w.home(), w.value("dev")
        lines = w.pool(w.lines(w.r.randint(1, 6)))
        cards = [w.value("pay") for _ in range(1 if cohort == "family" else 1 + size // 4)]
        phones = [w.value("ph") for _ in range(2 + size // 3)]
        for _ in range(size):
            a, place = w.account(cohort, lang=lang if w.r.random() < 0.8 else "en"), None
            if cohort == "dorm":
                place = lines if w.r.random() < 0.6 else None
            elif w.r.random() < (0.9 if cohort == "family" else 0.5):
                a.card, a.plan = w.r.choice(cards), "plus"
            if cohort == "family":
                place, a.device = home, device if w.r.random() < 0.4 else a.device
            elif cohort == "phone_shop":
                a.phone = w.r.choice(phones)
            chat(w, a, 9, place=place)


family = partial(sharing, cohort="family", low=2, high=5)
dorm = partial(sharing, cohort="dorm", low=10, high=70)
phone_shop = partial(sharing, cohort="phone_shop", low=6, high=30)
