"""Fills patterns: a subject fixes the vocabulary, the row's numbers choose among it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.text.snippets import coined, diff, snippet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stillwatch.worlds.simulation.text.language import Language, Pattern

__all__ = ["SLOTS", "Speaker", "render"]

_SPAN = 4


class Speaker:
    """Vocabulary of one subject in one language.

    Args:
        lang: the language.
        subject: hashed subject, any non-negative integer.
        domain: index of the domain.
        number: the row's numbers, used up from the front.
        code: whether ``{k}`` is program text, ``"diff"`` for a change, or a number where empty.
    """

    __slots__ = ("base", "code", "lang", "next", "number", "space", "topics")

    def __init__(
        self, lang: Language, subject: int, domain: int, number: Iterator[int], code: str = ""
    ) -> None:
        self.lang = lang
        self.space = lang.space
        self.base = subject
        self.topics = lang.domains[domain]
        self.number = number
        self.next = number.__next__
        self.code = code

    def topic(self, shift: int) -> str:
        """Return one of the subject's topics, one in three narrowed down."""
        draw = self.next()
        topics = self.topics
        word = topics[(self.base + shift + draw % _SPAN) % len(topics)]
        if draw // 4 % 3:
            return word
        compounds = self.lang.parts["compounds"]
        pattern = compounds[draw // 12 % len(compounds)]
        return "".join(
            [
                literal + (word if slot == "t" else SLOTS[slot](self) if slot else "")
                for literal, slot in pattern
            ]
        )

    def word(self, name: str, shift: int, span: int) -> str:
        """Return one of ``span`` words of a plain list that this subject uses."""
        words = self.lang.words[name]
        return words[(self.base // 7 + shift + self.next() % span) % len(words)]

    def person(self, shift: int) -> str:
        """Return a person of the subject, sometimes with a family name."""
        draw = self.next()
        names = self.lang.words["names"]
        first = names[(self.base // 11 + shift + draw % _SPAN) % len(names)]
        if draw // 4 % 3:
            return first
        return f"{first} {coined(self.base // 13 + shift * 97 + draw % _SPAN * 31)}"

    def house(self) -> str:
        """Return an organisation of the subject."""
        return coined(self.base // 17 + self.next() % 3 * 501)

    def pick(self, name: str) -> str:
        """Return a sentence part, filled."""
        options = self.lang.parts[name]
        return render(options[self.next() % len(options)], self)

    def passage(self, least: int, most: int) -> str:
        """Return ``least`` to ``most`` sentences that state something."""
        count = least + self.next() % (most - least + 1)
        sentences = ["facts" if self.next() % 4 else "contexts" for _ in range(count)]
        return self.space.join([self.pick(name) for name in sentences])

    def program(self) -> str:
        """Return what ``{k}`` stands for in this kind of body."""
        if self.code == "diff":
            return diff(self.number, self.base)
        if self.code:
            return snippet(self.number, self.base)
        return str(self.next() % 700 + 13)

    def unfinished(self) -> str:
        """Return a statement without its end."""
        text = self.pick("facts")
        return text[: len(text) * 3 // 5]


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


SLOTS: dict[str, Callable[[Speaker], str]] = {
    "t": lambda s: s.topic(0),
    "T": lambda s: _upper(s.topic(0)),
    "u": lambda s: s.topic(_SPAN),
    "x": lambda s: s.topic(2),
    "a": lambda s: s.word("aspects", 0, 5),
    "b": lambda s: s.word("aspects", 5, 5),
    "A": lambda s: _upper(s.word("aspects", 0, 5)),
    "c": lambda s: s.word("places", 0, 3),
    "d": lambda s: s.word("places", 3, 5),
    "l": lambda s: s.word("tongues", 0, 2),
    "p": lambda s: s.person(0),
    "P": lambda s: s.person(0),
    "q": lambda s: s.person(_SPAN),
    "o": lambda s: s.house(),
    "O": lambda s: s.house(),
    "n": lambda s: str(s.next() % 980 + 11),
    "m": lambda s: str(s.next() % 11 + 2),
    "z": lambda s: str(s.next() % 9000 + 1000),
    "y": lambda s: str(1985 + s.next() % 42),
    "mm": lambda s: f"{s.next() % 12 + 1:02d}",
    "dd": lambda s: f"{s.next() % 28 + 1:02d}",
    "r": lambda s: f"{coined(s.next())[:2].upper()}-{s.next() % 900_000 + 100_000}",
    "s": lambda s: s.passage(1, 3),
    "S": lambda s: s.passage(6, 18),
    "f": lambda s: s.pick("facts"),
    "i": lambda s: s.pick("facts"),
    "j": lambda s: s.pick("facts"),
    "h": lambda s: s.unfinished(),
    "k": lambda s: s.program(),
    "w": lambda s: s.pick("who"),
    "v": lambda s: s.pick("doing"),
    "e": lambda s: s.pick("when"),
    "g": lambda s: s.pick("goals"),
    "W": lambda s: _upper(s.pick("who")),
    "E": lambda s: _upper(s.pick("when")),
}
"""Slots; the tables of a language are documented in ``languages/en.toml``."""


def render(pattern: Pattern, speaker: Speaker) -> str:
    """Return the pattern with its slots filled."""
    fill = SLOTS
    return "".join(
        [literal + fill[slot](speaker) if slot else literal for literal, slot in pattern]
    )
