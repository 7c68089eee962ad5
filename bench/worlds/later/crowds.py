"""Innocent groups: people who share a place, a card, an hour or a task, as people do."""

import clock as ck
from people import chat
from text import ask, compose, fill
from tongues import PEOPLE
from world import alive, turns, volume

TASKS = (
    "Explain question {n} of the worksheet on {a}",
    "Write 150 words on {a} for my essay",
    "Solve: {b}",
    "Is my answer right? {b} I got {m}",
    "Make a quiz about {a}",
    "What is the difference between {a} and what we did in week {k}?",
)
THEMES = "the French revolution|cell division|supply and demand|linear functions|Macbeth|climate zones|recursion|electric circuits|ethics of AI|statistics".split(
    "|"
)


def classroom(w, n):
    """New accounts within an hour, one network, one assignment."""
    for size in w.spread(n, 18, 42):
        start = (w.r.randrange(26) + w.r.uniform(0.3, 0.65)) * ck.DAY
        lines = w.lines(w.r.choice((1, 1, 2)))
        theme, lang = w.r.choice(THEMES), w.r.choice(("en", "en", "en", "es", "de"))
        mail = f"school{w.r.randint(1, 999)}.example" if w.r.random() < 0.6 else None
        kind = w.r.choice(("math", "science", "code", "reason"))
        steps = ask(w.r, "en") if w.r.random() < 0.4 else ""
        own = [compose(w.r, kind) for _ in range(12)]

        def first(theme=theme, own=own, steps=steps):
            text = w.r.choice(TASKS).replace("{a}", theme).replace("{b}", w.r.choice(own))
            return w.lib.vary(
                w.r, f"{fill(w.r, text)} {steps if w.r.random() < 0.4 else ''}".strip()
            )

        for _ in range(size):
            a = w.account(
                "classroom", start + w.r.uniform(-900, 2400), lang=lang, plan="free", card=None
            )
            a.mail = mail or a.mail
            follow = w.lib.person(w.r, "en")[1]
            clock = ck.event(w.rng, max(a.created, start), 1.6 * ck.HOUR, 3, 0.2)
            w.stream(
                a, w.browser(), turns(first, follow), clock, w.pool(lines), volume(w.r, 9, 0.6)
            )


def hackathon(w, n):
    """Teams that build with one starter kit over a weekend."""
    for size in w.spread(n, 30, 110):
        start = (w.r.choice((4, 5, 11, 12, 18, 19)) + 0.4) * ck.DAY
        lines = w.lines(3)
        system = f"You are the assistant of a hackathon project ({w.r.choice(THEMES)} track)."
        client = w.sdk(system=system)
        while size > 0:
            own = [compose(w.r, w.r.choice(("code", "tools"))) for _ in range(8)]
            for _ in range(min(size, w.r.randint(2, 5))):
                a = w.account(
                    "hackathon", start + w.r.uniform(-20, 6) * ck.HOUR, plan="payg", card=None
                )
                say = turns(
                    lambda o=own: w.lib.vary(w.r, w.r.choice(o)), w.lib.person(w.r, "en")[1]
                )
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
            say = turns(lambda m=mine: w.lib.vary(w.r, w.r.choice(m)), w.lib.person(w.r, "en")[1])
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

            def first(shared=shared):
                return f"[{w.r.randint(100, 9999)}] {w.r.choice(shared)}"

            clock = ck.person(w.rng, alive(a), session=20, gap=50, week=0.1)
            client = w.sdk(system=system, temperature=0.2)
            w.stream(
                a, client, turns(first, extra=-0.6), clock, w.pool(lines), volume(w.r, 70, 0.7)
            )


def agency(w, n):
    """Marketing agencies: seats for clients, made in batches, one card, some templates."""
    for size in w.spread(n, 6, 40):
        firm, lines = w.firm(), w.lines(w.r.choice((1, 2, 5)))
        org = firm if w.r.random() < 0.6 else {"card": firm["card"], "plan": "plus"}
        start = w.r.uniform(-200, 18) * ck.DAY
        brief = w.r.choice(
            (
                "Write a post for {p}: ",
                "Three headlines, brand voice warm. ",
                "Ad copy, 90 characters. ",
            )
        )
        for _ in range(size):
            a = w.account("agency", start + w.r.expovariate(1 / 30) * ck.HOUR, **org)
            mine = w.lib.interests(w.r, w.lib.people["en"], 2, 20)

            def first(mine=mine, brief=brief):
                head = fill(w.r, brief) if w.r.random() < 0.6 else ""
                return head + w.lib.vary(w.r, w.r.choice(mine))

            clock = ck.person(w.rng, alive(a), session=4, week=0.15)
            say = turns(first, w.lib.person(w.r, "en")[1])
            w.stream(a, w.browser(), say, clock, w.pool(lines, False), volume(w.r, 20))


def family(w, n):
    """Households: a card, a line and sometimes a device in common."""
    for size in w.spread(n, 2, 5):
        card, lang = w.value("pay"), w.language()
        home, device = w.home(), w.value("dev")
        for _ in range(size):
            a = w.account("family", lang=lang, card=card, plan="plus")
            a.device = device if w.r.random() < 0.4 else a.device
            chat(w, a, 9, place=home)


def dorm(w, n):
    """Students, cafés and hostels: strangers behind a few addresses, each with own subjects."""
    for size in w.spread(n, 10, 70):
        lines, lang = w.lines(w.r.randint(1, 6)), w.language()
        for _ in range(size):
            a = w.account("dorm", lang=lang if w.r.random() < 0.7 else "en")
            away = w.home()
            here = w.pool(lines)
            place = here if w.r.random() < 0.6 else away
            chat(w, a, 10, place=place)


def phone_shop(w, n):
    """Customers of a shop that sets up accounts: devices, phones and prepaid cards recur."""
    for size in w.spread(n, 6, 30):
        phones = [w.value("ph") for _ in range(max(2, size // 3))]
        cards = [w.value("pay") for _ in range(max(2, size // 4))]
        lang = w.language()
        for _ in range(size):
            a = w.account("phone_shop", lang=lang, phone=w.r.choice(phones))
            a.card = w.r.choice(cards) if w.r.random() < 0.5 else a.card
            chat(w, a, 8)


def raters(w, n):
    """Contract staff who compare answers for a declared study."""
    for size in w.spread(n, 12, 50):
        firm, lang = w.firm(), w.r.choice(("en", "zh", "es"))
        start = w.r.uniform(-30, 16) * ck.DAY
        purpose = w.r.choice((None, "research", "evaluation"))
        for _ in range(size):
            a = w.account(
                "raters", start + w.r.uniform(0, 40) * ck.HOUR, org=firm["org"], lang=lang
            )
            a.purpose = purpose
            topics = w.r.sample(PEOPLE[lang]["topics"], 3) if lang != "en" else None

            def first(topics=topics):
                if topics and w.r.random() < 0.4:
                    return w.r.choice(topics)
                return w.lib.vary(w.r, compose(w.r, "rubric"))

            clock = ck.person(w.rng, max(alive(a), 0), session=8, gap=160, week=0.1)
            w.stream(a, w.browser(), turns(first), clock, w.home(), volume(w.r, 30, 0.6))
