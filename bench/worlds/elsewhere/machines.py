"""Innocent cohorts of software: applications, harnesses, bots and night jobs."""

from __future__ import annotations

from book import World
from clock import DAY, MONTH, Burst, Cron, Machine
from elicit import CAPABILITIES, compose
from talk import Forms, Harness

__all__ = [
    "audit_fleets",
    "eval_harnesses",
    "night_jobs",
    "review_bots",
    "single_apps",
    "test_data_makers",
]


def single_apps(world: World, count: int) -> None:
    """Make applications: one system prompt, steady traffic shaped by their own customers."""
    for _ in range(count):
        py, net, country = world.py, world.net, world.net.country()
        account = world.account("single_app", country.lang, plan="payg", mail=net.mail("company"))
        topic = py.choice(
            (["bank"], ["bank"], ["chat"], ["tools"], ["search"], ["care_zh", "chat_zh"])
        )
        system = f"{world.library.pools['roles'].fresh(py)[:400]}"
        if topic == ["tools"]:
            system = py.choice(world.library.schemas)
        form = py.choice(
            (
                "{q}",
                "{q}",
                "Customer: {q}\nAgent:",
                "Classify the message.\n{q}\nLabel:",
                compose(py, "rubric", 1).wrap("{q}"),
            )
        )
        talk = Forms(world.library, py, [form], topic, copies=0.1)
        clock = Machine(
            world.rng,
            world.weekday,
            country.zone,
            py.choice(("spread", "office", "evening")),
            py.uniform(0.3, 1.1),
            max(account.created, 0.0),
        )
        world.stream(
            account,
            clock,
            talk,
            net.client("sdk").using(system),
            net.fixed(*(net.cloud() for _ in range(py.randint(1, 3)))),
            habit=world.habit("software"),
            volume=world.heavy(70.0, 1.3),
            users=py.choice((0, 0, 80)),
            threads=False,
        )


def eval_harnesses(world: World, count: int) -> None:
    """Make evaluation harnesses: published questions, few-shot or chain of thought, in runs."""
    pool = world.library.pools["eval"].texts
    shots = ["", "", f"{pool[0][:500]}\n\n", f"{pool[1][:400]}\n\n{pool[2][:400]}\n\n"]
    clients = [
        world.net.own_client("lm-harness/0.4.8"),
        world.net.client("sdk"),
        world.net.client("sdk"),
    ]
    for _ in range(count):
        py, net = world.py, world.net
        account = world.account(
            "eval_harness",
            "en",
            plan="payg",
            mail=net.mail(py.choice(("free", "company", "university"))),
        )
        style = compose(py, "reasoning", 1) if py.random() < 0.5 else None
        talk = Harness(
            world.library,
            py,
            py.choice(shots),
            py.choice(("eval", "eval", "logic", "medical")),
            style,
        )
        runs = [py.uniform(0, MONTH - DAY) for _ in range(py.randint(1, 4))]
        if py.random() < 0.4:
            runs.append(world.release + py.uniform(0, 1) * DAY)
        world.stream(
            account,
            Burst(world.rng, runs, py.uniform(600, 9000), max(account.created, 0.0)),
            talk,
            py.choice(clients),
            net.fixed(net.cloud()),
            habit=world.habit("eager"),
            volume=world.heavy(110.0, 1.0),
            threads=False,
        )


def review_bots(world: World, count: int) -> None:
    """Make pull-request review loops: strangers with the same published action, on one cloud."""
    py, net = world.py, world.net
    runners = [net.address(net.hosting[0]) for _ in range(60)]
    actions = []
    for name in ("review-action", "mergebuddy"):
        system = (
            f"You review pull requests for {name}. {world.library.pools['roles'].fresh(py)[:300]}"
        )
        actions.append(
            (
                net.own_client(f"{name}/{py.randint(1, 4)}").using(system),
                compose(py, "rubric", 1).wrap("diff --git a/src b/src\n{q}"),
            )
        )
    for _ in range(count):
        account = world.account("review_bot", "en", plan="payg", mail=net.mail("company"))
        client, form = py.choices(actions, (3, 1))[0]
        country = net.country()
        clock = Machine(
            world.rng, world.weekday, country.zone, "office", 0.15, max(account.created, 0.0)
        )
        world.stream(
            account,
            clock,
            Forms(world.library, py, [form], ["code"]),
            client,
            net.fixed(*py.sample(runners, 10)),
            habit=world.habit("software"),
            volume=world.heavy(45.0, 1.0),
            threads=False,
        )


def audit_fleets(world: World, count: int) -> None:
    """Make multi-agent code audits: a person's few accounts, many workers in parallel."""
    made = 0
    while made < count:
        py, net, country = world.py, world.net, world.net.country()
        card, client, place = (
            f"pm_{net.hex()}",
            net.client("sdk"),
            net.fixed(net.home(country), net.cloud()),
        )
        roles = [
            compose(py, py.choice(("coding", "reasoning", "tools", "rubric")), 1).wrap("{q}")
            for _ in range(py.randint(3, 8))
        ]
        nights = [py.uniform(0, MONTH - DAY) for _ in range(py.randint(2, 7))]
        for _ in range(py.choice((1, 1, 2, 3))):
            account = world.account("audit_fleet", country.lang, payment=card, plan="payg")
            world.stream(
                account,
                Burst(world.rng, nights, 7200.0, max(account.created, 0.0)),
                Forms(world.library, py, roles, ["code", "agentic"]),
                client,
                place,
                habit=world.habit("eager"),
                volume=world.heavy(150.0, 0.9),
                threads=False,
            )
            made += 1


def night_jobs(world: World, count: int) -> None:
    """Make overnight automation: summaries, tags and digests, on the hour."""
    for _ in range(count):
        py, net, country = world.py, world.net, world.net.country()
        account = world.account("night_job", country.lang, plan="payg")
        forms = [
            py.choice(
                (
                    "Summarise:\n{q}",
                    "Tag this with three labels.\n\n{q}",
                    "Digest of today:\n{q}",
                    "Extract names and dates as JSON.\n{q}",
                )
            )
            + py.choice(("", "\n--", "\nEND"))
        ]
        clock = Cron(
            world.rng,
            py.choice((0, 1, 2, 3, 4)) - country.zone + 24,
            py.choice((DAY, DAY, DAY / 4, 7 * DAY)),
            begin=max(account.created, 0.0),
        )
        talk = Forms(
            world.library, py, forms, py.choice((["roles"], ["chat"], ["bank"], ["instruct"]))
        )
        world.stream(
            account,
            clock,
            talk,
            net.client("sdk"),
            net.fixed(net.cloud()),
            habit=world.habit("software"),
            volume=world.heavy(55.0, 1.1),
            threads=False,
        )


def test_data_makers(world: World, count: int) -> None:
    """Make firms' own makers of synthetic test data: variations to order, in runs."""
    for _ in range(count):
        py, net = world.py, world.net
        account = world.account(
            "test_data_maker",
            "en",
            plan="payg",
            mail=net.mail("company"),
            purpose=py.choice((None, "test data")),
        )
        style = compose(py, py.choice(("evolve", "evolve", *CAPABILITIES)), py.randint(1, 3))
        pools = py.choice((["bank"], ["instruct"], ["tools"], ["seeds"], ["code"]))
        runs = [py.uniform(0, MONTH - DAY) for _ in range(py.randint(1, 5))]
        talk = Forms(world.library, py, [style.wrap("{q}") for _ in range(4)], pools)
        world.stream(
            account,
            Burst(world.rng, runs, 5000.0, max(account.created, 0.0)),
            talk,
            net.client("sdk"),
            net.fixed(net.cloud()),
            habit=world.habit("software"),
            volume=world.heavy(90.0, 0.9),
            threads=False,
        )
