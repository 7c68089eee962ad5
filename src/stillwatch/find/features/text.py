"""The text sketch: what is kept of a prompt, computed in one compiled pass over Arrow buffers.

Language-neutral: a token is a run of letters, a run of digits (folded to one symbol) or one
ideograph; the units that recur across accounts are *facets*: sentences and lines, and windows
of about three words at the head and the tail, where instructions stand.  Nothing here knows a
word of any language.  A projection of the tokens (Johnson-Lindenstrauss with signs from the
hash; Achlioptas 2003) keeps what the text is about, and counts keep its form.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from stillwatch.find.features.hashing import fold, mix
from stillwatch.find.features.tokens import (
    FORM,
    FORM_NAMES,
    HALF,
    MAX_TOKENS,
    begin_of_last,
    tokenise,
)

__all__ = [
    "DIMENSIONS",
    "FACETS",
    "FORM",
    "FORM_NAMES",
    "KIND_HEAD",
    "KIND_SENTENCE",
    "KIND_SYSTEM",
    "KIND_TAIL",
    "MAX_TOKENS",
    "pieces_of",
    "seed_of",
    "sketch_texts",
]

DIMENSIONS = 32
"""Dimensions of the content projection (int8 each)."""
FACETS = 40
"""Facets kept of one text at most."""
ZONE = 22
"""Tokens at head and tail whose windows are kept."""
SENTENCES = 12
"""Sentences kept of one text: the first five and the last seven."""

_PLANES = MAX_TOKENS.bit_length() + 1
"""Binary digits of a count of tokens."""

KIND_SENTENCE, KIND_HEAD, KIND_TAIL, KIND_SYSTEM = 1, 2, 3, 4


@nb.njit(cache=True, inline="always")
def _add(out, kinds, count, limit, value, kind):
    """Append a facet unless it is there already; return the new count."""
    if count >= limit or value == 0:
        return count
    for j in range(count):
        if out[j] == value:
            return count
    out[count] = value
    kinds[count] = kind
    return count + 1


@nb.njit(cache=True, nogil=True)
def _windows(tokens, weights, lo, hi, key, kind, out, kinds, count, limit):
    """Add the windows of about three words (six ideographs) that start in [lo, hi)."""
    values = np.empty(ZONE + 1, np.uint64)
    held, heavy = 0, 0
    for i in range(lo, hi):
        heavy += weights[i]
    words = heavy == 2 * (hi - lo)  # no ideograph: windows are of three tokens each
    for start in range(lo, hi - 2 if words else hi):
        if words:
            state = fold(fold(fold(key, tokens[start]), tokens[start + 1]), tokens[start + 2])
        else:
            state, weight, end = key, 0, start
            while end < hi and weight < 6:
                state = fold(state, tokens[end])
                weight += weights[end]
                end += 1
            if weight < 6:
                break
        values[held] = mix(state)
        # half of them, the same half everywhere; a sum, as no branch on a hash is foreseen
        held += int(values[held] & np.uint64(1) == 0)
    met = np.uint64(0)
    for j in range(count):
        met |= np.uint64(1) << (out[j] >> np.uint64(58))
    for i in range(held):
        bit = np.uint64(1) << (values[i] >> np.uint64(58))
        if met & bit or values[i] == 0:  # perhaps there already, or no facet
            count = _add(out, kinds, count, limit, values[i], kind)
        elif count < limit:
            out[count], kinds[count] = values[i], kind
            count += 1
        met |= bit
    return count


@nb.njit(cache=True, nogil=True)
def _sentences(tokens, weights, marks, n, key, kind, out, kinds, count, limit):
    """Add whole sentences of at least four words: the first five and the last seven."""
    total = 0
    for i in range(n):
        total += marks[i]
    state, weight, index = key, 0, 0
    for i in range(n):
        state = fold(state, tokens[i])
        weight += weights[i]
        if marks[i]:
            if weight >= 8 and (index < 5 or index >= total - 7):
                count = _add(out, kinds, count, limit, mix(state ^ np.uint64(0x5E)), kind)
            state, weight = key, 0
            index += 1
    return count


@nb.njit(cache=True, inline="always")
def _summed(a, b, c):
    """Add three words bit by bit; return the bits of the sums and the carries."""
    either = a ^ b
    return either ^ c, (a & b) | (either & c)


@nb.njit(cache=True, nogil=True)
def _count_bits(tokens, n, words, planes):
    """Count, for each of the low bits, the tokens and neighbouring pairs that have it set.

    A token's bits lie in the low half of a word and those of its pair with the token before in
    the high half.  Words are added eight at a time, all bits at once (Harley and Seal; Mula,
    Kurz, Lemire, Faster population counts using AVX2 instructions, 2018): ``planes`` becomes the
    binary digits of the 64 counts, lowest first.
    """
    ones, twos, fours = np.uint64(0), np.uint64(0), np.uint64(0)
    planes[:] = 0
    previous = np.uint64(0)
    for i in range(n):
        pair = mix(tokens[i] ^ (previous * np.uint64(3)))
        previous = tokens[i]
        words[i] = (previous & np.uint64(0xFFFFFFFF)) | (pair << np.uint64(32))
    words[n : n + 7] = 0
    for i in range(0, n, 8):
        ones, two_a = _summed(ones, words[i], words[i + 1])
        ones, two_b = _summed(ones, words[i + 2], words[i + 3])
        twos, four_a = _summed(twos, two_a, two_b)
        ones, two_a = _summed(ones, words[i + 4], words[i + 5])
        ones, two_b = _summed(ones, words[i + 6], words[i + 7])
        twos, four_b = _summed(twos, two_a, two_b)
        fours, carry = _summed(fours, four_a, four_b)
        k = 3
        while carry:
            planes[k], carry = planes[k] ^ carry, planes[k] & carry
            k += 1
    planes[0], planes[1], planes[2] = ones, twos, fours


@nb.njit(cache=True, nogil=True)
def _project(tokens, n, words, planes, out):
    """Add tokens and neighbouring pairs to the projection and scale it to int8."""
    _count_bits(tokens, n, words, planes)
    acc = np.full(DIMENSIONS, -2 * n, np.int64)
    k = 0
    while n >> k:  # no count is above n
        for d in range(DIMENSIONS):
            both = (planes[k] >> np.uint64(d)) & np.uint64(0x100000001)
            acc[d] += np.int64((both & np.uint64(1)) + (both >> np.uint64(32))) << (k + 1)
        k += 1
    norm = 0
    for d in range(DIMENSIONS):
        norm += acc[d] * acc[d]
    if norm > 0:
        # unit length times 127 over the largest share one dimension can have in practice
        scale = 254.0 / np.sqrt(float(norm))
        for d in range(DIMENSIONS):
            out[d] = np.int8(min(127.0, max(-127.0, np.rint(acc[d] * scale))))


@nb.njit(cache=True, nogil=True)
def pieces_of(data, lo, hi, key, system, tokens, weights, marks, counted, out, kinds):
    """Read one text into its facets; scratch is filled anew.

    Args:
        data: UTF-8, uint8.
        lo: where the text begins.
        hi: where it ends.
        key: 64-bit seed, see :func:`seed_of`.
        system: the text is a system prompt: whole sentences only.
        tokens: (MAX_TOKENS + 2,) uint64, scratch.
        weights: likewise, uint8.
        marks: likewise, uint8.
        counted: (FORM,) int64, filled: of all that was read.
        out: (FACETS,) uint64, filled.
        kinds: (FACETS,) uint8, filled.

    Returns:
        Tokens read, facets filled, and the hash of the whole normalised text.
    """
    counted[:] = 0
    n = tokenise(data, lo, hi, key, tokens, weights, marks, counted, MAX_TOKENS)
    if n == 0:
        return 0, 0, np.uint64(0)
    if n == MAX_TOKENS:  # instructions may stand behind all of it: its end is read too
        marks[HALF - 1] = 1
        end = begin_of_last(data, lo, hi, HALF)
        n = HALF + tokenise(
            data, end, hi, key, tokens[HALF:], weights[HALF:], marks[HALF:], counted, HALF
        )
    state = key
    for i in range(n):
        state = fold(state, tokens[i])
    sentence = KIND_SYSTEM if system else KIND_SENTENCE
    count = _sentences(tokens, weights, marks, n, key, sentence, out, kinds, 0, SENTENCES)
    if not system:
        middle = count + (FACETS - count) // 2
        head = min(n, ZONE)
        count = _windows(tokens, weights, 0, head, key, KIND_HEAD, out, kinds, count, middle)
        tail = max(n - ZONE, 0)
        count = _windows(tokens, weights, tail, n, key, KIND_TAIL, out, kinds, count, FACETS)
    return n, count, mix(state)


@nb.njit(cache=True, nogil=True)
def _sketch(data, offsets, key, system, facets, kinds, counts, body, projection, form):
    tokens = np.empty(MAX_TOKENS + 2, np.uint64)
    weights = np.empty(MAX_TOKENS + 2, np.uint8)
    marks = np.zeros(MAX_TOKENS + 2, np.uint8)
    counted = np.zeros(FORM, np.int64)
    words = np.empty(MAX_TOKENS + 8, np.uint64)
    planes = np.zeros(_PLANES, np.uint64)
    for row in range(offsets.size - 1):
        lo, hi, out, kind = offsets[row], offsets[row + 1], facets[row], kinds[row]
        n, count, whole = pieces_of(
            data, lo, hi, key, system, tokens, weights, marks, counted, out, kind
        )
        counts[row], body[row] = count, whole
        if system or n == 0:
            continue
        _project(tokens, n, words, planes, projection[row])
        for k in range(FORM):
            form[row, k] = min(counted[k], 65535)


def seed_of(key: int) -> np.uint64:
    """Return what the kernels start from under a key."""
    return np.uint64(0xCBF29CE484222325) ^ np.uint64(key)


def sketch_texts(
    data: np.ndarray, offsets: np.ndarray, *, key: int = 0, system: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sketch each text of an Arrow string array.

    Args:
        data: value buffer, uint8 UTF-8.
        offsets: (n + 1) int64 offsets into data; a null is an empty text.
        key: 64-bit key of the sketches; the same key makes sketches comparable.
        system: the texts are system prompts: keep sentences and the whole-text hash only.

    Returns:
        facets (n, FACETS) uint64, kinds (n, FACETS) uint8, counts (n,) uint8 of facets filled,
        body (n,) uint64 hash of the whole normalised text or 0, projection
        (n, DIMENSIONS) int8, form (n, FORM) uint16.
    """
    n = offsets.size - 1
    facets = np.zeros((n, FACETS), np.uint64)
    kinds = np.zeros((n, FACETS), np.uint8)
    counts = np.zeros(n, np.uint8)
    body = np.zeros(n, np.uint64)
    projection = np.zeros((n, DIMENSIONS), np.int8)
    form = np.zeros((n, FORM), np.uint16)
    _sketch(data, offsets, seed_of(key), system, facets, kinds, counts, body, projection, form)
    return facets, kinds, counts, body, projection, form
