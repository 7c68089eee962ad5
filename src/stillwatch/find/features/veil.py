"""Hashes of observations, made into ones that tell nothing without the epoch's key.

Observations are hashed fast, by a function that is no pseudo-random one: whoever guesses one
address block can compute the 64-bit key from its hash.  So what leaves is SipHash-2-4 (Aumasson and
Bernstein, 2012) of such a hash, under 128 bits of the epoch's secret that no observation holds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Veil", "veiled"]


@dataclass(frozen=True, slots=True)
class Veil:
    """The key under which hashes leave.

    >>> key = Veil(0x0706050403020100, 0x0F0E0D0C0B0A0908)
    >>> f"{key.one(0x0706050403020100):016x}"
    '93f5f5799a932462'
    """

    low: int
    """First 64 bits of the key, little-endian."""
    high: int
    """The other 64."""

    @classmethod
    def of(cls, secret: bytes) -> Veil:
        """Return the key of an epoch's secret.

        Args:
            secret: what ``observe --key-file`` reads.
        """
        digest = hashlib.blake2b(secret, digest_size=16, person=b"stillwatch veil1").digest()
        return cls(int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little"))

    def __repr__(self) -> str:
        """Return no key: this one never reaches a log."""
        return "Veil()"

    def many(self, hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return what leaves in the place of hashes; 0, which marks a missing value, stays 0.

        Args:
            hashes: (n,) of observations.
        """
        out = np.empty(hashes.size, np.uint64)
        flat = np.ascontiguousarray(hashes, np.uint64)
        _sip(flat, np.uint64(self.low), np.uint64(self.high), out)
        return out

    def one(self, value: int) -> int:
        """Return what leaves in the place of one hash."""
        return int(self.many(np.array([value], np.uint64))[0])


@nb.njit(cache=True, nogil=True)
def _turned(x: np.uint64, by: int) -> np.uint64:
    return (x << np.uint64(by)) | (x >> np.uint64(64 - by))


@nb.njit(cache=True, nogil=True)
def _round(
    a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    a = a + b
    b = _turned(b, 13) ^ a
    a = _turned(a, 32)
    c = c + d
    d = _turned(d, 16) ^ c
    a = a + d
    d = _turned(d, 21) ^ a
    c = c + b
    b = _turned(b, 17) ^ c
    c = _turned(c, 32)
    return a, b, c, d


@nb.njit(cache=True, nogil=True)
def veiled(word: np.uint64, low: np.uint64, high: np.uint64) -> np.uint64:
    """Return what leaves in the place of one hash."""
    if word == np.uint64(0):
        return word
    a = low ^ np.uint64(0x736F6D6570736575)
    b = high ^ np.uint64(0x646F72616E646F6D)
    c = low ^ np.uint64(0x6C7967656E657261)
    d = high ^ np.uint64(0x7465646279746573)
    d ^= word
    a, b, c, d = _round(a, b, c, d)
    a, b, c, d = _round(a, b, c, d)
    a ^= word
    last = np.uint64(8) << np.uint64(56)  # the message has eight bytes
    d ^= last
    a, b, c, d = _round(a, b, c, d)
    a, b, c, d = _round(a, b, c, d)
    a ^= last
    c ^= np.uint64(0xFF)
    for _ in range(4):
        a, b, c, d = _round(a, b, c, d)
    made = a ^ b ^ c ^ d
    return made if made != np.uint64(0) else np.uint64(1)


@nb.njit(cache=True, nogil=True)
def _sip(values: np.ndarray, low: np.uint64, high: np.uint64, out: np.ndarray) -> None:
    for place in range(values.size):
        out[place] = veiled(values[place], low, high)
