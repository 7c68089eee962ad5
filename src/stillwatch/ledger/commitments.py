"""What stands in the log in an object's place: a salted commitment, so that it can be erased.

The log keeps HMAC-SHA-256 under a random salt of 32 bytes. Who holds object and salt can show that
they are meant; without the salt the 32 bytes tell nothing, so erasing object and salt erases the
record, and every proof of the log still verifies.
"""

from __future__ import annotations

import hmac

from stillwatch.errors import RefusedError

__all__ = ["SALT_BYTES", "commit", "opens"]

SALT_BYTES = 32
"""Length of a salt; drawn anew for each object (``secrets.token_bytes``)."""

_DOMAIN = b"stillwatch commitment v1\n"


def commit(salt: bytes, content: bytes) -> bytes:
    """Return the 32 bytes that stand in the log for an object's canonical bytes.

    Raises:
        RefusedError: L-3 the salt is not 32 bytes long. HMAC pads keys with zeros, so salts of
            different lengths could open one commitment.

    >>> commit(bytes(32), b"{}").hex()[:16]
    'f4737e69f7ccc6c8'
    """
    if len(salt) != SALT_BYTES:  # L-3
        raise RefusedError("L-3", "a salt has 32 bytes")
    return hmac.digest(salt, _DOMAIN + content, "sha256")


def opens(commitment: bytes, salt: bytes, content: bytes) -> bool:
    """Say whether a commitment is of this content under this salt."""
    return len(salt) == SALT_BYTES and hmac.compare_digest(commitment, commit(salt, content))
