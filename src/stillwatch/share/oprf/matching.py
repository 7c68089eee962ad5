"""Which own pseudonyms were shared: sorted arrays, looked up by their first 8 bytes.

What peers shared is held once, sorted: 88 bytes a pseudonym, and about as much
again while it is built.
Own pseudonyms pass in blocks of any size.  A block is compared by 64-bit numbers; the few that fit
are compared whole by binary search, so that pseudonyms made to share their first bytes cost nothing
more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.errors import InputFormatError
from stillwatch.share.oprf.protocol import OUTPUT_BYTES

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Shared", "packed"]

_BLOCK = 1 << 18
"""Own pseudonyms that are looked up at once; their numbers and places stay in the cache."""


class Shared:
    """Pseudonyms of one type and epoch that peers shared.

    Args:
        digests: (N, 64) uint8, in any order, doubles allowed.

    >>> shared = Shared(packed(["00" * 64, "ff" * 64]))
    >>> own, place = shared.match(packed(["07" * 64, "ff" * 64]))
    >>> own.tolist(), shared.rows(int(place[0])).tolist()
    ([1], [1])
    """

    def __init__(self, digests: npt.NDArray[np.uint8]) -> None:
        whole = _whole(digests)
        order = np.argsort(whole, kind="stable")
        whole = whole[order]
        first = np.ones(len(whole), np.bool_)
        first[1:] = whole[1:] != whole[:-1]
        self._order = order
        self._starts = np.append(np.flatnonzero(first), len(whole))
        self._whole = whole[first]
        self._heads = _heads(self._whole)

    def __len__(self) -> int:
        """Return how many different pseudonyms there are."""
        return len(self._whole)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        held = (self._order, self._starts, self._whole, self._heads)
        return sum(array.nbytes for array in held)

    def match(
        self, digests: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return which of a block's pseudonyms were shared.

        Args:
            digests: (M, 64) uint8.

        Returns:
            Rows of the block, ascending, and for each a place for `rows`.
        """
        whole = _whole(digests)
        found: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
        places: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
        for start in range(0, len(whole) if len(self) else 0, _BLOCK):
            block = whole[start : start + _BLOCK]
            heads = _heads(block)
            order = np.argsort(heads)  # neighbours are then looked up in the same cache lines
            heads = heads[order]
            near = np.minimum(np.searchsorted(self._heads, heads), len(self) - 1)
            likely = np.sort(order[self._heads[near] == heads])
            at = np.minimum(np.searchsorted(self._whole, block[likely]), len(self) - 1)
            equal = self._whole[at] == block[likely]  # P-6
            found.append(likely[equal] + start)
            places.append(at[equal])
        return np.concatenate(found), np.concatenate(places)

    def rows(self, place: int) -> npt.NDArray[np.int64]:
        """Return the rows of what was given that hold the pseudonym at a place, ascending."""
        return self._order[self._starts[place] : self._starts[place + 1]]


def packed(pseudonyms: list[str]) -> npt.NDArray[np.uint8]:
    """Return pseudonyms of 128 hexadecimal digits as (N, 64) uint8.

    Raises:
        InputFormatError: one is no pseudonym.
    """
    wrong = next((n for n, text in enumerate(pseudonyms) if len(text) != 2 * OUTPUT_BYTES), None)
    try:
        raw = bytes.fromhex("".join(pseudonyms)) if wrong is None else b""
    except ValueError:
        raw = b""
    if len(raw) != OUTPUT_BYTES * len(pseudonyms):
        raise InputFormatError(
            "a pseudonym is not 128 hexadecimal digits",
            where="" if wrong is None else f"number {wrong}",
            todo="give pseudonyms as `stillwatch oprf evaluate` prints them",
        )
    return np.frombuffer(raw, np.uint8).reshape(-1, OUTPUT_BYTES)


def _whole(digests: npt.NDArray[np.uint8]) -> npt.NDArray[np.bytes_]:
    """Return rows as byte strings of one length, which numpy compares as such."""
    rows = np.ascontiguousarray(digests, np.uint8).reshape(-1, OUTPUT_BYTES)
    return rows.view(f"S{OUTPUT_BYTES}").ravel()


def _heads(whole: npt.NDArray[np.bytes_]) -> npt.NDArray[np.uint64]:
    """Return the first 8 bytes of each row as numbers that sort alike."""
    rows = whole.view(np.uint8).reshape(-1, OUTPUT_BYTES)
    return rows[:, :8].copy().view(">u8").ravel().astype(np.uint64)
