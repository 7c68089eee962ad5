"""Distinct (context, token) pairs of texts: a pair that recurs is one piece of evidence.

Which pairs count is decided without any key, so that the draws of a key over those that are left
are independent whatever the text repeats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.prove.watermark.kernels import keep_new, reinsert, windows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Texts", "UniquePairs", "pairs_by_text", "unique_pairs"]


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts as token ids, one after the other."""

    tokens: NDArray[np.uint32]
    """(n,) token ids."""
    offsets: NDArray[np.int64]
    """(texts + 1,) where each begins, and where the last ends."""

    @classmethod
    def of(cls, *texts: ArrayLike) -> Texts:
        """Return texts of (n,) token ids each.

        >>> Texts.of([5, 6], [7]).offsets.tolist()
        [0, 2, 3]
        """
        arrays = [np.asarray(text, np.uint32).reshape(-1) for text in texts]
        ends = np.cumsum([0, *(array.size for array in arrays)], dtype=np.int64)
        return cls(np.concatenate([np.empty(0, np.uint32), *arrays]), ends)

    def __len__(self) -> int:
        return self.offsets.size - 1


class UniquePairs:
    """What was counted so far, over any number of batches of texts.

    Windows are kept as 64-bit fingerprints, of a context of one token a bijection.  Of longer ones
    two may share a fingerprint (one in 10⁷ over a billion windows): the later one is then not
    counted, which is again decided without a key.

    Args:
        context: h, tokens before.
    """

    def __init__(self, context: int) -> None:
        self.context = context
        self.many = 0
        """Distinct windows so far."""
        self._table = np.zeros(1 << 12, np.uint64)

    def add(self, texts: Texts) -> NDArray[np.uint32]:
        """Return the windows that no text before held, (h + 1, m) uint32 with the token last.

        The first h tokens of a text have no whole context and are left out.
        """
        room = int(np.maximum(np.diff(texts.offsets) - self.context, 0).sum())
        self._grow(self.many + room)
        salts = np.zeros(len(texts), np.uint64)
        kept = _kept(texts, self.context, salts, self._table)
        self.many += kept.size
        return _windows(texts.tokens, kept, self.context)

    def _grow(self, most: int) -> None:
        size = self._table.size
        while 2 * size < 3 * most:
            size *= 2
        if size > self._table.size:
            held = self._table[self._table != 0]
            self._table = np.zeros(size, np.uint64)
            reinsert(self._table, held)


def unique_pairs(
    tokens: ArrayLike | Texts, context: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the distinct pairs of texts, in order of their first place.

    Args:
        tokens: (n,) token ids of one text, or texts.
        context: h.

    Returns:
        contexts (m, h) uint32, oldest token first, and tokens (m,) uint32.

    >>> contexts, tokens = unique_pairs([1, 2, 1, 2, 3], 1)
    >>> contexts.ravel().tolist(), tokens.tolist()
    ([1, 2, 2], [2, 1, 3])
    """
    texts = tokens if isinstance(tokens, Texts) else Texts.of(tokens)
    columns = UniquePairs(context).add(texts)
    return columns[:-1].T, columns[-1]


def pairs_by_text(texts: Texts, context: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the windows that are distinct within each text, and the text of each.

    Returns:
        (h + 1, m) uint32 and (m,) int64.
    """
    room = int(np.maximum(np.diff(texts.offsets) - context, 0).sum())
    table = np.zeros(1 << max(room * 2 - 1, 1).bit_length(), np.uint64)
    numbers = np.arange(1, len(texts) + 1, dtype=np.uint64)
    # The golden ratio's odd multiple spreads the numbers over all 64 bits.
    kept = _kept(texts, context, numbers * np.uint64(0x9E3779B97F4A7C15), table)
    of = np.searchsorted(texts.offsets, kept, side="right") - 1
    return _windows(texts.tokens, kept, context), of


def _kept(
    texts: Texts, context: int, salts: NDArray[np.uint64], table: NDArray[np.uint64]
) -> NDArray[np.int64]:
    kept = np.empty(texts.tokens.size, np.int64)
    return kept[: keep_new(texts.tokens, texts.offsets, context, salts, table, kept)]


def _windows(
    tokens: NDArray[np.uint32], kept: NDArray[np.int64], context: int
) -> NDArray[np.uint32]:
    columns = np.empty((context + 1, kept.size), np.uint32)
    windows(tokens, kept, columns)
    return columns
