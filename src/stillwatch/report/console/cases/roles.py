"""Who may see and do what, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from stillwatch.errors import StillwatchError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAY", "Act", "ForbiddenError", "Person", "Role", "may", "role_for"]


class Role(StrEnum):
    """What somebody is here for; a person may have several roles."""

    ANALYST = "analyst"
    APPROVER = "approver"
    COUNSEL = "counsel"
    SUPPORT = "support"
    READ_ONLY = "read_only"


class Act(StrEnum):
    """What can be seen or done."""

    SEE_OVERVIEW = "see_overview"
    """Totals, and the health of what the console rests on."""
    SEE_CAMPAIGNS = "see_campaigns"
    """Campaigns with their members, groups, the queue."""
    SEE_ACCOUNTS = "see_accounts"
    """One account at a time, with its appeals."""
    SEE_EXCHANGE = "see_exchange"
    SEE_LOG = "see_log"
    """The log of actions, with the names of those who acted."""
    CONFIRM = "confirm"
    REJECT = "reject"
    BENIGN = "benign"
    MERGE = "merge"
    SPLIT = "split"
    MOVE = "move"
    UNDO = "undo"
    """Of an act of one's own."""
    UNDO_OTHERS = "undo_others"
    REQUEST = "request"
    """Ask for a measure or a publication; counts as one's own agreement to it."""
    APPROVE = "approve"
    """Agree to what another asked for, or decline it."""
    EXPORT = "export"
    """Tables as files, and ``decisions.json``."""
    PEOPLE = "people"
    """Give roles, end sessions."""


_SEE = {Act.SEE_OVERVIEW, Act.SEE_CAMPAIGNS, Act.SEE_ACCOUNTS, Act.SEE_EXCHANGE}
_DECIDE = {Act.CONFIRM, Act.REJECT, Act.BENIGN, Act.MERGE, Act.SPLIT, Act.MOVE, Act.UNDO}

MAY: Mapping[Role, frozenset[Act]] = MappingProxyType(
    {
        Role.ANALYST: frozenset({*_SEE, *_DECIDE, Act.SEE_LOG, Act.REQUEST, Act.EXPORT}),
        Role.APPROVER: frozenset(
            {*_SEE, Act.SEE_LOG, Act.APPROVE, Act.UNDO_OTHERS, Act.EXPORT, Act.PEOPLE}
        ),
        Role.COUNSEL: frozenset({*_SEE, Act.SEE_LOG, Act.EXPORT}),
        Role.SUPPORT: frozenset({Act.SEE_OVERVIEW, Act.SEE_ACCOUNTS}),
        Role.READ_ONLY: frozenset({Act.SEE_OVERVIEW, Act.SEE_CAMPAIGNS, Act.SEE_EXCHANGE}),
    }
)
"""What each role may do."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in.

    >>> Person("ada", frozenset({Role.SUPPORT})).may(Act.SEE_ACCOUNTS)
    True
    """

    name: str
    """Stable and unique: two names are two people."""
    roles: frozenset[Role]

    def may(self, act: Act) -> bool:
        """Say whether one of the roles permits an act."""
        return any(act in MAY[role] for role in self.roles)


class ForbiddenError(StillwatchError):
    """The person's roles do not permit the act."""

    exit_code = 12


def may(person: Person, act: Act) -> None:
    """Let an act pass.

    Args:
        person: who acts.
        act: what they want to do.

    Raises:
        ForbiddenError: no role of theirs permits it.
    """
    if not person.may(act):
        able = ", ".join(role.value for role in Role if act in MAY[role])
        raise ForbiddenError(
            f"{person.name} may not do this: {act.value}",
            where=", ".join(sorted(person.roles)) or "no role",
            todo=f"ask somebody who is: {able}",
        )


def role_for(person: Person, act: Act) -> Role:
    """Return the role in which a person does something, the first that permits it.

    Raises:
        ForbiddenError: no role of theirs permits it.
    """
    may(person, act)
    return next(role for role in Role if role in person.roles and act in MAY[role])
