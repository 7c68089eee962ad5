"""What the innocent say: people, programs, agents, tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grammar
from corpora import tail
from world import Account, Line, Talk, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from corpora import Pool


class Person:
    """Somebody with subjects of their own, who follows up and sometimes asks for reasons."""

    def __init__(self, world: World, account: Account, pool: Pool | None = None) -> None:
        r = world.rng
        self.pool = pool or world.pools["people"]
        self.lang = account.lang
        self.stock = self.pool.by_lang.get(self.lang, [])
        self.subjects = self.pool.subjects(r, self.lang, r.randint(1, 4)) if self.stock else []
        self.own = r.sample(grammar.TOPIC[self.lang][2], 3) if self.lang in grammar.TOPIC else []
        self.corpus = len(self.stock) > 60
        self.polite = r.choice((0.0, 0.2, 0.6))
        self.curious = r.choice((0.0, 0.0, 0.02, 0.15))
        self.follows = r.uniform(0.5, 0.9)
        self.tongue = grammar.dialect(r, 0.4) if self.curious else grammar.TABLES
        self.system = None

    def body(self, r: Random, talk: Talk) -> str:
        """A request of one's own, of the conversation's subject."""
        if not self.corpus or (self.own and r.random() < 0.45):
            return grammar.everyday(r, self.lang, self.own)
        sticky = talk.memory.setdefault("subject", self.choose(r))
        return self.pool.vary(r, self.pool.draw(r, self.lang, sticky))

    def reply(self, r: Random, talk: Talk) -> str:
        """A follow-up, mostly with words of its own."""
        text = grammar.follow(r, self.lang)
        if r.random() < 0.3:
            return text
        own = tail(r, self.body(r, talk))
        return f"{text} {own}" if r.random() < 0.7 else own

    def choose(self, r: Random) -> list[int]:
        """The subject of one conversation."""
        return [r.choice(self.subjects)] if self.subjects else []

    def say(self, talk: Talk) -> Line:
        """The next prompt of a conversation."""
        r = talk.rng
        if talk.turn and r.random() < self.follows:
            return Line(self.reply(r, talk), self.system, size=0.7)
        if not talk.turn and r.random() < 0.03:
            return Line(r.choice(grammar.HELLO), self.system, size=0.3)
        text = self.body(r, talk)
        if r.random() < self.polite:
            text = grammar.opener(r, self.lang) + text
        if r.random() < self.curious:
            ask = grammar.elicit(r, self.tongue, r.choice(grammar.KINDS), self.lang)
            return Line(join(text, ask, after=r.random() < 0.8), self.system, size=1.8)
        return Line(text, self.system)


class Script:
    """A program: frames of its own round changing contents, one system prompt."""

    def __init__(
        self, frames: list[str], inner: Callable[[Random], str], system: str | None = None
    ) -> None:
        self.frames, self.inner, self.system = frames, inner, system
        self.size = 1.0

    def say(self, talk: Talk) -> Line:
        """The next request of the program."""
        r = talk.rng
        frame = self.frames[0] if r.random() < 0.6 else r.choice(self.frames)
        return Line(frame.replace("{body}", self.inner(r)), self.system, size=self.size)


class Agent:
    """An open-source agent: a task of its owner, then what its tools returned."""

    def __init__(self, owner: Person, system: str, frames: list[str]) -> None:
        self.owner, self.system, self.frames = owner, system, frames

    def say(self, talk: Talk) -> Line:
        """A task, or an observation."""
        r = talk.rng
        if talk.turn:
            return Line(r.choice(self.frames).replace("{body}", code(r)), self.system, size=0.8)
        return Line(f"<task>\n{self.owner.say(talk).prompt}\n</task>", self.system)


class Mixed:
    """Two voices in one account; a conversation stays with the voice that began it."""

    def __init__(self, first: object, second: object, share: float) -> None:
        self.first, self.second, self.share = first, second, share

    def say(self, talk: Talk) -> Line:
        """The next prompt of whoever speaks in this conversation."""
        mine = talk.memory.setdefault("mine", talk.rng.random() < self.share)
        return (self.first if mine else self.second).say(talk)


class Club:
    """Readers of a newsletter: on its days they try what it printed."""

    def __init__(self, own: Person, issues: list[tuple[float, list[str]]]) -> None:
        self.own, self.issues = own, issues

    def say(self, talk: Talk) -> Line:
        """A printed prompt while the issue is fresh, else something of one's own."""
        r = talk.rng
        for time, prompts in self.issues:
            if 0 < talk.time - time < 2 * 86_400 and not talk.turn and r.random() < 0.6:
                text = r.choice(prompts)
                if r.random() < 0.4:
                    text = grammar.opener(r, "en") + text
                return Line(text, size=1.4)
        return self.own.say(talk)


class Sequence:
    """Items in order or at random, as published: a harness, a class, a test set."""

    def __init__(self, items: list[str], frame: str, system: str | None, size: float) -> None:
        self.items, self.frame, self.system, self.size = items, frame, system, size
        self.at = 0

    def say(self, talk: Talk) -> Line:
        """The next item."""
        item = self.items[self.at % len(self.items)]
        self.at += 1 if talk.rng.random() < 0.97 else 2
        return Line(self.frame.replace("{body}", item), self.system, size=self.size)


class Probe(Person):
    """A red team beside its ordinary questions."""

    def body(self, r: Random, talk: Talk) -> str:
        """Mostly a probe of a safeguard."""
        if r.random() < 0.7:
            return grammar.attack(r)
        return super().body(r, talk)


def join(text: str, ask: str, *, after: bool) -> str:
    """A body and an instruction, in the given order."""
    return f"{text}\n\n{ask}" if after else f"{ask}\n\n{text}"


NAMES = [
    "load",
    "parse",
    "user",
    "order",
    "item",
    "cache",
    "sync",
    "token",
    "row",
    "batch",
    "price",
    "mail",
    "node",
    "edge",
    "file",
    "job",
]


def name(r: Random) -> str:
    """An identifier."""
    return "_".join(r.choices(NAMES, k=r.randint(2, 3)))


def code(r: Random) -> str:
    """A few lines of code or of a change, never the same twice."""
    a, b, c, n = name(r), name(r), name(r), r.randrange(900)
    forms = (
        (
            f"def {a}({b}, {c}=None):\n    for x in {b}[{n}:]:\n        {c} = {name(r)}(x)\n"
            f"    return {c}"
        ),
        (
            f"--- a/{a}.py\n+++ b/{a}.py\n@@ -{n},4 +{n},6 @@\n-    {b}({c})\n+    if {c}:\n"
            f"+        {b}({c}, {name(r)}={n % 7})"
        ),
        (
            f"const {a} = async ({b}) => {{\n  const {c} = await {name(r)}({b}, {n});\n"
            f"  return {c}?.{name(r)};\n}}"
        ),
        f"{a} = {b}.group({c}).filter(x > {n}).count()",
        f"$ cat {a}/{b}.log | tail -{n % 50}\nerror: {c}: expected {n}, got {r.randrange(99)}",
    )
    return "\n\n".join(r.choice(forms) for _ in range(r.randint(1, 3)))


def bodies(world: World, pool: str, lang: str = "en") -> Callable[[Random], str]:
    """Changing contents for a program, of a few subjects of a pool."""
    stock = world.pools[pool]
    mine = stock.subjects(world.rng, lang, world.rng.randint(1, 5))
    return lambda r: stock.vary(r, stock.draw(r, lang, mine))
