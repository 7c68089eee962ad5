"""Innocent accounts that machines use: products, harnesses, gateways, bots, nightly jobs."""

from __future__ import annotations

from base import DAY, HOUR, Habit
from clients import SUFFIXES
from clock import human, nightly, runs, steady
from folk import country, domain, language, life, make
from talk import Each, Mix, Person

COT = (
    "Q: {q}\nLet us go through this carefully.\nA:",
    "{q}\n\nWork it out in full and put the number after ####.",
    "Solve the task. Show your working, then `ANSWER: <value>`.\n\n{q}",
    "Below is a problem. Reason about it before you decide.\n### Problem\n{q}\n### Solution",
)
ALL_ROWS = "patient|customer|shipment|sensor|employee|booking|support chat|invoice|vehicle|student|menu|loan".split(
    "|"
)
CITIES = "Leeds Lyon Recife Pune Osaka Gdansk Izmir Quito Hanoi Busan Cairo Turin Graz Perm Mérida".split()


def products(w, n):
    """One application with one system prompt and steady machine traffic."""
    py = w.py
    for _ in range(n):
        lang = language(w)
        mail = domain(w)
        a = make(
            w,
            "products",
            lang=lang,
            paid=1,
            mail=mail,
            organization=f"org_{w.hex(10)}" if py.random() < 0.7 else None,
            plan="build",
        )
        low, high = life(w, a, whole=0.85)
        topic = py.sample(w.bank.tickets, 160)
        talk = Mix(w, [Each(lambda t=topic: py.choice(t), 4.4), Person(w, lang)], (3, 2))
        client = w.shop.kit(
            system=w.shop.product(),
            max_tokens=py.choice((256, 512, 1024)),
            temperature=py.choice((0, 0.3, None)),
        )
        w.stream(
            a,
            w.tail(110, 0.9),
            steady(w, a.tz, low, high),
            talk,
            client,
            w.net.cloud(),
            users=py.choice((0, 40, 200)),
            keys=2,
        )


def harnesses(w, n):
    """Evaluation harnesses: public questions, chain of thought, thousands in one go, every new model."""
    py = w.py
    for _ in range(n):
        a = make(
            w,
            "harnesses",
            paid=1,
            plan="build",
            fresh=0.3,
            purpose=py.choice((None, "evaluation", "research")),
        )
        form = py.choice(COT)
        qs = w.bank.decks[py.choice(("sums", "sums", "logic", "medical"))]
        part = py.sample(qs, min(len(qs), py.choice((150, 400, 900))))
        few = py.random() < 0.4
        turn = iter(range(py.choice((0, 0, py.randrange(2000))), 10**9))
        talk = Each(
            lambda f=form, p=part, t=turn, few=few: (
                w.bank.sums[next(t) % 2500] if few else f.format(q=p[next(t) % len(p)])
            ),
            6.2,
        )
        low, high = life(w, a, whole=0.7)
        starts = [py.uniform(low, high - HOUR) for _ in range(py.randint(1, 4))]
        if low < w.release < high:
            starts.append(w.release + py.expovariate(1 / DAY))
        client = w.shop.kit(
            max_tokens=py.choice((1024, 2048, 4096)), temperature=py.choice((0.0, 0.0, 0.7))
        )
        habit = Habit(py.choice(w.models), w.release, py.uniform(0.6, 1))
        w.stream(
            a,
            w.tail(75, 0.9),
            runs(w, starts, gap=py.uniform(1, 8)),
            talk,
            client,
            w.net.cloud(),
            habit=habit,
        )


def gateways(w, n):
    """Gateways that carry the end users of others in one account."""
    py = w.py
    for _ in range(n):
        a = make(
            w,
            "gateways",
            paid=1,
            plan="scale",
            mail=domain(w),
            organization=f"org_{w.hex(10)}" if py.random() < 0.8 else None,
            verification="business",
            created=-py.uniform(20, 600) * DAY,
        )
        langs = [language(w) for _ in range(py.choice((1, 3, 6)))]
        people = [Person(w, py.choice(langs)) for _ in range(py.randint(15, 70))]
        talk = Mix(w, people, [py.gammavariate(0.6, 1) + 0.01 for _ in people])
        client = w.shop.own(
            w.code(6) + py.choice(SUFFIXES),
            channel="direct",
            system=w.shop.product() if py.random() < 0.5 else None,
        )
        w.stream(
            a,
            w.tail(190, 0.7),
            steady(w, a.tz, swing=0.5),
            talk,
            client,
            w.net.cloud(py.choice((2, 4, 8))),
            users=len(people),
            keys=py.choice((1, 4)),
        )


def review_bots(w, n):
    """Pull-request reviewers: one public template, diffs, reasoning asked for."""
    py = w.py
    rule = "Review the change below. Think about correctness, security and tests before commenting; list findings by severity with the reasoning behind each.\n\n"
    bots = [
        w.shop.own(
            f"{x}-action",
            system="You are a meticulous code reviewer." if i else None,
            max_tokens=4096,
            threads="none",
        )
        for i, x in enumerate(("mergewarden", "diffowl"))
    ]
    for _ in range(n):
        a = make(w, "review_bots", paid=1, plan="build", fresh=0.25)
        low, high = life(w, a, whole=0.8)
        clock = human(w, a.tz, low, high, per=3, gap=25, office=True)
        w.stream(
            a,
            w.tail(38),
            clock,
            Each(lambda: rule + w.bank.diff(), 6.3),
            py.choice(bots),
            w.net.cloud(asn=py.choice((8075, 14618))),
            habit=w.habit(eager=0.6),
        )


def code_audits(w, n):
    """Fleets of agents that audit one code base: many prompts of several roles in bursts."""
    py = w.py
    roles = (
        "Threat modeller: enumerate entry points and reason about each",
        "Verifier: refute or confirm the finding, step by step",
        "Fixer: propose the smallest patch and argue that it is complete",
        "Judge: score both reports from 1 to 10 with reasons",
    )
    for _ in range(n):
        a = make(w, "code_audits", paid=1, plan="build", fresh=0.4)
        lang = py.choice(("py", "js", "go"))
        talk = Each(
            lambda lang=lang: (
                f"{py.choice(roles)}.\n\n{w.bank.snippet(lang)}\n{w.bank.snippet(lang)}"
            ),
            6.4,
        )
        low, high = life(w, a, whole=0.4)
        clock = runs(w, [py.uniform(low, high) for _ in range(py.randint(1, 6))], gap=6)
        client = w.shop.kit(
            system="You are one member of an audit crew. Be exhaustive."
            if py.random() < 0.6
            else None,
            max_tokens=8192,
        )
        w.stream(a, w.tail(85, 0.9), clock, talk, client, w.net.cloud(), habit=w.habit(2, 0.6))


def overnight(w, n):
    """Automation at night: summaries, tags, extraction from documents."""
    py = w.py
    jobs = (
        "Summarise in {n} bullet points:",
        "Return JSON with title, topics and people:",
        "Tag with at most {n} labels:",
        "Rewrite for a newsletter, keep every fact:",
    )
    for _ in range(n):
        a = make(w, "overnight", paid=1)
        job = py.choice(jobs).format(n=py.randint(2, 7))
        talk = Each(lambda job=job: f"{job}\n\n{w.bank.document(py.randint(1, 3))}", 5.0)
        low, high = life(w, a, whole=0.7)
        client = w.shop.kit(max_tokens=py.choice((512, 1024)), temperature=0.0)
        w.stream(
            a,
            w.tail(60),
            nightly(w, a.tz, low, high),
            talk,
            client,
            w.net.cloud(),
            habit=w.habit(0),
        )


def test_data(w, n):
    """Makers of synthetic rows for testing their own software."""
    py = w.py
    for _ in range(n):
        a = make(w, "test_data", paid=0.9, fresh=0.35)
        x, y = w.py.sample(ALL_ROWS, 2)
        talk = Each(
            lambda x=x, y=y: (
                w.spin(
                    f"[Generate|Make|Invent] {py.randint(5, 60)} [diverse|realistic|fake] {x} [rows|records] for {py.choice(CITIES)} as [CSV|JSON lines] with {y}, [no duplicates|edge cases included|some invalid]."
                )
                + f" Seed {py.randint(1, 99999)}."
            ),
            6.5,
        )
        low, high = life(w, a, whole=0.3)
        clock = runs(w, [py.uniform(low, high) for _ in range(py.randint(1, 5))], gap=9)
        w.stream(
            a,
            w.tail(40),
            clock,
            talk,
            w.shop.kit(max_tokens=4096, temperature=1.0),
            w.net.home(country(w, a.lang)),
            habit=w.habit(0),
        )
