# ruff: noqa: RUF001 - marks of several scripts
"""Fills the word tables: elicitations, follow-ups, openers, everyday requests."""

from __future__ import annotations

import re
from functools import cache
from random import Random

import words

KINDS = ("reason", "rubric", "tools", "code", "record", "pairs")
LANGUAGES = tuple(words.ELICIT)
SLOT = re.compile(r"\{(\w+)\}")
Table = dict[str, list[str]]


def split(text: str) -> list[str]:
    """Alternatives of a table entry."""
    return ["" if x == "~" else x for x in text.split("|")]


TABLES: dict[str, Table] = {
    lang: {k: split(v) for k, v in table.items()} for lang, table in words.ELICIT.items()
}
FOLLOW = {k: split(v) for k, v in words.FOLLOW.items()}
OPEN = {k: split(v) for k, v in words.OPEN.items()}
TOPIC = {k: [split(x) for x in v] for k, v in words.TOPIC.items()}
HELLO = split(words.HELLO)
ATTACK = {"s": split(words.ATTACKS)} | {k: split(v) for k, v in words.ATTACK_WORDS.items()}


def fill(rng: Random, table: Table, symbol: str) -> str:
    """One random reading of a symbol."""
    text = rng.choice(table[symbol])
    while "{" in text:
        text = SLOT.sub(lambda m: pick(rng, table, m.group(1)), text)
    return text


def pick(rng: Random, table: Table, slot: str) -> str:
    """One alternative of a slot; ``{n}`` is a number."""
    if slot == "n":
        return str(rng.randint(2, 12))
    return rng.choice(table[slot])


def dialect(rng: Random, share: float) -> dict[str, Table]:
    """A speaker's own part of every table: ``share`` of the alternatives of each slot."""
    own: dict[str, Table] = {}
    for lang, table in TABLES.items():
        own[lang] = {
            k: rng.sample(v, max(min(len(v), 4), round(len(v) * share))) for k, v in table.items()
        }
    return own


def elicit(rng: Random, tables: dict[str, Table], kind: str, lang: str) -> str:
    """One elicitation of a kind in a language (English where the language has no table)."""
    table = tables.get(lang) or tables["en"]
    if kind not in table:
        kind = "reason" if kind in {"reason", "code"} else "format"
    text = " ".join(fill(rng, table, kind).replace(" ,", ",").split())
    if rng.random() < 0.8:
        text = text[:1].upper() + text[1:]
    stop = "。" if lang in {"zh", "ja"} else "."
    return text + rng.choice((stop, stop, "", "!" if stop == "." else ""))


def follow(rng: Random, lang: str) -> str:
    """A follow-up turn."""
    text = rng.choice(FOLLOW.get(lang, FOLLOW["en"])).replace("{n}", str(rng.randint(2, 12)))
    if rng.random() < 0.25:
        text = text.capitalize()
    return text + rng.choice(("", "", "", "?", "!", " :)", " thx" if lang == "en" else ""))


def opener(rng: Random, lang: str) -> str:
    """The first words of somebody who writes to a person."""
    return rng.choice(OPEN.get(lang, OPEN["en"]))


@cache
def lexicon(lang: str) -> list[str]:
    """A made-up vocabulary of a language."""
    rng, parts = Random(f"lexicon {lang}"), words.SYLLABLES[lang].split()
    size = (2, 2) if lang in {"ja", "zh"} else (2, 4)
    return ["".join(rng.choices(parts, k=rng.randint(*size))) for _ in range(4000)]


def detail(rng: Random, lang: str, low: int, high: int) -> str:
    """Some words of a language, small and made-up ones."""
    small, wide = words.SMALL[lang].split(), lexicon(lang)
    made = [
        rng.choice(small) if rng.random() < 0.4 else wide[int(len(wide) * rng.random() ** 1.7)]
        for _ in range(rng.randint(low, high))
    ]
    return ("" if lang in {"ja", "zh"} else " ").join(made)


def everyday(rng: Random, lang: str, subjects: list[str]) -> str:
    """A request about one of somebody's subjects, in a language with an everyday table."""
    frames, acts, _, whom = TOPIC[lang]
    if rng.random() < 0.75:
        subjects = [detail(rng, lang, 1, 4)]
    table = {"s": frames, "a": acts, "t": subjects, "w": whom}
    text = fill(rng, table, "s")
    joint = "，" if lang in {"zh", "ja"} else ", "
    if rng.random() < 0.3:
        text += joint + fill(rng, table, "s")
    if rng.random() < 0.75:
        text += joint + detail(rng, lang, 3, 25)
    return text


def attack(rng: Random) -> str:
    """A red team's probe."""
    return fill(rng, ATTACK, "s")
