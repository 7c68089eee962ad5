"""Innocent groups that work together: firms, shops, vendors, laboratories."""

from __future__ import annotations

from base import DAY, HOUR, SPAN, groups
from clients import SUFFIXES
from clock import human, lessons, runs, steady
from corpus import Deck
from folk import card, chat, country, domain, language, make
from talk import ALL_THINGS, Each, Mix, Person
from tongues import SPEAKERS


def agencies(w, n):
    """Small firms without an organisation: one or a few cards, seats made over time, own clients."""
    py = w.py
    for size in groups(py, n, 3, 26):
        lang, mail = language(w), domain(w)
        cards = [card(w) for _ in range(1 if size < 8 else py.randint(1, 3))]
        office, land = w.net.office(country(w, lang)), country(w, lang)
        born = -py.uniform(-15, 400) * DAY
        brands = [w.code(6).title() for _ in range(py.randint(2, 6))]
        for i in range(size):
            a = make(
                w,
                "agencies",
                lang=lang,
                created=min(born + i * py.expovariate(1 / (3 * DAY)), SPAN * 0.9),
                paid=1,
                payment=py.choice(cards),
                mail=mail if py.random() < 0.7 else None,
            )
            a.mail = a.mail or "fernmail.net"
            write = Each(
                lambda b=brands: w.spin(
                    f"[Three|Five|Ten] [captions|headlines|ad texts|mail subjects] for {py.choice(b)}, [theme|angle]: {py.choice(ALL_THINGS)}, [warm|dry|bold] tone, {py.randint(5, 40)} words"
                ),
                5.2,
            )
            talk = Mix(w, [write, Person(w, lang)], (2, 1))
            clock = human(w, a.tz, max(0, a.created), SPAN, per=5, office=True)
            chat(
                w,
                a,
                22,
                0.9,
                talk=talk,
                place=office if py.random() < 0.6 else w.net.home(land),
                clock=clock,
            )


def enterprises(w, n):
    """Companies behind one egress and one contract, with an internal assistant."""
    py = w.py
    for size in groups(py, n, 6, 130):
        lang, mail, org, value = language(w), domain(w), f"org_{w.hex(10)}", card(w)
        office, system = w.net.office(country(w, lang)), w.shop.product()
        inside = w.shop.own(w.code(6) + py.choice(SUFFIXES), system=system)
        born = -py.uniform(0, 500) * DAY if py.random() < 0.8 else py.uniform(0, 20) * DAY
        for _ in range(size):
            a = make(
                w,
                "enterprises",
                lang=lang,
                created=born + py.expovariate(1 / (20 * DAY))
                if born < 0
                else born + py.uniform(0, 2) * HOUR,
                mail=mail,
                organization=org,
                payment=value,
                plan="enterprise",
                verification="business",
            )
            a.created = min(a.created, SPAN * 0.9)
            clock = human(w, a.tz, max(0, a.created), SPAN, per=4, office=True)
            chat(w, a, 13, place=office, client=inside if py.random() < 0.6 else None, clock=clock)


def localisers(w, n):
    """Localisation shops: several seats, one card, translating strings all day in shifts."""
    py = w.py
    for size in groups(py, n, 4, 24):
        lang, value, place = language(w), card(w), w.net.office("pl")
        client = w.shop.own(
            "lingoforge",
            system="Translate user interface strings. Keep placeholders. Explain ambiguous choices in one line.",
            max_tokens=1024,
            temperature=0.2,
        )
        for _ in range(size):
            a = make(w, "localisers", lang=lang, paid=1, payment=value)
            to = py.choice(sorted(SPEAKERS))
            talk = Each(
                lambda to=to: (
                    f"[{to}] " + "\n".join(w.bank.string() for _ in range(py.randint(1, 6)))
                ),
                4.3,
            )
            low = max(0, a.created)
            w.stream(
                a,
                w.tail(45, 0.8),
                human(w, a.tz, low, SPAN, per=25, gap=25, office=True),
                talk,
                client,
                place,
            )


def call_centres(w, n):
    """Customer service in shifts: the same tickets' kinds, one egress, often one card."""
    py = w.py
    for size in groups(py, n, 10, 60):
        lang, value, place = language(w), card(w), w.net.office(country(w, language(w)))
        tz = py.choice(SPEAKERS[lang][1])
        begin = (py.choice((6, 14, 22)) - tz) % 24
        slots = [
            (d * DAY + begin * HOUR, d * DAY + (begin + 7.5) * HOUR) for d in range(27) if d % 7 < 5
        ]
        line = w.spin(
            "[Draft|Write] a [kind|short] reply [and say why|with reasons|in two sentences] to: "
        )
        for _ in range(size):
            a = make(w, "call_centres", lang=lang, tz=tz, paid=1, payment=value, fresh=0.15)
            own = [s for s in slots if s[0] > a.created] or [(SPAN - DAY, SPAN)]
            talk = Each(lambda line=line: line + py.choice(w.bank.tickets), 4.7)
            w.stream(
                a, w.tail(38, 0.6), lessons(w, own, per=12, gap=120), talk, w.shop.browser(), place
            )


def raters(w, n):
    """Contractors of one vendor who compare answers with a rubric; at home, paid by one card."""
    py = w.py
    for size in groups(py, n, 8, 50):
        value, start = card(w), py.uniform(0, 12) * DAY
        form = w.spin(
            "Rate the reply on [accuracy, tone, completeness|helpfulness, truth, style] from 1 to [5|7], [justify each score|with one reason each].\n\nQUESTION: {q}\nREPLY: {r}"
        )
        for _ in range(size):
            a = make(
                w,
                "raters",
                created=start + py.expovariate(1 / (1.5 * DAY)),
                paid=1,
                payment=value,
                purpose=py.choice((None, "work")),
            )
            a.created = min(a.created, SPAN * 0.9)
            talk = Each(
                lambda f=form: f.format(q=py.choice(w.bank.people)[:400], r=w.bank.document(1)), 5.4
            )
            chat(
                w,
                a,
                28,
                0.8,
                talk=talk,
                clock=human(w, a.tz, a.created, SPAN, per=12, gap=150, office=True),
            )


def licensed(w, n):
    """Customers who distil by contract, in organisations, some with many accounts."""
    py = w.py
    for size in groups(py, n, 4, 40):
        org, value, mail = f"org_{w.hex(10)}", card(w), domain(w)
        deck = Deck(
            w.bank, py.sample(("instruct", "code", "tools", "sums", "study", "bootstrap"), 2)
        )
        line = w.spin(
            "[Answer as a teacher model: full reasoning, then the answer.|Write the ideal training answer with all steps.|Reason, verify, answer.]"
        )
        client = w.shop.kit(system=line, max_tokens=4096, temperature=0.7)
        place = w.net.cloud(4)
        for _ in range(size):
            a = make(
                w,
                "licensed",
                organization=org,
                payment=value,
                mail=mail,
                plan="scale",
                licensed=True,
                verification="business",
                created=-py.uniform(10, 300) * DAY,
                purpose=py.choice((None, "licensed distillation")),
            )
            w.stream(
                a,
                w.tail(60, 0.7),
                steady(w, a.tz, swing=0.1),
                Each(deck.draw, 6.3),
                client,
                place,
                habit=w.habit(2, 0.7),
            )


def migrated(w, n):
    """Staff whose accounts are made anew on one day, when their firm changes its sign-on."""
    py = w.py
    for size in groups(py, n, 6, 60):
        lang, mail, value, when = language(w), domain(w), card(w), py.uniform(4, 24) * DAY
        place, land = w.net.office(country(w, lang)), country(w, lang)
        org = f"org_{w.hex(10)}" if py.random() < 0.5 else None
        for i in range(max(1, size // 2)):
            who, home = Person(w, lang), w.net.home(land)
            spans = ((0, when), (when + i * 40, SPAN)) if 2 * i + 1 < size else ((0, when),)
            for low, high in spans:
                born = -py.uniform(60, 400) * DAY if low == 0 else low
                a = make(
                    w,
                    "migrated",
                    lang=lang,
                    created=born,
                    mail=mail,
                    payment=value,
                    plan="plus",
                    organization=org,
                )
                chat(
                    w,
                    a,
                    14,
                    0.8,
                    talk=who,
                    place=place if py.random() < 0.7 else home,
                    clock=human(w, a.tz, low, high, office=True),
                )


def laboratories(w, n):
    """Research groups: one corpus, sweeps, campus addresses, a grant's card."""
    py = w.py
    for size in groups(py, n, 3, 18):
        place, value, mail = w.net.campus(), card(w), py.choice(w.schools)
        texts = py.sample(w.bank.decks[py.choice(("medical", "logic", "instruct"))], 120)
        probe = w.spin(
            "[Annotate|Code|Classify] [the stance|the difficulty|the emotion] of this item, [explain the label|give evidence], [scale 1-5|three labels]:\n"
        )
        for _ in range(size):
            a = make(
                w,
                "laboratories",
                paid=1,
                payment=value,
                mail=mail,
                purpose=py.choice((None, "research")),
            )
            low = max(0.0, a.created)
            clock = runs(w, [py.uniform(low, SPAN) for _ in range(py.randint(1, 4))], gap=8)
            client = w.shop.kit(max_tokens=1024, temperature=0.0)
            w.stream(
                a,
                w.tail(50, 0.8),
                clock,
                Each(lambda t=texts, p=probe: p + py.choice(t), 5.2),
                client,
                place,
            )
