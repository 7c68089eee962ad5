"""The sorts of campaign, as an auditor tells them apart, with the ranges of each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is usual for one sort of campaign; tuples are choices or (low, high) ranges."""

    name: str
    about: str
    size: float
    """Relative number of accounts."""
    volume: tuple[float, float]
    """Requests an account over the month."""
    cover: tuple[float, float]
    """Share of requests that are ordinary."""
    capabilities: tuple[str, ...]
    pools: tuple[str, ...]
    wordings: tuple[int, int]
    reworded: tuple[float, float]
    hours: tuple[str, ...]
    nets: tuple[str, ...]
    opened: tuple[str, ...]
    twist: str = ""


_ALL = ("instruct", "code", "agentic", "logic", "medical", "seeds")
_PROXY = ("residential", "residential", "mixed")

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "lockstep_factory",
            "accounts in lock step on shared cards: grading, traces, rewrites",
            1.5,
            (20, 90),
            (0.0, 0.2),
            ("rubric", "reasoning", "rewrite"),
            ("instruct", "logic", "medical"),
            (3, 12),
            (0.0, 0.3),
            ("lockstep",),
            ("datacenter", "mixed", "vpn"),
            ("burst", "trickle"),
        ),
        Kind(
            "low_and_wide",
            "very many accounts with a handful of requests each",
            4.0,
            (3, 9),
            (0.0, 0.3),
            ("reasoning", "coding", "evolve"),
            _ALL,
            (2, 20),
            (0.0, 0.5),
            ("queue", "human", "lockstep"),
            _PROXY,
            ("burst", "trickle"),
        ),
        Kind(
            "agentic_paths",
            "tool use, coding and vision over several access channels",
            1.5,
            (20, 80),
            (0.1, 0.4),
            ("tools", "coding", "vision"),
            ("agentic", "code"),
            (4, 16),
            (0.0, 0.4),
            ("queue", "human"),
            ("mixed", "datacenter"),
            ("trickle", "aged"),
            "channels",
        ),
        Kind(
            "release_chaser",
            "half its traffic moves to the new model within a day of release",
            1.2,
            (25, 90),
            (0.0, 0.3),
            ("reasoning", "coding", "tools"),
            _ALL,
            (3, 12),
            (0.0, 0.4),
            ("queue", "lockstep"),
            _PROXY,
            ("burst", "aged"),
            "release",
        ),
        Kind(
            "hydra",
            "proxy cluster: 90-95 % customer traffic, banned accounts replaced at once",
            2.0,
            (40, 120),
            (0.9, 0.95),
            ("reasoning", "tools", "rubric"),
            _ALL,
            (2, 8),
            (0.0, 0.3),
            ("queue",),
            _PROXY,
            ("trickle",),
            "replace",
        ),
        Kind(
            "reseller",
            "few accounts that carry real customers and harvest together",
            0.6,
            (80, 240),
            (0.55, 0.85),
            ("reasoning", "coding"),
            _ALL,
            (2, 8),
            (0.0, 0.4),
            ("human", "queue"),
            ("datacenter", "mixed"),
            ("aged", "trickle"),
            "resell",
        ),
        Kind(
            "rerouted_users",
            "real users' sessions passed on with an injected instruction",
            1.0,
            (30, 120),
            (0.2, 0.5),
            ("reasoning", "rubric", "tools"),
            ("human",),
            (1, 4),
            (0.0, 0.3),
            ("human",),
            ("datacenter", "residential"),
            ("aged", "burst"),
            "reroute",
        ),
        Kind(
            "heavy_few",
            "few accounts, each with a great deal",
            0.3,
            (150, 420),
            (0.0, 0.3),
            ("reasoning", "evolve", "coding"),
            _ALL,
            (2, 10),
            (0.0, 0.4),
            ("queue", "human"),
            ("datacenter", "residential"),
            ("aged", "burst"),
        ),
        Kind(
            "elicit_prober",
            "tries wordings until some get through, then shifts to those",
            0.8,
            (25, 80),
            (0.0, 0.2),
            ("rewrite", "reasoning"),
            ("instruct", "logic", "medical"),
            (2, 6),
            (0.0, 0.2),
            ("queue", "lockstep"),
            _PROXY,
            ("trickle", "burst"),
            "probe",
        ),
        Kind(
            "aged_persona",
            "aged accounts, slow start, human hours, conversations and personas",
            1.0,
            (20, 60),
            (0.3, 0.7),
            ("reasoning", "evolve", "rewrite"),
            ("instruct", "care_zh", "logic"),
            (6, 24),
            (0.2, 0.6),
            ("human",),
            ("residential",),
            ("aged",),
            "slow",
        ),
        Kind(
            "paraphrase_queue",
            "wordings paraphrased by a model, jobs that never repeat",
            1.3,
            (20, 70),
            (0.0, 0.4),
            ("reasoning", "coding", "evolve"),
            _ALL,
            (20, 60),
            (0.6, 0.95),
            ("queue", "human"),
            _PROXY,
            ("trickle", "aged"),
        ),
        Kind(
            "rotator",
            "arrives from another provider, bursts, leaves, returns with new accounts",
            1.2,
            (20, 80),
            (0.0, 0.2),
            ("reasoning", "coding", "rubric"),
            _ALL,
            (2, 8),
            (0.0, 0.3),
            ("queue", "lockstep"),
            _PROXY,
            ("burst",),
            "rotate",
        ),
        Kind(
            "weak_model",
            "keeps to an old model with weaker safeguards and replays its reasoning",
            0.8,
            (25, 90),
            (0.0, 0.3),
            ("reasoning", "rewrite"),
            ("logic", "instruct", "medical"),
            (2, 8),
            (0.0, 0.4),
            ("queue", "human"),
            _PROXY,
            ("trickle", "aged"),
            "old",
        ),
        Kind(
            "launderer",
            "has answers restated and translated so that no watermark survives",
            0.8,
            (25, 80),
            (0.1, 0.4),
            ("translate",),
            ("instruct", "code", "human"),
            (3, 12),
            (0.1, 0.5),
            ("queue", "human"),
            _PROXY,
            ("trickle", "burst"),
            "languages",
        ),
        Kind(
            "look_alike",
            "wears an innocent cohort's client and habits to get that one blocked",
            1.0,
            (20, 70),
            (0.2, 0.5),
            ("coding", "tools"),
            ("code", "agentic"),
            (2, 8),
            (0.0, 0.4),
            ("human", "queue"),
            _PROXY,
            ("trickle",),
            "disguise",
        ),
    )
}
