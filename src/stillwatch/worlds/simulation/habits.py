"""Traffic as an account's holder would send it, before a population edits its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import (
    DAY,
    KINDS,
    LANGUAGES,
    Accounts,
    Address,
    Floats,
    Ints,
    Objects,
    Schedule,
    Traffic,
)
from stillwatch.worlds.simulation.network import mixed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from stillwatch.worlds.simulation.clients import ClientTable

__all__ = ["language_numbers", "ordinary_traffic", "weekly_addresses"]

_CAPS = np.array([256, 512, 1000, 1024, 2000, 2048, 4096, 8192], np.int32)
_CAP_WEIGHTS = np.array([1, 2, 2, 4, 2, 4, 5, 2], dtype=float)
_HEATS = np.array([0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 1.0])
_HEAT_WEIGHTS = np.array([4, 1, 2, 1, 1, 4, 1, 4], dtype=float)


def language_numbers(language: Objects) -> NDArray[np.int8]:
    """Return the index in LANGUAGES of each language."""
    place = {code: number for number, code in enumerate(LANGUAGES)}
    return np.array([place[code] for code in language], dtype=np.int8)


def weekly_addresses(address: Address, other: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return addresses, with a new lease in the same network where ``other``."""
    fresh = mixed(address.ip, 77)
    four = (address.ip & np.uint64(0xFFFF0000)) | (fresh & np.uint64(0xFFFF))
    six = address.ip ^ (fresh & np.uint64(0xFFFF00))
    moved = np.where(address.ip < np.uint64(2**32), four, six)
    return np.where(other, moved, address.ip)


def ordinary_traffic(
    rng: np.random.Generator,
    block: Accounts,
    schedule: Schedule,
    kinds: Mapping[str, float],
    *,
    release: int,
    clients: ClientTable,
) -> Traffic:
    """Return ordinary traffic; see ``World.ordinary``."""
    n, row = len(block), schedule.row
    talk = (row.astype(np.uint64) << np.uint64(32)) | schedule.conversation.astype(np.uint64)

    def luck() -> Floats:
        """Return one uniform number a conversation."""
        salt = int(rng.integers(2**62))
        return np.asarray((mixed(talk, salt) >> np.uint64(11)) / 2.0**53)

    kind = _kinds(kinds, luck())
    lang = language_numbers(block.language)[row]
    foreign = luck() < np.where(
        np.isin(kind, [KINDS.index("code"), KINDS.index("tools")]),
        0.5,
        0.06,
    )
    lang = np.where(foreign, np.int8(0), lang)
    seed = (mixed(talk, int(rng.integers(2**62))) >> np.uint64(2)).astype(np.int64)
    subject = block.subjects[row, np.minimum(luck() ** 1.7 * 4, 3).astype(np.int64)]
    ip, asn, away = _addresses(rng, block, schedule, luck())
    client = _clients(rng, block, row, away, clients)
    by_hand = np.array([c.channel == "app" for c in clients.clients])[client]
    cap, heat = _settings(rng, n, row, by_hand, luck())
    length = len(schedule)
    return Traffic(
        row=row,
        time=schedule.time.copy(),
        conversation=schedule.conversation.copy(),
        turn=schedule.turn.copy(),
        kind=kind,
        lang=lang,
        subject=subject,
        seed=seed,
        pool=np.zeros(length, np.int8),
        wrapper=np.full(length, -1, np.int16),
        wrap_seed=seed.copy(),
        system=np.full(length, -1, np.int32),
        model=_models(block, schedule, release, luck()),
        answer=rng.lognormal(0, 0.22, n)[row],
        max_tokens=cap,
        temperature=heat,
        ip=ip,
        asn=asn,
        client=client,
        end_user=np.full(length, -1, np.int64),
        key=np.where(luck() < rng.choice([0, 0, 0, 0.3], n)[row], 1, 0).astype(np.int8),
        harvest=np.zeros(length, bool),
    )


def _kinds(kinds: Mapping[str, float], luck: Floats) -> NDArray[np.int8]:
    numbers = np.array([KINDS.index(name) for name in kinds], np.int8)
    shares = np.cumsum(list(kinds.values()))
    place = np.minimum(np.searchsorted(shares / shares[-1], luck), len(numbers) - 1)
    return numbers[place]


def _models(block: Accounts, schedule: Schedule, release: int, luck: Floats) -> NDArray[np.int8]:
    row = schedule.row
    model = block.model[row].copy()
    model[luck < 0.04] = 0
    model[luck > 0.97] = 1
    moves = np.isfinite(block.lag)
    from_when = np.where(moves, release + np.where(moves, block.lag, 0) * DAY, np.inf)
    moved = (schedule.time >= from_when[row]) & (luck >= 0.04)
    tries = (schedule.time >= release) & (luck > 0.985)  # most people try the new one once
    model[moved | tries] = 2
    return model


def _addresses(
    rng: np.random.Generator,
    block: Accounts,
    schedule: Schedule,
    luck: Floats,
) -> tuple[NDArray[np.uint64], Ints, NDArray[np.bool_]]:
    """Return (address, network, whether away from home) of each exchange."""
    n, row = len(block), schedule.row
    roams = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0.05, 0.6, n))
    away = luck < roams[row]
    first, last = (int(schedule.time.min()), int(schedule.time.max())) if len(row) else (0, 0)
    lease = np.where(rng.random(n) < 0.35, rng.uniform(first, last + 1, n), np.inf)
    home = Address(block.home.ip[row], block.home.asn[row])
    ip = weekly_addresses(home, schedule.time > lease[row])
    asn = np.where(away, block.mobile.asn[row], home.asn)
    return np.where(away, block.mobile.ip[row], ip), asn, away


def _clients(
    rng: np.random.Generator,
    block: Accounts,
    row: Ints,
    away: NDArray[np.bool_],
    clients: ClientTable,
) -> NDArray[np.int16]:
    """Return the account's client; people who browse use an app on the way."""
    n = len(block)
    browses = np.array([c.channel == "app" for c in clients.clients])[block.client]
    second = np.where(browses & (rng.random(n) < 0.7), clients.draw(n, "app"), block.client).astype(
        np.int16,
    )
    return np.where(away, second[row], block.client[row])


def _settings(
    rng: np.random.Generator,
    n: int,
    row: Ints,
    by_hand: NDArray[np.bool_],
    luck: Floats,
) -> tuple[NDArray[np.int32], Floats]:
    """Return (cap, temperature) of each exchange by its account's habit, often none."""
    cap = rng.choice(_CAPS, n, p=_CAP_WEIGHTS / _CAP_WEIGHTS.sum())
    cap[rng.random(n) < 0.5] = -1
    heat = rng.choice(_HEATS, n, p=_HEAT_WEIGHTS / _HEAT_WEIGHTS.sum())
    heat[rng.random(n) < 0.55] = np.nan
    odd = luck < 0.05
    caps = np.where(by_hand | odd, np.int32(-1), cap[row]).astype(np.int32)
    return caps, np.where(by_hand | odd, np.nan, heat[row])
