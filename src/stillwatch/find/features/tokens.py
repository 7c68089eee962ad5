"""Text to tokens: runs of letters, runs of digits folded to one symbol, single ideographs.

Nine in ten bytes of most texts are ASCII letters and spaces, so those have a loop and tables of
their own; every other code point takes the long way and gives the same tokens.
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

__all__ = ["FORM", "FORM_NAMES", "HALF", "MAX_TOKENS", "begin_of_last", "tokenise"]

MAX_TOKENS = 4096
"""Tokens kept of one text: the first and the last half of this where it is longer."""
HALF = MAX_TOKENS // 2
_BYTES = 64
"""Bytes a token that are looked back at most: a text without any boundary is still bounded."""
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
_SPACE = 32


def _marked(c: int) -> list[int]:
    """Return what a symbol adds to each of ``FORM_NAMES``."""
    code = c in (40, 41, 59, 60, 61, 62, 92, 95, 123, 124, 125)
    question = c in (63, 0xFF1F, 0x061F)
    bracket = c in (40, 60, 91, 123, 0x300C, 0xFF08)
    punctuation = c > _SPACE and c != 0x3000
    colon = c in (58, 0xFF1A)
    return [0, 1, c == 10, 0, 0, punctuation, code, question, 0, bracket, 0, colon]


_WORD, _SYMBOL, _IDEOGRAPH, _DIGIT = 0, 1, 2, 3
_PLANE = 1 << 16


@nb.njit(cache=True)
def _class_of(c):
    """Return what a code point is to the tokens."""
    if is_symbol(c):
        return _SYMBOL
    if is_ideograph(c):
        return _IDEOGRAPH
    return _DIGIT if is_digit(c) else _WORD


@nb.njit(cache=True)
def _basic_plane():
    """Return the class and the lower case of every code point of the basic plane."""
    kinds, folded = np.empty(_PLANE, np.uint8), np.empty(_PLANE, np.uint16)
    for c in range(_PLANE):
        kinds[c], folded[c] = _class_of(c), fold_case(c)
    return kinds, folded


_CLASS, _FOLDED = _basic_plane()
_LETTER = np.where((np.arange(256) < 0x80) & (_CLASS[:256] == _WORD), _FOLDED[:256], 0).astype(
    np.uint8
)
"""Lower case of an ASCII letter, 0 of every other byte."""
_MARKED = np.array([_marked(c) for c in range(0x80)], np.int64)
"""(128, FORM) what an ASCII symbol adds to the counts."""


@nb.njit(cache=True, inline="always")
def _code_point(data, i, hi):
    """Return the code point at a byte and where the next begins, -1 where it is cut off."""
    b = data[i]
    if b < 0x80:
        return int(b), i + 1
    if b < 0xE0 and i + 1 < hi:
        return ((b & 0x1F) << 6) | (data[i + 1] & 0x3F), i + 2
    if b < 0xF0 and i + 2 < hi:
        return ((b & 0x0F) << 12) | ((data[i + 1] & 0x3F) << 6) | (data[i + 2] & 0x3F), i + 3
    if i + 3 < hi:
        high = ((b & 0x07) << 18) | ((data[i + 1] & 0x3F) << 12)
        return high | ((data[i + 2] & 0x3F) << 6) | (data[i + 3] & 0x3F), i + 4
    return -1, i


@nb.njit(cache=True, inline="always")
def _count_symbol(c, form):
    """Add a symbol to the counts of form."""
    if c < 0x80:
        for k in range(FORM):  # a sum of twelve costs less than six branches
            form[k] += _MARKED[c, k]
        return
    form[1] += 1
    form[5] += c != 0x3000
    form[7] += c in (0xFF1F, 0x061F)
    form[9] += c in (0x300C, 0xFF08)
    form[11] += c == 0xFF1A


@nb.njit(cache=True, nogil=True)
def tokenise(data, lo, hi, key, tokens, weights, marks, form, most):
    """Read one text into tokens; return how many.

    Args:
        data: UTF-8, uint8.
        lo: where the text begins.
        hi: where it ends.
        key: 64-bit seed of the tokens' hashes.
        tokens: (most + 2,) uint64, filled with hashes.
        weights: likewise, uint8, filled: 2 for words and numbers, 1 for ideographs.
        marks: likewise, uint8, filled: 1 where a sentence or line ends.
        form: (FORM,) int64, added to.
        most: tokens that are read.
    """
    n, characters, capitals, digits = 0, 0, 0, 0
    state = key
    open_, digit = False, False
    i = lo
    while i < hi and n < most:
        b = data[i]
        letter = _LETTER[b]
        if letter and not (open_ and digit):
            start = i
            while letter:
                state = fold(state, np.uint64(letter))
                capitals += letter != b
                i += 1
                if i == hi:
                    break
                b = data[i]
                letter = _LETTER[b]
            characters += i - start
            open_, digit = True, False
            if i < hi and b == _SPACE:
                tokens[n], weights[n], marks[n] = mix(state), 2, 0
                n += 1
                state, open_ = key, False
                characters += 1
                i += 1
            continue
        c, i = _code_point(data, i, hi)
        if c < 0:
            break
        kind = _CLASS[c] if c < _PLANE else _class_of(c)
        if kind in (_WORD, _DIGIT):
            numeric = kind == _DIGIT
            characters += 1
            digits += numeric
            if open_ and numeric != digit:
                tokens[n], weights[n], marks[n] = mix(state), 2, 0
                n += 1
                state, open_ = key, False
                if n >= most:
                    break
            if not numeric:
                folded = int(_FOLDED[c]) if c < _PLANE else c
                capitals += folded != c
                state = fold(state, np.uint64(folded))
            elif not open_:
                state = fold(state, np.uint64(48))
            open_, digit = True, numeric
            continue
        if open_:
            tokens[n], weights[n], marks[n] = mix(state), 2, 0
            n += 1
            state, open_, digit = key, False, False
        if kind == _SYMBOL:
            _count_symbol(c, form)
            # a full stop inside a number or name ("3.14", "a.py") ends nothing
            if n > 0 and ends_sentence(c) and (c != 46 or i >= hi or data[i] <= 34):
                form[3] += marks[n - 1] == 0
                marks[n - 1] = 1
            continue
        characters += 1
        if n < most:
            tokens[n], weights[n], marks[n] = mix(fold(key, np.uint64(c))), 1, 0
            n += 1
            form[10] += 1
    if open_ and n < most:
        tokens[n], weights[n], marks[n] = mix(state), 2, 0
        n += 1
    form[0] += n
    form[1] += characters
    form[4] += digits
    form[8] += capitals
    if n > 0:
        marks[n - 1] = 1
    return n


@nb.njit(cache=True, nogil=True)
def begin_of_last(data, lo, hi, most):
    """Return the byte at which the last tokens of a text begin.

    Args:
        data: UTF-8, uint8.
        lo: where the text begins.
        hi: where it ends.
        most: how many tokens.
    """
    least = max(lo, hi - _BYTES * most)
    while least < hi and data[least] & 0xC0 == 0x80:  # within a code point
        least += 1
    n, end, right = 0, hi, _SYMBOL
    while end > least:
        start = end - 1
        while start > least and data[start] & 0xC0 == 0x80:
            start -= 1
        c, _ = _code_point(data, start, hi)
        kind = _SYMBOL if c < 0 else _CLASS[c] if c < _PLANE else _class_of(c)
        if kind == _IDEOGRAPH or kind not in (_SYMBOL, right):
            if n == most:
                return end
            n += 1
        right, end = kind, start
    return end
