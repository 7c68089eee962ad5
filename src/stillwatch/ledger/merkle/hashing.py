"""How leaves and nodes are hashed (RFC 6962 2.1)."""

from __future__ import annotations

import hashlib

__all__ = ["EMPTY_ROOT", "HASH_BYTES", "fold", "leaf_hash", "node_hash"]

HASH_BYTES = 32
"""Length of a hash."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf's entry, 32 bytes (RFC 6962 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees, 32 bytes (RFC 6962 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: bytes) -> bytes:
    """Return the root over hashes of one level, a power of two of them, 32 bytes each."""
    sha256 = hashlib.sha256
    while len(hashes) > HASH_BYTES:
        pairs = range(0, len(hashes), 2 * HASH_BYTES)
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + 64]).digest() for at in pairs])
    return hashes
