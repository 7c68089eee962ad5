"""The built-in generator: subjects with their own vocabulary, many kinds, many languages.

Good enough for the demo and for tests.  It flatters a detector in one way and hinders it in
another: sentence frames are few and recur in everybody's prompts alike, and word choice beyond
the subject is uniform, where people have habits.
"""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.text import frames, wording
from stillwatch.worlds.simulation.text.draws import draws, keyed
from stillwatch.worlds.simulation.text.grammar import Speaker, render
from stillwatch.worlds.simulation.text.language import Language, language, nearest

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.columns import Ints
    from stillwatch.worlds.simulation.interface import Elicitation

__all__ = ["BuiltinText"]

_SHAPES: dict[str, tuple[str, ...]] = {
    "chat": ("ca", "ca", "an", "can", "cax", "cfa", "can", "acn"),
    "support": ("ca", "ac", "acx", "fa", "cax"),
    "translation": ("a", "a", "an", "ca"),
    "eval": ("a", "fa"),
    "tools": ("a", "ca", "an", "ca"),
    "creative": ("an", "can", "ann", "ca"),
    "reasoning": ("fa", "ffa", "fan", "fia"),
    "assignment": ("afff", "cfffa", "afffx", "fffa"),
    "instruct": ("can", "fan", "an", "ann"),
    "review": ("a", "an", "ca"),
    "testdata": ("an", "ann", "can"),
    "redteam": ("ca", "can", "fan", "cax"),
    "document": ("a", "an"),
    "topic": ("an", "ann", "anf", "fan"),
    "code": ("can", "ca", "an", "cax"),
}
_PART = {"c": "contexts", "f": "facts", "i": "facts", "n": "constraints", "x": "closers"}
_WIDTH = {"document": 192, "assignment": 96}


class BuiltinText:
    """Text without a corpus.

    Args:
        seed: seed of the source.

    >>> import numpy as np
    >>> one = np.array([1])
    >>> BuiltinText(7).bodies("chat", "en", one, one, one * 0) == BuiltinText(7).bodies(
    ...     "chat", "en", one, one, one * 0)
    True
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def bodies(self, kind: str, lang: str, subject: Ints, seed: Ints, turn: Ints) -> list[str]:
        """Return one body a row; see :class:`TextSource`."""
        return self._make(kind, lang, subject, seed, turn, harvest=False)

    def harvest(self, kind: str, lang: str, subject: Ints, seed: Ints) -> list[str]:
        """Return bodies that no person was given; see :class:`TextSource`."""
        return self._make(kind, lang, subject, seed, np.zeros_like(seed), harvest=True)

    def elicitation(self, family: str, lang: str, style: int, seed: int) -> Elicitation:
        """Return one wording of an elicitation; see :class:`TextSource`."""
        return wording.elicitation(family, lang, style, seed, self._seed)

    def frame(self, role: str, lang: str, style: int) -> Elicitation:
        """Return a benign framing; see :class:`TextSource`."""
        return frames.frame(role, lang, style, self._seed)

    def _make(
        self, kind: str, lang: str, subject: Ints, seed: Ints, turn: Ints, *, harvest: bool
    ) -> list[str]:
        tongue = language(nearest(lang))
        base = (keyed(self._seed + 17, subject) >> np.uint64(34)).astype(np.int64)
        domains = base // 1009 % len(tongue.domains)
        salt = self._seed * 1000 + _KIND_SALT[kind] * 2 + harvest
        key = keyed(salt, subject, seed, turn)
        rows = draws(key, _WIDTH.get(kind, 64))
        make = _followed if kind != "eval" else _opened
        return [
            (make if later else _opened)(tongue, kind, b, d, row)
            for b, d, row, later in zip(
                base.tolist(), domains.tolist(), rows, turn.tolist(), strict=True
            )
        ]


_KIND_SALT = {kind: number for number, kind in enumerate(_SHAPES)}
_CODE = {"code": "snippet", "review": "diff"}


def _opened(tongue: Language, kind: str, base: int, domain: int, row: list[int]) -> str:
    number = cycle(row)
    shapes = _SHAPES[kind]
    shape = shapes[next(number) % len(shapes)]
    speaker = Speaker(tongue, base, domain, number, _CODE.get(kind, ""))
    out = []
    for letter in shape:
        options = tongue.asks[kind] if letter == "a" else tongue.parts[_PART[letter]]
        text = render(options[next(number) % len(options)], speaker)
        out.append(text[:1].upper() + text[1:])
    return ("\n" if row[0] % 7 == 0 else tongue.space).join(out)


def _followed(tongue: Language, kind: str, base: int, domain: int, row: list[int]) -> str:
    number = cycle(row)
    speaker = Speaker(tongue, base, domain, number, _CODE.get(kind, ""))
    options = tongue.parts["follow"]
    text = render(options[next(number) % len(options)], speaker)
    return text if next(number) % 3 else text + tongue.space + speaker.pick("constraints")
