"""Innocent groups: people who share tasks, networks, cards, machines or clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from accounts import Account, Draft, own_domain, token, volume
from clocks import DAY, HOUR, SECOND, machine
from clocks import people as human_clock
from people import api_holder
from wire import browser, client, sdk

if TYPE_CHECKING:
    from accounts import Writer
    from wire import Client
    from world import World


def _groups(world: World, count: int, low: int, high: int) -> Iterator[int]:
    """Split a cohort into groups of low to high accounts."""
    while count > 0:
        size = min(count, world.rnd.randint(low, high))
        count -= size
        yield size


def _tasks(world: World, count: int, role: str, language: str) -> list[str]:
    """Return tasks that a teacher, a course or a letter sets."""
    tongue, bank = world.languages[language], world.bank
    return [tongue.translate(bank.unique_text(world.rnd, role, 500)) for _ in range(count)]


def _set_work(world: World, tasks: list[str], *, keep: float, rework: float) -> Writer:
    """Return the writer of somebody who sends set tasks among messages of their own."""
    rnd = world.rnd

    def write(who: Account, n: int) -> Draft:
        draft = world.talk(who, n, mean=5)
        voice = world.voice(who)
        todo = rnd.sample(tasks, len(tasks))
        for i in range(n):
            if todo and rnd.random() < keep:
                task = todo.pop()
                if rnd.random() < rework:
                    words = task.split()
                    task = " ".join(words[: max(4, int(len(words) * rnd.uniform(0.4, 1)))])
                    task += f"\n{voice.say()}"
                draft.prompts[i] = task
        return draft

    return write


def classroom(world: World, count: int) -> None:
    """Pupils: accounts opened in one hour, one school network, one assignment."""
    rnd = world.rnd
    for size in _groups(world, count, 18, 36):
        teacher = world.account("classroom")
        school = world.net.home(teacher.country)
        opened = int(world.start + rnd.randrange(-40, 20) * DAY + rnd.randrange(7, 14) * HOUR)
        tasks = _tasks(
            world, rnd.randint(3, 9), rnd.choice(("people", "benchmark", "long")), teacher.language
        )
        domain = own_domain(rnd) if rnd.random() < 0.6 else None
        machine_room = browser(rnd)
        pupils = [teacher] + [
            world.account("classroom", language=teacher.language) for _ in range(size - 1)
        ]
        for a in pupils:
            a.country, a.offset = teacher.country, teacher.offset
            a.created_at = opened + rnd.randrange(50 * 60) * SECOND
            a.email_domain = domain or a.email_domain
            a.payment, a.plan, a.weight = None, "free", 0.7 * volume(world.rng, 0.7)
            a.endpoints, a.roam = (school, *a.endpoints[:1]), "session"
            a.clients = (machine_room, browser(rnd))
            a.write = _class_writer(world, tasks, opened)


def _class_writer(world: World, tasks: list[str], opened: int) -> Writer:
    base = _set_work(world, tasks, keep=0.55, rework=0.6)

    def write(who: Account, n: int) -> Draft:
        draft = base(who, n)
        in_class = world.rng.random(n) < 0.6
        week = world.rng.integers(0, 4, size=n) * 7 * DAY
        lesson = opened + week + world.rng.integers(0, 45 * 60, size=n) * SECOND
        fits = in_class & (lesson > who.created_at) & (lesson >= world.start) & (lesson < world.end)
        draft.times[fits] = lesson[fits]
        return draft

    return write


def course(world: World, count: int) -> None:
    """Readers of a newsletter or course who try the same prompts from everywhere."""
    for size in _groups(world, count, 15, 70):
        tasks = _tasks(world, world.rnd.randint(4, 12), "long", "en")
        for _ in range(size):
            a = world.account("course", language="en" if world.rnd.random() < 0.7 else None)
            a.weight = 0.8 * volume(world.rng)
            a.write = _set_work(world, tasks, keep=0.4, rework=0.3)


def household(world: World, count: int) -> None:
    """Families: two to five accounts on one card, line and often one machine."""
    rnd = world.rnd
    for size in _groups(world, count, 2, 5):
        first = world.account("household")
        card, phone, machine_id = token(rnd, "card"), token(rnd, "tel"), token(rnd, "dev")
        for i in range(size):
            a = first if i == 0 else world.account("household", language=first.language)
            a.country, a.offset = first.country, first.offset
            a.endpoints = (first.endpoints[0], *a.endpoints[1:])
            a.payment = card if rnd.random() < 0.8 else a.payment
            a.phone = phone if rnd.random() < 0.3 else a.phone
            a.device = machine_id if rnd.random() < 0.5 else a.device
            a.plan, a.weight = rnd.choice(("plus", "free")), 0.7 * volume(world.rng)
            a.write = lambda who, n: world.talk(who, n, office=0.2)


def shop(world: World, count: int) -> None:
    """Small shops and internet cafés: one machine and line, several people."""
    rnd = world.rnd
    for size in _groups(world, count, 3, 14):
        first = world.account("shop")
        devices = [token(rnd, "dev") for _ in range(1 + size // 5)]
        card, seat = token(rnd, "card"), browser(rnd)
        for i in range(size):
            a = first if i == 0 else world.account("shop", language=first.language)
            a.country, a.offset, a.endpoints = first.country, first.offset, first.endpoints[:1]
            a.device, a.clients = rnd.choice(devices), (seat,)
            a.payment = card if rnd.random() < 0.5 else a.payment
            a.weight = 0.7 * volume(world.rng)
            a.write = lambda who, n: world.talk(who, n, office=0.8)


def ngo_nat(world: World, count: int) -> None:
    """Aid workers behind one carrier's translated addresses, one purpose, shared phones."""
    rnd = world.rnd
    for size in _groups(world, count, 10, 40):
        first = world.account("ngo_nat")
        nat = [world.net.mobile(first.country) for _ in range(3)]
        org, forms = f"org_{rnd.getrandbits(40):010x}", _tasks(world, 3, "long", first.language)
        phones = [token(rnd, "tel") for _ in range(max(2, size // 3))]
        for i in range(size):
            a = first if i == 0 else world.account("ngo_nat", language=first.language)
            a.country, a.offset, a.endpoints, a.roam = (
                first.country,
                first.offset,
                tuple(nat),
                "session",
            )
            a.organization_id = org if rnd.random() < 0.5 else None
            a.phone, a.weight = rnd.choice(phones), 0.8 * volume(world.rng)
            a.write = _set_work(world, forms, keep=0.2, rework=0.7)


def _firm(world: World, cohort: str, size: int, *, network: bool, card: bool) -> list[Account]:
    """Return the seats of one firm."""
    rnd = world.rnd
    first = api_holder(world, cohort)
    org, domain = f"org_{rnd.getrandbits(40):010x}", own_domain(rnd)
    opened = int(world.start - rnd.randrange(5, 700) * DAY)
    paid = token(rnd, "card")
    seats = [first] + [world.account(cohort, language=first.language) for _ in range(size - 1)]
    for a in seats:
        a.country, a.offset = first.country, first.offset
        a.organization_id, a.email_domain, a.plan = org, domain, "team"
        a.created_at = opened + rnd.randrange(3 * 24) * HOUR if rnd.random() < 0.7 else a.created_at
        a.payment = paid if card else a.payment
        a.verification = rnd.choice(("business", "phone"))
        if network:
            a.endpoints = (first.endpoints[0], *a.endpoints[1:2])
    return seats


def localisation(world: World, count: int) -> None:
    """Localisation firms: several seats, one card, one frame, translating all day."""
    rnd = world.rnd
    for size in _groups(world, count, 4, 16):
        frame = world.bank.unique_text(rnd, "people", 140)
        tool = client(f"LocTool/{rnd.randint(2, 9)}.{rnd.randint(0, 9)}", "direct", "dotnet8")
        for a in _firm(world, "localisation", size, network=rnd.random() < 0.7, card=True):
            a.clients, a.weight, a.temperature = (tool,), 3.0 * volume(world.rng, 0.7), 0.2
            a.write = _framed(
                world, f"{frame}\nTarget: {rnd.choice(('de', 'ja', 'pt', 'ar'))}\n", "tickets"
            )


def agency(world: World, count: int) -> None:
    """Agencies: many seats, one playbook of prompts, one contract."""
    rnd = world.rnd
    for size in _groups(world, count, 6, 30):
        playbook = _tasks(world, rnd.randint(3, 8), "long", "en")
        for a in _firm(world, "agency", size, network=rnd.random() < 0.5, card=rnd.random() < 0.8):
            a.weight = 1.6 * volume(world.rng, 0.9)
            frame = rnd.choice(playbook)[:260] + "\nClient: "
            a.write = _framed(world, frame, "people", share=rnd.uniform(0.3, 0.8))


def enterprise(world: World, count: int) -> None:
    """Employees behind one egress and one contract."""
    for size in _groups(world, count, 20, 90):
        for a in _firm(world, "enterprise", size, network=True, card=True):
            a.endpoints, a.weight = a.endpoints[:1], 1.1 * volume(world.rng)
            a.moves_at = world.adoption(0.5, 1.5)
            a.write = lambda who, n: world.talk(who, n, office=0.95)


def _framed(world: World, frame: str, role: str, share: float = 0.95) -> Writer:
    """Return a writer of one frame with varied bodies, in office hours."""
    rnd, bank = world.rnd, world.bank
    pool = bank.pool(role)

    def write(who: Account, n: int) -> Draft:
        voice = world.voice(who)
        times, session = human_clock(
            world.rng, n, world.window(who), who.offset, office=0.92, mean=8, gap=50
        )
        said = [
            frame + voice.language.translate(bank.vary(rnd.choice(pool), rnd, 0.55, voice.own))
            if rnd.random() < share
            else voice.say()
            for _ in range(n)
        ]
        return Draft(times, session, said)

    return write


def gateway(world: World, count: int) -> None:
    """App resellers: one account, hundreds of end users."""
    rnd = world.rnd
    for _ in range(count):
        a = api_holder(world, "gateway")
        a.weight, a.endpoints = 8.0 * volume(world.rng, 0.8), (world.net.cloud(), world.net.cloud())
        a.keys, a.roam = rnd.randint(2, 6), "request"
        system = world.bank.unique_text(rnd, "long", 300)
        a.write = _gateway_writer(world, system)


def _gateway_writer(world: World, system: str) -> Writer:
    rnd = world.rnd

    def write(who: Account, n: int) -> Draft:
        voices = [world.voice(who) for _ in range(max(1, min(n // 5, 25)))]
        times, session = human_clock(world.rng, n, world.window(who), who.offset, mean=1.5)
        which = [rnd.randrange(len(voices)) for _ in range(n)]
        users = [f"u{who.account_id[-5:]}{w:04x}" for w in which]
        return Draft(times, session, [voices[w].say() for w in which], system, end_users=users)

    return write


def hackathon(world: World, count: int) -> None:
    """Hackathons: accounts of one weekend, one hall, one starter kit."""
    rnd = world.rnd
    for size in _groups(world, count, 20, 60):
        venue = world.net.home("US")
        begin = int(world.start + rnd.randrange(2, 24) * DAY + 8 * HOUR)
        kit, starter = sdk(rnd), _tasks(world, 4, "long", "en")
        system = world.bank.unique_text(rnd, "long", 250)
        for _ in range(size):
            a = api_holder(world, "hackathon")
            a.created_at, a.until = begin + rnd.randrange(5 * 3600) * SECOND, begin + 3 * DAY
            a.endpoints, a.clients = (venue, *a.endpoints[1:2]), (kit, sdk(rnd))
            a.payment, a.weight = None, 1.2 * volume(world.rng, 0.8)
            a.write = _kit_writer(world, starter, system)


def _kit_writer(world: World, starter: list[str], system: str) -> Writer:
    base = _set_work(world, starter, keep=0.3, rework=0.7)

    def write(who: Account, n: int) -> Draft:
        draft = base(who, n)
        draft.system = system
        return draft

    return write


def launch_crowd(world: World, count: int) -> None:
    """Newcomers of the release day, who all try the prompts of the announcement."""
    rnd = world.rnd
    shown = _tasks(world, 5, "people", "en")
    for _ in range(count):
        a = world.account("launch_crowd")
        a.weight, a.moves_at = 0.6 * volume(world.rng), world.release
        if rnd.random() < 0.7:
            a.created_at = int(world.release + abs(world.rng.normal(0, 14)) * HOUR)
        a.write = _set_work(world, shown, keep=0.35, rework=0.5)


def _product(world: World, names: tuple[str, ...]) -> tuple[Client, str, list[str], list[str]]:
    """Return an open-source product: client, system prompt, frames before and after."""
    rnd, bank = world.rnd, world.bank
    made = client(
        f"{rnd.choice(names)}/{rnd.randint(0, 4)}.{rnd.randint(0, 30)}.{rnd.randint(0, 9)}",
        "direct",
        rnd.choice(("node20", "python-httpx", "go1.23", "rustls")),
    )
    frames = [bank.unique_text(rnd, "long", 300) for _ in range(rnd.randint(1, 5))]
    tails = [bank.unique_text(rnd, "people", 110) for _ in range(2)]
    world.products.append((made, bank.unique_text(rnd, "long", 700), frames, tails))
    return world.products[-1]


def _product_writer(
    world: World, system: str, frames: list[str], tails: list[str], mode: str
) -> Writer:
    rnd, bank = world.rnd, world.bank
    pool = bank.pool(rnd.choice(("code", "tools", "people")))

    def write(who: Account, n: int) -> Draft:
        voice = world.voice(who, "code")
        if mode == "person":
            times, session = human_clock(
                world.rng, n, world.window(who), who.offset, office=0.7, mean=9, gap=30
            )
        else:
            times, session = machine(world.rng, n, world.window(who), mode, who.offset)
        said = []
        for _ in range(n):
            body = bank.vary(rnd.choice(pool), rnd, 0.6, voice.own)
            if rnd.random() < 0.8:
                body = f"{rnd.choice(frames)}\n\n{body}\n\n{rnd.choice(tails)}"
            said.append(body)
        return Draft(times, session, said, system)

    return write


def agent_client(world: World, count: int) -> None:
    """Strangers who run the same open-source agents, with built-in system prompt and templates."""
    for size in _groups(world, count, 25, 140):
        made, system, frames, tails = _product(world, ("OpenDev", "termagent", "notesum", "ragkit"))
        updated = world.release + world.rnd.randrange(36) * HOUR
        for _ in range(size):
            a = api_holder(world, "agent_client")
            a.clients, a.temperature, a.weight = (made,), 0.0, 1.7 * volume(world.rng)
            a.moves_at = (
                updated + world.rnd.randrange(72) * HOUR if world.rnd.random() < 0.8 else None
            )
            a.write = _product_writer(world, system, frames, tails, "person")


def review_bot(world: World, count: int) -> None:
    """Pull-request and commit bots of unrelated projects with one built-in template."""
    for size in _groups(world, count, 15, 80):
        made, system, frames, tails = _product(world, ("prreview", "commitbot", "triage-action"))
        runners = [world.net.cloud(8075) for _ in range(12)]
        for _ in range(size):
            a = api_holder(world, "review_bot")
            a.clients, a.temperature, a.roam = (made,), 0.1, "session"
            a.endpoints = (
                tuple(world.rnd.sample(runners, 3)) if world.rnd.random() < 0.7 else a.endpoints
            )
            a.weight = 2.0 * volume(world.rng)
            a.write = _product_writer(world, system, frames[:1], tails[:1], "office")


def eval_harness(world: World, count: int) -> None:
    """Users of public benchmarks: the same questions, few-shot, thousands at once."""
    rnd, bank = world.rnd, world.bank
    made = client("lm-eval/0.4", "direct", "python-httpx")
    for size in _groups(world, count, 8, 40):
        questions = rnd.sample(bank.pool("benchmark"), min(400, len(bank.pool("benchmark"))))
        shots = "\n\n".join(i.text[:200] for i in questions[:2])
        for _ in range(size):
            a = api_holder(world, "eval_harness")
            a.clients, a.temperature, a.max_tokens = (made,), 0.0, 1024
            a.moves_at, a.weight = world.adoption(0.7, 0.7), 3.5 * volume(world.rng, 0.8)

            def write(who: Account, n: int, texts: list = questions, shots: str = shots) -> Draft:
                times, session = machine(world.rng, n, world.window(who), "batch", who.offset)
                first = rnd.randrange(len(texts))
                said = [f"{shots}\n\n{texts[(first + i) % len(texts)].text}" for i in range(n)]
                return Draft(times, session, said, scale=1.3)

            a.write = write


COHORTS: dict[str, tuple[float, Callable[[World, int], None]]] = {
    "classroom": (0.025, classroom),
    "course": (0.025, course),
    "household": (0.045, household),
    "shop": (0.025, shop),
    "ngo_nat": (0.015, ngo_nat),
    "localisation": (0.02, localisation),
    "agency": (0.025, agency),
    "enterprise": (0.04, enterprise),
    "gateway": (0.006, gateway),
    "hackathon": (0.015, hackathon),
    "launch_crowd": (0.03, launch_crowd),
    "agent_client": (0.045, agent_client),
    "review_bot": (0.03, review_bot),
    "eval_harness": (0.015, eval_harness),
}
"""Share of accounts and builder of each cohort of groups."""
