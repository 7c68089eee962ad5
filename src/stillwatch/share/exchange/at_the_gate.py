"""What peers' indicators say of a single request, as a gateway can look it up before it answers.

A gateway sees a prompt, a network and a client, and no account's history.  So words say 6 nats at
most, and a network or a client as much: with what is not believed of an author neither alone
reaches what a gateway acts on by default (6 nats), and both together do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import UNSET

from stillwatch.share.exchange.believing import believed
from stillwatch.share.objects import Behaviour, Network, Sketch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stillwatch.share.exchange.believing import Weighted

__all__ = ["MOST", "AtTheGate", "Words", "at_the_gate"]

MOST = 6.0
"""Nats that words, or a network, say at most: an innocent quotes, and shares networks."""
_LEAST = 0.5
"""Nats below which a network or client is not worth a look."""


@dataclass(frozen=True, slots=True)
class Words:
    """Pieces of text of one campaign."""

    indicator: str
    actor: str
    values: tuple[int, ...]
    """Veiled hashes."""
    weights: tuple[int, ...]
    """Hundredths of a nat."""
    licence: str
    belief: float
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class AtTheGate:
    """A network or client of one campaign."""

    indicator: str
    actor: str
    entity: str
    """asn, prefix, ja4, or block and client, which are veiled hashes."""
    value: str
    nats: float
    """With what is not believed taken off."""
    licence: str


def at_the_gate(indicators: Iterable[Weighted], key: str) -> tuple[list[Words], list[AtTheGate]]:
    """Return what a gateway looks up.

    Args:
        indicators: that may be matched; pseudonyms are passed over, no request shows them.
        key: fingerprint of the epoch's sketch key; what is hashed under another is passed over.
    """
    words, places = [], []
    for one in indicators:
        content, fields = one.item.content, one.item.fields
        if one.weight <= 0.0 or getattr(content, "key", key) not in {key, UNSET}:
            continue
        if isinstance(content, Behaviour | Sketch):
            values = tuple(int(value, 16) for value in content.pieces)
            words.append(
                Words(
                    one.item.id,
                    fields.campaign,
                    values,
                    tuple(content.weights),
                    fields.licence,
                    one.weight,
                )
            )
        for entity, value, mine, others in _places(content):
            nats = believed(one, min(_rarer(mine, others), MOST))
            if nats >= _LEAST:
                places.append(
                    AtTheGate(
                        one.item.id, fields.campaign, entity, value, round(nats, 6), fields.licence
                    )
                )
    return words, places


def _places(content: object) -> Iterator[tuple[str, str, int, int]]:
    """Yield entity, value, share of the campaign in a thousand, and of others in a million."""
    if isinstance(content, Network):
        yield content.entity, content.value, content.mine, content.others
    if isinstance(content, Behaviour):
        for entity, seen in (("client", content.clients), ("block", content.blocks)):
            for one in seen if isinstance(seen, list) else ():
                yield entity, one.value, one.mine, one.others


def _rarer(mine: int, others: int) -> float:
    """Return the log ratio of two shares.

    >>> round(_rarer(300, 50), 2), _rarer(0, 50)
    (8.7, 0.0)
    """
    return max(math.log(mine * 1_000 / max(others, 1)), 0.0) if mine > 0 else 0.0
