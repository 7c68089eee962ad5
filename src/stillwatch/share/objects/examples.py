"""One good object of every type and kind, for documents and tests."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from stillwatch.ledger import SigningKey
from stillwatch.share.objects.authorship import signed
from stillwatch.share.objects.content import (
    Behaviour,
    Habits,
    Levels,
    Network,
    Pseudonym,
    Seen,
    Sketch,
)
from stillwatch.share.objects.fixed import EXTENSION, PROJECT, TLP
from stillwatch.share.objects.making import (
    campaign_ref,
    new_indicator,
    new_sighting,
    recalled,
    revised,
)
from stillwatch.share.objects.record import Identity, Indicator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.share.objects.content import Content
    from stillwatch.share.objects.record import Object

__all__ = ["KEYS", "contents", "examples"]

_NOW = 1_795_305_600.0
KEYS = {
    f"identity--{number}": SigningKey(f"member-{place}", bytes([place]) * 32)
    for place, number in enumerate(
        ("0b7e6f2e-3c49-4a2f-9c55-6a1f7d1f2f01", "f1d3b6aa-5a0e-4f0e-8c2f-9a7d1e2b3c02"), start=1
    )
}
"""Members of the examples and the keys, known to everybody, that they sign with."""
_DAY = 86_400.0


def _bytes(label: str, size: int = 16) -> bytes:
    return hashlib.shake_256(b"stillwatch example " + label.encode()).digest(size)


def _hashes(label: str, many: int) -> list[str]:
    return sorted(_bytes(f"{label} {number}", 8).hex() for number in range(many))


def contents() -> tuple[Content, ...]:
    """Return a content of each kind."""
    pieces = _hashes("piece", 12)
    key = _bytes("key", 4).hex()
    return (
        Pseudonym(identifier="email", epoch=3, value=_bytes("email", 64).hex()),
        Pseudonym(identifier="phone", epoch=3, value=_bytes("phone", 64).hex()),
        Pseudonym(identifier="par", epoch=3, value=_bytes("par", 64).hex()),
        Sketch(epoch=3, key=key, observation=3, pieces=pieces, weights=list(range(140, 500, 30))),
        Network(entity="asn", value="210000", mine=300, others=200),
        Network(entity="prefix", value="45.9.20.0/24", mine=250, others=10),
        Network(entity="prefix", value="2a0e:b107::/48", mine=80, others=1),
        Network(entity="ja4", value="t13d1516h2_8daaf6152771_b186095e22b6", mine=900, others=5_000),
        Network(
            entity="client", value=_bytes("client", 8).hex(), mine=900, others=20, epoch=3, key=key
        ),
        Behaviour(
            epoch=3,
            key=key,
            observation=3,
            pieces=pieces,
            weights=list(range(140, 500, 30)),
            mine=[900] * 12,
            others=[5] * 12,
            levels=Levels(
                exchanges=[500, 500, 1_000, 2_000, 3_000, 2_000, 900, 100],
                others_exchanges=[10_000_000, 5_000, 500, 50, 5, 1, 0, 0],
                accounts=[1_000, 950, 900, 800, 500, 200, 20],
                others_accounts=[2_000, 500, 50, 5, 1, 0, 0],
            ),
            habits=Habits(answer=[10, 40, 250, 400, 300], turn=[950, 30, 20]),
            clients=[Seen(value=_bytes("seen", 8).hex(), mine=700, others=50)],
        ),
    )


def examples() -> Iterator[Object]:
    """Yield one good object of every type and kind, with a later version, a recall and outcomes."""
    hub = "identity--5e0f1f6a-27d5-4b0c-8f55-0f4a2a9b9c11"
    author, other = KEYS
    yield PROJECT
    yield EXTENSION
    yield from TLP.values()
    for number, name in ((author, "Member A"), (other, "Member B")):
        yield Identity(
            spec_version="2.1",
            id=number,
            created="2026-11-01T00:00:00.000Z",
            modified="2026-11-01T00:00:00.000Z",
            name=name,
            identity_class="organization",
            created_by_ref=hub,
        )
    made: list[Indicator] = []
    for place, content in enumerate(contents()):
        made.append(
            new_indicator(
                content,
                author=author,
                campaign=campaign_ref(b"example", "c-1"),
                now=_NOW,
                number=_bytes(f"indicator {place}"),
                first_seen=_NOW - 3 * _DAY,
                last_seen=_NOW - 60.0,
                licence="limit",
                note="Same hand as in October, other cards." if place == 0 else "",
                audience=[other] if place == 3 else [],
                tlp="red" if place == 3 else "amber",
            )
        )
    yield from (signed(item, KEYS[author]) for item in made)
    newer = revised(made[0], now=_NOW + 60.0, confidence=90)
    back = recalled(made[1], now=_NOW + 120.0, reason="appeal", deadline=_NOW + 2 * _DAY)
    yield from (signed(item, KEYS[author]) for item in (newer, back))
    for outcome, grounds in (
        ("confirmed", None),
        ("false-positive", "benign-population"),
        ("contested", "appeal"),
    ):
        word = new_sighting(
            made[0],
            outcome,
            author=other,
            now=_NOW + 300.0,
            number=_bytes(f"sighting {outcome}"),
            grounds=grounds,
        )
        yield signed(word, KEYS[other])
