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

from stillwatch.find.features.characters import (
    ends_sentence,
    fold_case,
    is_digit,
    is_ideograph,
    is_symbol,
)
from stillwatch.find.features.hashing import fold, mix

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
MAX_TOKENS = 4096
"""Tokens read of one text: the first and last half of this where it is longer."""

KIND_SENTENCE, KIND_HEAD, KIND_TAIL, KIND_SYSTEM = 1, 2, 3, 4

FORM_NAMES = (
    "tokens",
    "characters",
    "lines",
    "sentences",
    "digits",
    "punctuation",
    "code",
    "questions",
    "capitals",
    "brackets",
    "ideographs",
    "colons",
)
"""Counts kept of each text, in this order, uint16 and saturating."""
FORM = len(FORM_NAMES)


@nb.njit(cache=True, nogil=True)
def _tokenise(data, lo, hi, key, tokens, weights, marks, form):
    """Fill tokens, their weights and sentence ends; return the number of tokens."""
    n = 0
    state = key
    length = 0
    digit = False
    i = lo
    while i < hi and n < MAX_TOKENS:
        b = data[i]
        if b < 0x80:
            c, i = int(b), i + 1
        elif b < 0xE0 and i + 1 < hi:
            c, i = ((b & 0x1F) << 6) | (data[i + 1] & 0x3F), i + 2
        elif b < 0xF0 and i + 2 < hi:
            c = ((b & 0x0F) << 12) | ((data[i + 1] & 0x3F) << 6) | (data[i + 2] & 0x3F)
            i += 3
        elif i + 3 < hi:
            c = (
                ((b & 0x07) << 18)
                | ((data[i + 1] & 0x3F) << 12)
                | ((data[i + 2] & 0x3F) << 6)
                | (data[i + 3] & 0x3F)
            )
            i += 4
        else:
            break
        form[1] += 1
        symbol = is_symbol(c)
        ideograph = not symbol and is_ideograph(c)
        if symbol or ideograph:
            if length > 0:
                tokens[n], weights[n] = mix(state), 2
                n += 1
                state, length, digit = key, 0, False
            if symbol:
                if c == 10:
                    form[2] += 1
                elif c > 32 and c != 0x3000:
                    form[5] += 1
                if c in (40, 41, 59, 60, 61, 62, 92, 95, 123, 124, 125):
                    form[6] += 1
                if c in (63, 0xFF1F, 0x061F):
                    form[7] += 1
                if c in (40, 60, 91, 123, 0x300C, 0xFF08):
                    form[9] += 1
                if c in (58, 0xFF1A):
                    form[11] += 1
                # a full stop inside a number or name ("3.14", "a.py") ends nothing
                if n > 0 and ends_sentence(c) and (c != 46 or i >= hi or data[i] <= 34):
                    if marks[n - 1] == 0:
                        form[3] += 1
                    marks[n - 1] = 1
            elif n < MAX_TOKENS:
                tokens[n], weights[n] = mix(fold(key, np.uint64(c))), 1
                n += 1
                form[10] += 1
            continue
        numeric = is_digit(c)
        if numeric:
            form[4] += 1
        if length > 0 and numeric != digit:
            tokens[n], weights[n] = mix(state), 2
            n += 1
            state, length = key, 0
            if n >= MAX_TOKENS:
                break
        if numeric:
            if length == 0:
                state = fold(state, np.uint64(48))
        else:
            folded = fold_case(c)
            if folded != c:
                form[8] += 1
            state = fold(state, np.uint64(folded))
        length += 1
        digit = numeric
    if length > 0 and n < MAX_TOKENS:
        tokens[n], weights[n] = mix(state), 2
        n += 1
    form[0] += n
    if n > 0:
        marks[n - 1] = 1
    return n


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
    for start in range(lo, hi):
        state, weight, end = key, 0, start
        while end < hi and weight < 6:
            state = fold(state, tokens[end])
            weight += weights[end]
            end += 1
        if weight < 6:
            break
        value = mix(state)
        if value & np.uint64(1) == 0:  # half of them, the same half everywhere
            count = _add(out, kinds, count, limit, value, kind)
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


@nb.njit(cache=True, nogil=True)
def _project(tokens, n, out):
    """Add tokens and neighbouring pairs to the projection and scale it to int8."""
    acc = np.zeros(DIMENSIONS, np.float64)
    previous = np.uint64(0)
    for i in range(n):
        for pair in range(2):
            h = tokens[i] if pair == 0 else mix(tokens[i] ^ (previous * np.uint64(3)))
            for d in range(DIMENSIONS):
                acc[d] += 1.0 if (h >> np.uint64(d)) & np.uint64(1) else -1.0
        previous = tokens[i]
    norm = 0.0
    for d in range(DIMENSIONS):
        norm += acc[d] * acc[d]
    if norm > 0:
        # unit length times 127 over the largest share one dimension can have in practice
        scale = 254.0 / np.sqrt(norm)
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
        counted: (FORM,) int64, filled.
        out: (FACETS,) uint64, filled.
        kinds: (FACETS,) uint8, filled.

    Returns:
        Tokens read, facets filled, and the hash of the whole normalised text.
    """
    counted[:] = 0
    marks[:] = 0
    n = _tokenise(data, lo, hi, key, tokens, weights, marks, counted)
    if n == 0:
        return 0, 0, np.uint64(0)
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
    for row in range(offsets.size - 1):
        lo, hi, out, kind = offsets[row], offsets[row + 1], facets[row], kinds[row]
        n, count, whole = pieces_of(
            data, lo, hi, key, system, tokens, weights, marks, counted, out, kind
        )
        counts[row], body[row] = count, whole
        if system or n == 0:
            continue
        _project(tokens, n, projection[row])
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
