"""How alike two answers are: the string kernels of the equality test, a matrix for each prompt.

Source: Gao, Liang and Guestrin, Model equality testing: which model is this API serving? (ICLR
2025), whose Hamming kernel counts places with the same character.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Kernel", "gram"]

Kernel = Literal["hamming", "trigrams"]
"""``hamming``: share of places with one character, past the end of both too.
``trigrams``: cosine of counts of three characters in a row, which a shift does not upset."""

_BUCKETS = 2_048
_MIX = np.uint64(0x9E3779B97F4A7C15)


def gram(texts: Sequence[str], kernel: Kernel, length: int) -> NDArray[np.float64]:
    """Return how alike texts are to each other, (n, n) from 0 to 1, 1 with itself.

    Args:
        texts: answers to one prompt.
        kernel: by which.
        length: characters of each that are read.

    >>> gram(["abcd", "abxd"], "hamming", 4).tolist()
    [[1.0, 0.75], [0.75, 1.0]]
    >>> bool(gram(["xabcdefgh", "abcdefgh"], "trigrams", 20)[0, 1] > 0.7)
    True
    """
    codes = np.zeros((len(texts), length), np.uint32)
    for row, text in enumerate(texts):
        points = [ord(c) for c in unicodedata.normalize("NFC", text[:length])[:length]]
        codes[row, : len(points)] = points
    if kernel == "hamming":
        return _hamming(codes)
    return _cosine(codes)


def _hamming(codes: NDArray[np.uint32]) -> NDArray[np.float64]:
    same = np.zeros((len(codes), len(codes)), np.int64)
    for column in codes.T:  # a place at a time: memory stays n², not n² times the length
        same += column[:, None] == column[None]
    shares: NDArray[np.float64] = same / codes.shape[1]
    return shares


def _cosine(codes: NDArray[np.uint32]) -> NDArray[np.float64]:
    # Two empty places before the first character: a text of one or two has trigrams too.
    wide = np.pad(codes, ((0, 0), (2, 0))).astype(np.uint64)
    mixed = np.zeros_like(wide[:, 2:])
    for back in (2, 1, 0):
        mixed = (mixed ^ wide[:, 2 - back : wide.shape[1] - back]) * _MIX
        mixed ^= mixed >> np.uint64(29)
    bucket = (mixed >> np.uint64(53)).astype(np.int64)
    counts = np.zeros((len(codes), _BUCKETS + 1))
    bucket[codes == 0] = _BUCKETS
    np.add.at(counts, (np.arange(len(codes))[:, None], bucket), 1.0)
    counts[:, _BUCKETS] = (counts[:, :_BUCKETS].sum(axis=1) == 0) * 1.0  # empty texts are alike
    counts /= np.linalg.norm(counts, axis=1, keepdims=True)
    alike: NDArray[np.float64] = counts @ counts.T
    return alike
