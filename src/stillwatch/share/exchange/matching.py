"""Indicators against own accounts: pseudonyms, behaviour, pieces of text, networks.

Everything is looked up locally; no question leaves.  Keyed kinds match observations and pseudonyms
of their own epoch and key alone, and say so where there are none.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.detail import spread
from stillwatch.find.features.hashing import key_from_secret
from stillwatch.find.features.pieces import SharedPieces
from stillwatch.find.features.veil import Veil
from stillwatch.find.signatures import match
from stillwatch.share.exchange.intelligence import Intelligence
from stillwatch.share.exchange.networks import network_rows
from stillwatch.share.objects import (
    Behaviour,
    Indicator,
    Network,
    Pseudonym,
    Sketch,
    kind_of,
    seconds,
)
from stillwatch.share.objects.signatures import signature_of
from stillwatch.share.oprf.matching import Shared, packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from stillwatch.find.features.log import Log

__all__ = ["OwnPseudonyms", "Weighted", "match_log", "match_pseudonyms"]

_ENOUGH = 6.0
"""Nats of pieces from which on an exchange is written in a sketch's words; two pieces at least."""
_REPEATS = 2
"""Exchanges in a sketch's words that an account needs: one may be a quotation."""
_EQUAL = 10.0
"""Nats for an equal pseudonym: values are rented, recycled and mistyped, if seldom."""
_MOST = 6.0
"""Nats at most for words, and for a network."""
_EVEN = 0.5
"""Prior that shows every account of which a behaviour says something; the scan has its own."""
_SAMPLE = 8


@dataclass(frozen=True, slots=True)
class Weighted:
    """An indicator and how far it is believed."""

    item: Indicator
    weight: float


@dataclass(frozen=True, slots=True)
class OwnPseudonyms:
    """Pseudonyms of own accounts, of one type and epoch."""

    identifier: str
    epoch: int
    accounts: Sequence[str | int]
    """(M,) account of each."""
    digests: NDArray[np.uint8]
    """(M, 64)."""


def match_pseudonyms(
    indicators: Iterable[Weighted], own: Sequence[OwnPseudonyms]
) -> list[Intelligence]:
    """Return the accounts whose pseudonyms were shared.

    Args:
        indicators: all kinds; the others are passed over.
        own: by type and epoch.
    """
    by_kind: dict[tuple[str, int], list[tuple[Weighted, str]]] = defaultdict(list)
    for one in indicators:
        content = one.item.content
        if isinstance(content, Pseudonym):
            by_kind[content.identifier, content.epoch].append((one, content.value))
    found = []
    for part in own:
        shared = by_kind.get((part.identifier, part.epoch), [])
        if not shared:
            continue
        table = Shared(packed([value for _, value in shared]))
        rows, places = table.match(part.digests)
        for row, place in zip(rows.tolist(), places.tolist(), strict=True):
            found += [
                _row(part.accounts[row], shared[number][0], _EQUAL)
                for number in table.rows(place).tolist()
            ]
    return found


def match_log(
    log: Log, key: str, indicators: Sequence[Weighted], *, seed: int, secret: bytes = b""
) -> list[Intelligence]:
    """Return the accounts of a log that fit indicators.

    Args:
        log: observations, with the accounts; licensed accounts are left out.
        key: fingerprint of the key of the observations.
        indicators: those of other kinds and other keys are passed over.
        seed: see :class:`.SharedPieces`.
        secret: the epoch's, under which the log was observed; without it, systems alone are
            looked up.
    """
    networks = [one for one in indicators if isinstance(one.item.content, Network)]
    found, hidden = [], log
    if secret:
        veil = Veil.of(secret)
        hidden = replace(
            log,
            facets=veil.many(log.facets),
            client=veil.many(log.client),
            block=veil.many(log.block),
        )
        keyed = [one for one in indicators if getattr(one.item.content, "key", None) == key]
        found += _behaviours(hidden, key, keyed)
        # a behaviour holds the same pieces, and says how many others reach each level of them
        told = {x.item.fields.campaign for x in keyed if isinstance(x.item.content, Behaviour)}
        rest = [x for x in keyed if x.item.fields.campaign not in told]
        found += _sketches(hidden, rest, seed)
    number = key_from_secret(secret) if secret else None
    for one, account, rows in network_rows(log, hidden.client, networks, number):
        found.append(_exchanges(log, one, account, rows, _telling(log, one, account, rows)))
    licensed = {
        log.accounts.ids[int(place)].as_py() for place in np.flatnonzero(log.accounts.licensed)
    }
    return [row for row in found if row.account_id not in licensed]


def _behaviours(log: Log, key: str, indicators: Sequence[Weighted]) -> list[Intelligence]:
    by_campaign: dict[str, Weighted] = {}
    signatures = []
    for one in indicators:
        if isinstance(one.item.content, Behaviour):
            signature = signature_of(one.item)
            if by_campaign.setdefault(signature.campaign, one) is one:
                signatures.append(signature)
    if not signatures:
        return []
    matches = match(log, key, signatures, prior=_EVEN)
    return [
        _row(
            row.account_id,
            by_campaign[row.campaign],
            row.log_ratio,
            exchanges=row.styled,
            first=row.first,
            last=row.last,
            sample=row.sample,
        )
        for row in matches.found
    ]


def _sketches(log: Log, indicators: Sequence[Weighted], seed: int) -> list[Intelligence]:
    sketches = [one for one in indicators if isinstance(one.item.content, Sketch)]
    contents = [one.item.content for one in sketches if isinstance(one.item.content, Sketch)]
    if not contents:
        return []
    pieces = SharedPieces(
        [[int(value, 16) for value in content.pieces] for content in contents],
        [content.weights for content in contents],
        seed,
    )
    hits = pieces.match(log.facets, log.facet_ptr)
    enough = (hits.score >= _ENOUGH) & (hits.pieces >= 2)
    rows, sketch = hits.row[enough], hits.sketch[enough]
    pairs = log.account[rows].astype(np.int64) * len(contents) + sketch
    order = np.argsort(pairs, kind="stable")
    starts = np.flatnonzero(np.diff(pairs[order], prepend=-1))
    found = []
    for group in np.split(order, starts[1:]) if order.size else []:
        own = rows[group]
        bodies = np.unique(log.body[own]).size
        if bodies < _REPEATS:
            continue
        account, one = int(log.account[own[0]]), sketches[int(sketch[group[0]])]
        found.append(_exchanges(log, one, account, own, min(_MOST, 1.5 * bodies)))
    return found


def _telling(log: Log, one: Weighted, account: int, rows: NDArray[np.int64]) -> float:
    """Return the nats of a network that an account used: rare ones tell, common ones do not."""
    content = one.item.content
    if not isinstance(content, Network):
        return 0.0
    used = rows.size / max(int((log.account == account).sum()), 1)
    mine, others = content.mine / 1_000, max(content.others / 1_000_000, 1e-6)
    ratio = used * mine / others + 1.0 - used
    return float(np.clip(np.log(max(ratio, 1e-3)), 0.0, _MOST))


def _exchanges(
    log: Log, one: Weighted, account: int, rows: NDArray[np.int64], ratio: float
) -> Intelligence:
    rows = np.sort(rows)
    picked = spread(rows, _SAMPLE)
    return _row(
        log.accounts.ids[account].as_py(),
        one,
        ratio,
        exchanges=int(rows.size),
        first=int(log.time[rows].min()),
        last=int(log.time[rows].max()),
        sample=tuple(log.exchange_id[int(row)].as_py() for row in picked),
    )


def _row(
    account: str | int,
    one: Weighted,
    ratio: float,
    *,
    exchanges: int = 0,
    first: int = 0,
    last: int = 0,
    sample: tuple[str, ...] = (),
) -> Intelligence:
    item = one.item
    # with the rest of the belief the indicator says nothing: a ratio of one
    told = np.log1p(one.weight * np.expm1(min(ratio, 60.0)))
    return Intelligence(
        time=max(int(seconds(item.modified) * 1e6), last),
        account_id=account,
        indicator=item.id,
        kind=kind_of(item.content),
        actor=item.fields.campaign,
        author=item.created_by_ref,
        weight=round(one.weight, 6),
        log_ratio=round(float(told), 6),
        licence=item.fields.licence,
        exchanges=exchanges,
        first=first,
        last=last,
        sample=sample,
    )
