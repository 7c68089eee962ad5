"""What the filter of answers asks of each API's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Dialect", "Json", "Seen", "count", "fields", "items", "text"]

Json = dict[str, Any]


@dataclass(slots=True)
class Seen:
    """What an event, or a whole answer, says; and what becomes of it."""

    text: str = ""
    """Text of the answer, without reasoning."""
    beside: str = ""
    """What is written besides, such as arguments of tools: checked, not kept."""
    input_tokens: int = -1
    """-1 where not said; likewise below."""
    output_tokens: int = -1
    reasoning_tokens: int = -1
    finish: str = ""
    """Why the answer ended, in the API's own word."""
    changed: bool = False
    """Whether the value was changed where it stands."""
    dropped: bool = False
    """Whether nothing is left of it."""


class Dialect(Protocol):
    """One API's form; an instance serves one answer."""

    def event(self, value: Json, *, withhold: bool, model: str) -> Seen:
        """Read one event of a stream; change it where it stands.

        Args:
            value: its JSON.
            withhold: whether reasoning is taken out.
            model: name of the model that the client asked for, to put in the place of the one
                that answers; empty to leave it.
        """

    def whole(self, value: Json, *, withhold: bool, model: str) -> Seen:
        """Read a whole answer, likewise."""

    def cut(self) -> bytes:
        """Return the events that end the stream here, as this API ends one."""

    def emptied(self, value: Json) -> Json:
        """Return a whole answer without its text, ended as by a filter."""


def fields(value: object) -> Json:
    """Return an object, empty where it is something else."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return a list, empty where it is something else."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """Return text, empty where it is something else."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int:
    """Return a count, -1 where it is something else."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value < 1 << 53 else -1  # type: ignore[operator,return-value]
