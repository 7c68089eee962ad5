"""What each character is to the sketch: ranges of code points, no word of any language."""

from __future__ import annotations

import numba as nb

__all__ = ["ends_sentence", "fold_case", "is_digit", "is_ideograph", "is_symbol"]


@nb.njit(cache=True, inline="always")
def is_ideograph(c: int) -> bool:
    """Whether a code point is a word by itself: ideographs, and scripts without spaces."""
    return (
        0x3040 <= c <= 0x30FF  # kana
        or 0x3400 <= c <= 0x9FFF
        or 0xF900 <= c <= 0xFAFF
        or 0x20000 <= c <= 0x3FFFF
        or 0x0E00 <= c <= 0x0EFF  # Thai and Lao write without spaces
        or 0x1780 <= c <= 0x17FF
        or 0x1000 <= c <= 0x109F
    )


@nb.njit(cache=True, inline="always")
def is_symbol(c: int) -> bool:
    """Whether a code point separates words: space, punctuation and signs."""
    if c < 0x80:
        return not (48 <= c <= 57 or 65 <= c <= 90 or 97 <= c <= 122)
    return (
        0x80 <= c <= 0xBF
        or c in (0xD7, 0xF7)
        or 0x2000 <= c <= 0x2BFF
        or 0x3000 <= c <= 0x303F
        or 0xFE10 <= c <= 0xFE6F
        or 0xFF00 <= c <= 0xFF0F
        or 0xFF1A <= c <= 0xFF20
        or 0xFF3B <= c <= 0xFF40
        or c in (0x060C, 0x061B, 0x061F, 0x06D4, 0x0964, 0x0965)
    )


@nb.njit(cache=True, inline="always")
def fold_case(c: int) -> int:
    """Return the lower case of a code point of Latin, Greek or Cyrillic."""
    if 65 <= c <= 90 or 0xC0 <= c <= 0xDE or 0x0391 <= c <= 0x03A9 or 0x0410 <= c <= 0x042F:
        return c + 32
    if 0x0400 <= c <= 0x040F:
        return c + 80
    if 0x0100 <= c <= 0x017F:
        return c | 1
    return c


@nb.njit(cache=True, inline="always")
def is_digit(c: int) -> bool:
    """Whether a code point is a decimal digit: ASCII, full width, Arabic, Devanagari."""
    return 48 <= c <= 57 or 0xFF10 <= c <= 0xFF19 or 0x0660 <= c <= 0x0669 or 0x0966 <= c <= 0x096F


@nb.njit(cache=True, inline="always")
def ends_sentence(c: int) -> bool:
    """Whether a code point ends a sentence or a line."""
    return c in (10, 33, 46, 63, 0x3002, 0xFF01, 0xFF1F, 0x061F, 0x06D4, 0x0964, 0x2026)
