"""The kinds of campaigns: what is fixed for each, and what each actor still draws for itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

# how much each choice gives away to a careful analyst
LEGS = {
    "mode": {"bare": 0.0, "free": 1.0, "shape": 1.5, "pool": 2.0, "fixed": 2.0},
    "ident": {"clean": 0.0, "sparse": 1.0, "farm": 1.5, "chain": 2.0, "ladder": 2.0, "single": 2.0},
    "birth": {"natural": 0.0, "aged": 0.5, "staggered": 0.75, "batches": 1.0, "clump": 1.25},
    "place": {"homes": 0.0, "vpn": 0.5, "rotate": 1.0, "hosts": 1.0, "block": 1.5},
    "clock": {"mimic": 0.25, "drip": 0.75, "queue": 1.0, "windows": 1.25, "shift": 1.5},
    "client": {"varied": 0.0, "kit": 0.25, "tool": 0.25, "faked": 1.0, "own": 1.0},
}
CORPORA = (
    ("instruct",),
    ("code",),
    ("tools",),
    ("logic", "arithmetic"),
    ("medical",),
    ("sums", "arithmetic"),
    ("counsel",),
    ("study",),
    ("study", "instruct"),
    ("code", "snippets"),
    ("bootstrap",),
)


@dataclass(frozen=True)
class Kind:
    """One kind: bounds of size, requests an account, and what it may choose from."""

    low: int
    high: int
    volume: float
    weight: float = 1.0
    sigma: float = 0.6
    cover: float = 0.0  # ordinary requests for each harvested one
    per: float = 1.0  # turns of a conversation
    paid: float = 0.5
    model: int | None = None
    pivot: float = 0.35  # chance of moving to the new model together
    mode: tuple = ("fixed", "pool", "pool", "free", "free", "shape", "bare")
    ident: tuple = ("clean", "sparse", "sparse", "farm", "chain", "ladder")
    birth: tuple = ("natural", "aged", "staggered", "batches", "clump")
    place: tuple = ("homes", "vpn", "rotate", "rotate", "hosts", "block")
    clock: tuple = ("mimic", "drip", "queue", "queue", "windows", "shift")
    client: tuple = ("varied", "kit", "kit", "tool", "faked", "own")
    shape: str = "plain"  # which builder in actors.py
    tongues: int = 1
    verified: float = 0.05
    corpora: tuple = CORPORA


KINDS = {
    # low and wide: a handful of requests an account, then it rests
    "trickle": Kind(
        60, 420, 3.6, 1.3, 0.35, paid=0.15, birth=("batches", "staggered", "clump"), shape="brief"
    ),
    # few accounts, a great deal of each
    "quarry": Kind(
        6,
        14,
        300,
        1.1,
        0.4,
        paid=1,
        place=("hosts", "homes", "rotate"),
        client=("kit", "own", "varied"),
        clock=("queue", "drip", "mimic"),
    ),
    # harvest hidden among nine parts of ordinary talk
    "chaff": Kind(
        20,
        120,
        8,
        1.2,
        0.4,
        cover=11,
        place=("homes", "rotate"),
        clock=("mimic", "queue", "windows"),
        client=("varied", "kit"),
    ),
    # people's hours, personas, several turns
    "dayshift": Kind(
        15,
        130,
        24,
        1.1,
        cover=0.3,
        per=3.2,
        clock=("mimic",),
        place=("homes", "rotate", "vpn"),
        client=("varied", "faked"),
    ),
    # residential addresses in rotation
    "nomad": Kind(15, 200, 18, 1.1, place=("rotate",)),
    # a reseller's accounts: customers and harvest together
    "tollbooth": Kind(
        6,
        40,
        45,
        1,
        0.5,
        cover=2.2,
        paid=1,
        shape="resale",
        place=("hosts", "block", "rotate"),
        client=("own", "kit"),
        birth=("staggered", "natural", "aged"),
    ),
    # other people's sessions, rerouted with an injected instruction
    "detour": Kind(
        6,
        40,
        85,
        1,
        0.5,
        paid=1,
        shape="reroute",
        mode=("fixed", "pool", "pool", "free"),
        place=("hosts", "rotate", "block"),
        client=("own", "kit", "faked"),
        clock=("queue",),
    ),
    # bought or aged accounts that wake together
    "sleeper": Kind(
        10,
        150,
        25,
        1.1,
        cover=0.25,
        birth=("aged",),
        shape="wake",
        ident=("clean", "sparse", "farm"),
    ),
    # a blocked account is replaced within hours
    "phoenix": Kind(
        12, 150, 34, 1.1, birth=("natural",), shape="chain", place=("homes", "rotate", "hosts")
    ),
    # everything moves on release day
    "weathervane": Kind(10, 150, 34, 1, model=1, pivot=1.0),
    # tries wordings first, then uses the one that works
    "lockpick": Kind(
        8, 90, 28, 1, shape="probe", mode=("fixed", "pool", "shape"), model=0, pivot=0.0
    ),
    # jobs dealt at random, every request worded anew
    "weaver": Kind(15, 200, 16, 1.3, mode=("free",)),
    # one corpus in many languages
    "babel": Kind(15, 150, 20, 1.1, tongues=6, mode=("free", "pool"), corpora=(("study",),)),
    # verified identities and organisations of straw
    "notary": Kind(
        8,
        80,
        40,
        1,
        paid=1,
        verified=1.0,
        ident=("farm", "sparse", "chain"),
        place=("homes", "hosts"),
        birth=("staggered", "natural", "aged"),
    ),
    # one card for everyone
    "onewallet": Kind(
        8, 120, 28, 0.9, paid=1, ident=("single",), mode=("free", "shape", "bare", "pool")
    ),
    # accounts made one by one over weeks, each growing slowly
    "slowdrip": Kind(10, 150, 22, 1, birth=("staggered",), clock=("drip",)),
    # comes and goes, as other providers block it
    "guest": Kind(10, 120, 26, 1, clock=("windows",), birth=("batches",)),
    # dressed as a public tool or an evaluation
    "masquerade": Kind(
        8,
        90,
        36,
        1,
        mode=("free", "bare", "shape"),
        client=("tool",),
        ident=("sparse", "farm", "ladder"),
        shape="dress",
    ),
    # has answers reworded or translated afterwards
    "launder": Kind(8, 90, 24, 0.9, per=2.2, shape="launder"),
    # asks the same question in several accounts and keeps the best answer
    "echo": Kind(8, 90, 24, 0.7, shape="echo", mode=("free", "pool", "bare")),
    # tool use and code, agents' trajectories
    "toolsmith": Kind(8, 110, 34, 1, corpora=(("tools",), ("code", "snippets"), ("tools", "code"))),
}


def fitted(name: str, regime: str) -> Kind:
    """Return a kind as a regime has it."""
    kind = KINDS[name]
    if regime == "small":
        kind = replace(
            kind, low=18 if name == "trickle" else 6, high=min(60, max(kind.high // 3, 14))
        )
    if regime == "people" and name not in ("detour",):
        mode = ("bare", "bare", "free", "free", "pool", "fixed") if name != "weaver" else ("free",)
        kind = replace(kind, mode=mode, corpora=(("people",),))
    return kind


def draw_traits(py, kind: Kind) -> dict[str, str]:
    """Draw what an actor does, neither beyond finding nor given away by everything at once."""
    got = {k: py.choice(getattr(kind, k)) for k in LEGS}

    def total() -> float:
        return sum(LEGS[k][v] for k, v in got.items())

    for _ in range(40):
        up = total() < 3.75
        if not up and total() <= 6.75:
            break
        k = py.choice(sorted(LEGS))
        now = LEGS[k][got[k]]
        better = [v for v in getattr(kind, k) if (LEGS[k][v] - now) * (1 if up else -1) > 0]
        if better:
            got[k] = py.choice(better)
    return got
