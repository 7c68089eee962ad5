"""Innocent groups that share a place, a card, a script or a moment."""

from __future__ import annotations

from base import DAY, HOUR, SPAN, Habit, groups
from clock import human, lessons, runs
from corpus import Deck
from folk import card, chat, country, device, language, make, phone
from net import ISPS
from talk import ALL_THINGS, Clip, Each, Mix, Person
from tongues import SPEAKERS

TIPS = (
    "Before you answer, list your assumptions, reason through each of them, and only then give the advice: ",
    "Act as three experts who think aloud, correct one another and end with a joint answer about ",
    "Teach me from zero, with every step, an example and a quiz with solutions: ",
    "Answer, then criticise your own answer line by line and write a better one. My question: ",
    "Explain your complete thought process and score your confidence from 0 to 10 on ",
)


def classrooms(w, n):
    """A class on one network: new accounts within the hour, one assignment, set lessons."""
    py = w.py
    for size in groups(py, n, 12, py.choice((45, 110))):
        lang = language(w)
        school, place = py.choice(w.schools), w.net.campus()
        tz = py.choice(SPEAKERS[lang][1])
        first = py.uniform(0.5, 20)
        hour = (py.uniform(8, 15) - tz) % 24
        days = [int(first) + k for k in (0, *py.sample((1, 2, 5, 7, 9, 14), py.randint(0, 4)))]
        slots = [(d * DAY + hour * HOUR, d * DAY + (hour + 1.4) * HOUR) for d in days if d < 27]
        things = py.sample(w.bank.study["en"], 3)
        task = [w.bank.study_task(lang) for _ in range(py.randint(2, 5))]
        task += (
            [f"{t}: {x}" for t, x in zip(py.sample(TIPS, 1), things)] if py.random() < 0.4 else []
        )
        old = py.random() < 0.25
        for _ in range(size):
            born = -py.uniform(5, 300) * DAY if old else slots[0][0] + py.gauss(0, 700)
            a = make(
                w,
                "classrooms",
                lang=lang,
                tz=tz,
                created=max(born, -400 * DAY),
                paid=0.05,
                purpose=py.choice((None, "study")),
            )
            a.mail = school if py.random() < 0.75 else a.mail
            mine = py.sample(task, py.randint(1, len(task)))
            talk = Clip(mine, Person(w, lang))
            clock = lessons(w, slots, per=6)
            w.stream(a, w.tail(9, 0.6), clock, talk, w.shop.browser(), place)
            if py.random() < 0.25:
                chat(w, a, 4)


def hackathons(w, n):
    """A weekend: new accounts, credits under one payment value, one starter kit, long answers."""
    py = w.py
    for size in groups(py, n, 15, 90):
        start = py.uniform(1, 25) * DAY
        place, value = w.net.campus(), card(w) if py.random() < 0.6 else None
        kit = w.shop.own(
            "starter",
            max_tokens=py.choice((2048, 4096)),
            system=f"You power {w.code(6).title()}, built at a hackathon. Reason before acting and return JSON.",
        )
        first = [
            f"Hello from the {w.code(5)} hackathon, list three project ideas for a {x}"
            for x in ("library", "clinic", "farm", "harbour")
        ]
        for _ in range(size):
            a = make(
                w,
                "hackathons",
                created=start + py.gauss(0, 1.5) * HOUR,
                paid=1,
                payment=value or card(w),
                plan="build",
            )
            deck = Deck(w.bank, ["code", "tools"])
            talk = Clip(
                [py.choice(first)],
                Mix(
                    w,
                    [Each(deck.draw, 6.0), Each(lambda: "debug:\n" + w.bank.snippet(), 5.8)],
                    (1, 2),
                ),
            )
            clock = lessons(w, [(start, start + 30 * HOUR)], per=8, gap=50)
            w.stream(
                a,
                w.tail(26, 0.8),
                clock,
                talk,
                kit if py.random() < 0.7 else w.shop.kit(max_tokens=4096),
                place,
                habit=w.habit(2, 0.5),
            )


def launches(w, n):
    """The first days of a product or a tutorial: everyone's first requests are the sample ones."""
    py = w.py
    for size in groups(py, n, 20, 160):
        start = py.uniform(0, 22) * DAY
        tool = w.shop.own(f"{w.code(5)}-quickstart", system=w.shop.product())
        script = [
            f"{py.choice(TIPS)}{py.choice(ALL_THINGS)}"
            if py.random() < 0.4
            else f"Summarise this sample text: {w.bank.document(1)}"
            for _ in range(py.randint(1, 4))
        ]
        for _ in range(size):
            born = start + py.expovariate(1 / (1.2 * DAY))
            a = make(w, "launches", created=min(born, SPAN - HOUR), paid=0.5)
            clock = human(
                w,
                a.tz,
                a.created + 60,
                min(SPAN, a.created + py.expovariate(1 / (4 * DAY)) + 2 * HOUR),
            )
            chat(
                w,
                a,
                7,
                0.9,
                talk=Clip(script, Person(w, a.lang)),
                clock=clock,
                client=tool if py.random() < 0.8 else None,
                habit=w.habit(eager=0.5),
            )


def newsletters(w, n):
    """Readers all over who try the same tip, once or for good."""
    py = w.py
    for size in groups(py, n, 20, 200):
        when, tip = py.uniform(1, 24) * DAY, py.choice(TIPS)
        tip = w.spin(tip) if py.random() < 0.5 else f"{tip[:-2]} ({w.code(4)} method): "
        for _ in range(size):
            a = make(w, "newsletters", fresh=0.1)
            chat(w, a, 9, 0.9)
            low = min(max(when + py.expovariate(1 / (1.5 * DAY)), a.created + 60), SPAN - HOUR)
            who = Person(w, a.lang)
            talk = Each(lambda who=who, tip=tip: (tip + who.opening()[0], w.tail(420, 0.5)))
            clock = human(w, a.tz, low, min(SPAN, low + 3 * DAY))
            chat(w, a, 2.2, 0.7, talk=talk, clock=clock, client=w.shop.browser())


def release_fans(w, n):
    """People who move to the new model on its first day and ask it the questions of the day."""
    py = w.py
    riddles = [w.bank.arithmetic() for _ in range(9)] + py.sample(w.bank.people, 9)
    for _ in range(n):
        a = make(w, "release_fans", paid=0.8, fresh=0.15)
        talk = Mix(w, [Person(w, a.lang), Each(lambda: py.choice(riddles), 5.8)], (4, 1))
        chat(
            w,
            a,
            20,
            talk=talk,
            habit=Habit(
                py.choice(w.models), w.release + py.expovariate(1 / (6 * HOUR)), py.uniform(0.7, 1)
            ),
        )


def households(w, n):
    """Families: one line, one card, sometimes one device."""
    py = w.py
    for size in groups(py, n, 2, 6):
        lang = language(w)
        place, value, d = w.net.home(country(w, lang)), card(w), device(w)
        for _ in range(size):
            a = make(w, "households", lang=lang, paid=0.7)
            a.payment = value if a.plan != "starter" else None
            a.device = d if py.random() < 0.4 else a.device
            chat(w, a, place=place)


def phone_shops(w, n):
    """Customers of shops that set the telephone up: the shop's device and address at sign-up."""
    py = w.py
    for size in groups(py, n, 8, 70):
        lang = language(w)
        d, number = device(w), phone(w)
        for _ in range(size):
            a = make(w, "phone_shops", lang=lang, fresh=0.5, device=d, paid=0.2)
            a.phone = number if py.random() < 0.3 else a.phone
            chat(w, a, 6, 1.0)


def shared_lines(w, n):
    """Cafés, dormitories and libraries: strangers on one address."""
    py = w.py
    for size in groups(py, n, 5, 60):
        lang = language(w)
        land = country(w, lang)
        place = w.net.office(land)
        for _ in range(size):
            a = make(w, "shared_lines", lang=lang if py.random() < 0.8 else None)
            chat(w, a, place=place)
            if py.random() < 0.5:
                chat(w, a, 5, place=w.net.home(land))


def contests(w, n):
    """Strangers who enter one contest: the same public notebook, the same items, new accounts."""
    py = w.py
    for size in groups(py, n, 25, 120):
        start = py.uniform(0, 18) * DAY
        qs = (
            py.sample(w.bank.decks["sums"], 60)
            if py.random() < 0.5
            else py.sample(w.bank.decks["code"], 60)
        )
        forms = [
            w.spin(
                "[Solve|Do] the item. [Explain each step|Reason first], [end with|finish by] RESULT: <x>\n\n{q}"
            ),
            "{q}\n\nGive reasoning, then the final value.",
        ]
        for _ in range(size):
            a = make(
                w,
                "contests",
                created=start + py.expovariate(1 / (4 * DAY)) if py.random() < 0.6 else None,
                paid=0.8,
            )
            a.created = min(a.created, SPAN * 0.9)
            form = forms[0] if py.random() < 0.7 else forms[1]
            talk = Each(lambda f=form, q=qs: f.format(q=py.choice(q)), 6.1)
            first = max(start, a.created) + HOUR
            clock = runs(
                w,
                [min(first + py.expovariate(1 / (3 * DAY)), SPAN - HOUR) for _ in range(3)],
                gap=15,
            )
            client = w.shop.kit(max_tokens=2048, temperature=py.choice((0, 0.7)))
            w.stream(
                a,
                w.tail(28, 0.8),
                clock,
                talk,
                client,
                w.net.home(country(w, a.lang)),
                habit=w.habit(2, 0.5),
            )


def borrowers(w, n):
    """People who copy a campaign's own wording from a forum: bait that must not accuse them."""
    py = w.py
    chosen = list(TIPS) if not w.phrases else py.sample(w.phrases, min(len(w.phrases), 3))
    for _ in range(n):
        a = make(w, "borrowers", fresh=0.3)
        who = Person(w, a.lang)
        line = py.choice(chosen)
        talk = Each(lambda who=who, li=line: (f"{who.opening()[0]}\n\n{li}", w.tail(380, 0.5)))
        chat(w, a, 10, talk=Mix(w, [who, talk], (3, 2)), place=w.net.home(py.choice(sorted(ISPS))))
