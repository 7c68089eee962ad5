"""RFC 9497 in verifiable mode over a key that is the sum of two shares: all of the arithmetic.

A member blinds each input once and sends the same elements to both operators; each answers with its
share times the elements and one proof. The sum of both answers is what the whole key, which nobody
has, would have answered, so that the output is an ordinary one of RFC 9497.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.share.oprf import group
from stillwatch.share.oprf.hashing import hash_to_element, prefixed
from stillwatch.share.oprf.proofs import prove, proves

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "LARGEST_BATCH",
    "OUTPUT_BYTES",
    "Answer",
    "Blinded",
    "blind",
    "evaluate",
    "finalise",
]

LARGEST_BATCH = 100
"""Elements of one request (P-3)."""

OUTPUT_BYTES = 64
"""A pseudonym is a SHA-512."""


@dataclass(frozen=True, slots=True, repr=False)
class Blinded:
    """A batch that a member blinded; only the elements leave."""

    inputs: tuple[bytes, ...]
    """Inputs of the function, see `identifiers.encode`."""
    scalars: tuple[bytes, ...]
    """What each was blinded by; secret, used once."""
    elements: tuple[bytes, ...]
    """What both operators get, 32 bytes each."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one operator answers to a batch."""

    public: bytes
    """Public half of the share that was used, 32 bytes."""
    evaluated: tuple[bytes, ...]
    """The share times each element, 32 bytes each."""
    proof: bytes
    """One proof for all of them, 64 bytes."""


def blind(inputs: Sequence[bytes], draw: Callable[[], bytes] = group.random_scalar) -> Blinded:
    """Blind a batch (RFC 9497, 3.3.2, Blind).

    Args:
        inputs: 1 to 100 byte strings of at most 65,535 bytes.
        draw: gives a random scalar each time.

    Raises:
        RefusedError: P-3 there are none or too many.
    """
    batch_fits(len(inputs))
    scalars = tuple(draw() for _ in inputs)
    points = (hash_to_element(item) for item in inputs)
    elements = tuple(group.times(s, p) for s, p in zip(scalars, points, strict=True))
    return Blinded(tuple(inputs), scalars, elements)


def evaluate(
    share: bytes,
    public: bytes,
    elements: Sequence[bytes],
    draw: Callable[[], bytes] = group.random_scalar,
) -> Answer:
    """Answer a batch with a share (RFC 9497, 3.3.2, BlindEvaluate).

    Args:
        share: the operator's secret scalar.
        public: the share times the generator.
        elements: as they came in.
        draw: gives a random scalar.

    Raises:
        RefusedError: P-3 or P-4, see `batch_fits` and `group.element`.
    """
    batch_fits(len(elements))
    for place, item in enumerate(elements):
        group.element(item, f"element {place}")  # P-4
    evaluated = tuple(group.times(share, item) for item in elements)
    return Answer(public, evaluated, prove(share, public, elements, evaluated, draw()))


def finalise(batch: Blinded, answers: Sequence[Answer], public: bytes) -> list[bytes]:
    """Check the operators' answers, add them, unblind and hash (RFC 9497, 3.3.2, Finalize).

    Args:
        batch: what was sent.
        answers: one of each operator; a single one where the key is whole.
        public: the whole public key.

    Returns:
        A pseudonym of 64 bytes for each input.

    Raises:
        RefusedError: P-5 the operators' keys do not add up, or a proof does not hold; the error's
            `where` is the number of the answer.
    """
    if _total([group.element(answer.public) for answer in answers]) != public:  # P-5, P-9
        raise RefusedError("P-5", "the operators' public keys do not add up to the epoch's")
    for place, answer in enumerate(answers):
        check(batch, answer, str(place))  # P-5
    outputs = []
    sums = [_total(parts) for parts in zip(*(a.evaluated for a in answers), strict=True)]
    inverses = group.scalars_inverted(batch.scalars)
    for value, inverse, item in zip(batch.inputs, inverses, sums, strict=True):
        unblinded = group.times(inverse, item)
        outputs.append(hashlib.sha512(prefixed(value, unblinded) + b"Finalize").digest())
    return outputs


def check(batch: Blinded, answer: Answer, where: str) -> None:
    """Refuse an answer whose proof does not hold.

    Raises:
        RefusedError: P-4 or P-5.
    """
    if len(answer.evaluated) != len(batch.elements):  # P-5
        raise RefusedError("P-5", "an answer has not as many elements as were sent", where=where)
    for item in answer.evaluated:
        group.element(item, where)  # P-4
    if not proves(answer.public, batch.elements, answer.evaluated, answer.proof):  # P-5
        raise RefusedError(
            "P-5",
            "the proof does not hold: the operator used another share than its own",
            where=where,
            todo="tell both operators; nothing was accepted of this batch",
        )


def batch_fits(count: int) -> None:
    """Refuse a batch of none or too many.

    Raises:
        RefusedError: P-3.
    """
    if not 1 <= count <= LARGEST_BATCH:  # P-3
        raise RefusedError("P-3", f"a batch has 1 to {LARGEST_BATCH} elements, not {count}")


def _total(elements: Sequence[bytes]) -> bytes:
    total = elements[0]
    for item in elements[1:]:
        total = group.add(total, item)
    return total
