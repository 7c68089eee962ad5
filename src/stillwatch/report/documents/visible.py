"""Untrusted text in, the same text with nothing invisible out.

Account ids, group ids and explanations may hold control characters (which steer a terminal),
direction overrides (which make one id look like another) and zero-width characters.  Escaping
for HTML leaves all of them alone, so they are spelled out first.
"""

from __future__ import annotations

import unicodedata

__all__ = ["shorten", "visible"]

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_LONGEST = 2_000


def visible(text: str, limit: int = _LONGEST) -> str:
    r"""Return text with controls, format characters and lone surrogates spelled out.

    Args:
        text: anything.
        limit: longest result before the rest is counted instead of shown, characters.

    >>> visible("a\x00b")
    'a\\x00b'
    >>> visible("\u202eadmin")
    '\\u202eadmin'
    >>> visible("línea 线")
    'línea 线'
    """
    if len(text) > limit:
        text, cut = text[:limit], len(text) - limit
        return f"{visible(text)}… ({cut:,} more characters)"
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spell(character) for character in text)


def shorten(text: object, limit: int = 80) -> str:
    """Return an id as text that fits a cell.

    >>> shorten("x" * 100, limit=5)
    'xxxxx… (95 more characters)'
    >>> shorten(" ")
    "' '"
    """
    shown = visible(str(text), limit)
    return shown if shown.strip() else repr(shown)


def _spell(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode("ascii")
