"""The innocent, together: agents, classes, firms, agencies, households, readers, contests."""

from __future__ import annotations

import grammar
from cohorts import any_body
from places import COUNTRIES, Home, token
from voices import Agent, Club, Mixed, Person, Script, bodies, name
from world import DAY, World

TONGUES = ("German", "French", "Spanish", "Japanese", "Korean", "Polish", "Arabic", "Chinese")


def agents(world: World, n: int) -> None:
    """Strangers who run the same open-source agents; a version of each moves on release day."""
    r = world.rng
    left = n
    for share in (0.65, 0.35):
        ask = grammar.elicit(r, grammar.TABLES, "tools", "en")
        system = (
            f"You are {name(r)}, an autonomous coding agent. Think before each action. {ask} "
            f"Available tools: {name(r)}, {name(r)}, {name(r)}. Never invent files."
        )
        kits = [(f"{name(r)}/{r.randint(0, 3)}.{i}", world.places.ja4()) for i in range(2)]
        frames = ["Observation:\n{body}", "Tool result:\n{body}", "<output>\n{body}\n</output>"]
        day = world.release + r.uniform(0.1, 0.6) * DAY
        for _ in range(min(left, int(n * share) + 1)):
            a = world.add(world.person("agent", kit=True))
            a.clients, a.turns, a.talks, a.weight = kits[: 1 + (r.random() < 0.4)], 6.0, "none", 2.0
            a.temperature, a.tempo = 0.0, 20.0
            if r.random() < 0.3:
                a.home = world.places.server()
            a.moves = day + r.expovariate(1 / (0.3 * DAY)) if r.random() < 0.85 else a.moves
            a.voice = Agent(Person(world, a), system, frames)
            left -= 1


def shops(world: World, n: int) -> None:
    """Localisation shops: several seats, one card, translating all day."""
    r = world.rng
    done = 0
    while done < n:
        card, house, domain, tongue = token(r), token(r), world.places.company(), r.choice(TONGUES)
        frames = [
            f"Translate into {tongue}, keep {x}: {{body}}"
            for x in r.sample(("placeholders", "tags", "line breaks", "the tone", "numbers"), 3)
        ]
        land = r.choice(COUNTRIES)
        line = world.places.residential(land[4], 0.0)
        for _ in range(r.randint(3, 8)):
            a = world.add(world.person("localisation", country=land))
            a.pay, a.domain, a.clock, a.weight = card, domain, "office", 3.0
            a.plan, a.end, a.weekend = "team", world.end, 0.05
            a.home = line if r.random() < 0.8 else a.home
            a.org = None if r.random() < 0.5 else house
            source = r.choice(("people", "banking77_tickets", "bfcl_live_tools"))
            a.voice = Script(frames, bodies(world, source))
            done += 1


def classes(world: World, n: int) -> None:
    """Classrooms: thirty new accounts in an hour, one network, one assignment."""
    r = world.rng
    done = 0
    while done < n:
        land = r.choice(COUNTRIES)
        begin = world.begin + r.randint(1, world.days - 3) * DAY + r.uniform(8, 15) * 3600
        begin -= land[2] * 3600
        line = world.places.residential(land[4], 0.0)
        line.mobile = []
        task = [any_body(r, world)[:400] for _ in range(r.randint(1, 4))]
        ask = grammar.elicit(r, grammar.TABLES, r.choice(grammar.KINDS), land[1])
        for _ in range(r.randint(24, 34)):
            a = world.add(world.person("classroom", country=land))
            a.created = begin + r.uniform(0, 3000)
            a.start, a.end = a.created + 60, min(world.end, begin + r.uniform(0.2, 12) * DAY)
            a.home = line if r.random() < 0.9 else Home(line.asn, line.prefixes)
            a.event, a.plan, a.pay, a.weight = (a.start, 5400.0), "free", None, 0.8
            frames = [f"{x}\n{ask}" if r.random() < 0.4 else x for x in task]
            frames = [f.replace("{", "(").replace("}", ")") for f in frames]
            lesson = Script([own_words(world, f) for f in frames], lambda _: "")
            a.voice = Mixed(lesson, Person(world, a), r.uniform(0.3, 0.9))
            done += 1


def own_words(world: World, text: str) -> str:
    """An assignment as one pupil types it."""
    r = world.rng
    parts = text.split(" ")
    kept = [p for p in parts if r.random() > 0.12]
    return " ".join(kept) if r.random() < 0.6 else text


def firms(world: World, n: int) -> None:
    """Enterprises: one egress, one organisation, one contract."""
    r = world.rng
    done = 0
    while done < n:
        org, card, domain, land = token(r), token(r), world.places.company(), r.choice(COUNTRIES)
        line = world.places.residential(land[4], 0.0)
        line.fixed = world.places.block(line.asn)[:2]
        kit = world.places.client(kit=False)
        house = grammar.elicit(r, grammar.TABLES, r.choice(grammar.KINDS), land[1])
        begin = world.begin + r.uniform(-60, 15) * DAY
        for _ in range(r.randint(15, 70)):
            a = world.add(world.person("enterprise", country=land))
            a.org, a.pay, a.domain, a.clock, a.client = org, card, domain, "office", kit
            a.plan, a.verified, a.weekend, a.home = "enterprise", "identity", 0.05, line
            a.created = begin + r.expovariate(1 / (3 * DAY))
            a.created = min(a.created, world.end - 2 * DAY)
            a.start = max(a.start, a.created, world.begin)
            a.end = max(a.end, min(world.end, a.start + DAY))
            work = Script([f"{{body}}\n{house}", "{body}"], bodies(world, "people"))
            a.voice = Mixed(work, Person(world, a), r.uniform(0.0, 0.3))
            done += 1


def contests(world: World, n: int) -> None:
    """Hackathons and launch days: the same quick start, the same hours."""
    r = world.rng
    done = 0
    while done < n:
        land = r.choice(COUNTRIES)
        begin = world.begin + r.uniform(1, world.days - 3) * DAY
        start = [f"{any_body(r, world)[:200]}" for _ in range(3)]
        hall, kit = world.places.residential(land[4], 0.0), world.places.client(kit=True)
        for _ in range(r.randint(30, 80)):
            a = world.add(world.person("hackathon", kit=True, country=land))
            a.created = begin + r.expovariate(1 / 5400) if r.random() < 0.8 else a.created
            a.created = min(a.created, world.end - DAY)
            a.start = max(a.created, begin)
            a.end = min(world.end, begin + r.uniform(1, 6) * DAY)
            a.end = max(a.end, a.start + 7200)
            a.event, a.client = (a.start, 1.5 * DAY), kit if r.random() < 0.6 else a.client
            a.home = hall if r.random() < 0.6 else a.home
            first = Script([x.replace("{", "(") for x in start], lambda _: "")
            a.voice = Mixed(first, Person(world, a), r.uniform(0.05, 0.4))
            done += 1


def readers(world: World, n: int) -> None:
    """Readers of newsletters: hundreds send the same prompts in the same days."""
    r = world.rng
    days = sorted(r.uniform(0.05, 0.9) * world.days * DAY for _ in range(4))
    issues = []
    for d in days:
        asks = [grammar.elicit(r, grammar.TABLES, r.choice(grammar.KINDS), "en") for _ in range(2)]
        issues.append((world.begin + d, [f"{any_body(r, world)[:350]}\n\n{x}" for x in asks]))
    for _ in range(n):
        a = world.add(world.person("newsletter", country=r.choice(COUNTRIES[:5])))
        a.voice = Club(Person(world, a), r.sample(issues, r.randint(1, 4)))


def agencies(world: World, n: int) -> None:
    """Small agencies without an organisation: a shared card, house prompts, several towns."""
    r = world.rng
    done = 0
    while done < n:
        card, phone, device, land = token(r), token(r), token(r), r.choice(COUNTRIES)
        ask = grammar.elicit(r, grammar.TABLES, r.choice(grammar.KINDS), land[1])
        frames = [f"{{body}}\n\n{ask}", f"{name(r)} brief: {{body}}"]
        towns = [world.places.residential(land[4], 0.0) for _ in range(r.randint(1, 3))]
        for _ in range(r.randint(3, 7)):
            a = world.add(world.person("agency", country=land))
            a.pay, a.clock, a.weight = card, "office", 2.0
            a.phone = phone if r.random() < 0.4 else a.phone
            a.device = device if r.random() < 0.3 else a.device
            a.home = r.choice(towns)
            lang = land[1] if land[1] in {"en", "zh"} else "en"
            work = Script(frames, bodies(world, "people", lang))
            a.voice = Mixed(work, Person(world, a), r.uniform(0.2, 0.8))
            done += 1


def households(world: World, n: int) -> None:
    """Households: two to five people, a card, a telephone, a line; some live apart."""
    r = world.rng
    done = 0
    while done < n:
        card, phone, device, land = token(r), token(r), token(r), r.choice(COUNTRIES)
        line = world.places.residential(land[4])
        for _ in range(r.randint(2, 5)):
            a = world.add(world.person("household", country=land))
            a.pay = card if r.random() < 0.8 else a.pay
            a.phone = phone if r.random() < 0.5 else a.phone
            a.device = device if r.random() < 0.4 else a.device
            a.home = line if r.random() < 0.75 else a.home
            a.voice = Person(world, a)
            done += 1


TOGETHER = {  # cohort: (least, most) accounts in a world of 12,000
    agents: (300, 700), shops: (25, 60), classes: (60, 150), firms: (100, 260),
    contests: (70, 180), readers: (200, 420), agencies: (40, 110), households: (150, 400),
}  # fmt: skip
