"""Innocent individuals: people, developers, batch users, researchers, test-data makers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts import Account, Draft, volume
from clocks import machine
from clocks import people as human_clock
from elicit import TARGETS, Elicitation
from wire import sdk

if TYPE_CHECKING:
    from accounts import Writer
    from world import World

BATCH_TASKS = (
    "Classify the ticket into one of: {a}, {b}, {c}.\n\nTicket: <x>\nLabel:",
    "Translate to {l}, keep names:\n<x>",
    'Extract {a} and {b} from the message as JSON.\n"""<x>"""',
    "Is this about {a}? yes/no\n<x>",
    "Summarise in one line for the {a} team: <x>",
    "Sentiment (-1..1) of: <x>",
)
"""Frames of batch users, filled once an account."""


def casual(world: World, count: int) -> None:
    """People who ask now and then, in many languages."""
    for _ in range(count):
        a = world.account("casual")
        a.weight = 0.6 * volume(world.rng, 1.3)
        a.write = lambda who, n: world.talk(who, n)


def power(world: World, count: int) -> None:
    """People who use it all day on several devices."""
    for _ in range(count):
        a = world.account("power")
        a.plan, a.weight = "plus", 3.5 * volume(world.rng, 0.8)
        a.moves_at = world.adoption(0.8, 2.0)
        a.roam = "session"
        a.write = lambda who, n: world.talk(who, n, office=0.6, mean=7)


def api_holder(world: World, cohort: str, kind: str = "benign") -> Account:
    """Return an account of somebody who calls the interface from a program."""
    a = world.account(cohort, kind)
    a.plan, a.clients = "api", (sdk(world.rnd),)
    a.payment = a.payment or f"card_{world.rnd.getrandbits(64):016x}"
    a.temperature = world.rnd.choice((None, 0.0, 0.2, 0.7, 1.0))
    a.max_tokens = world.rnd.choice((None, 256, 512, 1024, 2048, 4096))
    a.keys = world.rnd.choice((1, 1, 1, 2, 3))
    return a


def _app_writer(world: World, mode: str) -> Writer:
    """Return the writer of an application with one system prompt and one request frame."""
    rnd, bank = world.rnd, world.bank
    system = bank.unique_text(rnd)
    frame = bank.unique_text(rnd, "people", 120) if rnd.random() < 0.5 else ""
    pool = bank.pool(rnd.choice(("tickets", "people", "tools", "code")))
    own = bank.interests(rnd, 60)

    def write(who: Account, n: int) -> Draft:
        language = world.languages[who.language]
        times, session = machine(world.rng, n, world.window(who), mode, who.offset)
        said = [language.translate(bank.vary(rnd.choice(pool), rnd, 0.55, own)) for _ in range(n)]
        if frame:
            said = [f"{frame}\n\n{text}" for text in said]
        users = [f"u{rnd.randrange(1 + n // 3):05x}{who.account_id[-4:]}" for _ in range(n)]
        return Draft(times, session, said, system, end_users=users if mode == "office" else None)

    return write


def developer(world: World, count: int) -> None:
    """Developers whose application sends one system prompt."""
    for _ in range(count):
        a = api_holder(world, "developer")
        a.weight = 1.6 * volume(world.rng)
        if world.rnd.random() < 0.7:
            a.endpoints = tuple(world.net.cloud() for _ in range(world.rnd.randint(1, 3)))
        a.write = _app_writer(world, world.rnd.choice(("steady", "office", "office", "batch")))


def cloud_dev(world: World, count: int) -> None:
    """Developers on hosted workspaces, which leave through a few shared addresses."""
    shared = [world.net.cloud() for _ in range(max(2, count // 25))]
    for _ in range(count):
        a = api_holder(world, "cloud_dev")
        a.endpoints = tuple(world.rnd.choices(shared, k=2)) + a.endpoints[:1]
        a.roam, a.weight = "session", volume(world.rng)
        a.write = lambda who, n: world.talk(who, n, office=0.8, mean=6)


def nightly_automation(world: World, count: int) -> None:
    """Jobs that run over night from a machine of their own."""
    for _ in range(count):
        a = api_holder(world, "nightly_automation")
        a.endpoints, a.weight = (world.net.cloud(),), 2.0 * volume(world.rng, 0.9)
        a.write = _app_writer(world, "nightly")


def code_audit(world: World, count: int) -> None:
    """Multi-agent audits of a code base: long, reasoning-heavy, parallel, new model at once."""
    rnd = world.rnd
    for _ in range(count):
        a = api_holder(world, "code_audit")
        a.moves_at, a.weight = world.adoption(0.7, 1.0), 4.0 * volume(world.rng, 0.8)
        roles = [world.bank.unique_text(rnd, "long", 300) for _ in range(rnd.randint(3, 7))]
        a.write = _audit_writer(world, roles)


def _audit_writer(world: World, roles: list[str]) -> Writer:
    rnd, bank = world.rnd, world.bank
    asks = [bank.unique_text(rnd, "people", 150) for _ in roles]
    pool = bank.pool("code")

    def write(who: Account, n: int) -> Draft:
        times, session = machine(world.rng, n, world.window(who), "batch", who.offset)
        which = [rnd.randrange(len(roles)) for _ in range(n)]
        said = [
            f"{asks[w]}\nFile src/{rnd.choice(bank.words['base'])}.py: "
            f"{bank.vary(rnd.choice(pool), rnd, 0.6)}. Reason step by step about each finding."
            for w in which
        ]
        return Draft(times, session, said, [roles[w] for w in which], scale=2.0)

    return write


def batch_worker(world: World, count: int) -> None:
    """Translation and classification in batches with one frame an account."""
    rnd, bank = world.rnd, world.bank
    for _ in range(count):
        a = api_holder(world, "batch_worker")
        a.temperature, a.weight = 0.0, 3.0 * volume(world.rng)
        words = rnd.choices(bank.words["base"], k=3)
        frame = rnd.choice(BATCH_TASKS).format(
            a=words[0], b=words[1], c=words[2], l=rnd.choice(("German", "Thai", "French", "Korean"))
        )
        a.write = _batch_writer(world, frame)


def _batch_writer(world: World, frame: str) -> Writer:
    rnd, bank = world.rnd, world.bank
    pool, own = bank.pool("tickets"), bank.interests(rnd, 80)

    def write(who: Account, n: int) -> Draft:
        language = world.languages[who.language]
        times, session = machine(world.rng, n, world.window(who), "batch", who.offset)
        said = [
            frame.replace("<x>", language.translate(bank.vary(rnd.choice(pool), rnd, 0.5, own)))
            for _ in range(n)
        ]
        return Draft(times, session, said, scale=0.2)

    return write


def testdata_maker(world: World, count: int) -> None:
    """Makers of synthetic test data for their own product."""
    for _ in range(count):
        a = api_holder(world, "testdata_maker")
        a.weight = 2.0 * volume(world.rng)
        a.write = _synthetic_writer(world, "people", "instructions")


def student_synth(world: World, count: int) -> None:
    """Grey: a student who makes a small synthetic set alone."""
    for _ in range(count):
        a = api_holder(world, "student_synth", "grey")
        a.email_domain = f"uni-{world.rnd.randrange(400)}.example"
        a.weight = 3.0 * volume(world.rng, 0.7)
        a.write = _synthetic_writer(world, "distill", world.rnd.choice(list(TARGETS)))


def licensed_distiller(world: World, count: int) -> None:
    """Grey: firms that distil under a contract, a few seats each."""
    rnd = world.rnd
    while count > 0:
        seats = min(count, rnd.randint(2, 8))
        count -= seats
        firm, card = f"org_{rnd.getrandbits(40):010x}", f"card_{rnd.getrandbits(64):016x}"
        line, client = world.net.cloud(), sdk(rnd)
        write = _synthetic_writer(world, "distill", rnd.choice(list(TARGETS)))
        for _ in range(seats):
            a = api_holder(world, "licensed_distiller", "grey")
            a.organization_id, a.payment, a.licensed = firm, card, True
            a.endpoints, a.clients, a.verification = (line,), (client,), "business"
            a.purpose, a.write = "licensed model training", write
            a.weight = 4.0 * volume(world.rng, 0.6)


def _synthetic_writer(world: World, role: str, target: str) -> Writer:
    rnd, bank = world.rnd, world.bank
    wording = Elicitation(rnd, target, templates=rnd.randint(1, 3), freedom="fixed")
    pool, own = bank.pool(role), bank.interests(rnd, 60)

    def write(who: Account, n: int) -> Draft:
        mode = rnd.choice(("batch", "office", "steady"))
        times, session = machine(world.rng, n, world.window(who), mode, who.offset)
        said = [wording.wrap(bank.vary(rnd.choice(pool), rnd, 0.55, own), rnd) for _ in range(n)]
        return Draft(times, session, said, scale=1.8)

    return write


def researcher(world: World, count: int) -> None:
    """Safety researchers and red teams: many wordings of few questions, then long talks."""
    rnd, bank = world.rnd, world.bank
    for _ in range(count):
        a = api_holder(world, "researcher")
        a.weight, a.organization_id = (
            2.5 * volume(world.rng, 0.8),
            f"org_{rnd.getrandbits(40):010x}",
        )
        a.purpose = rnd.choice((None, "safety research", "academic research"))
        probes = [
            Elicitation(rnd, t, templates=1, freedom="free") for t in rnd.sample(list(TARGETS), 2)
        ]
        seeds = rnd.sample(bank.pool("people"), 6)

        def write(who: Account, n: int, probes: list = probes, seeds: list = seeds) -> Draft:
            times, session = human_clock(
                world.rng, n, world.window(who), who.offset, office=0.85, mean=10, gap=45
            )
            said = [
                rnd.choice(probes).wrap(bank.vary(rnd.choice(seeds), rnd, 0.2), rnd)
                for _ in range(n)
            ]
            return Draft(times, session, said, scale=1.2)

        a.write = write


def prompt_pack(world: World, count: int) -> None:
    """Strangers who use well-known prompts from a shared collection, nearly unchanged."""
    rnd, bank = world.rnd, world.bank
    long = bank.pool("long")
    for _ in range(count):
        a = world.account("prompt_pack")
        a.weight = volume(world.rng)
        favourites = rnd.sample(long, 4)

        def write(who: Account, n: int, favourites: list = favourites) -> Draft:
            draft = world.talk(who, n)
            seen: set[int] = set()
            for i, s in enumerate(draft.session.tolist()):
                if s not in seen and rnd.random() < 0.6:
                    draft.prompts[i] = bank.vary(rnd.choice(favourites), rnd, 0.02)
                seen.add(s)
            return draft

        a.write = write


COHORTS = {
    "casual": (0.40, casual),
    "power": (0.06, power),
    "developer": (0.07, developer),
    "cloud_dev": (0.03, cloud_dev),
    "nightly_automation": (0.015, nightly_automation),
    "code_audit": (0.015, code_audit),
    "batch_worker": (0.03, batch_worker),
    "testdata_maker": (0.01, testdata_maker),
    "student_synth": (0.006, student_synth),
    "licensed_distiller": (0.006, licensed_distiller),
    "researcher": (0.012, researcher),
    "prompt_pack": (0.03, prompt_pack),
}
"""Share of accounts and builder of each cohort of individuals."""
