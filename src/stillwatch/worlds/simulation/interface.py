"""What a cohort or an adversary receives, and what it gives back.

A population (benign cohort, grey cohort or adversary) is one small file with one class that
satisfies :class:`Population`; its instance stands in the plain tuple ``COHORTS`` of
``cohorts/__init__.py`` or ``ADVERSARIES`` of ``adversaries/__init__.py``.  The world calls
``populate(world, quota)``; a typical body is::

    block = world.open(quota)                      # ordinary accounts, then edit columns
    block.payment[:] = world.people.card()
    schedule = world.sessions(block, "person")     # when each account speaks
    traffic = world.ordinary(block, schedule, {"chat": 0.8, "code": 0.2})
    traffic.harvest[:] = False                     # then edit columns
    world.enrol(block, quota)                      # once, after the edits
    world.send(block, traffic)                     # any number of times

Everything is columnar: one array entry an account (:class:`Accounts`) or an exchange
(:class:`Traffic`).  Text is never made here: a row refers to a body by (kind, language,
subject, seed, turn) and to a wrapper by number, and the text is made as the row is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from stillwatch.worlds.simulation.columns import (
    DAY,
    ELICITATIONS,
    HOUR,
    KINDS,
    LANGUAGES,
    MINUTE,
    RHYTHMS,
    ROLES,
    SECOND,
    Accounts,
    Address,
    Bools,
    Floats,
    Ints,
    Objects,
    Schedule,
    Traffic,
)
from stillwatch.worlds.simulation.supplies import Clients, Network, People

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

__all__ = [
    "DAY",
    "ELICITATIONS",
    "HOUR",
    "KINDS",
    "LANGUAGES",
    "MINUTE",
    "RHYTHMS",
    "ROLES",
    "SECOND",
    "Accounts",
    "Address",
    "Bools",
    "Clients",
    "Elicitation",
    "Floats",
    "Ints",
    "Network",
    "Objects",
    "People",
    "Population",
    "Quota",
    "Schedule",
    "TextSource",
    "Traffic",
    "World",
    "Wrapper",
]

Wrapper = Callable[[Sequence[str], Ints, str], list[str]]
"""Called as wrapper(bodies, wrap_seeds, lang) when rows are written; a pure function."""


@dataclass(frozen=True, slots=True)
class Elicitation:
    """Words set around a body."""

    prefix: str
    """Goes before the body; may be empty; brings its own white space."""
    suffix: str
    """Goes after the body; may be empty; brings its own white space."""
    system: str | None
    """System prompt, or None."""


class TextSource(Protocol):
    """Makes all text; ``text.source(directory, seed)`` returns one.

    ``directory`` is a folder of Parquet files of prompts, or None for the built-in generator.
    Every method is a pure function of its arguments and of the seed that the source was made
    with; nothing may depend on the order of calls.
    """

    def bodies(
        self,
        kind: str,
        lang: str,
        subject: Ints,
        seed: Ints,
        turn: Ints,
    ) -> list[str]:
        """Return one body a row.

        Args:
            kind: one of KINDS.
            lang: one of LANGUAGES; a source without that language uses its nearest and, last,
                English.
            subject: what the text is about, >= 0; rows of equal subject share vocabulary,
                names and topic.  Subjects are drawn by the caller from 0..2**31-1, any number.
            seed: rows of equal (kind, lang, subject, seed, turn) get the same text; different
                seeds get different text as far as the source reaches, and n consecutive seeds
                get n different bodies while the pool (corpus) has n.
            turn: 0 opens a conversation; k > 0 is the k-th follow-up of the conversation that
                the same (subject, seed) opened, shorter and dependent on it.
        """
        ...

    def harvest(self, kind: str, lang: str, subject: Ints, seed: Ints) -> list[str]:
        """Return bodies as :meth:`bodies` does, from what adversaries draw on.

        With a corpus directory these come from its rows of kind ``distill``; else the same
        generator with another distribution of topics.
        """
        ...

    def elicitation(self, family: str, lang: str, style: int, seed: int) -> Elicitation:
        """Return one wording of an elicitation.

        Args:
            family: one of ELICITATIONS.
            lang: one of LANGUAGES.
            style: the campaign's idea of the elicitation; equal styles ask for the same thing.
            seed: rewording; different seeds share no rare word sequence beyond what the idea
                itself forces, equal seeds are literally equal.
        """
        ...

    def frame(self, role: str, lang: str, style: int) -> Elicitation:
        """Return a benign framing, literally the same for equal (role, lang, style)."""
        ...


@dataclass(frozen=True, slots=True)
class Quota:
    """How many accounts one call of ``populate`` must open."""

    slug: str
    """Population's slug: the truth's cohort."""
    kind: str
    """benign, grey or attack: the truth's kind."""
    campaign: str | None
    """The truth's campaign; None unless attack."""
    accounts: int
    """Accounts to open, all of them in this call."""
    intensity: float
    """Mean volume relative to the world's mean."""
    call: int
    """Number of this call; large cohorts are populated in several calls."""


class Population(Protocol):
    """A cohort or an adversary."""

    slug: str
    """Name in the truth tables and on the command line."""
    doc: str
    """One sentence: who they are, and for an adversary how it hides."""
    kind: str
    """benign, grey or attack."""
    share: float
    """Cohorts: share of the benign accounts before normalising.  Adversaries: relative size
    among the attackers' accounts."""
    intensity: float
    """Mean exchanges an account, relative to the world's mean."""
    group: int
    """Least number of accounts that makes sense (a class of 30, a campaign of 6)."""

    def populate(self, world: World, quota: Quota) -> None:
        """Open ``quota.accounts`` accounts, enrol them and send their traffic."""
        ...


class World(Protocol):
    """The world that a population lives in."""

    rng: np.random.Generator
    """Randomness of this call; seeded by (world seed, slug, call)."""
    start: int
    """First instant."""
    end: int
    """Instant after the last."""
    models: tuple[str, ...]
    """Model names; 0 is the cheap one, 1 the strong one of the day, 2 the strong one released
    at ``release``; 3 an older one."""
    release: int
    """When models[2] appears."""

    @property
    def network(self) -> Network:
        """Shared by everyone in the world."""
        ...

    @property
    def people(self) -> People:
        """Shared by everyone in the world."""
        ...

    @property
    def clients(self) -> Clients:
        """Shared by everyone in the world."""
        ...

    @property
    def text(self) -> TextSource:
        """Shared by everyone in the world."""
        ...

    provider: int
    """Number of this provider, 0-based."""
    providers: int
    """Providers simulated side by side."""
    harvest_like_people: bool
    """True in the regime where campaigns send the very prompts that people send; the world
    then ignores Traffic.pool and turns the kinds instruct and topic into people's kinds."""

    def shared(self, name: str) -> np.random.Generator:
        """Return randomness that is the same at every provider, for an actor that rotates."""
        ...

    def open(
        self,
        quota: Quota,
        n: int | None = None,
        *,
        age: str = "any",
        mean: float = 1.0,
    ) -> Accounts:
        """Return ``n`` (default all of the quota) ordinary accounts.

        Args:
            quota: the call's quota.
            n: how many.
            age: any (years old to opened inside the world, like everyone's), old (before the
                world) or new (organically through the world).
            mean: volume relative to the quota's intensity.
        """
        ...

    def volumes(self, n: int, intensity: float) -> Ints:
        """Return volumes from the one family of distributions that everyone shares."""
        ...

    def sessions(
        self,
        block: Accounts,
        rhythm: str,
        *,
        volume: Ints | None = None,
        start: int | Ints | None = None,
        end: int | Ints | None = None,
        turns: float = 2.5,
    ) -> Schedule:
        """Return when each account speaks, within [start, end) and after it was opened.

        Args:
            block: the accounts.
            rhythm: one of RHYTHMS.
            volume: exchanges an account; default ``block.volume``.
            start: earliest time, one or one an account.
            end: latest time, one or one an account.
            turns: mean turns a conversation.
        """
        ...

    def ordinary(self, block: Accounts, schedule: Schedule, kinds: Mapping[str, float]) -> Traffic:
        """Return traffic as the accounts' holders would send it.

        Kind is drawn once a conversation; subject from the account's own; language, client and
        address from the account; model by its lag; caps and temperatures by its habits, often
        none; seeds fresh, one a conversation.
        """
        ...

    def fresh(self, n: int) -> Ints:
        """Return ``n`` consecutive seeds that no other call gets."""
        ...

    def wrapper(self, wrap: Wrapper) -> int:
        """Register a wrapper and return its number."""
        ...

    def framed(self, words: Elicitation, asks: tuple[str, int] | None = None) -> int:
        """Register the wrapper that puts fixed words around every body.

        Args:
            words: what goes around.
            asks: the (family or role, style) that the words are, where they make answers longer.
        """
        ...

    def styled(self, role: str) -> int:
        """Return the wrapper that frames each body by a benign role.

        The row's ``wrap_seed`` is the frame's style, and the row's language its language.
        """
        ...

    def elicited(self, family: str, style: int) -> int:
        """Register the wrapper that sets an elicitation around every body.

        The row's ``wrap_seed`` chooses the wording; rows of equal wrap_seed share it.  System
        prompts of the elicitation are not used: register those with :meth:`system`.
        """
        ...

    def system(self, words: str, asks: tuple[str, int] | None = None) -> int:
        """Register a system prompt and return its number; ``asks`` as in :meth:`framed`."""
        ...

    def enrol(self, block: Accounts, quota: Quota) -> None:
        """Take the accounts into the world, with their events and identifiers."""
        ...

    def event(self, block: Accounts, row: Ints, time: Ints, what: str) -> None:
        """Record dated account events (blocked, declined, chargeback, licensed_from ...)."""
        ...

    def send(self, block: Accounts, traffic: Traffic) -> None:
        """Take exchanges into the world; rows outside [start, end) are dropped."""
        ...
