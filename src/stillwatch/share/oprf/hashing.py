"""Hashes of RFC 9497's suite ristretto255-SHA512, verifiable mode."""

from __future__ import annotations

import hashlib

from stillwatch.share.oprf import group

__all__ = ["CONTEXT", "expand", "hash_to_element", "hash_to_scalar", "prefixed"]

MODE = 0x01
"""VOPRF (RFC 9497, 3.1)."""

CONTEXT = b"OPRFV1-" + bytes([MODE]) + b"-ristretto255-SHA512"
"""contextString (RFC 9497, 3.1)."""

_BLOCK = 128
"""Input block of SHA-512, bytes."""


def expand(message: bytes, separation: bytes) -> bytes:
    """Return expand_message_xmd of SHA-512 for 64 bytes, one block (RFC 9380, 5.3.1).

    Args:
        message: any bytes.
        separation: domain separation tag, at most 255 bytes.
    """
    tag = separation + bytes([len(separation)])
    first = hashlib.sha512(bytes(_BLOCK) + message + b"\x00\x40\x00" + tag).digest()
    return hashlib.sha512(first + b"\x01" + tag).digest()


def hash_to_element(message: bytes) -> bytes:
    """Return HashToGroup of a message (RFC 9497, 4.1)."""
    return group.from_uniform(expand(message, b"HashToGroup-" + CONTEXT))


def hash_to_scalar(message: bytes, separation: bytes = b"HashToScalar-" + CONTEXT) -> bytes:
    """Return HashToScalar of a message (RFC 9497, 4.1)."""
    return group.reduce(expand(message, separation))


def prefixed(*parts: bytes) -> bytes:
    r"""Return byte strings one after another, each behind its length in 2 bytes, big-endian.

    >>> prefixed(b"ab", b"")
    b'\x00\x02ab\x00\x00'
    """
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)
