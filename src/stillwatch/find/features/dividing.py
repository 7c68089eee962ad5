"""Uses of pieces of content, put from the order of rows into that of pieces and back.

Every step reads and writes along its arrays, a part at a time, so that arrays larger than the
memory are read from the disk once and not piecemeal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba as nb
import numpy as np

from stillwatch.find.features.rows import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.scratch import Scratch

__all__ = ["by_piece", "carriers_of", "divided", "sorted_postings", "transposed"]

_PART = 1 << 22
"""Uses of one part of the pieces, about."""
_BLOCK = 1 << 24
"""Uses that are put back into the order of rows at a time, about."""


@nb.njit(cache=True, nogil=True)
def _count_parts(ptr, facets, left_out, account, shift, counts):
    for row in range(ptr.size - 1):
        if not left_out[account[row]]:
            for k in range(ptr[row], ptr[row + 1]):
                counts[facets[k] >> shift] += 1


@nb.njit(cache=True, nogil=True)
def _divide(ptr, facets, kinds, left_out, account, shift, at, value, row, kind):
    for r in range(ptr.size - 1):
        if left_out[account[r]]:
            continue
        for k in range(ptr[r], ptr[r + 1]):
            part = facets[k] >> shift
            value[at[part]], row[at[part]], kind[at[part]] = facets[k], r, kinds[k]
            at[part] += 1


def divided(
    ptr: NDArray[np.int64],
    facets: NDArray[np.uint64],
    kinds: NDArray[np.uint8],
    left_out: NDArray[np.bool_],
    account: NDArray[np.int32],
    scratch: Scratch,
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int32], NDArray[np.uint8]]:
    """Divide the uses by the first bits of the piece, each part by row.

    Args:
        ptr: (n + 1,) offsets of each row into the next two.
        facets: pieces in each row.
        kinds: of each.
        left_out: (N,) accounts whose uses are left out.
        account: (n,) of each row.
        scratch: takes the result.

    Returns:
        Offsets of the parts, and the piece, row and kind of each use.
    """
    bits = max(1, (facets.size // _PART).bit_length())
    shift = np.uint64(64 - bits)
    counts = np.zeros(1 << bits, np.int64)
    _count_parts(ptr, facets, left_out, account, shift, counts)
    parts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    total = int(parts[-1])
    value, row = scratch.array(np.uint64, total), scratch.array(np.int32, total)
    kind = scratch.array(np.uint8, total)
    _divide(ptr, facets, kinds, left_out, account, shift, parts[:-1].copy(), value, row, kind)
    return parts, value, row, kind


@nb.njit(cache=True, nogil=True)
def _numbered(values, row, account, least):
    """Number the distinct values as they come; return numbers, values, and whether enough use it.

    ``least`` is at most 4.
    """
    size = 1024
    while size < 2 * values.size:
        size *= 2
    mask = np.uint64(size - 1)
    table = np.full(size, -1, np.int32)
    number = np.empty(values.size, np.int32)
    distinct = np.empty(values.size, np.uint64)
    users = np.zeros(values.size, np.uint8)
    met = np.empty((values.size, 4), np.int32)
    count = 0
    for i in range(values.size):
        v = values[i]
        at = (v * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(20)) & mask
        while table[at] >= 0 and distinct[table[at]] != v:
            at = (at + np.uint64(1)) & mask
        if table[at] < 0:
            table[at] = count
            distinct[count] = v
            count += 1
        j = table[at]
        number[i] = j
        if users[j] < least:
            a = account[row[i]]
            new = True
            for k in range(users[j]):
                if met[j, k] == a:
                    new = False
            if new:
                met[j, users[j]] = a
                users[j] += 1
    return number, distinct[:count], users[:count] >= least


@nb.njit(cache=True, nogil=True)
def _placed(number, place, facets, row, kind):
    """Put the uses of kept values by value; return offsets, rows, and the first use's kind."""
    ptr = np.zeros(facets + 1, np.int64)
    for j in number:
        if place[j] >= 0:
            ptr[place[j] + 1] += 1
    for f in range(facets):
        ptr[f + 1] += ptr[f]
    at = ptr[:-1].copy()
    rows = np.empty(ptr[-1], np.int32)
    first = np.zeros(facets, np.uint8)
    for i in range(number.size):
        f = place[number[i]]
        if f >= 0:
            if at[f] == ptr[f]:
                first[f] = kind[i]
            rows[at[f]] = row[i]
            at[f] += 1
    return ptr, rows, first


def by_piece(
    values: NDArray[np.uint64],
    row: NDArray[np.int32],
    kind: NDArray[np.uint8],
    account: NDArray[np.int32],
    least: int,
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8]]:
    """Return the pieces that enough accounts use, and the rows of each.

    Args:
        values: piece of each use.
        row: of each use, ascending.
        kind: of each use.
        account: (n,) of each row.
        least: accounts that must use a piece, at most 4.

    Returns:
        Pieces, ascending; offsets into the rows; rows, ascending for each piece; and the kind
        of each piece's first use.
    """
    number, distinct, enough = _numbered(values, row, account, least)
    kept = np.flatnonzero(enough)
    kept = kept[np.argsort(distinct[kept])]
    place = np.full(distinct.size, -1, np.int32)
    place[kept] = np.arange(kept.size)
    return distinct[kept], *_placed(number, place, kept.size, row, kind)


@nb.njit(cache=True, nogil=True)
def carriers_of(ptr, row, account, pool, body, least, stamps, known, opens):
    """Mark the uses of carriers among those of some pieces.

    ``known`` becomes the row from which on a use is that of a carrier (NEVER where its account
    carries nothing, or too few do), ``opens`` whether it is its account's first.

    Args:
        ptr: (F + 1,) offsets of each piece.
        row: of each use, ascending for each piece.
        account: (n,) of each row.
        pool: (N,) code of the accounts whose habits are pooled, below N.
        body: (n,) hash of each row's text.
        least: carriers of a facet at least.
        stamps: (4, N) int64, scratch, all -1.
        known: filled.
        opens: filled.
    """
    for f in range(ptr.size - 1):
        lo, hi = ptr[f], ptr[f + 1]
        for i in range(lo, hi):
            p = pool[account[row[i]]]
            if stamps[0, p] != f:
                stamps[0, p], stamps[1, p], stamps[2, p] = f, row[i], -1
            elif stamps[2, p] < 0 and body[row[i]] != body[stamps[1, p]]:
                stamps[2, p] = row[i]  # the first exchange of another text
        carriers = 0
        for i in range(lo, hi):
            a = account[row[i]]
            p = pool[a]
            opens[i] = False
            if stamps[2, p] < 0:
                known[i] = NEVER
                continue
            known[i] = max(row[i], stamps[2, p])
            if stamps[3, a] != f:  # its first posting is known as early as any
                stamps[3, a] = f
                opens[i] = True
                carriers += 1
        if carriers < least:
            known[lo:hi] = NEVER
            opens[lo:hi] = False


@nb.njit(cache=True, nogil=True)
def _count_known(ptr, known, counts):
    for f in range(ptr.size - 1):
        for i in range(ptr[f], ptr[f + 1]):
            counts[f + 1] += known[i] < NEVER


@nb.njit(cache=True, nogil=True)
def _sort_postings(ptr, row, known, opens, posting_ptr, posting, since, first):
    for f in range(ptr.size - 1):
        lo, n = posting_ptr[f], 0
        size = posting_ptr[f + 1] - lo
        at = np.empty(size, np.int64)
        for i in range(ptr[f], ptr[f + 1]):
            if known[i] < NEVER:
                at[n] = i
                n += 1
        sorts = True
        for i in range(1, size):
            if known[at[i]] < known[at[i - 1]]:
                sorts = False
        if not sorts:
            at = at[np.argsort(known[at], kind="mergesort")]
        for i in range(size):
            posting[lo + i], since[lo + i], first[lo + i] = row[at[i]], known[at[i]], opens[at[i]]


def sorted_postings(
    ptr: NDArray[np.int64],
    row: NDArray[np.int32],
    known: NDArray[np.int32],
    opens: NDArray[np.bool_],
    scratch: Scratch,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
    """Return the uses of carriers, those of each piece by the row from which on they are known.

    Returns:
        Offsets of the pieces, rows, the rows from which on each is known, and whether each
        makes its account a carrier.
    """
    posting_ptr = np.zeros(ptr.size, np.int64)
    _count_known(ptr, known, posting_ptr)
    np.cumsum(posting_ptr, out=posting_ptr)
    total = int(posting_ptr[-1])
    posting, since = scratch.array(np.int32, total), scratch.array(np.int32, total)
    first = scratch.array(np.bool_, total)
    _sort_postings(ptr, row, known, opens, posting_ptr, posting, since, first)
    return posting_ptr, posting, since, first


@nb.njit(cache=True, nogil=True)
def _count_keys(key, counts):
    for k in key:
        counts[k + 1] += 1


@nb.njit(cache=True, nogil=True)
def _transpose(ptr, key, beside, until, at, cursor, out, out_beside):
    """Go on with every piece up to the rows before ``until``."""
    for f in range(ptr.size - 1):
        i = at[f]
        while i < ptr[f + 1] and key[i] < until:
            place = cursor[key[i]]
            out[place], out_beside[place] = f, beside[i]
            cursor[key[i]] = place + 1
            i += 1
        at[f] = i


def transposed(
    ptr: NDArray[np.int64],
    key: NDArray[np.int32],
    beside: NDArray[Any],
    rows: int,
    scratch: Scratch,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[Any]]:
    """Return the pieces of each row, ascending, from the rows of each piece.

    Args:
        ptr: (F + 1,) offsets of each piece.
        key: rows of each piece, ascending.
        beside: a value of each use, which goes with it.
        rows: number of rows.
        scratch: takes the result.
    """
    row_ptr: NDArray[np.int64] = scratch.array(np.int64, rows + 1)
    row_ptr[:] = 0
    _count_keys(key, row_ptr)
    np.cumsum(row_ptr, out=row_ptr)
    out, out_beside = scratch.array(np.int32, key.size), scratch.array(beside.dtype, key.size)
    at, cursor = ptr[:-1].copy(), row_ptr[:-1].copy()
    blocks = max(1, key.size // _BLOCK)
    for k in range(1, blocks + 1):
        until = rows if k == blocks else int(np.searchsorted(row_ptr, k * _BLOCK))
        _transpose(ptr, key, beside, until, at, cursor, out, out_beside)
    return row_ptr, out, out_beside
