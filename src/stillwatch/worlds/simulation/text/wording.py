"""Elicitations, freely reworded: a style is an idea, a seed one wording of it.

A style fixes which two or three clauses are asked for and the names of any fields; every seed
chooses words, order and place anew.  Thousands of wordings a clause share no rare sequence.
Cohorts draw on the same grammars: people too ask for steps, records and marks.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.columns import ELICITATIONS, LANGUAGES
from stillwatch.worlds.simulation.text.draws import stream
from stillwatch.worlds.simulation.text.language import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stillwatch.worlds.simulation.interface import Elicitation

__all__ = ["clauses", "elicitation", "spin"]

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_FIELDS = (
    "reasoning", "answer", "steps", "result", "thought", "output", "rationale", "final",
    "analysis", "verdict", "explanation", "solution", "notes", "response", "working", "reply",
)  # fmt: skip
_NO_SPACE = ("zh", "ja", "th")


@cache
def clauses(lang: str) -> Mapping[str, tuple[tuple[tuple[str, ...], ...], ...]]:
    """Return, for each family, clauses as alternations of literals."""
    text = files(__package__).joinpath("wordings", f"{nearest(lang)}.toml").read_text("utf-8")
    table = tomllib.loads(text)
    return {
        family: tuple(
            tuple(
                tuple(piece.split("|")) if odd else (piece,)
                for odd, piece in zip(
                    (i % 2 for i in range(10_000)), _CHOICE.split(line), strict=False
                )
            )
            for line in table[family]
        )
        for family in ELICITATIONS
    }


def spin(clause: tuple[tuple[str, ...], ...], number: Iterator[int]) -> str:
    """Return one wording of a clause.

    >>> spin((("a ",), ("b", "c")), iter([1]))
    'a c'
    """
    return "".join(
        [choice[next(number) % len(choice)] if len(choice) > 1 else choice[0] for choice in clause]
    )


def elicitation(family: str, lang: str, style: int, seed: int, source: int) -> Elicitation:
    """Return one wording; see :class:`TextSource`.

    Args:
        family: one of ELICITATIONS.
        lang: language of the body, whose words are used where there are any.
        style: the campaign's idea.
        seed: the rewording.
        source: seed of the text source.
    """
    from stillwatch.worlds.simulation.interface import Elicitation  # noqa: PLC0415 (cycle)

    options = clauses(lang)[family]
    number = ELICITATIONS.index(family)
    idea = stream(source, style, number)
    extra = next(idea) % 2
    width = 2 + extra if len(options) > 4 else min(3, len(options))
    order = sorted(range(len(options)), key=lambda _: next(idea))[:width]
    names = [_FIELDS[next(idea) % len(_FIELDS)] for _ in range(2)]
    tag = f"{_FIELDS[next(idea) % len(_FIELDS)]}_{next(idea) % 90 + 10}"
    habit = next(idea) % 4
    say = stream(source, style, number, seed, LANGUAGES.index(lang))
    order.sort(key=lambda _: next(say))
    gap = "" if nearest(lang) in _NO_SPACE else " "
    spun = [
        spin(options[i], say)
        .replace("{k1}", names[0])
        .replace("{k2}", names[1] if names[1] != names[0] else names[1] + "_2")
        .replace("{tag}", tag)
        for i in order
    ]
    turn = next(say)
    place = habit if turn % 3 else turn // 3 % 4
    if place == 0:
        return Elicitation(gap.join(spun) + "\n\n", "", None)
    if place == 1:
        return Elicitation(spun[0] + "\n", "\n" + gap.join(spun[1:]), None)
    if place == 2:
        return Elicitation("", "\n\n" + gap.join(spun), None)
    return Elicitation("", gap + gap.join(spun), gap.join(spun))
