"""What accounts say: people, applications, agents, harnesses, harvesters and mixtures."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from corpus import Library
from elicit import Elicitation

__all__ = ["Customers", "Forms", "Harness", "Harvest", "Mixed", "Person", "Probe", "Talk"]

Talk = Callable[[list[int]], list[tuple[str, bool]]]
"""Takes the session of each request, in order; returns its prompt and whether it is harvest."""


@dataclass(slots=True)
class Person:
    """One person: openings, follow-ups, small manners; some copy prompts that were shared."""

    library: Library
    rng: random.Random
    lang: str
    opening: str = ""
    closing: str = ""
    copies: float = 0.02
    first: str | None = None

    def __call__(self, sessions: list[int]) -> list[tuple[str, bool]]:
        """Return what the person types."""
        rng, out, last = self.rng, [], -1
        for session in sessions:
            if session == last and rng.random() < 0.55:
                text = self.library.follow_up(self.lang, rng)
            elif rng.random() < self.copies:
                pool = "roles_zh" if self.lang == "zh" else "roles"
                text = self.library.pools[pool].same(rng)
            else:
                text = self.library.human(self.lang, rng)
                if self.opening and rng.random() < 0.5:
                    text = f"{self.opening} {text}"
                if self.closing and rng.random() < 0.4:
                    text = f"{text} {self.closing}"
            if self.first is not None and not out:
                text = self.first
            out.append((text, False))
            last = session
        return out


@dataclass(slots=True)
class Customers:
    """Many people behind one account, someone else each session."""

    library: Library
    rng: random.Random
    langs: list[str]

    def __call__(self, sessions: list[int]) -> list[tuple[str, bool]]:
        """Return what they type."""
        out: list[tuple[str, bool]] = []
        person, last = Person(self.library, self.rng, self.langs[0]), -1
        for session in sessions:
            if session != last:
                person = Person(self.library, self.rng, self.rng.choice(self.langs))
            out += person([session]) if session != last else self._next(person)
            last = session
        return out

    def _next(self, person: Person) -> list[tuple[str, bool]]:
        if self.rng.random() < 0.5:
            return [(self.library.follow_up(person.lang, self.rng), False)]
        return person([0])


@dataclass(slots=True)
class Forms:
    """Software: one or more forms, filled each time with something from the pools."""

    library: Library
    rng: random.Random
    forms: list[str]
    pools: list[str]
    copies: float = 0.0

    def __call__(self, sessions: list[int]) -> list[tuple[str, bool]]:
        """Return the filled forms."""
        rng, out = self.rng, []
        for _ in sessions:
            pool = self.library.pools[rng.choice(self.pools)]
            body = pool.same(rng) if rng.random() < self.copies else pool.fresh(rng)
            out.append((rng.choice(self.forms).replace("{q}", body), False))
        return out


@dataclass(slots=True)
class Harness:
    """An evaluation: the same examples before each question, questions in a fixed order."""

    library: Library
    rng: random.Random
    prefix: str
    pool: str = "eval"
    style: Elicitation | None = None

    def __call__(self, sessions: list[int]) -> list[tuple[str, bool]]:
        """Return the questions of a published set, as they stand."""
        texts = self.library.pools[self.pool].texts
        start = self.rng.randrange(len(texts))
        out = []
        for i in range(len(sessions)):
            text = self.prefix + texts[(start + i) % len(texts)]
            out.append((self.style.wrap(text) if self.style else text, False))
        return out


@dataclass(slots=True)
class Harvest:
    """A job queue: bodies that do not recur, in the campaign's present wording."""

    library: Library
    rng: random.Random
    style: Elicitation
    pools: list[str]
    lang: str = "en"
    repeats: float = 0.0

    def __call__(self, sessions: list[int]) -> list[tuple[str, bool]]:
        """Return the jobs."""
        return [(self.style.wrap(self._body()), True) for _ in sessions]

    def _body(self) -> str:
        name = self.rng.choice(self.pools)
        if name == "human":
            return self.library.human(self.lang, self.rng)
        pool = self.library.pools[name]
        return pool.same(self.rng) if self.rng.random() < self.repeats else pool.fresh(self.rng)


@dataclass(slots=True)
class Probe:
    """First a few questions in ever new wordings, then the wordings that got through."""

    library: Library
    rng: random.Random
    questions: list[str]
    tries: Elicitation
    share: float
    then: Harvest

    def __call__(self, sessions: list[int]) -> list[tuple[str, bool]]:
        """Return tries, then jobs."""
        tried = int(len(sessions) * self.share)
        tries = [(self.tries.wrap(self.rng.choice(self.questions)), True) for _ in range(tried)]
        return tries + self.then(sessions[tried:])


@dataclass(slots=True)
class Mixed:
    """Harvest hidden among ordinary talk; whole sessions, or requests within a session."""

    rng: random.Random
    cover: Talk
    harvest: Talk
    share: float
    whole: bool = False

    def __call__(self, sessions: list[int]) -> list[tuple[str, bool]]:
        """Return both, in the order of the sessions."""
        covered, jobs = self.cover(sessions), self.harvest(sessions)
        taken: dict[int, bool] = {}
        out = []
        for i, session in enumerate(sessions):
            if self.whole:
                job = taken.setdefault(session, self.rng.random() < self.share)
            else:
                job = self.rng.random() < self.share
            out.append(jobs[i] if job else covered[i])
        return out
