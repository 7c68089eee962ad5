"""Decisions as the core makes them, and policies as two people sign them."""

from __future__ import annotations

from dataclasses import replace

from stillwatch.ledger import SigningKey
from stillwatch.stop.interface import (
    Asked,
    Charge,
    Charged,
    Decision,
    Mode,
    Reason,
    Request,
    Rung,
    Shape,
)
from stillwatch.stop.responses import DEFAULT, Analysts, Measure
from stillwatch.stop.responses.people import signed_also

NOW = 1_790_000_000_000_000
HOUR = 3_600_000_000
KEYS = {name: SigningKey.generate(f"lab.example/{name}") for name in ("ada", "grace", "alan")}
ANALYSTS = Analysts({key.public: name for name, key in KEYS.items()})
LINKS = replace(
    DEFAULT.links,
    appeal="https://lab.example/appeal",
    terms="https://lab.example/terms",
    reasons="https://lab.example/reasons",
    verification="https://lab.example/verify",
)
ENFORCED = replace(
    DEFAULT,
    asked=Mode.ENFORCE,
    terms=replace(DEFAULT.terms, mode=Mode.ENFORCE),
    signed_by=("ada", "grace"),
    links=LINKS,
    shaping=replace(DEFAULT.shaping, decoy_model="decoy-1", perturbation=True),
)
ASKED = Asked(
    "m", "p", "", 1, -1, -1.0, stream=False, reasoning=False, structured=False,
    tools=0, end_user="", conversation="",
)  # fmt: skip
CONTENT = Reason("member-of-campaign", "content", "c-1", 0.99)
PEER = Reason("peer-indicator", "intelligence", "indicator--1", 9.0)
LIMIT = Reason("over-limit", "usage", "unverified", 30.0)
FULL = (
    "account",
    Charge(b"a" * 16, 1000, 10, 864_000),
    Charged(allowed=False, remaining=0, retry_after=30_000_001, reset_after=86_400_000_000),
)
LEFT = (
    "account",
    Charge(b"a" * 16, 1000, 10, 864_000),
    Charged(allowed=True, remaining=12_345, retry_after=0, reset_after=1_000_001),
)


def request(**more):
    values = {
        "time": NOW,
        "request_id": "r-1",
        "account": "acct-1",
        "shape": Shape.OPENAI_CHAT,
        "body": b'{"model":"m","messages":[],"max_tokens":9000}',
    }
    return Request(**values | more)


def decision(rung, *reasons, mode=Mode.ENFORCE, asks=None, **more):
    values = {
        "request": asks or request(),
        "asked": ASKED,
        "rung": rung if mode is Mode.ENFORCE else Rung.OBSERVE,
        "would": rung,
        "mode": mode,
        "reasons": reasons,
        "measure_id": "",
        "campaign": "c-1" if CONTENT in reasons else "",
        "expires": 0,
        "lifted_by": "appeal",
        "cost": 100,
        "limiting": (LEFT,),
        "tier": "unverified",
        "policy": "",
        "knowledge": 1,
    }
    return Decision(**values | more)


def measure(rung, people=(), **more):
    values = {
        "measure_id": "m-0123456789abcdef",
        "rung": rung,
        "campaign": "" if "account" in more else "c-1",
        "account": "",
        "proposed": NOW - HOUR,
        "expires": NOW + HOUR,
        "why": "seen by a person",
        "grounds": ("content",),
        "accounts": 3,
        "most_of_traffic": 0.01,
        "most_of_accounts": 0.005,
    }
    return Measure(**values | more, people=tuple(people))


def envelope(proposed, *names, keys=KEYS):
    raw = b""
    for name in names:
        raw = signed_also(
            raw, "application/vnd.stillwatch.measure+json", proposed.statement(), keys[name]
        )
    return raw
