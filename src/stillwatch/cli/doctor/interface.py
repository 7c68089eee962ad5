"""What a check is, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stillwatch.cli.doctor.installation import Installation

__all__ = ["Check", "Finding", "Level", "fail", "ok", "warn"]

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says of one thing; never a password, a token or a key."""

    level: Level
    said: str
    """One clause."""
    where: str = ""
    """File, setting or address concerned."""
    todo: str = ""
    """What to do; empty where nothing is to be done."""


@dataclass(frozen=True, slots=True)
class Check:
    """A question that is asked of every installation."""

    number: str
    """``D-1`` and so on; a number is never used again."""
    name: str
    """A few words."""
    look: Callable[[Installation], Iterable[Finding]]
    """Nothing where an installation has none of what it asks about."""


def ok(said: str, where: str = "") -> Finding:
    """Return that something is as it should be."""
    return Finding("ok", said, where)


def warn(said: str, todo: str, where: str = "") -> Finding:
    """Return that something works and should be changed."""
    return Finding("warn", said, where, todo)


def fail(said: str, todo: str, where: str = "") -> Finding:
    """Return that something does not work, or is open to others."""
    return Finding("fail", said, where, todo)
