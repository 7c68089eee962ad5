"""Campaigns of every shape: from actors to accounts and streams."""

from __future__ import annotations

import clock
from actors import Actor, Harvest, Probe
from base import DAY, HOUR, SPAN, Client, World
from corpus import want
from folk import device, language
from kinds import KINDS, draw_traits, fitted
from talk import Each, Mix, Person


def _plain(act: Actor, a, low, high, volume, **more):
    """Give an account its part of the queue, and ordinary talk as cover."""
    w, kind = act.w, act.kind
    place, program = act.place(), more.pop("client", None) or act.program()
    talk = more.pop("talk", None) or Harvest(act)
    w.stream(
        a, volume, act.clock(a, low, high), talk, program, place, habit=act.habit(), fixed=True
    )
    if kind.cover:
        who = Person(w, a.lang)
        hours = clock.human(w, a.tz, max(0.0, a.created), high)
        cover = volume * kind.cover * w.py.uniform(0.7, 1.3)
        w.stream(a, cover, hours, who, program, place, habit=act.habit(), fixed=True)


def _volume(act: Actor) -> float:
    return max(1.6, act.w.tail(act.kind.volume, act.kind.sigma) * act.w.scale)


def plain(act: Actor) -> list:
    """Build a campaign of workers."""
    made = []
    for i in range(act.size):
        a = act.account(i)
        _plain(act, a, *act.span(a), _volume(act))
        made.append(a)
    return made


def brief(act: Actor) -> list:
    """Build a wide campaign whose accounts do a few requests in a day or two and rest."""
    made = []
    for i in range(act.size):
        a = act.account(i)
        low, _ = act.span(a)
        _plain(act, a, low, min(SPAN, low + act.w.py.uniform(4, 60) * HOUR), _volume(act))
        made.append(a)
    return made


def wake(act: Actor) -> list:
    """Build a campaign of old accounts: quiet use by former owners, then work from one day on."""
    w, py, made = act.w, act.w.py, []
    for i in range(act.size):
        a = act.account(i)
        _plain(act, a, *act.span(a), _volume(act))
        if py.random() < 0.5 and act.start > DAY:
            hours = clock.human(w, a.tz, 0.0, act.start)
            w.stream(
                a,
                w.tail(3, 0.6),
                hours,
                Person(w, a.lang),
                w.shop.browser(),
                w.net.home(py.choice(act.lands)),
                fixed=True,
            )
        made.append(a)
    return made


def chain(act: Actor) -> list:
    """Build slots in which a blocked account's work goes on in a new one within hours."""
    w, py, made = act.w, act.w.py, []
    while len(made) < act.size:
        place, program, shared = act.place(), act.program(), device(w)
        now = act.start + py.uniform(0, 1) * DAY
        first = True
        for _ in range(py.randint(2, 5)):
            if len(made) >= act.size or now > SPAN - 8 * HOUR:
                break
            born = -py.uniform(1, 90) * DAY if first else now - py.uniform(0.1, 3) * HOUR
            a = act.account(len(made), born)
            high = min(SPAN, now + py.uniform(1.2, 8) * DAY)
            if py.random() < 0.3:
                a.device = shared
            w.stream(
                a,
                _volume(act),
                act.clock(a, now, high),
                Harvest(act),
                program,
                place,
                habit=act.habit(),
                fixed=True,
            )
            made.append(a)
            now, first = high + py.uniform(0.3, 9) * HOUR, False
    return made


def probe(act: Actor) -> list:
    """Build a campaign that first tries wordings with some accounts, then shifts to what works."""
    w, py, made = act.w, act.w.py, []
    trying = Probe(w)
    until = min(act.start + py.uniform(1.5, 4) * DAY, SPAN - 2 * DAY)
    for i in range(act.size):
        a = act.account(i)
        low, high = act.span(a)
        if i < max(3, act.size // 3):
            first = max(act.start, a.created + HOUR)
            hours = clock.queue(w, first, max(until, first + 5 * HOUR), dark=act.dark)
            w.stream(
                a,
                0.3 * _volume(act) + 1,
                hours,
                trying,
                act.program(),
                act.place(),
                habit=act.habit(),
                fixed=True,
            )
        low = min(max(low, until), SPAN - 8 * HOUR)
        _plain(act, a, low, max(high, low + 6 * HOUR), _volume(act))
        made.append(a)
    return made


def resale(act: Actor) -> list:
    """Build a reseller's accounts: customers with end-user ids, harvest among them."""
    w, py, kind, made = act.w, act.w.py, act.kind, []
    for i in range(act.size):
        a = act.account(i)
        low, high = act.span(a)
        volume, place, program = _volume(act), act.place(), act.program()
        people = [Person(w, language(w)) for _ in range(py.randint(4, 25))]
        talk = Mix(w, people, [py.gammavariate(0.7, 1) + 0.01 for _ in people])
        hours = clock.steady(w, a.tz, low, high, swing=0.5)
        w.stream(
            a,
            volume * kind.cover,
            hours,
            talk,
            program,
            place,
            habit=act.habit(),
            fixed=True,
            users=len(people),
        )
        w.stream(
            a,
            volume,
            act.clock(a, low, high),
            Harvest(act),
            program,
            place,
            habit=act.habit(),
            fixed=True,
            users=py.choice((0, 3, 60)),
        )
        made.append(a)
    return made


class _Injected:
    """Real users' words with the actor's instruction behind them."""

    def __init__(self, act: Actor, people, quiet: bool):
        self.act, self.quiet = act, quiet
        self.inner = Mix(act.w, people, [act.w.py.gammavariate(0.7, 1) + 0.01 for _ in people])

    def __call__(self, sessions):
        voice = self.act.voices[0]
        return [
            (t if self.quiet else voice.wrap(t), n * voice.factor, True)
            for t, n, _ in self.inner(sessions)
        ]


def reroute(act: Actor) -> list:
    """Build relays that send strangers' sessions here with an injected instruction."""
    w, py, made = act.w, act.w.py, []
    in_system = act.traits["mode"] in ("fixed", "pool") and py.random() < 0.5
    for i in range(act.size):
        a = act.account(i)
        low, high = act.span(a)
        people = [Person(w, language(w)) for _ in range(py.randint(6, 30))]
        program = act.program()
        if in_system:
            program = Client(
                program.agent,
                program.tls,
                program.channel,
                act.voices[0].line(),
                program.max_tokens,
                program.temperature,
            )
        hours = clock.steady(w, a.tz, low, high, swing=0.5, dark=act.dark)
        plain_too = Mix(w, people, [1] * len(people))
        place = act.place()
        users = len(people) if py.random() < 0.6 else 0
        w.stream(
            a,
            _volume(act),
            hours,
            _Injected(act, people, in_system),
            program,
            place,
            habit=act.habit(),
            fixed=True,
            users=users,
        )
        if py.random() < 0.4:
            hours = clock.steady(w, a.tz, low, high)
            w.stream(
                a,
                0.3 * _volume(act),
                hours,
                plain_too,
                act.program(),
                place,
                habit=act.habit(),
                fixed=True,
                users=users,
            )
        made.append(a)
    return made


def dress(act: Actor) -> list:
    """Build a campaign that looks like a public tool or an evaluation, with some of their traffic."""
    w, py, made = act.w, act.w.py, []
    costume = py.random() < 0.5
    for i in range(act.size):
        a = act.account(i)
        low, high = act.span(a)
        volume = _volume(act)
        _plain(act, a, low, high, volume)
        form = "Solve the task. Show your working, then `ANSWER: <value>`.\n\n{q}"
        pool = w.bank.decks["sums"] if costume else w.bank.decks["code"]
        talk = Each(
            lambda f=form if costume else "{q}", p=pool: (
                f.format(q=py.choice(p)),
                want("x" * 200, 5.9),
            )
        )
        w.stream(
            a,
            volume * 0.4,
            act.clock(a, low, high),
            talk,
            act.program(),
            act.place(),
            habit=act.habit(),
            fixed=True,
        )
        made.append(a)
    return made


def launder(act: Actor) -> list:
    """Build a campaign whose second turns have answers reworded."""
    made = []
    for i in range(act.size):
        a = act.account(i)
        _plain(act, a, *act.span(a), _volume(act), talk=Harvest(act, launder=True))
        made.append(a)
    return made


SHAPES = {
    "plain": plain,
    "echo": plain,
    "brief": brief,
    "wake": wake,
    "chain": chain,
    "probe": probe,
    "resale": resale,
    "reroute": reroute,
    "dress": dress,
    "launder": launder,
}


def _sizes(w: World, kinds: list, budget: int) -> list[int]:
    """Divide the attackers among campaigns, within the bounds of their kinds."""
    py = w.py
    sizes = [k.low for k in kinds]
    weights = [w.tail(1.0, 0.9) * (k.high - k.low) for k in kinds]
    for _ in range(4):
        left = budget - sum(sizes)
        total = sum(x for x, s, k in zip(weights, sizes, kinds) if s < k.high)
        if left <= 0 or not total:
            break
        for i, k in enumerate(kinds):
            if sizes[i] < k.high:
                extra = int(left * weights[i] / total * py.uniform(0.8, 1.0))
                sizes[i] = min(k.high, sizes[i] + extra)
    return sizes


def _choose(w: World, regime: str, budget: int) -> list[str]:
    """Choose the kinds of a world; small budgets have fewer and narrower ones."""
    py, names = w.py, list(KINDS)
    want_n = py.randint(6, 14)
    chosen: list[str] = []
    while names and len(chosen) < want_n:
        name = py.choices(names, [KINDS[n].weight for n in names])[0]
        names.remove(name)
        spent = sum(fitted(n, regime).low for n in chosen)
        low = fitted(name, regime).low
        if low <= max(8, budget / 4) and spent + low <= budget:
            chosen.append(name)
    return chosen


def campaigns(w: World, regime: str, accounts: int) -> int:
    """Make a regime's campaigns and return how many accounts they have."""
    py = w.py
    share = 0.005 * 14 ** (py.random() ** 0.6)
    if regime == "small":
        share = 0.008 * 5 ** (py.random() ** 0.7)
    budget = max(12, int(share * accounts))
    names = _choose(w, regime, budget)
    kinds = [fitted(n, regime) for n in names]
    sizes = _sizes(w, kinds, budget)
    subset, twins = _twins(w, names, kinds)
    total = 0
    for i, (name, kind, size) in enumerate(zip(names, kinds, sizes)):
        decks, part = py.choice(kind.corpora), None
        if i in twins:
            decks, part = ("instruct",), subset
        act = Actor(
            w, name, f"op{i + 1:02d}-{w.code(4)}", kind, draw_traits(py, kind), size, decks, part
        )
        made = SHAPES[kind.shape](act)
        act.identify(made)
        total += len(made)
    return total


def _twins(w: World, names: list[str], kinds: list) -> tuple[list[str], set[int]]:
    """Let two or three actors draw on one and the same small corpus."""
    py = w.py
    able = [i for i, k in enumerate(kinds) if ("instruct",) in k.corpora]
    if len(able) < 2 or py.random() < 0.35:
        return [], set()
    subset = py.sample(w.bank.decks["instruct"], 900)
    return subset, set(py.sample(able, min(len(able), py.choice((2, 2, 3)))))
