"""Innocent cohorts of accounts that belong together or look as if they did."""

from __future__ import annotations

from book import World
from clock import DAY, MONTH, Burst, Cron
from elicit import CAPABILITIES, compose
from net import Place
from people import person
from talk import Customers, Forms, Mixed, Person

__all__ = [
    "agencies",
    "classrooms",
    "enterprises",
    "gateways",
    "hackathons",
    "licensed_distillers",
    "localisation_shops",
    "open_source_agents",
    "prompt_packs",
]


def _weekday_hour(world: World, country_zone: float, hour: float) -> float:
    """Return a moment of this month on a working day, at a local hour."""
    days = [d for d in range(1, 26) if (d + world.weekday) % 7 < 5]
    return world.py.choice(days) * DAY + (hour - country_zone) * 3600.0


def classrooms(world: World, count: int) -> None:
    """Make classes: new accounts within an hour, one network, one assignment, later homework."""
    made = 0
    while made < count:
        py, net, country = world.py, world.net, world.net.country()
        lesson = _weekday_hour(world, country.zone, py.uniform(8.5, 15.0))
        school, mail = net.home(country), net.mail("university")
        task = world.library.human(country.lang, py)
        if py.random() < 0.5:
            task = compose(py, py.choice(("reasoning", "coding", "rubric")), 1).wrap(task)
        machines = [net.client("browser") for _ in range(py.choice((1, 1, 3)))]
        lessons = [lesson + 7 * DAY * i for i in range(4) if lesson + 7 * DAY * i < MONTH - 3600]
        forms = [compose(py, "reasoning", 1).wrap("{q}") for _ in lessons] + ["{q}"] * 3
        for _ in range(py.randint(18, 38)):
            account = world.account(
                "classroom",
                country.lang,
                lesson + py.uniform(-900, 1800),
                payment=None,
                plan="free",
                mail=mail if py.random() < 0.7 else net.mail(),
            )
            begin = account.created
            talk = Person(
                world.library, py, country.lang, first=task if py.random() < 0.7 else None
            )
            work = Mixed(py, talk, Forms(world.library, py, forms, ["chat", "eval"]), 0.35)
            world.stream(
                account,
                Burst(world.rng, lessons, 3000.0, begin),
                work,
                py.choice(machines),
                net.fixed(school),
                volume=world.heavy(7.0, 0.6),
            )
            if py.random() < 0.5:
                person(world, account, country, "student", median=3.0, spread=0.9)
            made += 1


def enterprises(world: World, count: int) -> None:
    """Make firms: one contract, one egress, a prompt library, seats and perhaps a nightly job."""
    made = 0
    while made < count:
        py, net, country = world.py, world.net, world.net.country()
        org, card, mail = f"org_{net.hex(8)}", f"pm_{net.hex()}", net.mail("company")
        place = net.fixed(*(net.home(country) for _ in range(py.choice((1, 1, 2)))))
        forms = [
            compose(py, py.choice(list(CAPABILITIES)), 1).wrap("{q}")
            for _ in range(py.randint(3, 9))
        ]
        role = world.library.pools["roles"].fresh(py)[:300]
        system = f"You are the assistant of {mail.split('.')[0]}. {role}"
        client, opened = net.client("browser").using(system), world.age()
        for _ in range(min(int(world.heavy(25, 0.8)) + 8, max(count // 3, 12))):
            joined = max(opened, 0.0 - py.expovariate(1 / 200) * DAY)
            account = world.account(
                "enterprise",
                country.lang,
                joined,
                organization=org,
                payment=card,
                mail=mail,
                plan="enterprise",
                verification="contract",
            )
            talk = Person(world.library, py, country.lang)
            mixed = Mixed(py, talk, Forms(world.library, py, forms, ["chat", "bank"]), 0.25)
            away = place if py.random() < 0.8 else net.person(country)
            world.stream(
                account,
                world.human(country, "office", joined, weekend=0.05),
                mixed,
                client,
                away,
                volume=world.heavy(15.0, 1.1),
            )
            made += 1
        if py.random() < 0.5:
            job = world.account(
                "enterprise",
                "en",
                opened,
                organization=org,
                payment=card,
                mail=mail,
                plan="enterprise",
                verification="contract",
            )
            world.stream(
                job,
                Cron(world.rng, py.uniform(0, 6)),
                Forms(world.library, py, forms, ["bank"]),
                net.client("sdk"),
                place,
                habit=world.habit("software"),
                volume=world.heavy(120.0),
            )


def agencies(world: World, count: int) -> None:
    """Make agencies: seats on one card that write with the same client forms all day."""
    made = 0
    while made < count:
        py, net, country = world.py, world.net, world.net.country()
        card, place, client = f"pm_{net.hex()}", net.fixed(net.home(country)), net.client("browser")
        forms = [
            compose(py, py.choice(("rewrite", "translate", "evolve", "rubric")), 1).wrap("{q}")
            for _ in range(py.randint(2, 5))
        ]
        opened = world.age()
        for _ in range(py.randint(4, 14)):
            account = world.account(
                "agency",
                country.lang,
                opened + py.uniform(0, 3) * DAY,
                payment=card,
                mail=net.mail("company"),
                plan="pro",
            )
            talk = Forms(world.library, py, forms, ["chat", "instruct"])
            mixed = Mixed(py, Person(world.library, py, country.lang), talk, 0.7)
            where = place if py.random() < 0.7 else net.person(country)
            world.stream(
                account,
                world.human(country, "office", account.created, weekend=0.1),
                mixed,
                client,
                where,
                volume=world.heavy(30.0, 0.8),
            )
            made += 1


def localisation_shops(world: World, count: int) -> None:
    """Make shops that translate all day: several seats, one card, one form a language pair."""
    made = 0
    while made < count:
        py, net, country = world.py, world.net, world.net.country()
        card, place, client = f"pm_{net.hex()}", net.fixed(net.home(country)), net.client("sdk")
        pairs = [
            f"Translate from {py.choice(('English', 'Chinese', 'German'))} into {to}. Keep the "
            f"terms of glossary {py.randint(2, 99)}.\n\n{{q}}"
            for to in py.sample(("Thai", "Polish", "Spanish", "Korean", "Arabic", "Hindi"), 3)
        ]
        opened = world.age()
        for _ in range(py.randint(3, 9)):
            account = world.account("localisation", country.lang, opened, payment=card, plan="payg")
            talk = Forms(
                world.library, py, pairs, py.choice((["bank", "chat"], ["instruct"], ["care_zh"]))
            )
            world.stream(
                account,
                world.human(country, "office", account.created, weekend=0.1, gap=20.0),
                talk,
                client,
                place,
                habit=world.habit("software"),
                volume=world.heavy(60.0, 0.7),
            )
            made += 1


def gateways(world: World, count: int) -> None:
    """Make gateways that carry hundreds of end users in one account."""
    for _ in range(count):
        py, net = world.py, world.net
        account = world.account("gateway", "en", plan="payg", mail=net.mail("company"))
        langs = [net.country().lang for _ in range(py.randint(1, 5))]
        place = net.fixed(*(net.cloud() for _ in range(py.randint(1, 4))))
        clock = world.human(net.country(), "spread", account.created, turns=2.5)
        world.stream(
            account,
            clock,
            Customers(world.library, py, langs),
            net.client("sdk"),
            place,
            habit=world.habit("software"),
            volume=world.heavy(220.0, 0.9),
            users=py.randint(40, 600),
        )


def hackathons(world: World, count: int) -> None:
    """Make hackathons: a weekend, one venue, a starter kit with its system prompt, free credit."""
    made = 0
    while made < count:
        py, net, country = world.py, world.net, world.net.country()
        weeks = [d for d in range(28) if (d + world.weekday) % 7 == 5] or [5]
        begin = py.choice(weeks) * DAY + (9 - country.zone) * 3600
        venue = net.home(country)
        kit = net.client("sdk").using(
            f"Starter kit. {world.library.pools['roles'].fresh(py)[:240]}"
        )
        form = compose(py, py.choice(("tools", "coding")), 1).wrap("{q}")
        for _ in range(py.randint(25, 70)):
            account = world.account(
                "hackathon",
                country.lang,
                max(begin - py.expovariate(1 / 7200.0), 0.0),
                payment=None,
                plan="payg",
            )
            talk = Mixed(
                py,
                Person(world.library, py, "en"),
                Forms(world.library, py, [form, "{q}"], ["agentic", "code", "tools"]),
                0.6,
            )
            clock = Burst(
                world.rng, [begin, begin + 4 * 3600, begin + DAY], 6 * 3600.0, account.created
            )
            own = Place([[venue], [net.carrier(country)]], [0.8, 0.2])
            world.stream(account, clock, talk, kit, own, volume=world.heavy(18.0))
            made += 1


def open_source_agents(world: World, count: int) -> None:
    """Make strangers who all run one of a few agents: same system prompt, client and handshake."""
    py, net = world.py, world.net
    agents = []
    for name in py.sample(("opencrab", "tinydev", "patchwright", "clio-agent", "helmsman"), 3):
        system = f"You are {name}, a coding agent. {world.library.pools['roles'].fresh(py)[:500]}"
        agents.append(
            net.own_client(f"{name}/{py.randint(0, 3)}.{py.randint(0, 20)}.0").using(system)
        )
    for _ in range(count):
        country = net.country()
        account = world.account("open_source_agent", country.lang, plan="payg")
        form = py.choice(("<task>\n{q}\n</task>", "{q}", "<user_query>{q}</user_query>"))
        talk = Forms(world.library, py, [form], ["code", "agentic", "search", "tools"])
        client = py.choices(agents, (6, 3, 1))[0]
        place = net.person(country) if py.random() < 0.75 else net.fixed(net.cloud())
        world.stream(
            account,
            world.human(country, "spread", account.created, turns=7.0, gap=15.0),
            talk,
            client,
            place,
            volume=world.heavy(18.0, 1.3),
        )


def licensed_distillers(world: World, count: int) -> None:
    """Make holders of a licence to distil, in small teams under a contract."""
    made = 0
    while made < count:
        py, net = world.py, world.net
        org, mail, card = f"org_{net.hex(8)}", net.mail("company"), f"pm_{net.hex()}"
        style = compose(py, py.choice(list(CAPABILITIES)), py.randint(1, 6))
        pools = py.sample(("instruct", "code", "logic", "agentic", "seeds", "medical"), 2)
        forms = [style.wrap("{q}") for _ in range(12)]
        client, opened = net.client("sdk"), world.age()
        for _ in range(py.randint(1, 5)):
            account = world.account(
                "licensed_distiller",
                "en",
                opened,
                organization=org,
                mail=mail,
                payment=card,
                plan="enterprise",
                licensed=True,
                verification="contract",
                purpose="licensed model training",
            )
            account.events.append((min(max(opened, 0.0) + 60.0, MONTH - 1), "licensed_from"))
            world.stream(
                account,
                Cron(world.rng, py.uniform(0, 24), DAY / 2, begin=max(opened, 0.0)),
                Forms(world.library, py, forms, pools),
                client,
                net.fixed(net.cloud()),
                habit=world.habit("eager"),
                volume=world.heavy(140.0, 0.7),
            )
            made += 1


def prompt_packs(world: World, count: int) -> None:
    """Make strangers who bought or copied the same pack of prompts and use it now and then."""
    made = 0
    while made < count:
        py = world.py
        pack = [
            compose(py, py.choice(list(CAPABILITIES)), 1).wrap("{q}")
            for _ in range(py.randint(2, 8))
        ]
        pack = [f"{world.library.pools['roles'].same(py)[:160]}\n{form}" for form in pack]
        for _ in range(py.randint(15, 50)):
            country = world.net.country()
            account = world.account("prompt_pack", country.lang)
            stream = person(world, account, country, median=12.0)
            forms = Forms(world.library, py, pack, ["chat"])
            stream.talk = Mixed(py, stream.talk, forms, py.uniform(0.1, 0.5))
            made += 1
