"""Routes, and what each asks of who calls it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.responses import Response

    from stillwatch.report.console.cases import Act, Person
    from stillwatch.report.console.web.asking import Asked
    from stillwatch.report.console.web.desk import Desk

__all__ = ["Door", "Way", "opens"]


class Door(Enum):
    """What is open without a role."""

    ANYONE = "anyone"
    """Without signing in."""
    SIGNED_IN = "signed in"
    """With any role, or none."""


@dataclass(frozen=True, slots=True)
class Way:
    """One route."""

    path: str
    verb: str
    """GET or POST; every POST needs the form's token as well."""
    needs: Door | tuple[Act, ...]
    """Acts of which the caller's roles permit one at least."""
    call: Callable[[Desk, Asked], Awaitable[Response]]
    live: bool = False
    """Asked for by the page itself: does not keep a session from idling out."""
    probe: bool = False
    """Asked for by machines, under whatever name they know."""


def opens(way: Way, person: Person | None) -> bool:
    """Say whether somebody may take a way; None is who has not signed in."""
    if way.needs is Door.ANYONE:
        return True
    if person is None:
        return False
    if isinstance(way.needs, Door):
        return True
    return any(person.may(act) for act in way.needs)
