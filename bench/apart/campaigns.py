"""Campaigns: one hiding technique each, with operational details of which a few leak."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grammar
from cohorts import Crowd
from corpora import HARVEST, LARGE, tail
from places import COUNTRIES, token
from voices import Agent, Person, join, name
from world import DAY, Account, Line, Talk, World

if TYPE_CHECKING:
    from random import Random

    from places import Client

# What a technique fixes; the rest of a plan is drawn.
TECHNIQUES: dict[str, dict] = {
    "spread_thin": {"weight": 0.35, "share": 2.0},
    "low_and_wide": {"few": True, "cover": 0.0, "share": 2.5},
    "residential_proxies": {"homes": "residential", "never": ("block",)},
    "recycled_cards": {"force": ("pay", "phone")},
    "reworded": {"free": True},
    "cover_traffic": {"cover": 0.925, "weight": 2.5},
    "human_like": {
        "clock": "human",
        "chat": 0.6,
        "persona": True,
        "homes": "residential",
        "never": ("clock", "lockstep"),
    },
    "aged_accounts": {"aged": True},
    "reseller": {"voice": "reseller", "weight": 5.0, "share": 0.6},
    "rerouted_users": {"voice": "reroute", "weight": 4.0, "share": 0.6},
    "release_pivot": {"force": ("release",)},
    "replacement": {"lives": True},
    "probing": {"probe": True},
    "job_queue": {"queue": True, "cover": 0.0},
    "few_heavy": {"weight": 9.0, "share": 0.3},
    "mimic_harness": {"voice": "harness", "clock": "batch", "cover": 0.0},
    "mimic_agency": {"agency": True, "clock": "office"},
    "mimic_agent": {"voice": "agent", "chat": 0.5},
    "rotation": {"phases": True},
}
LEAKS = ("pay", "phone", "device", "block", "client", "batch", "lockstep", "clock", "release")


@dataclass
class Plan:
    """One campaign as its operator planned it."""

    name: str
    technique: str
    size: int
    begin: float
    end: float
    kind: str
    free: bool
    tables: dict[str, grammar.Table]
    place: str
    pools: list[str]
    leaks: set[str]
    wordings: int
    cover: float
    chat: float
    clock: str
    homes: str
    weight: float
    plain: bool
    probe_end: float = 0.0
    asks: dict[str, list[str]] = field(default_factory=dict)
    queues: dict[str, list[int]] = field(default_factory=dict)
    details: dict = field(default_factory=dict)
    clients: list[Client] = field(default_factory=list)
    runs: list[float] = field(default_factory=list)

    def ask(self, r: Random, lang: str, time: float) -> str:
        """The elicitation of one exchange."""
        if time < self.probe_end:
            return grammar.elicit(r, grammar.TABLES, r.choice(grammar.KINDS), lang)
        if self.free:
            return grammar.elicit(r, self.tables, self.kind, lang)
        if lang not in self.asks:
            made = [grammar.elicit(r, self.tables, self.kind, lang) for _ in range(self.wordings)]
            self.asks[lang] = made
        return r.choice(self.asks[lang])

    def body(self, world: World) -> tuple[str, str]:
        """The next body of the campaign's queue and its language."""
        r = world.rng
        if self.details.get("everyday") and r.random() < 0.3:
            lang = r.choice(sorted(grammar.TOPIC))
            return grammar.everyday(r, lang, grammar.TOPIC[lang][2]), lang
        stocks = [world.pools[x] for x in self.pools]
        pool = r.choices(stocks, [len(x.texts) for x in stocks])[0]
        queue = self.queues.setdefault(str(id(pool)), [])
        if not queue:
            queue += self.subjects(r, pool)
            r.shuffle(queue)
        i = queue.pop() if self.details.get("queue") else r.choice(queue)
        return pool.vary(r, i), pool.langs[i]

    def subjects(self, r: Random, pool: object) -> list[int]:
        """All bodies of a pool, or those of the subjects the campaign is after."""
        clusters = sorted(set(pool.cluster))
        part = max(1, round(len(clusters) * self.details["breadth"]))
        chosen = set(r.sample(clusters, part))
        return [i for i, c in enumerate(pool.cluster) if c in chosen]

    def line(self, world: World, time: float) -> Line:
        """One harvest exchange."""
        r = world.rng
        text, lang = self.body(world)
        if not self.plain and r.random() < 0.2:
            text = grammar.opener(r, lang) + text
        return self.dress(r, text, lang, time)

    def dress(self, r: Random, text: str, lang: str, time: float) -> Line:
        """A body with its elicitation where this campaign puts it."""
        ask, place = self.ask(r, lang, time), self.place
        if place == "any":
            place = r.choice(("suffix", "prefix", "system"))
        size = 2.0 if time >= self.probe_end else 0.8
        if place == "system":
            return Line(text, ask, harvest=True, size=size)
        return Line(join(text, ask, after=place == "suffix"), None, harvest=True, size=size)


class Harvester:
    """An account of a campaign: harvest, cover, follow-ups."""

    def __init__(self, world: World, plan: Plan, cover: object, system: str | None = None) -> None:
        self.world, self.plan, self.cover, self.system = world, plan, cover, system

    def say(self, talk: Talk) -> Line:
        """The next prompt."""
        r, plan = talk.rng, self.plan
        if talk.memory.setdefault("cover", r.random() < plan.cover):
            return self.cover.say(talk)
        if talk.turn and r.random() < plan.chat:
            text, lang = plan.body(self.world)
            return Line(f"{grammar.follow(r, lang)} {tail(r, text)}", self.system)
        line = plan.line(self.world, talk.time)
        if self.system:
            if line.system:
                line.prompt = join(line.prompt, line.system, after=False)
            line.system = self.system
        return line


class Reroute:
    """Real people's conversations with an instruction injected."""

    def __init__(self, plan: Plan, crowd: Crowd, share: float) -> None:
        self.plan, self.crowd, self.share = plan, crowd, share

    def say(self, talk: Talk) -> Line:
        """Somebody's prompt, mostly dressed."""
        line = self.crowd.say(talk)
        if not talk.memory.setdefault("mine", talk.rng.random() < self.share):
            return line
        lang = talk.memory["who"].lang
        return self.plan.dress(talk.rng, line.prompt, lang, talk.time)


class Exam:
    """A harvest that looks like an evaluation."""

    def __init__(self, world: World, plan: Plan) -> None:
        self.world, self.plan = world, plan

    def say(self, talk: Talk) -> Line:
        """An item in the form of a test question."""
        text, lang = self.plan.body(self.world)
        ask = self.plan.ask(talk.rng, lang, talk.time)
        return Line(f"Question: {text}\n{ask}\nAnswer:", None, harvest=True, size=2.0)


def sizes(r: Random, total: int, regime: str) -> tuple[list[str], list[int]]:
    """Techniques of a world's campaigns and how many accounts each has."""
    least, most = (6, 60) if regime == "small" else (20, 400)
    count = max(1, min(r.randint(8, 14), total // (least + 2)))
    chosen = r.sample(sorted(TECHNIQUES), min(count, len(TECHNIQUES)))
    raw = [TECHNIQUES[t].get("share", 1.0) * r.lognormvariate(0, 0.7) for t in chosen]
    extra = max(0, total - least * len(chosen))
    made = [min(most, least + int(extra * x / sum(raw))) for x in raw]
    made[made.index(min(made))] += max(0, min(total - sum(made), most - min(made)))
    return chosen, made


def plan(world: World, technique: str, size: int, regime: str) -> Plan:
    """Draws one campaign's details."""
    r, fixed = world.rng, TECHNIQUES[technique]
    begin = world.begin + r.uniform(0.02, 0.35) * world.days * DAY
    end = world.begin + r.uniform(0.75, 1.0) * world.days * DAY
    possible = [x for x in LEAKS if x not in fixed.get("never", ())]
    leaks = set(r.sample(possible, r.randint(2, 4))) | set(fixed.get("force", ()))
    pools = ["people"] if regime == "people" else [r.choice(LARGE), *r.sample(HARVEST, 2)]
    pools = pools[: r.choice((1, 1, 2, 3))]
    details = dict(fixed, queue=fixed.get("queue", r.random() < 0.6))
    details |= {"breadth": r.choice((1.0, 1.0, 0.3)), "everyday": regime == "people"}
    cover = fixed.get("cover", r.choice((0.0, 0.1, 0.4, 0.7)))
    return Plan(
        token(r, 8), technique, size, begin, end, r.choice(grammar.KINDS),
        fixed.get("free", r.random() < 0.5), grammar.dialect(r, r.uniform(0.6, 1.0)),
        r.choice(("suffix", "suffix", "prefix", "system", "any")), pools, leaks,
        r.randint(3, 8), r.uniform(0.9, 0.95) if cover > 0.9 else cover,
        fixed.get("chat", r.choice((0.0, 0.0, 0.3))),
        fixed.get("clock", r.choice(("human", "human", "batch", "steady"))),
        fixed.get("homes", r.choice(("residential", "residential", "cloud", "tunnel", "mixed"))),
        fixed.get("weight", r.choice((0.7, 1.0, 2.0, 3.0))), r.random() < 0.6, details=details,
        probe_end=begin + 0.15 * (end - begin) if fixed.get("probe") else 0.0,
    )  # fmt: skip


def campaigns(world: World, total: int, regime: str) -> list[Plan]:
    """All campaigns of a world and their accounts."""
    r = world.rng
    plans = [plan(world, t, n, regime) for t, n in zip(*sizes(r, total, regime), strict=True)]
    if len(plans) > 1 and r.random() < 0.5:  # two actors, one recipe
        first, second = r.sample(plans, 2)
        second.tables, second.kind, second.asks = first.tables, first.kind, first.asks
        second.free, second.wordings = first.free, first.wordings
    for p in plans:
        staff(world, p)
    return plans


def staff(world: World, p: Plan) -> None:
    """Opens a campaign's accounts."""
    r = world.rng
    p.clients = [r.choice(world.places.rare) for _ in range(r.choice((1, 1, 2)))]
    if "lockstep" in p.leaks:
        gap = r.choice((3, 6, 8, 12)) * 3600.0
        p.runs = [p.begin + i * gap for i in range(int((p.end - p.begin) / gap))]
    members = []
    batches = [r.uniform(p.begin, p.begin + 0.6 * (p.end - p.begin)) for _ in range(5)]
    for i in range(p.size):
        kit = r.random() < 0.5
        a = world.person("attack", kit=kit)
        a.kind, a.campaign, a.cohort = "attack", p.name, p.technique
        dates(world, p, a, i, batches)
        wire(world, p, a)
        members.append(a)
    share_values(world, p, members)
    for a in members:
        a.voice = voice(world, p, a)
        a.least = round(r.uniform(3, 6) / (1 - p.cover))  # nobody opens an account for nothing
        world.add(a)


def dates(world: World, p: Plan, a: Account, i: int, batches: list[float]) -> None:
    """When an account is made and used."""
    r, length = world.rng, p.end - p.begin
    if "batch" in p.leaks and r.random() < 0.8:
        a.created = r.choice(batches) + r.expovariate(1 / 1500)
    elif p.details.get("aged"):
        a.created = p.begin - r.uniform(40, 400) * DAY
    elif r.random() < 0.7:
        a.created = p.begin - 4 * DAY + r.random() * 0.8 * length
    a.start = max(a.created + r.expovariate(1 / (0.5 * DAY)), p.begin)
    if p.details.get("aged"):  # a slow start
        a.start = p.begin + r.random() ** 0.6 * 0.6 * length
    a.end = p.end
    if p.details.get("lives"):
        life = r.uniform(2, 6) * DAY
        a.start = p.begin + i / p.size * max(length - life, DAY)
        a.created, a.end = a.start - r.uniform(0.02, 2) * DAY, a.start + life
    if p.details.get("phases"):
        late = i % 2
        a.start = p.begin + late * 0.6 * length + r.random() * DAY
        a.created, a.end = a.start - r.uniform(0.05, 6) * DAY, a.start + 0.35 * length
    a.end = min(world.end, max(a.end, a.start + 0.3 * DAY))
    a.start = min(a.start, a.end - 0.2 * DAY)
    a.created = min(a.created, a.start - 60)
    if "release" in p.leaks and r.random() < 0.9:
        a.moves = world.release + r.uniform(0, 0.9) * DAY
        a.model = world.models[0]


def wire(world: World, p: Plan, a: Account) -> None:
    """Where an account's requests come from, with what, and at which hours."""
    r, homes = world.rng, p.homes
    a.weight, a.clock, a.turns = p.weight, p.clock, 1.0 + 2.5 * p.chat + r.random()
    if p.details.get("few"):
        a.count = r.choice((3, 4, 4, 4, 5, 6))
    if homes == "mixed":
        homes = r.choice(("residential", "cloud", "tunnel"))
    if homes == "residential":
        land = r.choice(COUNTRIES)
        a.home = world.places.residential(land[4], r.choice((0.0, 0.02, 0.3)))
    else:
        a.home = world.places.server() if homes == "cloud" else world.places.tunnel()
    if "client" in p.leaks and r.random() < 0.8:
        a.clients = p.clients
    if "clock" in p.leaks and p.clock == "human":
        a.clock = "steady"
    if p.runs and r.random() < 0.85:
        a.clock, a.runs = "runs", p.runs


def share_values(world: World, p: Plan, members: list[Account]) -> None:
    """Values that several accounts share: recycled by an operator who leaks them."""
    r = world.rng
    for key, attribute in (("pay", "pay"), ("phone", "phone"), ("device", "device")):
        if key in p.leaks:
            recycle(r, members, attribute, r.uniform(0.4, 0.9), (2, 5))
    if p.details.get("agency"):
        recycle(r, members, "pay", 1.0, (3, 7))
    if "block" in p.leaks:
        blocks = [world.places.block(r.choice((16276, 24940, 14061, 63949))) for _ in range(2)]
        for a in members:
            if r.random() < 0.7:
                a.home = world.places.server()
                a.home.fixed = [r.choice(r.choice(blocks))]


def recycle(
    r: Random, members: list[Account], attribute: str, share: float, group: tuple[int, int]
) -> None:
    """Gives groups of accounts one value."""
    pool = [a for a in members if r.random() < share]
    r.shuffle(pool)
    while pool:
        value = token(r)
        for _ in range(min(len(pool), r.randint(*group))):
            setattr(pool.pop(), attribute, value)


def voice(world: World, p: Plan, a: Account) -> object:
    """What an account of the campaign says."""
    r, style = world.rng, p.details.get("voice")
    if style in {"reseller", "reroute"}:
        a.talks, a.turns = "session", 2.5
        a.users = [token(r) for _ in range(r.randint(5, 60))] if r.random() < 0.5 else []
        crowd = Crowd(world, a)
        if style == "reroute":
            return Reroute(p, crowd, r.uniform(0.6, 0.95))
        p.cover = max(p.cover, r.uniform(0.5, 0.85))
        return Harvester(world, p, crowd)
    cover = Person(world, a)
    if style == "harness":
        return Exam(world, p)
    if style == "agent":
        twins = [x for x in world.accounts if isinstance(x.voice, Agent)]
        if twins:
            twin = r.choice(twins)
            a.clients = twin.clients
            system = twin.voice.system
            return Harvester(world, p, Agent(cover, system, twin.voice.frames), system)
    persona = f"You are {name(r)}, my {r.choice(('tutor', 'editor', 'coach', 'colleague'))}."
    return Harvester(world, p, cover, persona if p.details.get("persona") else None)
