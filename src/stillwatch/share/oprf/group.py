"""The group ristretto255 (RFC 9496) by libsodium: elements and scalars of 32 bytes.

What comes from outside passes `element` or `scalar` first. Multiplications and operations on
scalars are libsodium's, in constant time.
"""

from __future__ import annotations

import hmac
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import rbcl  # type: ignore[import-untyped]

from stillwatch.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "ELEMENT_BYTES",
    "IDENTITY",
    "SCALAR_BYTES",
    "add",
    "base_times",
    "element",
    "from_uniform",
    "random_scalar",
    "reduce",
    "scalar",
    "scalar_add",
    "scalar_multiply",
    "scalar_subtract",
    "scalars_inverted",
    "subtract",
    "times",
]

ELEMENT_BYTES = 32
SCALAR_BYTES = 32
UNIFORM_BYTES = 64

IDENTITY = bytes(ELEMENT_BYTES)
"""Encoding of the identity, which libsodium takes for a valid element."""

_ZERO = bytes(SCALAR_BYTES)

if os.name == "posix":
    # rbcl loads libsodium from a copy in the temporary folder and leaves it there, 3 MB a process.
    Path(sys.modules["rbcl._sodium"].lib_path).unlink(missing_ok=True)


def element(raw: bytes, where: str = "") -> bytes:
    """Return an element that came from outside, checked.

    Raises:
        RefusedError: P-4 it is not the canonical encoding of an element, or is the identity.

    >>> element(base_times(bytes([2]) + bytes(31)))[:4].hex()
    '6a493210'
    """
    canonical = len(raw) == ELEMENT_BYTES and rbcl.crypto_core_ristretto255_is_valid_point(raw)
    if not canonical:  # P-4
        raise RefusedError("P-4", "an element is not in canonical form", where=where)
    if hmac.compare_digest(raw, IDENTITY):  # P-4
        raise RefusedError("P-4", "an element is the identity", where=where)
    return raw


def scalar(raw: bytes, where: str = "") -> bytes:
    """Return a scalar that came from outside, checked; zero is refused too.

    Raises:
        RefusedError: P-4 it is not 32 bytes, not below the group's order, or zero.
    """
    canonical = len(raw) == SCALAR_BYTES and hmac.compare_digest(reduce(raw + _ZERO), raw)
    if not canonical or hmac.compare_digest(raw, _ZERO):  # P-4
        raise RefusedError("P-4", "a scalar is zero or not in canonical form", where=where)
    return raw


def random_scalar() -> bytes:
    """Return a scalar drawn from all but zero."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_random())


def reduce(wide: bytes) -> bytes:
    """Return 64 bytes, little-endian, modulo the group's order."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_reduce(wide))


def from_uniform(uniform: bytes) -> bytes:
    """Return the element that 64 uniform bytes map to (RFC 9496, 4.3.4)."""
    return bytes(rbcl.crypto_core_ristretto255_from_hash(uniform))


def times(factor: bytes, point: bytes) -> bytes:
    """Return the product of a scalar and an element.

    Raises:
        RefusedError: P-4 the product is the identity, or the element is none.
    """
    try:
        return bytes(rbcl.crypto_scalarmult_ristretto255(factor, point))
    except RuntimeError as error:  # P-4
        raise RefusedError("P-4", "a product is the identity or of no element") from error


def base_times(factor: bytes) -> bytes:
    """Return the product of a scalar and the generator.

    Raises:
        RefusedError: P-4 the scalar is zero.
    """
    try:
        return bytes(rbcl.crypto_scalarmult_ristretto255_base(factor))
    except RuntimeError as error:  # P-4
        raise RefusedError("P-4", "a multiple of the generator is the identity") from error


def add(left: bytes, right: bytes) -> bytes:
    """Return the sum of two elements that were checked."""
    return bytes(rbcl.crypto_core_ristretto255_add(left, right))


def subtract(left: bytes, right: bytes) -> bytes:
    """Return the difference of two elements that were checked."""
    return bytes(rbcl.crypto_core_ristretto255_sub(left, right))


def scalar_add(left: bytes, right: bytes) -> bytes:
    """Return the sum of two scalars."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_add(left, right))


def scalar_subtract(left: bytes, right: bytes) -> bytes:
    """Return the difference of two scalars."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_sub(left, right))


def scalar_multiply(left: bytes, right: bytes) -> bytes:
    """Return the product of two scalars."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_mul(left, right))


def scalars_inverted(values: Sequence[bytes]) -> list[bytes]:
    """Return the inverses of scalars that are not zero.

    An inversion costs as much as multiplying an element, so one is made for all: of the product,
    from which each is got by two products (Montgomery).
    """
    products = [values[0]]
    for value in values[1:]:
        products.append(scalar_multiply(products[-1], value))
    rest = bytes(rbcl.crypto_core_ristretto255_scalar_invert(products[-1]))
    inverses = []
    for place in range(len(values) - 1, 0, -1):
        inverses.append(scalar_multiply(rest, products[place - 1]))
        rest = scalar_multiply(rest, values[place])
    return [rest, *reversed(inverses)]
