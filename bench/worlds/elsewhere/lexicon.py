"""Words from which everyday requests in several languages are put together.

Each language is a block of six lines in lexicon.txt, alternatives divided by a bar: greetings,
ways to ask ({t} is the topic), topics, circumstances ({n} a number, {c} a place), limits and
follow-ups.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["CITIES", "LANGUAGES", "Phrases"]


@dataclass(frozen=True, slots=True)
class Phrases:
    """What people of one language say."""

    greetings: list[str]
    asks: list[str]
    topics: list[str]
    contexts: list[str]
    limits: list[str]
    follow_ups: list[str]


CITIES = [
    "Lyon",
    "Osaka",
    "Recife",
    "Leeds",
    "Pune",
    "Quito",
    "Graz",
    "Busan",
    "Lagos",
    "Perth",
    "Turin",
    "Malmo",
    "Cairo",
    "Tampa",
    "Bergen",
    "Surabaya",
    "Kazan",
    "Toledo",
    "Porto",
    "Austin",
    "Hanoi",
    "Nairobi",
    "Taipei",
    "Zagreb",
    "Monterrey",
    "Cordoba",
    "Ghent",
]


def _block(raw: str) -> Phrases:
    return Phrases(*(line.split("|") for line in raw.strip().splitlines()))


def _read(path: Path) -> dict[str, Phrases]:
    blocks = (block.partition("]\n") for block in path.read_text(encoding="utf-8").split("["))
    return {name: _block(raw) for name, _, raw in blocks if raw}


LANGUAGES: dict[str, Phrases] = _read(Path(__file__).with_name("lexicon.txt"))
