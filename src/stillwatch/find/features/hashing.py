"""One portable 64-bit hash, the same in every engine and on every machine.

Text is folded code point by code point (FNV-1a step) and finished with the splitmix64 mixer
(Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
"""

from __future__ import annotations

import numba as nb
import numpy as np

__all__ = ["OFFSET", "PRIME", "fold", "hash_strings", "key_from_secret", "mix"]

OFFSET = np.uint64(0xCBF29CE484222325)
"""FNV-1a 64-bit offset basis."""
PRIME = np.uint64(0x100000001B3)
"""FNV-1a 64-bit prime."""


@nb.njit(cache=True, inline="always")
def mix(x: np.uint64) -> np.uint64:
    """Finish a hash: a bijection of 64-bit integers with full avalanche."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@nb.njit(cache=True, inline="always")
def fold(state: np.uint64, value: np.uint64) -> np.uint64:
    """Fold one value into a running hash."""
    return (state ^ value) * np.uint64(0x100000001B3)


@nb.njit(cache=True, nogil=True)
def _hash_bytes(data: np.ndarray, offsets: np.ndarray, key: np.uint64, out: np.ndarray) -> None:
    for row in range(out.size):
        state = np.uint64(0xCBF29CE484222325) ^ key
        for i in range(offsets[row], offsets[row + 1]):
            state = fold(state, np.uint64(data[i]))
        out[row] = mix(state)


def hash_strings(
    data: np.ndarray, offsets: np.ndarray, valid: np.ndarray | None, key: int
) -> np.ndarray:
    """Hash each string of an Arrow string array.

    Args:
        data: value buffer, uint8.
        offsets: (n + 1) int64 offsets into data.
        valid: (n,) bool, False where null; None where nothing is null.
        key: 64-bit key.

    Returns:
        (n,) uint64; 0 marks null and is the hash of no value.
    """
    out = np.empty(offsets.size - 1, np.uint64)
    _hash_bytes(data, offsets, np.uint64(key), out)
    out[out == 0] = 1
    if valid is not None:
        out[~valid] = 0
    return out


def key_from_secret(secret: bytes) -> int:
    """Derive the 64-bit key of the sketches from an operator's secret.

    >>> key_from_secret(b"") == 0
    True
    """
    if not secret:
        return 0
    import hashlib  # noqa: PLC0415 - only where a key is used

    return int.from_bytes(hashlib.blake2b(secret, digest_size=8).digest(), "little")
