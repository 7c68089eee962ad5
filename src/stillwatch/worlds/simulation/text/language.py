"""The vocabularies: one TOML file a language, read once into compiled patterns.

In a file, phrases stand between bars, ``¶`` is a line break and ``{t}`` a slot that
:mod:`stillwatch.worlds.simulation.text.grammar` fills.  To add a language, copy ``en.toml``.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NEAREST", "WRITTEN", "Language", "Pattern", "compile_pattern", "language", "nearest"]

WRITTEN = ("en", "zh", "es", "fr", "de", "pt", "ru", "ja", "ko", "ar", "hi", "tr", "id", "vi")
"""Languages that have a vocabulary."""

NEAREST = {"it": "es", "nl": "de", "pl": "ru", "uk": "ru", "fa": "ar", "th": "vi"}
"""Stand-ins for languages without one."""

_SLOT = re.compile(r"\{([A-Za-z]+)\}")

Pattern = tuple[tuple[str, str], ...]
"""Literal text and the slot that follows it; the last slot is empty."""


@dataclass(frozen=True, slots=True)
class Language:
    """Phrases of one language."""

    code: str
    """ISO 639-1."""
    space: str
    """What stands between sentences."""
    parts: Mapping[str, tuple[Pattern, ...]]
    """Sentence parts by name: who, doing, when, goals, contexts, facts, constraints ..."""
    asks: Mapping[str, tuple[Pattern, ...]]
    """Requests by kind of body."""
    words: Mapping[str, tuple[str, ...]]
    """Plain lists: names, places, aspects, tongues."""
    domains: tuple[tuple[str, ...], ...]
    """Topics, one tuple a domain."""


def compile_pattern(phrase: str) -> Pattern:
    """Split a phrase at its slots.

    >>> compile_pattern("Why {t}?")
    (('Why ', 't'), ('?', ''))
    """
    pieces = _SLOT.split(phrase.replace("¶", "\n"))
    literals, slots = pieces[::2], [*pieces[1::2], ""]
    return tuple(zip(literals, slots, strict=True))


def nearest(code: str) -> str:
    """Return the written language that stands for ``code``; English as the last resort."""
    near = NEAREST.get(code, code)
    return near if near in WRITTEN else "en"


def _phrases(block: str) -> tuple[str, ...]:
    return tuple(" ".join(piece.split()) for piece in block.split("|") if piece.strip())


def _patterns(block: str) -> tuple[Pattern, ...]:
    return tuple(compile_pattern(phrase) for phrase in _phrases(block))


@cache
def language(code: str) -> Language:
    """Return the vocabulary of a written language.

    >>> language("en").code
    'en'
    """
    text = files(__package__).joinpath("languages", f"{code}.toml").read_text("utf-8")
    table = tomllib.loads(text)
    plain = ("names", "places", "aspects", "tongues")
    parts = {
        name: _patterns(block)
        for name, block in table.items()
        if isinstance(block, str) and name not in (*plain, "code", "space")
    }
    return Language(
        code=table["code"],
        space=table["space"],
        parts=parts,
        asks={kind: _patterns(block) for kind, block in table["asks"].items()},
        words={name: _phrases(table[name]) for name in plain},
        domains=tuple(_phrases(block) for block in table["domains"].values()),
    )
