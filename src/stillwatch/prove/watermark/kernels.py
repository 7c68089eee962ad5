"""Compiled loops: SipHash-2-4 over many messages at once, and what is new among windows of tokens.

A message is ``context ‖ block``: *h* token ids and the number of a block of tokens, each as four
bytes, least significant first.  Nothing else is hashed, so that any SipHash-2-4 (``openssl mac``
has one) gives the same 64 bits.  Loops run over a few hundred messages at a time, which stay in the
nearest cache and which the compiler takes several at once.
"""

from __future__ import annotations

import numba as nb
import numpy as np

__all__ = ["keep_new", "raise_green", "reinsert", "siphash_blocks", "siphash_columns", "windows"]

_LANES = 512
_U = np.uint64


@nb.njit(cache=True, inline="always")
def _rotate(x, by):
    return (x << _U(by)) | (x >> _U(64 - by))


@nb.njit(cache=True, inline="always")
def _round(a, b, c, d):
    a = a + b
    b = _rotate(b, 13) ^ a
    a = _rotate(a, 32)
    c = c + d
    d = _rotate(d, 16) ^ c
    a = a + d
    d = _rotate(d, 21) ^ a
    c = c + b
    b = _rotate(b, 17) ^ c
    c = _rotate(c, 32)
    return a, b, c, d


@nb.njit(cache=True, inline="always")
def _absorb(a, b, c, d, word):
    d ^= word
    a, b, c, d = _round(a, b, c, d)
    a, b, c, d = _round(a, b, c, d)
    return a ^ word, b, c, d


@nb.njit(cache=True, inline="always")
def _finish(a, b, c, d):
    c ^= _U(0xFF)
    a, b, c, d = _round(a, b, c, d)
    a, b, c, d = _round(a, b, c, d)
    a, b, c, d = _round(a, b, c, d)
    a, b, c, d = _round(a, b, c, d)
    return a ^ b ^ c ^ d


@nb.njit(cache=True, inline="always")
def _begin(k0, k1):
    return (
        k0 ^ _U(0x736F6D6570736575),
        k1 ^ _U(0x646F72616E646F6D),
        k0 ^ _U(0x6C7967656E657261),
        k1 ^ _U(0x7465646279746573),
    )


@nb.njit(cache=True, nogil=True)
def siphash_columns(k0, k1, columns, shift, out):
    """Hash one message a column: (h + 1, n) uint32, the last row token ids, a block = id >> shift.

    A block's 64 bits are lanes of 64 / 2^shift bits, lowest first; a token's lane is its id modulo
    2^shift. Writes these lanes into out, (n,) uint32.
    """
    rows, n = columns.shape
    last = rows - 1
    width = _U(64) >> _U(shift)
    mask = (_U(1) << width) - _U(1)
    length = _U((4 * rows) & 0xFF) << _U(56)
    a = np.empty(_LANES, np.uint64)
    b = np.empty(_LANES, np.uint64)
    c = np.empty(_LANES, np.uint64)
    d = np.empty(_LANES, np.uint64)
    begin = _begin(k0, k1)
    for start in range(0, n, _LANES):
        many = min(_LANES, n - start)
        for i in range(many):
            a[i], b[i], c[i], d[i] = begin
        for row in range(0, last, 2):
            low = columns[row]
            high = columns[row + 1]
            by = _U(shift) if row + 1 == last else _U(0)
            for i in range(many):
                word = _U(low[start + i]) | ((_U(high[start + i]) >> by) << _U(32))
                a[i], b[i], c[i], d[i] = _absorb(a[i], b[i], c[i], d[i], word)
        tokens = columns[last]
        odd = rows & 1
        for i in range(many):
            token = _U(tokens[start + i])
            word = length | (token >> _U(shift)) if odd else length
            e, f, g, h = _absorb(a[i], b[i], c[i], d[i], word)
            lane = token & ((_U(1) << _U(shift)) - _U(1))
            out[start + i] = (_finish(e, f, g, h) >> (lane * width)) & mask


@nb.njit(cache=True, nogil=True)
def siphash_blocks(k0, k1, context, out):
    """Hash the blocks 0, 1, … after one context of (h,) uint32 into out, (blocks,) uint64."""
    h = context.size
    a, b, c, d = _begin(k0, k1)
    for i in range(0, h - 1, 2):
        a, b, c, d = _absorb(a, b, c, d, _U(context[i]) | (_U(context[i + 1]) << _U(32)))
    length = _U((4 * (h + 1)) & 0xFF) << _U(56)
    if h & 1:
        low = _U(context[h - 1])
        for block in range(out.size):
            e, f, g, j = _absorb(a, b, c, d, low | (_U(block) << _U(32)))
            e, f, g, j = _absorb(e, f, g, j, length)
            out[block] = _finish(e, f, g, j)
    else:
        for block in range(out.size):
            e, f, g, j = _absorb(a, b, c, d, length | _U(block))
            out[block] = _finish(e, f, g, j)


@nb.njit(cache=True, nogil=True)
def raise_green(k0, k1, context, shift, below, delta, scores):
    """Add delta to (vocabulary,) float32 scores, in place, where a lane is below the bound.

    One pass without a temporary: after a model's step every array is far from the processor.
    """
    blocks = np.empty((scores.size + (1 << shift) - 1) >> shift, np.uint64)
    siphash_blocks(k0, k1, context, blocks)
    width = _U(64 >> shift)
    mask = (_U(1) << width) - _U(1)
    for block in range(blocks.size):
        start = block << shift
        for i in range(min(1 << shift, scores.size - start)):
            lane = (blocks[block] >> (_U(i) * width)) & mask
            scores[start + i] += delta * np.float32(lane < below)


@nb.njit(cache=True, inline="always")
def _fingerprint(tokens, at, context, salt):
    seen = salt
    for i in range(at - context, at + 1):
        # Of a window of two tokens this is a bijection: for a context of one, sets are exact.
        seen = (seen << _U(32) | seen >> _U(32)) ^ _U(tokens[i])
        if i > at - context:
            seen = (seen ^ (seen >> _U(30))) * _U(0xBF58476D1CE4E5B9)
            seen = (seen ^ (seen >> _U(27))) * _U(0x94D049BB133111EB)
            seen ^= seen >> _U(31)
    return seen if seen != _U(0) else _U(1)


@nb.njit(cache=True, nogil=True)
def keep_new(tokens, offsets, context, salts, table, kept):
    """Write the positions of windows that the table has not seen into kept; return how many.

    Args:
        tokens: (n,) uint32, documents one after the other.
        offsets: (documents + 1,) int64 into tokens.
        context: h; the first h tokens of a document have no window.
        salts: (documents,) uint64, what tells a document's windows from another's; equal values
            count a window once over both.
        table: (2^k,) uint64, 0 where free; at most two thirds of it may become full.
        kept: (n,) int64, positions of the windows' last tokens.
    """
    mask = _U(table.size - 1)
    ahead = np.empty(_LANES, np.uint64)
    there = np.empty(_LANES, np.uint64)
    many = 0
    for document in range(offsets.size - 1):
        for start in range(offsets[document] + context, offsets[document + 1], _LANES):
            batch = min(_LANES, offsets[document + 1] - start)
            for i in range(batch):
                ahead[i] = _fingerprint(tokens, start + i, context, salts[document])
            # The table is larger than any cache: these reads wait for memory all at once.
            for i in range(batch):
                there[i] = table[ahead[i] & mask]
            for i in range(batch):
                if there[i] == ahead[i]:
                    continue
                place = ahead[i] & mask
                while table[place] != _U(0) and table[place] != ahead[i]:
                    place = (place + _U(1)) & mask
                if table[place] == _U(0):
                    table[place] = ahead[i]
                    kept[many] = start + i
                    many += 1
    return many


@nb.njit(cache=True, nogil=True)
def reinsert(table, held):
    """Put fingerprints into an empty table."""
    mask = _U(table.size - 1)
    for seen in held:
        place = seen & mask
        while table[place] != _U(0):
            place = (place + _U(1)) & mask
        table[place] = seen


@nb.njit(cache=True, nogil=True)
def windows(tokens, kept, out):
    """Copy the windows that end at kept positions into out, (h + 1, kept) uint32."""
    rows = out.shape[0]
    for start in range(0, kept.size, _LANES):
        end = min(start + _LANES, kept.size)
        for row in range(rows):
            for i in range(start, end):
                out[row, i] = tokens[kept[i] - (rows - 1 - row)]
