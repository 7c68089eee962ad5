"""Key epochs: which keys hold when, as a record that both operators signed (P-1, P-8).

A record says the public halves of both shares and their sum, for each type of identifier. Types
have keys of their own: an operator cannot see what is blinded, so only a key of its own keeps a
member from evaluating mail addresses under the quota of another type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from stillwatch.errors import RefusedError
from stillwatch.ledger import canonical, dsse
from stillwatch.share.oprf import group
from stillwatch.share.oprf.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stillwatch.ledger import VerifyKey

__all__ = [
    "OVERLAP_DAYS",
    "PERIOD_DAYS",
    "RECORD_TYPE",
    "Certificate",
    "Closed",
    "Element",
    "EpochRecord",
    "Exchange",
    "Keys",
    "Terms",
    "current",
    "merged",
    "opened",
    "packed",
]

PERIOD_DAYS = 90
"""Days from an epoch's start to the next one's."""
OVERLAP_DAYS = 30
"""Days that an epoch is still answered for after that."""
_DAY = 86_400

RECORD_TYPE = "application/vnd.stillwatch.oprf.epoch+json"
"""Type of the envelope that a record is signed in."""

Element = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Exchange = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")]
_Number = Annotated[int, Meta(ge=1, le=1_000_000)]
_Seconds = Annotated[int, Meta(ge=0, le=1 << 40)]


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    """A record that has no field but its own."""


class Keys(Closed, frozen=True):
    """Public keys of one type, in hexadecimal."""

    a: Element
    """Public half of operator a's share."""
    b: Element
    """Public half of operator b's share."""
    sum: Element
    """Their sum, the public key of the function; the same in all generations of an epoch."""


class Terms(Closed, frozen=True):
    """What both operators agree upon before they draw anything."""

    exchange: Exchange
    """Name of the exchange whose members they serve; keys of one are none of another."""
    epoch: _Number
    """Number, from 1."""
    generation: Annotated[int, Meta(ge=0, le=1_000_000)]
    """0 as drawn; one more with each refresh of the shares."""
    starts: _Seconds
    """When the epoch begins, seconds since 1970."""
    lost: Annotated[list[_Number], Meta(max_length=100)]
    """Epochs that end with the start of this one, since a share was lost."""


class EpochRecord(Terms, frozen=True):
    """Terms and the keys that were made under them."""

    keys: dict[str, Keys]
    """Keys by type of identifier."""

    @property
    def turns(self) -> int:
        """When the next epoch begins, seconds since 1970."""
        return self.starts + PERIOD_DAYS * _DAY

    @property
    def ends(self) -> int:
        """When it is answered for no longer, seconds since 1970 (P-8)."""
        return self.turns + OVERLAP_DAYS * _DAY

    def open_at(self, now: int) -> bool:
        """Say whether it is answered for at a time, seconds since 1970."""
        return self.starts <= now < self.ends  # P-8


class Certificate(msgspec.Struct, frozen=True):
    """A record with the envelope that shows who signed it."""

    record: EpochRecord
    """What was signed."""
    envelope: bytes
    """DSSE envelope."""


def packed(record: Terms) -> bytes:
    """Return a record's canonical bytes, the same at both operators (RFC 8785)."""
    return canonical(msgspec.to_builtins(record))


def opened(raw: bytes, keys: Iterable[VerifyKey], signers: int = 2) -> Certificate:
    """Return the record in an envelope, checked.

    Args:
        raw: the envelope.
        keys: the operators'.
        signers: how many of them must have signed it.

    Raises:
        RefusedError: L-18 it is not so signed; P-1 its keys do not add up, or types are missing.
    """
    payload = dsse.open_envelope(raw, RECORD_TYPE, keys, signers).payload
    try:
        record = msgspec.json.decode(payload, type=EpochRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError("P-1", f"not an epoch's record: {error}") from error
    if set(record.keys) != set(KINDS):  # P-1
        raise RefusedError("P-1", f"an epoch has keys of {', '.join(KINDS)}")
    for kind, held in record.keys.items():
        parts = [group.element(bytes.fromhex(text), f"key of {kind}") for text in (held.a, held.b)]
        if group.element(group.add(*parts)).hex() != held.sum:  # P-1
            raise RefusedError("P-1", f"the shares' public keys of {kind} do not add up")
    return Certificate(record, raw)


def merged(first: bytes, second: bytes) -> bytes:
    """Return one envelope with the signatures of two of the same payload.

    Raises:
        RefusedError: P-1 they are not of one payload.
    """
    one, two = (msgspec.json.decode(raw) for raw in (first, second))
    if one["payload"] != two["payload"]:  # P-1
        raise RefusedError("P-1", "the operators signed different records")
    one["signatures"] = sorted(
        [*one["signatures"], *two["signatures"]], key=lambda s: str(s.get("keyid"))
    )
    return msgspec.json.encode(one)


def current(records: Mapping[int, EpochRecord], now: int) -> EpochRecord:
    """Return the newest epoch that is answered for: the one to publish under (P-8).

    Raises:
        RefusedError: P-8 there is none.
    """
    lost = {n for r in records.values() if r.starts <= now for n in r.lost}
    live = [r for r in records.values() if r.open_at(now) and r.epoch not in lost]
    if not live:  # P-8
        raise RefusedError(
            "P-8",
            "no epoch is open",
            todo="the operators hold a ceremony for the next one (stillwatch oprf ceremony)",
        )
    return max(live, key=lambda record: record.epoch)
