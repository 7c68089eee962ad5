"""Campaigns: how many, how large, what they hide and what they leave behind."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from book import Account, Habit, Stream, World
from clock import DAY, MONTH, Clock, Lockstep, Machine
from elicit import Elicitation, compose
from kinds import KINDS, Kind
from net import Client, Country, Place, Spot
from talk import Customers, Harvest, Mixed, Person, Probe, Talk

__all__ = ["make_campaigns"]

TRACES = ("cards", "phones", "devices", "stack", "settings", "pool", "opening", "rounds")
"""What a campaign may leave behind beside its wording; each draws at least two."""


@dataclass(slots=True)
class Camp:
    """One campaign's choices."""

    kind: Kind
    label: str
    size: int
    traces: dict[str, float]
    """Share of its accounts that show each trace."""
    style: Elicitation
    pools: list[str]
    langs: list[str]
    cover: float
    hours: str
    net: str
    opened: str
    begin: float
    end: float
    rounds: np.ndarray
    clients: list[Client]
    pool: list[Spot]
    cards: list[str]
    phones: list[str]
    devices: list[str]
    home: list[Country]
    model: str = "aster-3-large"
    system: str | None = None


def _sizes(world: World, regime: str, accounts: int) -> list[tuple[str, int]]:
    """Draw the campaigns' kinds and sizes."""
    py, names = world.py, list(KINDS)
    count = py.randint(6, 12)
    kinds = py.sample(names, count)
    if regime == "small":
        sizes = [py.randint(5, 20) for _ in kinds]
        limit = max(int(0.05 * accounts), 20)
        while sum(sizes) > limit and len(sizes) > 1:
            sizes.pop()
        return list(zip(kinds, sizes, strict=False))
    total = accounts * py.uniform(0.015, 0.05)
    while len(kinds) > 2 and 6 * len(kinds) > 0.05 * accounts:
        kinds.pop()
    weight = np.array([KINDS[k].size * py.lognormvariate(0.0, 1.1) for k in kinds])
    sizes = np.maximum(6, np.round(total * weight / weight.sum())).astype(int)
    while sizes.sum() > max(0.05 * accounts, 6 * len(kinds)):
        sizes[int(sizes.argmax())] -= 1
    return list(zip(kinds, (int(s) for s in sizes), strict=True))


def _traces(world: World, kind: Kind) -> dict[str, float]:
    """Draw which traces a campaign leaves, and on what share of its accounts."""
    py = world.py
    chosen = py.sample(TRACES, py.randint(2, 5))
    found = {name: py.uniform(0.3, 1.0) for name in chosen}
    if kind.name == "lockstep_factory":
        found["cards"], found["rounds"] = py.uniform(0.6, 1.0), 1.0
    if kind.twist == "disguise":
        found.pop("stack", None)
    return found


def _camp(world: World, kind: Kind, size: int, regime: str) -> Camp:
    """Draw a campaign."""
    py, net = world.py, world.net
    traces = _traces(world, kind)
    bare = regime == "people"
    count = 0 if bare else py.randint(*kind.wordings)
    pools = ["human"] if bare else py.sample(kind.pools, min(len(kind.pools), py.randint(1, 2)))
    length = py.uniform(0.35, 1.0) * MONTH
    begin = py.uniform(0, MONTH - length)
    if kind.twist == "release":
        begin, length = 0.0, MONTH
    stacks = [net.own_client(net.rare_agent())] if "stack" in traces else []
    stacks += [net.client(py.choice(("sdk", "sdk", "browser"))) for _ in range(py.randint(1, 6))]
    system = compose(py, py.choice(kind.capabilities), 1).wrap("") if py.random() < 0.3 else None
    return Camp(
        kind=kind,
        label=f"camp_{net.hex(8)}",
        size=size,
        traces=traces,
        style=compose(
            py,
            py.choice(kind.capabilities),
            count,
            py.uniform(*kind.reworded),
            py.choice((0.0, 0.0, 0.2, 0.5)),
        ),
        pools=pools,
        langs=[net.country().lang for _ in range(py.randint(1, 4))],
        cover=py.uniform(*kind.cover),
        hours="lockstep" if "rounds" in traces and py.random() < 0.6 else py.choice(kind.hours),
        net=py.choice(kind.nets),
        opened=py.choice(kind.opened),
        begin=begin,
        end=begin + length,
        rounds=np.sort(world.rng.uniform(begin, begin + length, py.randint(20, 200))),
        clients=stacks,
        pool=_pool(world, size),
        cards=_stock(world, "pm", size),
        phones=_stock(world, "ph", size),
        devices=_stock(world, "dv", size),
        home=[net.country() for _ in range(py.randint(1, 12))],
        model=py.choices(world.models, (75, 18, 7))[0],
        system=None if bare else system,
    )


def _stock(world: World, prefix: str, size: int) -> list[str]:
    """Return identities that are recycled over a few accounts each."""
    count = max(1, size // world.py.randint(3, 8))
    return [f"{prefix}_{world.net.hex()}" for _ in range(count)]


def _pool(world: World, size: int) -> list[Spot]:
    """Return a rented pool of proxies: homes, some of them of people who are customers too."""
    py, net = world.py, world.net
    count = max(3, int(size * py.uniform(0.4, 1.5)))
    known = py.sample(net.homes, min(count // 8, len(net.homes)))
    return known + [net.home(net.country()) for _ in range(count - len(known))]


def _place(world: World, camp: Camp) -> Place:
    """Return where an account of the campaign is seen."""
    py, net = world.py, world.net
    sort = camp.net if camp.net != "mixed" else py.choice(("residential", "datacenter", "vpn"))
    if "pool" in camp.traces and py.random() < camp.traces["pool"] and sort == "residential":
        return Place([[py.choice(camp.pool)] for _ in range(py.choice((1, 1, 3)))], [1.0] * 3)
    if sort == "residential":
        return net.fixed(net.home(py.choice(camp.home)))
    if sort == "vpn":
        return Place([py.sample(net.exits, 6)], [1.0], DAY)
    return net.fixed(*(net.cloud() for _ in range(py.choice((1, 2, 4)))))


def _created(world: World, camp: Camp) -> float:
    """Return when an account of the campaign was opened."""
    py = world.py
    if camp.opened == "aged":
        return -py.uniform(40, 900) * DAY
    width = (
        0.5 * DAY if "opening" in camp.traces and py.random() < camp.traces["opening"] else 25 * DAY
    )
    return min(camp.begin + py.uniform(-1.0, 0.1) * width - 0.1 * DAY, 0.9 * MONTH)


def _open(world: World, camp: Camp) -> Account:
    """Open an account of the campaign."""
    py = world.py
    more: dict[str, object] = {"campaign": camp.label, "kind": "attack"}
    account = world.account(camp.kind.name, py.choice(camp.langs), _created(world, camp), **more)
    if py.random() < 0.6:
        account.payment = account.payment or f"pm_{world.net.hex()}"
        account.plan = py.choice(("payg", "payg", "pro"))
    for trace, name, stock in (
        ("cards", "payment", camp.cards),
        ("phones", "phone", camp.phones),
        ("devices", "device", camp.devices),
    ):
        if trace in camp.traces and py.random() < camp.traces[trace]:
            setattr(account, name, py.choice(stock))
    return account


def _clock(world: World, camp: Camp, begin: float, end: float) -> Clock:
    """Return when an account of the campaign works."""
    py, twist = world.py, camp.kind.twist
    if twist == "slow":
        begin = begin + py.uniform(0.0, 0.4) * (end - begin)
    if camp.hours == "lockstep":
        return Lockstep(world.rng, camp.rounds, py.choice((20.0, 120.0, 900.0)), begin, end)
    if camp.hours == "human":
        shape = py.choice(("office", "evening", "spread"))
        return world.human(py.choice(camp.home), shape, begin, end=end)
    return Machine(world.rng, world.weekday, begin=begin, end=end)


def _talk(world: World, camp: Camp, lang: str) -> Talk:
    """Return what an account of the campaign says."""
    py, library = world.py, world.library
    work: Talk = Harvest(library, py, camp.style, camp.pools, lang)
    if camp.kind.twist == "probe" and camp.style.wordings:
        questions = [library.pools[camp.pools[0]].fresh(py) for _ in range(6)]
        tries = compose(py, camp.kind.capabilities[0], 30, 0.6)
        work = Probe(
            library, py, questions, tries, 0.35, Harvest(library, py, camp.style, camp.pools)
        )
    if camp.cover < 0.02:
        return work
    many = camp.kind.twist in ("replace", "resell", "reroute")
    cover = Customers(library, py, camp.langs) if many else Person(library, py, lang)
    return Mixed(py, cover, work, 1.0 - camp.cover, whole=py.random() < 0.5)


def _client(world: World, camp: Camp) -> Client:
    """Return what an account of the campaign sends with."""
    py = world.py
    client = py.choice(camp.clients)
    if "stack" in camp.traces and py.random() < camp.traces["stack"]:
        client = camp.clients[0]
    if (
        client.channel != "app"
        and "settings" in camp.traces
        and py.random() < camp.traces["settings"]
    ):
        shared = camp.clients[-1]
        client = replace(
            client,
            temperature=shared.temperature or 0.7,
            max_tokens=shared.max_tokens or 4096,
        )
    if camp.kind.twist == "channels" and client.channel != "app":
        client = replace(client, channel=py.choice(("direct", "marketplace")))
    return client.using(camp.system) if camp.system else client


def _habit(world: World, camp: Camp) -> Habit:
    """Return which models an account of the campaign asks for."""
    py = world.py
    if camp.kind.twist == "release":
        return Habit(camp.model, world.release + py.uniform(0.02, 1.0) * DAY, py.uniform(0.45, 0.8))
    if camp.kind.twist == "old":
        return Habit("aster-2-large")
    eager = py.random() < 0.4
    return Habit(camp.model, world.release + py.lognormvariate(0.3, 1.0) * DAY if eager else None)


def _volume(world: World, camp: Camp, regime: str) -> float:
    """Return how many requests an account of the campaign sends."""
    py, (low, high) = world.py, camp.kind.volume
    if regime == "small":
        low, high = max(low, 20.0), max(high, 60.0)
    return min(
        float(np.exp(py.uniform(np.log(low), np.log(high)))) * py.lognormvariate(0, 0.3), 3 * high
    )


def _member(world: World, camp: Camp, regime: str, disguise: Stream | None) -> None:
    """Open one account of a campaign and let it work; where it is lost, open the next at once."""
    py, account = world.py, _open(world, camp)
    begin, end, volume = (
        max(camp.begin, account.created, 0.0),
        camp.end,
        _volume(world, camp, regime),
    )
    if camp.kind.twist == "rotate":
        wave = py.choice((0.0, 0.55)) * (camp.end - camp.begin)
        account.created = min(account.created + wave, 0.9 * MONTH)
        begin, end = (
            max(camp.begin + wave, account.created),
            camp.begin + wave + 0.35 * (end - camp.begin),
        )
    end = min(max(end, begin + 6 * 3600), MONTH)
    if camp.kind.twist == "replace" and py.random() < 0.35:
        cut = py.uniform(begin + 0.2 * (end - begin), end)
        account.events.append((cut, "blocked"))
        volume *= (cut - begin) / (end - begin)
        end = cut
    client = _client(world, camp)
    if disguise is not None:
        client = disguise.client
    users = py.randint(20, 200) if camp.kind.twist == "resell" else 0
    world.stream(
        account,
        _clock(world, camp, begin, end),
        _talk(world, camp, account.lang),
        client,
        _place(world, camp),
        habit=_habit(world, camp),
        volume=max(volume, 2.0),
        fixed=True,
        users=users,
        threads=camp.hours == "human",
    )


def make_campaigns(world: World, regime: str, accounts: int) -> None:
    """Make the campaigns of a regime; their cohorts' innocent models must exist already."""
    if regime == "none":
        return
    agents = [s for s in world.streams if s.account.cohort == "open_source_agent"]
    for name, size in _sizes(world, regime, accounts):
        kind = KINDS[name]
        camp = _camp(world, kind, size, regime)
        if kind.twist == "languages":
            camp.langs = [world.net.country().lang for _ in range(6)]
        wears = world.py.choice(agents) if kind.twist == "disguise" and agents else None
        for _ in range(size):
            _member(world, camp, regime, wears)
