"""The keyed function that decides which tokens are marked: SipHash-2-4 over context and block.

One call answers for a block of tokens, since its 64 bits are independent: 64 tokens where each
takes one bit, two where each takes 32.  A sampler thus asks once for each 64 tokens of its
vocabulary.  ``lanes`` is compiled and ``lanes_by_numpy`` says the same in plain numpy; the torch
form is in ``torch_prf``.  Agreement is bit for bit and tested.

Source: Aumasson and Bernstein, SipHash: a fast short-input PRF (2012).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stillwatch.prove.watermark.kernels import siphash_blocks, siphash_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["Words", "lanes", "lanes_by_numpy", "rounds", "stacked", "vocabulary_lanes"]

Words = tuple[int, int]
"""The 128-bit key as two 64-bit integers, least significant bytes first."""


def stacked(contexts: Any, tokens: Any) -> NDArray[np.uint32]:  # noqa: ANN401 - array-likes
    """Return contexts (n, h) and tokens (n,) as (h + 1, n) uint32, in memory a row after the other.

    >>> stacked([[1], [2]], [7, 8]).tolist()
    [[1, 2], [7, 8]]
    """
    newest = np.asarray(tokens, np.uint32)
    before = np.asarray(contexts, np.uint32).reshape(newest.size, -1)
    return np.concatenate([before.T, newest[None]])


def lanes(words: Words, columns: NDArray[np.uint32], shift: int) -> NDArray[np.uint32]:
    """Return the pseudorandom lane of each column's last token after the tokens above it.

    Args:
        words: key.
        columns: (h + 1, n) uint32, C-contiguous.
        shift: log2 of the tokens that share a block, 1 to 6; a lane has 64 / 2^shift bits.

    Returns:
        (n,) uint32.
    """
    out = np.empty(columns.shape[1], np.uint32)
    siphash_columns(np.uint64(words[0]), np.uint64(words[1]), columns, shift, out)
    return out


def vocabulary_lanes(
    words: Words, context: Sequence[int] | NDArray[np.uint32], size: int, shift: int
) -> NDArray[Any]:
    """Return the lanes of the tokens 0 to size - 1 after one context, as `lanes` gives them.

    Returns:
        (size,) uint8 for lanes of at most 8 bits, uint16 or uint32 for wider ones.
    """
    blocks = np.empty(-(-size >> shift), np.uint64)
    siphash_blocks(np.uint64(words[0]), np.uint64(words[1]), np.asarray(context, np.uint32), blocks)
    raw = blocks.astype("<u8", copy=False).view(np.uint8)
    if shift == 6:
        return np.unpackbits(raw, count=size, bitorder="little")
    if shift > 3:
        width = 64 >> shift
        parts = raw[:, None] >> np.arange(0, 8, width, dtype=np.uint8)
        return (parts & np.uint8((1 << width) - 1)).reshape(-1)[:size]
    return raw.view(f"<u{8 >> shift}")[:size]


def lanes_by_numpy(words: Words, columns: NDArray[np.uint32], shift: int) -> NDArray[np.uint32]:
    """Return what `lanes` returns, by numpy alone: the form to read and to port from.

    >>> columns = np.array([[3, 3], [64, 65]], np.uint32)
    >>> bool((lanes_by_numpy((1, 2), columns, 6) == lanes((1, 2), columns, 6)).all())
    True
    """
    rows, n = columns.shape
    message = np.zeros((rows // 2 + 1, n), np.uint64)
    blocks = columns.astype(np.uint64)
    blocks[-1] >>= np.uint64(shift)
    for row in range(rows):
        message[row // 2] |= blocks[row] << np.uint64(32 * (row % 2))
    message[-1] |= np.uint64((4 * rows & 0xFF) << 56)
    k0, k1 = np.uint64(words[0]), np.uint64(words[1])
    start = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    state = [np.full(n, word, np.uint64) ^ (k1 if i % 2 else k0) for i, word in enumerate(start)]
    for word in message:
        state[3] ^= word
        state = rounds(state, 2, _rotated)
        state[0] ^= word
    state[2] ^= np.uint64(0xFF)
    a, b, c, d = rounds(state, 4, _rotated)
    lane = columns[-1] & np.uint32((1 << shift) - 1)
    width = 64 >> shift
    bits: NDArray[np.uint64] = (a ^ b ^ c ^ d) >> (lane.astype(np.uint64) * np.uint64(width))
    lane_bits: NDArray[np.uint64] = bits & np.uint64((1 << width) - 1)
    return lane_bits.astype(np.uint32)


def rounds(state: Sequence[Any], many: int, rotated: Callable[[Any, int], Any]) -> list[Any]:
    """Return the four words after SipHash's rounds, whatever adds and whatever rotates them.

    Args:
        state: four words of 64 bits, or arrays of them, whose sums wrap.
        many: rounds.
        rotated: a word, rotated to the left by some bits.
    """
    a, b, c, d = state
    for _ in range(many):
        a = a + b
        b = rotated(b, 13) ^ a
        a = rotated(a, 32)
        c = c + d
        d = rotated(d, 16) ^ c
        a = a + d
        d = rotated(d, 21) ^ a
        c = c + b
        b = rotated(b, 17) ^ c
        c = rotated(c, 32)
    return [a, b, c, d]


def _rotated(x: NDArray[np.uint64], by: int) -> NDArray[np.uint64]:
    return (x << np.uint64(by)) | (x >> np.uint64(64 - by))
