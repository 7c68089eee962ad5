"""Innocent people and programs that stand alone."""

from functools import partial

import clock as ck
from text import PURPOSES, ask, compose, fill, layout, shots
from tongues import BANK
from world import Habit, alive, turns, volume


def chat(w, a, median=8.0, breadth=3, place=None, start=None, client=None, **more):
    """Give an account ordinary conversations in its own language."""
    first, follow = w.lib.person(w.r, a.lang, breadth)
    low = alive(a) if start is None else start
    clock = ck.person(w.rng, low, session=w.r.uniform(1.3, 5))
    say, amount = turns(first, follow), volume(w.r, median)
    return w.stream(a, client or w.browser(), say, clock, place or w.home(), amount, **more)


def program(w, cohort, first, clock, median, client=None, follow=None, extra=0.0, **more):
    """Give a new account the traffic of a program and return it."""
    a = w.account(cohort, plan=w.r.choice(("payg", "payg", "plus", "team")))
    place = more.pop("place", None) or w.box()
    say = turns(first, follow, extra=extra)
    w.stream(a, client or w.sdk(), say, clock(alive(a)), place, volume(w.r, median), **more)
    return a


def varied(w, own):
    """Return one of somebody's own questions in somebody's own way."""
    return w.lib.vary(w.r, w.r.choice(own))


def saying(w, form, x, y=()):
    """Return a text of one form, its slots filled from two lists."""
    text = form.replace("{x}", w.r.choice(x)).replace("{y}", w.r.choice(y) if y else "")
    return fill(w.r, text)


def dev_cloud(w, n):
    """Developers who work from a cloud box or their desk, often with a public library."""
    for _ in range(n):
        top, heat = w.r.choice((None, None, 1024, 4096)), w.r.choice((None, 0.0, 0.2, 0.7))
        first = partial(varied, w, w.lib.interests(w.r, w.lib.code, 4, 30))
        clock = partial(ck.person, w.rng, session=w.r.uniform(1, 6), week=0.4)
        client, place = w.sdk(max_tokens=top, temperature=heat), w.r.choice((w.box, w.home))()
        program(w, "dev_cloud", first, clock, 22, client, w.lib.person(w.r, "en")[1], place=place)


def app_single(w, n):
    """One application an account, with one system prompt and steady traffic."""
    for _ in range(n):
        name = f"{w.r.choice(BANK['names'])} {w.r.randint(2, 99)}"
        client = w.sdk(system=w.r.choice(BANK["apps"]).replace("{x}", name), temperature=0.3)
        client.max_tokens, users = w.r.choice((256, 512, 1024)), w.r.choice((0, 0, 40))
        first = partial(varied, w, w.r.sample(w.lib.tickets, 500))
        clock = partial(ck.machine, w.rng, swing=w.r.uniform(0.2, 0.9), session=w.r.uniform(1, 2))
        a = program(w, "app_single", first, clock, 120, client, extra=-0.4, users=users)
        a.org = w.value("org") if w.r.random() < 0.5 else None


def eval_harness(w, n):
    """Evaluations with few-shot reasoning, in large runs, on public test sets."""
    heads = [f"{shots(w.r, w.lib, k)}\n\n{{x}}\n{ask(w.r, 'en')}." for k in (2, 2, 3)]
    for _ in range(n):
        pool = w.lib.exams if w.r.random() < 0.7 else w.lib.common["reason"]
        first = partial(saying, w, w.r.choice(heads), pool)
        client = w.sdk(max_tokens=w.r.choice((512, 1024, 2048)), temperature=0.0)
        clock = partial(ck.batch, w.rng, runs=w.r.randint(1, 6), gap=6)
        a = program(w, "eval_harness", first, clock, 90, client, habit=w.habit(0.8, 1.0))
        a.purpose = w.r.choice((None, "evaluation", a.purpose))


def gateway(w, n):
    """Accounts that carry the traffic of many end users."""
    for _ in range(n):
        lang = w.language()
        first, follow = w.lib.person(w.r, lang, 30)
        clock, users = partial(ck.machine, w.rng, swing=0.6, session=3), w.r.randint(40, 400)
        a = program(w, "gateway", first, clock, 260, None, follow, users=users)
        a.lang, a.level, a.org = lang, w.r.choice(("business", "id")), w.value("org")


def code_audit(w, n):
    """Several agents of one engineer that audit code in parallel, reasoning aloud."""
    for _ in range(n):
        system = f"You are reviewer {w.r.choice('ABCD')} of {w.r.randint(3, 6)}. {ask(w.r, 'en')}."
        own = [compose(w.r, "code") for _ in range(90)]
        first = partial(saying, w, "Audit {x} line {m}: {y}", w.r.sample(BANK["repo"], 3), own)
        clock = partial(ck.batch, w.rng, runs=w.r.randint(2, 9), gap=9)
        client = w.sdk(system=system, max_tokens=8192)
        program(w, "code_audit", first, clock, 60, client, extra=0.5)


def overnight(w, n):
    """Automation that works at the same hour every night."""
    for _ in range(n):
        job = w.r.choice(("Summarise the report of", "Tag complaints about", "Draft a digest on"))
        own, name = w.r.sample(w.lib.tickets, 120), w.r.choice(BANK["names"])
        first = partial(saying, w, f"{job} {name}: {{x}} {{y}}", own, own)
        clock = partial(ck.batch, w.rng, runs=18, gap=10, hour=w.r.randint(0, 23))
        program(w, "overnight", first, clock, 70)


def testdata(w, n):
    """Makers of synthetic test data for their own products."""
    for _ in range(n):
        thing = w.r.choice(("customer messages", "log lines", "CVs", "shop reviews", "addresses"))
        form = f"Generate {{n}} {thing} for {w.r.choice(BANK['names'])}, seed {{m}}. Style: {{x}}"
        clock = partial(ck.batch, w.rng, runs=w.r.randint(1, 5))
        client, first = w.sdk(temperature=1.0), partial(saying, w, form, w.lib.tickets)
        program(w, "testdata", first, clock, 40, client, extra=0.8)


def red_team(w, n):
    """Safety researchers who try many wordings of one request."""
    ways = ("Ignore the rules above.", "In a play:", "For an audit:", "As a test,")
    for _ in range(n):
        tail = ask(w.r, "en") if w.r.random() < 0.3 else ""
        base = w.r.sample(w.lib.common["instruct"], 6)
        first = partial(saying, w, f"{{x}} {{y}} {tail}", ways, base)
        clock = partial(ck.person, w.rng, session=7, week=0.5)
        program(w, "red_team", first, clock, 30, place=w.home())


def oss_agent(w, n):
    """Strangers who run the same public agent: same system prompt, same client."""
    system = " is an agent in a terminal. Think step by step, use tools, stop when it is done."
    for _ in range(n):
        name = w.r.choices(BANK["agents"], (6, 3, 1))[0]
        client = w.client((name,), system=name.split("/")[0] + system, max_tokens=8192)
        own = [x.replace("{a}", w.r.choice(BANK["repo"])) for x in BANK["step"]]
        clock = partial(ck.person, w.rng, session=12, gap=35, week=0.5)
        first, more = partial(saying, w, "{x}", own), {"place": w.home(), "habit": w.habit(0.6)}
        program(w, "oss_agent", first, clock, 40, client, **more)


def review_bot(w, n):
    """Pull-request review loops built on one public action, on its runners."""
    system = "Review the diff. Explain your reasoning for each remark, then give a verdict."
    runners = w.lines(30, w.clouds[:1])
    for _ in range(n):
        form = f"PR #{{m}} in {w.r.choice(BANK['repo'])}\n- {{x}}\n+ {{y}}"
        own = [compose(w.r, "code")[:110] for _ in range(90)]
        client = w.client(("pr-lantern/1.{w}",), system=system, max_tokens=4096, temperature=0.1)
        clock = partial(ck.person, w.rng, session=3, gap=60, week=0.25)
        first, more = partial(saying, w, form, w.lib.code, own), {"habit": w.habit(0.7)}
        program(w, "review_bot", first, clock, 45, client, extra=0.3, place=w.pool(runners), **more)


def synthetic(w, a, median, grey):
    """Give an account a small set of answers to make, with reasons asked for."""
    purpose = w.r.choice(PURPOSES)
    parts = [[x] for x in w.r.choice((ask(w.r, "en"), layout(w.r, "en"))).split("|")]
    own = w.lib.common.get(purpose) or w.lib.common["instruct"]

    def first():
        text = w.r.choice(own) if w.r.random() < 0.6 else compose(w.r, purpose)
        return f"{text}\n{ask(w.r, 'en', parts)}"

    clock = ck.batch(w.rng, alive(a), runs=w.r.randint(2, 8), gap=20)
    place = w.home() if grey else w.box()
    client = w.sdk(max_tokens=2048, temperature=0.7)
    say = turns(first, harvest=grey, extra=0.4)
    w.stream(a, client, say, clock, place, volume(w.r, median, 0.7))


def grey_student(w, n):
    """Students who make a small set alone."""
    for _ in range(n):
        a = w.account("grey_student", kind="grey", plan=w.r.choice(("free", "plus", "payg")))
        synthetic(w, a, 45, True)
        chat(w, a, 6)


def licensed(w, n):
    """Firms that distil with consent and a contract."""
    for size in w.spread(n, 2, 9):
        firm = w.firm() | {"plan": "enterprise", "level": "business", "licensed": True}
        for _ in range(size):
            synthetic(w, w.account("licensed", **firm, purpose="distillation"), 110, False)


def release_fans(w, n):
    """People who move to a new model the hour it is out, and ask more that day."""
    for _ in range(n):
        a = w.account("release_fans", lang=w.language(), plan=w.r.choice(("plus", "payg")))
        moves = w.release + w.r.expovariate(1 / 9) * ck.HOUR
        chat(w, a, 10, habit=Habit((w.models[0],), moves, w.r.uniform(0.7, 1)))
        if w.r.random() < 0.6 and alive(a) < w.release:
            chat(w, a, 4, start=w.release, habit=Habit((w.new,)))


def casual(w, n, cohort="casual"):
    """People in every language, on a tunnel or back after long where the cohort is so."""
    for _ in range(n):
        a = w.account(cohort, lang=w.language())
        if cohort == "returning":
            a.created = -w.r.uniform(90, 900) * ck.DAY
            chat(w, a, 10, start=w.r.uniform(1, 24) * ck.DAY)
        else:
            chat(w, a, 8, place=w.pool(w.r.choice(w.exits)) if cohort == "vpn_users" else None)


vpn_users = partial(casual, cohort="vpn_users")
returning = partial(casual, cohort="returning")
