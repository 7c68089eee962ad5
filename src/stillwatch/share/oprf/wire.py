"""What travels between members and operators, as JSON; fields that are not named are refused."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from stillwatch.errors import RefusedError
from stillwatch.share.oprf import group
from stillwatch.share.oprf.epochs import Closed, Element
from stillwatch.share.oprf.hashing import prefixed
from stillwatch.share.oprf.protocol import LARGEST_BATCH, Answer

__all__ = [
    "COUNTERS_TYPE",
    "LONGEST",
    "Counter",
    "Counters",
    "EvaluateAnswer",
    "EvaluateRequest",
    "batch_digest",
    "decoded",
]

LONGEST = 16_384
"""Bytes of a request at most."""

COUNTERS_TYPE = "application/vnd.stillwatch.oprf.counters+json"
"""Type of the envelope that counters are signed in."""

_Proof = Annotated[str, Meta(pattern="^[0-9a-f]{128}$")]


class EvaluateRequest(Closed, frozen=True):
    """A batch to evaluate; the same bytes go to both operators (P-3)."""

    epoch: Annotated[int, Meta(ge=1, le=1_000_000)]
    """Epoch."""
    generation: Annotated[int, Meta(ge=0, le=1_000_000)]
    """Generation of the shares that is to answer."""
    kind: Literal["email", "phone", "par"]
    """Type of the identifiers."""
    purpose: Literal["suspicion", "sign-up", "payment-change"]
    """What for (P-10)."""
    elements: list[str]
    """Blinded elements, 64 hexadecimal digits each."""

    def points(self) -> list[bytes]:
        """Return the elements as bytes.

        Raises:
            RefusedError: P-3 there are none or too many; P-4 one is no element.
        """
        if not 1 <= len(self.elements) <= LARGEST_BATCH:  # P-3
            raise RefusedError(
                "P-3", f"a batch has 1 to {LARGEST_BATCH} elements, not {len(self.elements)}"
            )
        return [
            group.element(_unhexed(item), f"element {place}")  # P-4
            for place, item in enumerate(self.elements)
        ]


class EvaluateAnswer(Closed, frozen=True):
    """One operator's answer to a batch (P-4)."""

    operator: Literal["a", "b"]
    """Who answers."""
    public: Element
    """Public half of the share that was used."""
    evaluated: Annotated[list[Element], Meta(max_length=LARGEST_BATCH)]
    """The share times each element, in order."""
    proof: _Proof
    """One proof for all."""

    def answer(self) -> Answer:
        """Return the answer as bytes, not yet checked."""
        points = tuple(bytes.fromhex(item) for item in self.evaluated)
        return Answer(bytes.fromhex(self.public), points, bytes.fromhex(self.proof))


class Counter(Closed, frozen=True):
    """What was evaluated of one type in one epoch."""

    epoch: int
    """Epoch."""
    kind: str
    """Type of identifier."""
    batches: int
    """Different batches."""
    elements: int
    """Elements in them."""


class Counters(Closed, frozen=True):
    """What an operator evaluated in all (P-7)."""

    exchange: str
    """Exchange."""
    operator: Literal["a", "b"]
    """Whose counters."""
    at: int
    """When they were read, seconds since 1970."""
    member: str
    """Whose requests are counted; empty for all members'."""
    counters: list[Counter]
    """By epoch and type."""


def batch_digest(member: str, request: EvaluateRequest) -> str:
    """Return the digest that names a batch; generations of an epoch do not change it."""
    parts = [member.encode(), str(request.epoch).encode(), request.kind.encode()]
    raw = prefixed(*parts, *(item.encode() for item in request.elements))
    return hashlib.sha256(b"stillwatch oprf batch 1\n" + raw).hexdigest()


def decoded(raw: bytes) -> EvaluateRequest:
    """Return a request from its JSON.

    Raises:
        RefusedError: P-3 it is none.
    """
    try:
        return msgspec.json.decode(raw, type=EvaluateRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError("P-3", f"not a request for an evaluation: {error}") from error


def _unhexed(text: str) -> bytes:
    if len(text) != 2 * group.ELEMENT_BYTES:
        return b""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return b""
    return raw if raw.hex() == text else b""
