"""Innocent cohorts of people who act for themselves."""

from __future__ import annotations

from book import Account, Habit, Stream, World
from clock import DAY, MONTH, Burst
from elicit import CAPABILITIES, compose
from net import Client, Country, Place
from talk import Forms, Harness, Mixed, Person

__all__ = [
    "casual",
    "cloud_developers",
    "early_adopters",
    "internet_cafes",
    "launch_day",
    "office_workers",
    "person",
    "red_team",
    "shared_cards",
    "students_with_sets",
    "vpn_users",
]


def person(
    world: World,
    account: Account,
    country: Country,
    shape: str = "evening",
    *,
    place: Place | None = None,
    client: Client | None = None,
    median: float = 8.0,
    spread: float = 1.3,
    first: str | None = None,
    habit: Habit | None = None,
) -> Stream:
    """Let an account talk as one person does."""
    py = world.py
    opening = py.choice(("", "", "", "please", "hey,", "ok so", "can you", "@bot"))
    closing = py.choice(("", "", "", "thanks", "thx!", "please be precise", "ELI5", "??"))
    talk = Person(world.library, py, account.lang, opening, closing, first=first)
    return world.stream(
        account,
        world.human(country, shape, account.created),
        talk,
        client or world.net.client(py.choice(("browser", "browser", "mobile"))),
        place or world.net.person(country),
        habit=habit or world.habit(),
        volume=world.heavy(median, spread),
    )


def casual(world: World, count: int) -> None:
    """Make people of every country, most of whom write little."""
    for _ in range(count):
        country = world.net.country()
        shape = world.py.choice(("evening", "evening", "student", "spread", "office", "night"))
        person(world, world.account("casual", country.lang), country, shape)


def office_workers(world: World, count: int) -> None:
    """Make people who pay and write all day at work, often with a prompt library of their own."""
    for _ in range(count):
        country, py = world.net.country(), world.py
        account = world.account("office_worker", country.lang, plan="pro")
        stream = person(world, account, country, "office", median=22.0)
        if py.random() < 0.25:
            form = compose(py, py.choice(list(CAPABILITIES)), 1).wrap("{q}")
            form = f"{world.library.pools['roles'].fresh(py)[:200]}\n{form}"
            stream.talk = Mixed(py, stream.talk, Forms(world.library, py, [form], ["chat"]), 0.3)


def cloud_developers(world: World, count: int) -> None:
    """Make developers whose scripts run on rented machines."""
    for _ in range(count):
        py, net, country = world.py, world.net, world.net.country()
        account = world.account(
            "cloud_developer",
            country.lang,
            plan="payg",
            mail=net.mail(py.choice(("free", "company"))),
        )
        talk = Person(world.library, py, "en", copies=0.0)
        forms = [compose(py, "coding", 1).wrap("{q}") for _ in range(py.randint(1, 3))]
        both = Mixed(
            py, talk, Forms(world.library, py, forms, ["code", "search"]), py.uniform(0.1, 0.6)
        )
        spots = [net.cloud() for _ in range(py.randint(1, 3))] + [net.home(country)]
        world.stream(
            account,
            world.human(country, "spread", account.created, turns=6.0, gap=25.0),
            both,
            net.client("sdk"),
            net.fixed(*spots),
            habit=world.habit("software"),
            volume=world.heavy(16.0, 1.4),
        )


def vpn_users(world: World, count: int) -> None:
    """Make people who are only ever seen behind a VPN, some with throw-away mail."""
    for _ in range(count):
        py, net, country = world.py, world.net, world.net.country()
        account = world.account("vpn_user", country.lang, verification="none", phone=None)
        if py.random() < 0.3:
            account.mail = net.mail("disposable")
        place = Place([py.sample(net.exits, 5)], [1.0], DAY)
        person(world, account, country, place=place)


def shared_cards(world: World, count: int) -> None:
    """Make households and friends who share a card, at times a device."""
    made = 0
    while made < count:
        py, country = world.py, world.net.country()
        card, device = f"pm_{world.net.hex()}", f"dv_{world.net.hex()}"
        place = world.net.person(country)
        for _ in range(py.randint(2, 5)):
            account = world.account("shared_card", country.lang, payment=card, plan="pro")
            if py.random() < 0.4:
                account.device = device
            same = py.random() < 0.7
            person(world, account, country, place=place if same else None)
            made += 1


def internet_cafes(world: World, count: int) -> None:
    """Make strangers who use the same few machines behind one address."""
    made = 0
    while made < count:
        py, net, country = world.py, world.net, world.net.country()
        devices = [f"dv_{net.hex()}" for _ in range(py.randint(2, 5))]
        place, client = net.fixed(net.home(country)), net.client("browser")
        for _ in range(py.randint(6, 20)):
            account = world.account(
                "internet_cafe", country.lang, device=py.choice(devices), payment=None, plan="free"
            )
            person(world, account, country, "spread", place=place, client=client, median=6.0)
            made += 1


def launch_day(world: World, count: int) -> None:
    """Make people whom a video or article brought, and whose first request it dictated."""
    made = 0
    while made < count:
        py, day = world.py, world.py.uniform(1, 24) * DAY
        shown = world.library.human("en", py)
        if py.random() < 0.5:
            shown = compose(py, py.choice(list(CAPABILITIES)), 1).wrap(shown)
        for _ in range(py.randint(30, 120)):
            country = world.net.country()
            account = world.account(
                "launch_day",
                country.lang,
                min(day + py.expovariate(1 / (0.6 * DAY)), 27 * DAY),
                payment=None,
                plan="free",
            )
            first = shown if py.random() < 0.8 else None
            person(world, account, country, first=first, median=4.0, spread=1.0)
            made += 1


def early_adopters(world: World, count: int) -> None:
    """Make people who move to the new model within hours and try it at length."""
    for _ in range(count):
        py, net, country = world.py, world.net, world.net.country()
        account = world.account("early_adopter", country.lang, plan="pro")
        stream = person(world, account, country, "spread", habit=world.habit("eager"))
        stream.volume *= 0.5
        trial = Harness(
            world.library,
            py,
            "",
            py.choice(("eval", "logic", "chat")),
            compose(py, "reasoning", py.choice((0, 1))),
        )
        runs = [world.release + py.uniform(0, 1.5) * DAY for _ in range(py.randint(1, 3))]
        model = Habit(py.choice(world.models), world.release, 1.0)
        world.stream(
            account,
            Burst(world.rng, runs, py.uniform(0.5, 4) * 3600, max(account.created, 0.0)),
            trial,
            net.client(py.choice(("sdk", "browser"))),
            stream.place,
            habit=model,
            volume=world.heavy(8.0),
        )


def red_team(world: World, count: int) -> None:
    """Make safety researchers, who ask one thing in many wordings."""
    for _ in range(count):
        py, net, country = world.py, world.net, world.net.country()
        account = world.account(
            "red_team",
            "en",
            plan="payg",
            purpose="safety research",
            mail=net.mail(py.choice(("company", "university"))),
        )
        lib = world.library
        form = [compose(py, "rewrite", 1).wrap("{q}") for _ in range(py.randint(6, 40))]
        talk = Forms(lib, py, form, [py.choice(("chat", "roles", "logic"))], copies=0.5)
        runs = [py.uniform(0, MONTH - DAY) for _ in range(py.randint(2, 8))]
        world.stream(
            account,
            Burst(world.rng, runs, 5400.0, max(account.created, 0.0)),
            talk,
            net.client("sdk"),
            net.person(country),
            habit=world.habit("eager"),
            volume=world.heavy(50.0),
        )


def students_with_sets(world: World, count: int) -> None:
    """Make lone students who build a small synthetic set: grey, never an attack."""
    for _ in range(count):
        py, net, country = world.py, world.net, world.net.country()
        account = world.account(
            "student_set",
            country.lang,
            kind="grey",
            mail=net.mail(py.choice(("university", "free"))),
        )
        style = compose(py, py.choice(list(CAPABILITIES)), py.randint(1, 3))
        pool = py.choice(("instruct", "code", "logic", "seeds", "agentic"))
        forms = [style.wrap("{q}") for _ in range(3)]
        begin = max(account.created, py.uniform(0, 0.6) * MONTH)
        world.stream(
            account,
            world.human(country, "student", begin, end=begin + 9 * DAY),
            Forms(world.library, py, forms, [pool]),
            net.client("sdk"),
            net.person(country),
            volume=world.heavy(60.0, 0.7),
        )
        person(world, account, country, "student")
