"""Accounts: what the provider knows of a holder, and the traffic that is planned for it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from clocks import DAY, HOUR, Times
from languages import words_of

if TYPE_CHECKING:
    import random

    from wire import Client, Endpoint

FIRST = words_of(
    "maria ivan li anna john ahmed yuki fatima carlos olga wei sara peter nina raj minh kofi elena "
    "lucas emma noah mia hans julia pierre chloe marta tom kim jin aya omar leila dmitri sofia hugo"
)
LAST = words_of(
    "smith garcia wang kim mueller rossi silva ivanov tanaka nguyen khan okafor dubois novak kaya "
    "jensen lopez chen patel santos weber moreau costa popov sato tran ali mensah bauer ricci"
)
FREE_MAIL = words_of(
    "gmail.com outlook.com hotmail.com yahoo.com icloud.com proton.me qq.com 163.com mail.ru "
    "yandex.ru gmx.de web.de naver.com orange.fr libero.it wp.pl"
)


@dataclass(slots=True)
class Draft:
    """Requests of one account before network, model and answer are added."""

    times: Times
    session: Times
    prompts: list[str]
    system: str | list[str | None] | None = None
    harvest: list[bool] | None = None
    end_users: list[str] | None = None
    scale: float = 1.0
    """Answer length against what the prompt suggests."""


Writer = Callable[["Account", int], Draft]


@dataclass(slots=True)
class Account:
    """One account: its table row, its truth, its habits."""

    account_id: str
    cohort: str
    kind: str
    language: str
    country: str
    offset: float
    created_at: int
    campaign: str | None = None
    organization_id: str | None = None
    email_domain: str | None = None
    email_local: str = ""
    payment: str | None = None
    phone: str | None = None
    device: str | None = None
    plan: str = "free"
    purpose: str | None = None
    verification: str = "email"
    licensed: bool = False
    endpoints: tuple[Endpoint, ...] = ()
    roam: str = "home"
    """home (mostly the first), session (one a session), day (one a day), request (any)."""
    clients: tuple[Client, ...] = ()
    temperature: float | None = None
    max_tokens: int | None = None
    base_model: int = 1
    """Index into the world's models."""
    moves_at: int | None = None
    """When the account turns to the new model, µs; None never."""
    move_share: float = 1.0
    keys: int = 1
    weight: float = 1.0
    """Volume against the world's mean."""
    fixed: int | None = None
    """Number of requests, where it does not follow the world's mean."""
    until: int | None = None
    """When the account was blocked or left."""
    blocked: bool = False
    events: list[tuple[int, str]] = field(default_factory=list)
    write: Writer | None = None


THROWAWAY = words_of("mailinator.com guerrillamail.com yopmail.com tempmail.dev 10minutemail.net")


def own_domain(rnd: random.Random) -> str:
    """Return a mail domain that somebody registered."""
    return f"{rnd.choice(LAST)}{rnd.randrange(10**4)}.example"


def token(rnd: random.Random, prefix: str) -> str:
    """Return a random fingerprint."""
    return f"{prefix}_{rnd.getrandbits(64):016x}"


def mail(rnd: random.Random) -> str:
    """Return a local part as people choose it."""
    first, last = rnd.choice(FIRST), rnd.choice(LAST)
    number = rnd.choice(("", str(rnd.randrange(100)), str(rnd.randrange(1960, 2012))))
    joint = rnd.choice((".", "", "_"))
    return rnd.choice(
        (
            f"{first}{joint}{last}{number}",
            f"{first[0]}{joint}{last}{number}",
            f"{first}{number}",
            f"{last}{joint}{first}{number}",
        )
    )


def age(rng: np.random.Generator, start: int, median_days: float, sigma: float = 1.2) -> int:
    """Return a creation time that is log-normally long before the window starts."""
    days = min(rng.lognormal(math.log(median_days), sigma), 1500.0)
    return int(start - days * DAY + rng.integers(0, 24) * HOUR + rng.integers(0, HOUR))


def volume(rng: np.random.Generator, sigma: float = 1.2) -> float:
    """Return a heavy-tailed volume of mean one."""
    return float(rng.lognormal(-sigma * sigma / 2, sigma))


def identifier_rows(accounts: list[Account], key: bytes) -> list[dict[str, object]]:
    """Return the vault's tokens of mail addresses: whole value, and shape without its counter."""
    rows: list[dict[str, object]] = []
    for account in accounts:
        if not account.email_local or account.email_domain is None:
            continue
        local = account.email_local
        stem = local.rstrip("0123456789")
        counter = local[len(stem) :]
        rows.append(
            {
                "account_id": account.account_id,
                "type": "email",
                "token": _keyed(key, f"{local}@{account.email_domain}"),
                "pattern_token": _keyed(key, f"name:{stem}#")
                if counter and len(stem) > 2
                else None,
                "pattern_counter": int(counter) if counter and len(stem) > 2 else None,
            }
        )
    return rows


def _keyed(key: bytes, value: str) -> str:
    return hashlib.blake2b(value.encode(), key=key, digest_size=16).hexdigest()
