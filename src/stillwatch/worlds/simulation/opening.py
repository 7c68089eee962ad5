"""Ordinary accounts: what everyone's look like before a population edits its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import (
    DAY,
    HOUR,
    LANGUAGES,
    Accounts,
    Floats,
    Ints,
    Objects,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.worlds.simulation.clients import ClientTable
    from stillwatch.worlds.simulation.network import Addresses
    from stillwatch.worlds.simulation.people import Registry

__all__ = ["SIGMA", "draw_volumes", "opening_times", "ordinary_accounts"]

SIGMA = 1.35
"""Spread of the one lognormal family of volumes."""

_SPOKEN = np.array(
    [34, 12, 9, 6, 6, 6, 5, 5, 4, 4, 3, 2, 2, 2, 2, 1.5, 1.5, 1.5, 1, 1],
    dtype=float,
)
_OFFSETS: dict[str, tuple[float, ...]] = {
    "en": (-8, -7, -6, -5, -5, -5, 0, 0, 1, 5.5, 8, 10),
    "zh": (8,), "es": (1, 1, -6, -5, -3), "fr": (1, 1, 1, -5, 0), "de": (1,),
    "pt": (-3, -3, -3, 0), "ru": (3, 3, 3, 5, 7), "ja": (9,), "ko": (9,), "ar": (2, 3, 3, 4, 1),
    "hi": (5.5,), "tr": (3,), "id": (7, 7, 8), "vi": (7,), "it": (1,), "nl": (1,), "pl": (1,),
    "uk": (2,), "fa": (3.5,), "th": (7,),
}  # fmt: skip
_PLANS = ("free", "plus", "pay_as_you_go", "team", "enterprise")
_NEW = 0.26  # share of accounts opened inside a world of 28 days


def draw_volumes(rng: np.random.Generator, n: int, mean: float) -> Ints:
    """Return volumes of a mean from the one family: lognormal, rounded at random, at least 1."""
    drawn = mean * np.exp(SIGMA * np.minimum(rng.standard_normal(n), 3.6) - SIGMA**2 / 2)
    return np.maximum(1, np.floor(drawn + rng.random(n))).astype(np.int64)


def opening_times(rng: np.random.Generator, n: int, age: str, start: int, end: int) -> Ints:
    """Return times of opening: years old, or through the world with the hours of the day."""
    span = end - start
    share = {"any": min(0.9, _NEW * (span / (28 * DAY)) ** 0.7), "old": 0.0, "new": 1.0}[age]
    new = rng.random(n) < share
    hour = (14 + 4.5 * rng.standard_normal(n)) % 24
    days = max(1, -(-span // DAY))
    day = np.floor(rng.random(n) * days)
    inside = start + (day * DAY + hour * HOUR).astype(np.int64)
    inside = np.where(
        inside >= end - HOUR,
        start + (rng.random(n) * span * 0.95).astype(np.int64),
        inside,
    )
    years = np.minimum(rng.exponential(330, n), 1500) * DAY + rng.random(n) * DAY
    return np.where(new, inside, start - years.astype(np.int64) - HOUR)


def ordinary_accounts(
    rng: np.random.Generator,
    index: Ints,
    created: Ints,
    parts: tuple[Addresses, Registry, ClientTable],
) -> Accounts:
    """Return accounts as people open them; volumes are set by the caller."""
    network, people, clients = parts
    n = len(index)
    language = rng.choice(np.array(LANGUAGES, dtype=object), n, p=_SPOKEN / _SPOKEN.sum())
    offset = np.array([_OFFSETS[code][int(rng.integers(len(_OFFSETS[code])))] for code in language])
    plan = rng.choice(np.array(_PLANS, dtype=object), n, p=(0.42, 0.22, 0.29, 0.06, 0.01))
    local, domain = people.mail(n, language)
    domain[rng.random(n) < 0.02] = None
    phone = people.phone(n, language)
    phone[rng.random(n) < 0.38] = None
    device = people.device(n)
    device[rng.random(n) < 0.35] = None
    client = clients.draw(n, "any")
    model = rng.choice(np.array([0, 1, 3], np.int8), n, p=(0.42, 0.5, 0.08))
    return Accounts(
        index=index,
        created=created,
        language=language,
        offset=offset,
        organization=np.full(n, None, dtype=object),
        mail_local=local,
        mail_domain=domain,
        payment=_payments(rng, people, plan),
        phone=phone,
        device=device,
        plan=plan,
        purpose=_purposes(rng, n),
        verification=_verifications(rng, phone),
        licensed=np.full(n, None, dtype=object),
        home=network.home(n, language),
        mobile=network.mobile(n, language),
        client=client,
        model=model,
        volume=np.zeros(n, dtype=np.int64),
        subjects=rng.integers(0, 2**31 - 1, (n, 4)),
        lag=_lags(rng, n, model),
    )


def _payments(rng: np.random.Generator, people: Registry, plan: Objects) -> Objects:
    payment = people.card(len(plan))
    absent = rng.random(len(plan)) < np.where(plan == "free", 0.9, 0.08)
    payment[absent] = None
    return payment


def _purposes(rng: np.random.Generator, n: int) -> Objects:
    words = np.array([None, "personal", "software", "research", "business", "education"], object)
    return rng.choice(words, n, p=(0.72, 0.12, 0.07, 0.03, 0.04, 0.02))


def _verifications(rng: np.random.Generator, phone: Objects) -> Objects:
    n = len(phone)
    level = np.where(phone == None, "email", "phone").astype(object)  # noqa: E711 (elementwise)
    luck = rng.random(n)
    level[luck < 0.1] = "none"
    level[(luck >= 0.1) & (luck < 0.2)] = None
    level[luck > 0.95] = "id"
    level[luck > 0.985] = "business"
    return level


def _lags(rng: np.random.Generator, n: int, model: NDArray[np.int8]) -> Floats:
    """Return days to the new model: a few at once, some over weeks, half never."""
    luck = rng.random(n) + np.where(model == 1, 0, 0.35)
    lag = np.full(n, np.inf)
    at_once = luck < 0.12
    later = (luck >= 0.12) & (luck < 0.55)
    lag[at_once] = rng.exponential(0.4, int(at_once.sum()))
    lag[later] = rng.exponential(7.0, int(later.sum()))
    return lag
