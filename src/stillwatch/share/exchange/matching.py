"""Indicators against own accounts: pseudonyms, behaviour, pieces of text, networks.

Everything is looked up locally; no question leaves.  Keyed kinds match observations and pseudonyms
of their own epoch and key alone, and say so where there are none.  What is said of an account is
dated: it rests on the requests up to one of them, so that it holds for a gateway that asks at each
request, and for a scan that looks at any time.
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
from stillwatch.find.signatures import Traffic, follow
from stillwatch.share.exchange.believing import Weighted, dated, said
from stillwatch.share.exchange.networks import match_networks
from stillwatch.share.objects import Behaviour, Pseudonym, Sketch, kind_of
from stillwatch.share.objects.signatures import signature_of
from stillwatch.share.oprf.matching import Shared, packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from stillwatch.find.features.log import Log
    from stillwatch.share.exchange.intelligence import Intelligence

__all__ = ["OwnPseudonyms", "Weighted", "match_log", "match_pseudonyms"]

_ENOUGH = 6.0
"""Nats of pieces from which on an exchange is written in a sketch's words; two pieces at least."""
_REPEATS = 2
"""Exchanges in a sketch's words that an account needs: one may be a quotation."""
_EQUAL = 10.0
"""Nats for an equal pseudonym: values are rented, recycled and mistyped, if seldom."""
_SAMPLE = 8
_MOST = 6.0
"""Nats at most for the words of a sketch, of which nobody says how common they are."""


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
                said(shared[number][0], part.accounts[row], _EQUAL)
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
    keyed = [one for one in indicators if getattr(one.item.content, "key", None) == key]
    found: list[Intelligence] = []
    hidden = log
    if secret:
        veil = Veil.of(secret)
        hidden = replace(
            log,
            facets=veil.many(log.facets),
            client=veil.many(log.client),
            block=veil.many(log.block),
        )
        found += _behaviours(hidden, keyed)
        found += _sketches(hidden, _untold(keyed, keyed), seed)
    rest = _untold(indicators, keyed if secret else ())
    found += match_networks(log, hidden.client, rest, key_from_secret(secret) or None)
    licensed = {
        log.accounts.ids[int(place)].as_py() for place in np.flatnonzero(log.accounts.licensed)
    }
    return [row for row in found if row.account_id not in licensed]


def _untold(indicators: Sequence[Weighted], keyed: Sequence[Weighted]) -> list[Weighted]:
    """Return the indicators that say what no behaviour of the same campaign says already."""
    told: dict[str, set[str]] = defaultdict(set)
    for one in keyed:
        content = one.item.content
        if isinstance(content, Behaviour):
            held = {"sketch"}
            held |= {"client", "ja4"} if content.clients else set()
            held |= {"prefix", "asn"} if content.blocks else set()
            told[one.item.fields.campaign] |= held
    return [
        one
        for one in indicators
        if (kind_of(one.item.content).rpartition(":")[2]) not in told[one.item.fields.campaign]
    ]


def _behaviours(log: Log, indicators: Sequence[Weighted]) -> list[Intelligence]:
    signatures = [
        (one, signature_of(one.item))
        for one in indicators
        if isinstance(one.item.content, Behaviour)
    ]
    if not signatures:
        return []
    traffic = Traffic(log, [signature for _, signature in signatures])
    found: list[Intelligence] = []
    for one, signature in signatures:
        followed = follow(traffic, signature, one.began)
        found += dated(log, one, followed.row, followed.ratio, followed.styled)
    return found


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
        found.append(_words(log, one, account, own, min(_MOST, 1.5 * bodies)))
    return found


def _words(
    log: Log, one: Weighted, account: int, rows: NDArray[np.int64], ratio: float
) -> Intelligence:
    rows = np.sort(rows)
    return said(
        one,
        log.accounts.ids[account].as_py(),
        ratio,
        time=int(log.time[rows].max()),
        exchanges=int(rows.size),
        first=int(log.time[rows].min()),
        last=int(log.time[rows].max()),
        sample=tuple(log.exchange_id[int(row)].as_py() for row in spread(rows, _SAMPLE)),
    )
