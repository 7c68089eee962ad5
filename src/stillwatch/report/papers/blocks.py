"""What a paper is made of: blocks of runs of text, without any format's markup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Block", "Heading", "Items", "Note", "Paper", "Paragraph", "Run", "Runs", "Table"]


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one manner; a line feed in it is a line break."""

    text: str
    strong: bool = False
    emphasis: bool = False
    code: bool = False
    link: str = ""
    """Address that it leads to, http, https or mailto; empty for none."""


Runs = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading."""

    level: int
    """2 to 4; the title alone is 1."""
    runs: Runs
    kind: str = "heading"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    runs: Runs
    kind: str = "paragraph"


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    ordered: bool
    items: tuple[Runs, ...]
    kind: str = "items"


@dataclass(frozen=True, slots=True)
class Table:
    """A table with one row of heads."""

    head: tuple[Runs, ...]
    rows: tuple[tuple[Runs, ...], ...]
    right: tuple[bool, ...]
    """Whether a column is set to the right, as figures are."""
    kind: str = "table"


@dataclass(frozen=True, slots=True)
class Note:
    """What is set apart from the rest."""

    paragraphs: tuple[Runs, ...]
    kind: str = "note"


Block = Heading | Paragraph | Items | Table | Note


@dataclass(frozen=True, slots=True)
class Paper:
    """A document, ready to be written in any format."""

    title: str
    language: str
    """Tag of BCP 47."""
    blocks: tuple[Block, ...]
    made: datetime
    """Time that files say they were made at."""
