"""What a campaign is like: drawn from stated ranges, and changed by composable techniques.

:func:`usual` draws every field; a technique is a function from profile to profile.  Ranges are
wide on purpose and none is a tell: clients, networks, volumes and ages are everyone's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.columns import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

__all__ = [
    "PEOPLES",
    "CampaignProfile",
    "Technique",
    "aged",
    "combined",
    "covered",
    "human",
    "lockstep",
    "many_wordings",
    "one_wording",
    "own_languages",
    "pivoting",
    "queued",
    "recycled",
    "residential",
    "usual",
    "wordless",
]

PEOPLES: Mapping[str, float] = {
    "chat": 0.58, "code": 0.16, "creative": 0.09, "reasoning": 0.08, "document": 0.05,
    "translation": 0.04,
}  # fmt: skip
"""Kinds that people send, for cover and for campaigns that send people's prompts."""

_HARVESTS: tuple[tuple[str, Mapping[str, float]], ...] = (
    ("trace", {"reasoning": 0.5, "instruct": 0.3, "eval": 0.1, "document": 0.1}),
    ("trace", {"instruct": 0.7, "reasoning": 0.2, "document": 0.1}),
    ("rubric", {"instruct": 0.7, "document": 0.3}),
    ("rewrite", {"chat": 0.5, "redteam": 0.3, "instruct": 0.2}),
    ("tools", {"tools": 0.8, "code": 0.2}),
    ("code", {"code": 0.8, "instruct": 0.2}),
    ("instruct", {"topic": 0.6, "instruct": 0.3, "document": 0.1}),
    ("persona", {"chat": 0.6, "creative": 0.3, "reasoning": 0.1}),
)


@dataclass(frozen=True, slots=True)
class CampaignProfile:
    """How one campaign asks, pays, connects and keeps time."""

    family: str
    """Elicitation, one of ELICITATIONS."""
    style: int
    """The campaign's idea of it."""
    kinds: Mapping[str, float]
    """Kinds of the harvested bodies."""
    words: str = "variants"
    """verbatim (one wording), variants, reworded (each exchange another) or none."""
    wordings: int = 6
    """Wordings in use where words is variants."""
    bare: float = 0.1
    """Share of harvested exchanges without any wording."""
    system: float = 0.0
    """Share of the worded exchanges whose wording stands in the system prompt."""
    pool: int = 1
    """1: bodies from what adversaries draw on; 0: the very sources of people's prompts."""
    topics: int = 0
    """Subjects in the campaign's list; 0 deals every exchange a subject of its own."""
    languages: tuple[str, ...] = ()
    """Languages of the harvest; empty for each account's own."""
    cover: float = 0.1
    """Share of ordinary exchanges, the mean over accounts."""
    idle: float = 0.05
    """Share of accounts that harvest nothing: bought, not yet used."""
    clock: str = "person"
    """person, office, machine, queue (one stream of jobs) or lockstep (rounds)."""
    turns: float = 1.0
    """Mean turns of a harvested conversation."""
    start: float = 0.0
    """When the harvest begins, as a share of the world's time."""
    end: float = 1.0
    """When it ends."""
    late: float = 0.3
    """Share of accounts that join the harvest only later."""
    ages: str = "any"
    """any (like everyone), new (through the world), clump (days) or old."""
    clump: int = 48 * HOUR
    """Length of a creation clump, microseconds."""
    cards: float = 0.1
    """Share of accounts whose card is used by others of the campaign."""
    phones: float = 0.05
    """The same of telephone numbers."""
    devices: float = 0.02
    """The same of devices."""
    reuse: int = 4
    """Most accounts that one recycled value serves."""
    verified: float = 0.1
    """Share of accounts with a stronger verification."""
    network: str = "mixed"
    """own (home), proxy, rotating (an exit an exchange), cloud, vpn or mixed (some of each)."""
    client: str = "any"
    """any (as everyone), sdk, script, agent or one (the campaign's own popular client)."""
    by_hand: float = 0.5
    """Where client is any: least share of accounts that use the provider's pages and apps."""
    few: float = 0.0
    """Mean requests an account, where it is not everyone's volume; 0 for everyone's."""
    dressed: float = 0.1
    """Share of accounts with a system prompt of their own, as people write them."""
    lag: float = 6.0
    """Days from a release until accounts move to the new model, mean."""
    strong: float = 0.8
    """Share of harvested exchanges that go to a strong model."""
    answer: float = 1.0
    """Length of harvested answers relative to what their wording already makes of them."""
    steady: float = 0.0
    """Share of harvested exchanges with the campaign's one cap and temperature."""
    wording: int = -1
    """Seed of the first wording, for an actor that uses the same elsewhere; -1 draws one."""
    habits: int = -1
    """Seed of the one cap and temperature, likewise."""
    leaks: tuple[tuple[str, float], ...] = ()
    """Operational leaks and the share of the accounts that each concerns."""

    def leak(self, name: str) -> float:
        """Return the share of the accounts that a leak concerns, 0 where it is not there."""
        return dict(self.leaks).get(name, 0.0)


Technique = "Callable[[CampaignProfile, np.random.Generator], CampaignProfile]"
"""Changes a profile in one respect."""


def usual(rng: np.random.Generator, style: int | None = None) -> CampaignProfile:
    """Draw a campaign.

    Args:
        rng: randomness.
        style: the idea, where it must be the same elsewhere.
    """
    family, kinds = _HARVESTS[rng.integers(len(_HARVESTS))]
    spoken = rng.choice(["en", "en", "en", "zh", "own", "own"])
    return CampaignProfile(
        family=family,
        style=int(rng.integers(2**31)) if style is None else style,
        kinds=kinds,
        words=str(rng.choice(["verbatim", "variants", "variants", "reworded"])),
        wordings=int(rng.integers(3, 13)),
        bare=float(rng.uniform(0, 0.3)),
        system=float(rng.choice([0, 0, 0, 0.3, 1.0])),
        topics=int(rng.choice([0, 0, 0, 60, 400, 2000])),
        languages=() if spoken == "own" else (str(spoken),),
        cover=float(rng.uniform(0.0, 0.35)),
        idle=float(rng.uniform(0, 0.03)),
        clock=str(rng.choice(["person", "person", "office", "machine", "queue"])),
        turns=float(rng.choice([1.0, 1.3, 1.8, 2.5])),
        start=float(rng.uniform(0, 0.3)),
        end=float(rng.uniform(0.75, 1.0)),
        late=float(rng.uniform(0.1, 0.6)),
        ages=str(rng.choice(["any", "any", "new", "clump", "old"])),
        clump=int(rng.uniform(2, 120) * HOUR),
        cards=float(rng.uniform(0, 0.35)),
        phones=float(rng.uniform(0, 0.2)),
        devices=float(rng.uniform(0, 0.08)),
        reuse=int(rng.integers(2, 7)),
        verified=float(rng.uniform(0, 0.15)),
        network=str(rng.choice(["own", "own", "proxy", "proxy", "mixed", "mixed", "cloud"])),
        client=str(rng.choice(["any", "any", "any", "any", "sdk", "script", "one"])),
        by_hand=float(rng.uniform(0.1, 0.9)),
        dressed=float(rng.uniform(0, 0.35)),
        lag=float(rng.choice([3.0, 3.0, 8.0, 20.0])),
        strong=float(rng.uniform(0.3, 1.0)),
        answer=float(rng.uniform(0.95, 1.15)),
        steady=float(rng.choice([0, 0, 0.4, 0.9])),
    )


def residential(p: CampaignProfile, rng: np.random.Generator) -> CampaignProfile:
    """One residential address an account, or one an exchange."""
    return replace(p, network=str(rng.choice(["proxy", "proxy", "rotating"])))


def recycled(p: CampaignProfile, rng: np.random.Generator) -> CampaignProfile:
    """Virtual cards and throw-away numbers, recycled now and then over 2 to 6 accounts."""
    return replace(
        p,
        cards=float(rng.uniform(0.2, 0.8)),
        phones=float(rng.uniform(0.1, 0.5)),
        reuse=int(rng.integers(2, 7)),
    )


def many_wordings(p: CampaignProfile, rng: np.random.Generator) -> CampaignProfile:
    """Every exchange worded anew, some left bare."""
    return replace(p, words="reworded", system=0.0, bare=float(rng.uniform(0.05, 0.4)))


def one_wording(p: CampaignProfile, rng: np.random.Generator) -> CampaignProfile:
    """One template, or a few of them."""
    return replace(
        p, words=str(rng.choice(["verbatim", "variants"])), bare=float(rng.uniform(0, 0.1))
    )


def wordless(p: CampaignProfile, rng: np.random.Generator) -> CampaignProfile:
    """No wording at all: the answers to plain prompts are what is wanted."""
    return replace(p, words="none", system=0.0, answer=float(rng.uniform(1.0, 1.15)))


def covered(p: CampaignProfile, rng: np.random.Generator) -> CampaignProfile:
    """90 to 95 % of ordinary prompts."""
    return replace(p, cover=float(rng.uniform(0.90, 0.95)), idle=0.0)


def human(p: CampaignProfile, rng: np.random.Generator) -> CampaignProfile:
    """People's hours, conversations and devices."""
    return replace(p, clock="person", client="any", turns=float(rng.uniform(1.6, 3.2)), steady=0.0)


def aged(p: CampaignProfile, rng: np.random.Generator) -> CampaignProfile:
    """Accounts opened long before, ordinary at first, that start one by one."""
    late, start = float(rng.uniform(0.7, 1.0)), float(rng.uniform(0, 0.2))
    return replace(p, ages="old", late=late, start=start)


def pivoting(p: CampaignProfile, rng: np.random.Generator) -> CampaignProfile:
    """To the new model within a day of its release."""
    return replace(p, lag=float(rng.uniform(0.1, 0.8)), strong=1.0, end=1.0)


def queued(p: CampaignProfile, rng: np.random.Generator) -> CampaignProfile:
    """One queue deals jobs at random and repeats none."""
    return replace(p, clock="queue", topics=0, turns=1.0, late=float(rng.uniform(0, 0.3)))


def lockstep(p: CampaignProfile, rng: np.random.Generator) -> CampaignProfile:
    """Rounds in which many accounts send within a minute."""
    return replace(p, clock="lockstep", turns=1.0, late=float(rng.uniform(0, 0.2)))


def own_languages(p: CampaignProfile, rng: np.random.Generator) -> CampaignProfile:
    """Many languages, each account its own."""
    return replace(p, languages=(), topics=int(rng.choice([0, 400])))


_MORE: tuple[Callable[[CampaignProfile, np.random.Generator], CampaignProfile], ...]
_MORE = (residential, recycled, many_wordings, human, aged, pivoting, queued, own_languages)


def combined(p: CampaignProfile, rng: np.random.Generator) -> CampaignProfile:
    """Add none to two further techniques at random, as campaigns do."""
    for place in rng.permutation(len(_MORE))[: rng.choice([0, 0, 1, 1, 2])]:
        p = _MORE[place](p, rng)
    return p
