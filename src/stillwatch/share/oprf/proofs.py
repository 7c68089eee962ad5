"""Proofs: a batch was multiplied by the share of a public key; a share's owner knows it."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.share.oprf import group
from stillwatch.share.oprf.hashing import CONTEXT, hash_to_scalar, prefixed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PROOF_BYTES", "possess", "possesses", "prove", "proves"]

PROOF_BYTES = 64
"""A proof is two scalars: challenge and response."""

_POSSESSION = b"stillwatch-oprf-possession-1"


def prove(
    share: bytes, public: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes], draw: bytes
) -> bytes:
    """Return one proof that every evaluated element is the share times its blinded one.

    GenerateProof with ComputeCompositesFast (RFC 9497, 2.2.1).

    Args:
        share: the secret scalar.
        public: the share times the generator.
        blinded: elements that were checked.
        evaluated: as many.
        draw: random scalar, used once.
    """
    mixed = _sum(_weights(public, blinded, evaluated), blinded)
    result = group.times(share, mixed)
    challenge = _challenge(public, mixed, result, group.base_times(draw), group.times(draw, mixed))
    response = group.scalar_subtract(draw, group.scalar_multiply(challenge, share))
    return challenge + response


def proves(
    public: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes], proof: bytes
) -> bool:
    """Say whether a proof shows that a batch was multiplied by the share of a public key.

    VerifyProof (RFC 9497, 2.2.2).

    Args:
        public: an element that was checked.
        blinded: elements that were checked.
        evaluated: as many, checked too.
        proof: 64 bytes.
    """
    if len(proof) != PROOF_BYTES or len(blinded) != len(evaluated) or not blinded:
        return False
    try:
        challenge, response = (group.scalar(proof[:32]), group.scalar(proof[32:]))
        weights = _weights(public, blinded, evaluated)
        mixed, result = _sum(weights, blinded), _sum(weights, evaluated)
        left = group.add(group.base_times(response), group.times(challenge, public))
        right = group.add(group.times(response, mixed), group.times(challenge, result))
    except RefusedError:
        return False
    return hmac.compare_digest(challenge, _challenge(public, mixed, result, left, right))


def possess(share: bytes, public: bytes, context: bytes, draw: bytes) -> bytes:
    """Return a proof of knowing a public key's share, good in one context alone (RFC 8235).

    Args:
        share: the secret scalar.
        public: the share times the generator.
        context: who proves it, for what.
        draw: random scalar, used once.
    """
    challenge = hash_to_scalar(prefixed(public, group.base_times(draw), context), _POSSESSION)
    return challenge + group.scalar_subtract(draw, group.scalar_multiply(challenge, share))


def possesses(public: bytes, context: bytes, proof: bytes) -> bool:
    """Say whether a proof shows, in this context, that its maker knows a public key's share."""
    if len(proof) != PROOF_BYTES:
        return False
    try:
        challenge, response = (group.scalar(proof[:32]), group.scalar(proof[32:]))
        drawn = group.add(group.base_times(response), group.times(challenge, public))
    except RefusedError:
        return False
    wanted = hash_to_scalar(prefixed(public, drawn, context), _POSSESSION)
    return hmac.compare_digest(challenge, wanted)


def _weights(public: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes]) -> list[bytes]:
    """Return the factor of each pair, fixed by all of them (ComputeComposites)."""
    seed = hashlib.sha512(prefixed(public, b"Seed-" + CONTEXT)).digest()
    start = prefixed(seed)
    return [
        hash_to_scalar(start + place.to_bytes(2, "big") + prefixed(*pair) + b"Composite")
        for place, pair in enumerate(zip(blinded, evaluated, strict=True))
    ]


def _sum(weights: Sequence[bytes], elements: Sequence[bytes]) -> bytes:
    total = group.IDENTITY
    for weight, item in zip(weights, elements, strict=True):
        total = group.add(total, group.times(weight, item))
    return total


def _challenge(*elements: bytes) -> bytes:
    return hash_to_scalar(prefixed(*elements) + b"Challenge")
