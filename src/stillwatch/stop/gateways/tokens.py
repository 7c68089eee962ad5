"""Bearer tokens that a listener takes, kept as their digests."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["admits"]


def admits(tokens: Sequence[bytes], authorization: Sequence[bytes]) -> bool:
    """Say whether a request may be answered.

    Args:
        tokens: SHA-256 of each token that is taken; empty asks for none.
        authorization: values of the header that holds the token, as they came.

    >>> admits([hashlib.sha256(b"t").digest()], [b"Bearer t"]), admits([], [])
    (True, True)
    """
    if not tokens:
        return True
    if len(authorization) != 1:
        return False
    scheme, _, given = authorization[0].partition(b" ")
    digest = hashlib.sha256(given).digest()
    matches = 0
    for token in tokens:  # all of them, so that time tells nothing
        matches += hmac.compare_digest(digest, token)
    return matches > 0 and scheme.lower() == b"bearer"
