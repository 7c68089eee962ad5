"""The innocent, alone: people, developers, programs, gateways, testers, makers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grammar
from places import COUNTRIES, token
from voices import Mixed, Person, Probe, Script, Sequence, bodies, code, name
from world import DAY, Account, World

if TYPE_CHECKING:
    from random import Random

APP = "You are {a}, the assistant of {b}. {c} Never discuss other companies. {d}"
TONES = ("Be brief.", "Be warm and polite.", "Use the customer's language.", "Answer in two lines.")
DUTIES = ("Help customers with cards and transfers.", "Answer questions about orders.")
DUTIES += ("Route each request to a function.", "Write product texts.", "Support our users.")


def casual(world: World, n: int) -> None:
    """People in every language."""
    for _ in range(n):
        a = world.add(world.person("casual"))
        a.voice = Person(world, a)


def developers(world: World, n: int) -> None:
    """Developers on cloud boxes and at home."""
    r = world.rng
    for _ in range(n):
        a = world.add(world.person("developer", kit=True))
        if r.random() < 0.7:
            a.home = world.places.server()
        a.clock, a.weight = r.choice(("human", "human", "batch", "steady")), 1.6
        mine = Person(world, a)
        searches = bodies(world, "cosqa_bing_code")
        task = Script(["{body}", f"{name(r)}: {{body}}"], r.choice((searches, code)))
        a.voice = Mixed(task, mine, r.uniform(0.2, 0.9))
        a.turns = 1 + r.expovariate(1.0)


def apps(world: World, n: int) -> None:
    """One application each, one system prompt, steady traffic."""
    for _ in range(n):
        a = world.add(world.person("app", kit=True))
        a.home, a.clock, a.weight, a.turns = world.places.server(), "steady", 5.0, 1.3
        a.domain = world.places.company()
        a.voice = app_voice(world)


def app_voice(world: World) -> Script:
    """What an application sends."""
    r = world.rng
    system = APP.format(a=name(r), b=world.places.company(), c=r.choice(DUTIES), d=r.choice(TONES))
    if r.random() < 0.3:  # many applications ask for reasons or for records
        system += " " + grammar.elicit(r, grammar.TABLES, r.choice(grammar.KINDS), "en")
    frame = r.choice(("{body}", "Customer: {body}", "<msg>{body}</msg>", "{body}\nReply:"))
    pool = r.choice(("banking77_tickets", "bfcl_live_tools", "people", "banking77_tickets"))
    return Script([frame], bodies(world, pool), system)


def harness(world: World, n: int) -> None:
    """Evaluation harnesses: public items, several accounts the same ones, thousands at once."""
    r, items = world.rng, world.pools["gsm8k_eval"].texts
    done = 0
    while done < n:
        suite = r.sample(items, min(len(items), r.randint(120, 600)))
        frame = r.choice((
            "{body}", "{body} Let's think step by step.",
            "Solve the problem. End with 'The answer is N'.\n\n{body}",
        ))  # fmt: skip
        kit = world.places.client(kit=True)
        for _ in range(r.randint(2, 7)):
            a = world.add(world.person("harness", kit=True))
            a.clock, a.weight, a.turns, a.talks = "batch", 5.0, 1.0, "none"
            a.temperature, a.home = 0.0, world.places.server()
            if r.random() < 0.6:
                a.client = kit
            mine = suite[:] if r.random() < 0.5 else r.sample(suite, len(suite))
            a.voice = Sequence(mine, frame, None, 1.5)
            done += 1


def gateways(world: World, n: int) -> None:
    """Hundreds of end users in one account."""
    r = world.rng
    for _ in range(n):
        a = world.add(world.person("gateway", kit=True))
        a.home, a.clock, a.weight = world.places.server(), "human", 9.0
        a.talks, a.turns, a.users = "session", 3.0, [token(r) for _ in range(r.randint(60, 500))]
        a.peaks = [(12.0, 5.0), (18.0, 5.0)]
        a.voice = Crowd(world, a)


class Crowd:
    """Many people behind one account: each conversation is somebody else's."""

    def __init__(self, world: World, account: Account, system: str | None = None) -> None:
        self.people, r, spoken = [], world.rng, account.lang
        for _ in range(40):
            account.lang = spoken if r.random() < 0.6 else r.choice(COUNTRIES)[1]
            self.people.append(Person(world, account))
        account.lang = spoken
        self.system = system

    def say(self, talk: object) -> object:
        """The next prompt of this conversation's person."""
        who = talk.memory.setdefault("who", talk.rng.choice(self.people))
        line = who.say(talk)
        line.system = self.system
        return line


def nightly(world: World, n: int) -> None:
    """Overnight automation: summaries and labels of the day's records."""
    r = world.rng
    for _ in range(n):
        a = world.add(world.person("nightly", kit=True))
        a.home, a.clock, a.weight, a.turns = world.places.server(), "nightly", 3.0, 1.0
        a.peaks, a.weekend = [(r.uniform(0, 5), 0.3)], 1.0
        verb = r.choice(("Summarise", "Label", "Extract fields from", "Classify", "Score"))
        ask = grammar.elicit(r, grammar.TABLES, r.choice(("record", "rubric")), "en")
        frame = f"{verb} this {r.choice(('ticket', 'note', 'log', 'message'))}. {ask}\n\n{{body}}"
        a.voice = Script([frame], bodies(world, r.choice(("banking77_tickets", "people"))))


def auditors(world: World, n: int) -> None:
    """Multi-agent code audits: several roles over the same changing code."""
    r = world.rng
    for _ in range(n):
        a = world.add(world.person("code_audit", kit=True))
        a.clock, a.weight, a.turns = r.choice(("batch", "nightly", "office")), 3.5, 2.0
        roles = r.sample(("security", "performance", "style", "test", "licence", "threat"), 3)
        asks = [grammar.elicit(r, grammar.TABLES, r.choice(grammar.KINDS), "en") for _ in roles]
        frames = [
            f"You are the {x} reviewer of {name(r)}. {y}\n```\n{{body}}\n```"
            for x, y in zip(roles, asks, strict=True)
        ]
        a.voice = Script(frames, code, r.choice((None, f"Audit crew {name(r)}")))


def reviewers(world: World, n: int) -> None:
    """Review loops over pull requests; some run the same published action."""
    r = world.rng
    action = "You review pull requests. Comment only on defects. " + grammar.elicit(
        r, grammar.TABLES, "rubric", "en"
    )
    for _ in range(n):
        a = world.add(world.person("review", kit=True))
        a.home, a.clock, a.weight, a.turns = world.places.server(), "office", 2.5, 2.5
        own = "Review this diff. " + grammar.elicit(r, grammar.TABLES, "code", "en")
        system = action if r.random() < 0.5 else own
        a.voice = Script(["Pull request {body}", "New push:\n{body}"], code, system)


def makers(world: World, n: int) -> None:
    """Makers of synthetic test data."""
    r = world.rng
    for _ in range(n):
        a = world.add(world.person("test_data", kit=True))
        a.clock, a.weight, a.turns = r.choice(("batch", "steady")), 3.0, 1.0
        fields = ", ".join(name(r) for _ in range(r.randint(3, 7)))
        ask = grammar.elicit(r, grammar.TABLES, "record", "en")
        frame = f"Make {r.randint(5, 50)} test rows for table {name(r)}: {fields}. {ask} {{body}}"
        a.voice = Script([frame], lambda x: f"Seed {x.randrange(10**6)}, like {name(x)}.")


def red_teams(world: World, n: int) -> None:
    """Safety researchers and red teams, some from the same institute."""
    r = world.rng
    org = token(r)
    for _ in range(n):
        a = world.add(world.person("red_team", kit=r.random() < 0.6))
        a.weight, a.purpose = 2.0, r.choice(("safety research", "research", None))
        if r.random() < 0.3:
            a.org = org
        a.voice = Probe(world, a)


def licensed(world: World, n: int) -> None:
    """Distillers with a contract: the same technique, several seats an organisation."""
    r = world.rng
    done = 0
    while done < n:
        org, kit, domain = token(r), world.places.client(kit=True), world.places.company()
        asks = [grammar.elicit(r, grammar.TABLES, "reason", "en") for _ in range(3)]
        pool = r.choice(("alpaca_genrequests", "alpaca_instruct", "taskbench_tools"))
        for _ in range(r.randint(3, 10)):
            a = world.add(world.person("licensed", kit=True))
            a.licensed, a.org, a.client, a.domain = True, org, kit, domain
            a.home, a.clock, a.weight, a.turns = world.places.server(), "steady", 5.0, 1.0
            a.voice = Script([f"{{body}}\n\n{x}" for x in asks], bodies(world, pool))
            a.voice.size = 2.0
            done += 1


def students(world: World, n: int) -> None:
    """Students who make a small synthetic set alone: grey."""
    r = world.rng
    for _ in range(n):
        a = world.add(world.person("student", kit=r.random() < 0.5))
        a.kind, a.weight, a.turns = "grey", 2.0, 1.5
        ask = grammar.elicit(r, grammar.TABLES, r.choice(grammar.KINDS), "en")
        work = Script([f"{{body}}\n{ask}"], bodies(world, "alpaca_genrequests"))
        a.voice = Mixed(work, Person(world, a), r.uniform(0.4, 0.9))


def rivals(world: World, n: int) -> None:
    """Strangers who all move on release day and do the same with it: compare two models."""
    r = world.rng
    tests = [r.choice(world.pools["people"].texts)[:300] for _ in range(12)]
    for _ in range(n):
        a = world.add(world.person("release_day"))
        a.moves = world.release + r.expovariate(1 / (0.2 * DAY))
        a.start, a.end = min(a.start, world.release - DAY), world.end
        a.created = min(a.created, a.start)
        a.event = (world.release, 1.5 * DAY) if r.random() < 0.5 else None
        trial = Sequence(r.sample(tests, 6), "{body}", None, 1.0)
        a.voice = Mixed(trial, Person(world, a), r.uniform(0.02, 0.2))


def any_body(r: Random, world: World) -> str:
    """A published text, for assignments and contests."""
    pool = world.pools["people"]
    return pool.vary(r, r.choice(pool.by_lang["en"]))


ALONE = {  # cohort: (least, most) accounts in a world of 12,000
    developers: (900, 1800), apps: (60, 140), harness: (24, 60), gateways: (20, 30),
    nightly: (30, 70), auditors: (25, 70), reviewers: (30, 90), makers: (25, 60),
    red_teams: (25, 60), licensed: (20, 45), students: (20, 45), rivals: (150, 400),
}  # fmt: skip
