"""What each kind of campaign does: one defining trait a kind, everything else drawn by chance."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from elicit import TARGETS


@dataclass(frozen=True, slots=True)
class Style:
    """Everything that distinguishes one campaign from another."""

    kind: str
    target: str
    freedom: str = "varied"
    templates: int = 3
    role: str = "distill"
    cover: float = 0.2
    """Share of ordinary messages."""
    clock: str = "queue"
    """A mode of clocks.curve, or human."""
    run: float = 6.0
    gap: float = 30.0
    signup: str = "spread"
    """spread, burst, patterned, aged or chain (each account replaces a blocked one)."""
    mail: str = "free"
    """free, throwaway, catchall or counter (one stem and a counter)."""
    per_card: int = 3
    per_phone: int = 3
    per_device: int = 4
    recycled: float = 0.5
    """Share of accounts whose card, phone or device is one of a shared stock."""
    network: str = "residential"
    """residential (one address each), rotating, cloud, vpn or home."""
    client: str = "one"
    """one (a client of their own), sdk (each any), browser or disguise (a known product)."""
    languages: int = 1
    weight: float = 1.6
    fixed: int | None = None
    resend: float = 0.0
    """Share of jobs that a second account asks too; 0 is a partitioned queue."""
    pivot: float = 0.0
    """Share of traffic on the new model soon after its release; 0 as people do."""
    old_model: bool = False
    probing: float = 0.0
    injected: bool = False
    customers: bool = False
    second_pass: float = 0.0
    dialogue: bool = False


def _base(rnd: random.Random, kind: str) -> Style:
    """Draw a campaign without a defining trait."""
    return Style(
        kind,
        rnd.choice(list(TARGETS)),
        freedom=rnd.choices(("fixed", "varied", "free", "suffix"), (3, 4, 2, 2))[0],
        templates=rnd.randint(1, 6),
        role=rnd.choices(("distill", "distill_zh", "requests", "people", "tools"), (6, 1, 1, 3, 1))[
            0
        ],
        cover=rnd.choice((0.0, 0.1, 0.3, 0.5, 0.7)),
        clock=rnd.choice(("queue", "queue", "shift", "human", "flat", "ramp")),
        run=rnd.uniform(1.5, 12),
        gap=rnd.uniform(4, 90),
        signup=rnd.choices(("spread", "burst", "patterned", "aged", "chain"), (4, 3, 1, 2, 1))[0],
        mail=rnd.choices(("free", "throwaway", "catchall", "counter"), (5, 2, 2, 1))[0],
        per_card=rnd.choice((1, 2, 3, 5, 9)),
        per_phone=rnd.choice((1, 2, 4)),
        per_device=rnd.choice((1, 1, 3, 8)),
        recycled=rnd.uniform(0.1, 0.9),
        network=rnd.choices(("residential", "rotating", "cloud", "vpn", "home"), (4, 3, 2, 2, 1))[
            0
        ],
        client=rnd.choices(("one", "sdk", "browser", "disguise"), (4, 3, 2, 1))[0],
        weight=rnd.uniform(0.8, 3.0),
        resend=rnd.choice((0.0, 0.0, 0.05, 0.2)),
        pivot=rnd.choice((0.0, 0.0, 0.0, 0.6)),
    )


def _traits(rnd: random.Random) -> dict[str, dict[str, Any]]:
    """Return each kind's defining trait with its random strength."""
    return {
        "lockstep": {
            "clock": "lockstep",
            "freedom": "fixed",
            "per_card": rnd.randint(4, 12),
            "recycled": 0.9,
        },
        "low_wide": {"fixed": 4, "run": 1.5, "cover": rnd.choice((0.0, 0.1))},
        "residential": {"network": "residential", "per_card": 2, "recycled": 0.4, "per_device": 1},
        "rotated_identity": {
            "network": "rotating",
            "per_card": rnd.randint(2, 4),
            "recycled": rnd.uniform(0.1, 0.35),
            "mail": "throwaway",
        },
        "paraphraser": {"freedom": "free"},
        "cover_traffic": {"cover": rnd.uniform(0.88, 0.95), "weight": rnd.uniform(2, 4)},
        "persona": {
            "clock": "human",
            "dialogue": True,
            "run": 6.0,
            "gap": 90.0,
            "client": "browser",
            "cover": 0.3,
        },
        "sleeper": {"signup": "aged", "clock": "ramp", "cover": rnd.uniform(0.2, 0.6)},
        "hydra_reseller": {
            "customers": True,
            "signup": "chain",
            "network": "cloud",
            "cover": rnd.uniform(0.5, 0.85),
            "weight": rnd.uniform(3, 7),
        },
        "rerouted_users": {
            "injected": True,
            "freedom": "suffix",
            "role": "people",
            "customers": True,
            "cover": rnd.uniform(0.0, 0.3),
        },
        "release_pivot": {"pivot": rnd.uniform(0.5, 0.9), "clock": "queue"},
        "provider_rotation": {"clock": "rotation", "signup": "chain"},
        "prober": {"probing": rnd.uniform(0.15, 0.4), "freedom": "fixed", "clock": "queue"},
        "job_queue": {"resend": 0.0, "clock": "queue", "cover": rnd.choice((0.0, 0.05))},
        "post_processor": {"second_pass": rnd.uniform(0.3, 0.7), "run": 5.0},
        "mimic": {"client": "disguise", "signup": "burst", "cover": rnd.uniform(0.4, 0.7)},
        "bulk_signup": {"signup": "patterned", "mail": "counter"},
        "replacement": {"signup": "chain", "recycled": rnd.uniform(0.3, 0.7)},
        "multilingual": {"languages": rnd.randint(2, 5), "freedom": "varied"},
        "old_model": {"old_model": True, "pivot": 0.0},
    }


KINDS = tuple(_traits(random.Random(0)))
"""Names of all kinds."""


def draw(rnd: random.Random, kind: str, regime: str) -> Style:
    """Draw a campaign of a kind; in the people regime it sends what people write."""
    style = replace(_base(rnd, kind), **_traits(rnd)[kind])
    if regime == "people":
        bare = "suffix" if style.injected or rnd.random() < 0.3 else "bare"
        style = replace(style, role="people", freedom=bare, templates=2)
    return style
