"""A publisher's record of precision, from other members' sightings, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.share.hub.times import DAY
from stillwatch.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.share.hub.journal import Journal

__all__ = ["LIMIT_RULE", "Precision", "judge", "read_precision"]

LIMIT_RULE = (
    "an indicator is wrong where more members report it as false positive than confirm it; with at"
    " least 5 wrong and over 20 % wrong of those judged in 90 days, the quota of objects is a tenth"
)
_DAYS = 90
_LEAST_WRONG = 5
_WRONG_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Precision:
    """What members said of a publisher's indicators in 90 days."""

    right: int
    """Indicators that more members confirmed than reported as false positive."""

    wrong: int
    """Indicators that more members reported as false positive than confirmed."""

    @property
    def limits(self) -> bool:
        """Say whether the publisher is limited.

        >>> Precision(19, 5).limits, Precision(20, 5).limits, Precision(0, 4).limits
        (True, False, False)
        """
        judged = self.right + self.wrong
        return self.wrong >= _LEAST_WRONG and self.wrong > _WRONG_SHARE * judged


def read_precision(connection: Connection, publisher: int, now: int) -> Precision:
    """Return a publisher's record."""
    c = tables.outcomes.c
    score = sa.func.sum(
        sa.case((c.outcome == "confirmed", 1), (c.outcome == "false-positive", -1), else_=0)
    )
    scores = connection.execute(
        sa.select(score)
        .where(c.publisher == publisher, c.told > now - _DAYS * DAY)
        .group_by(c.target)
    ).scalars()
    found = [int(value) for value in scores]
    return Precision(sum(v > 0 for v in found), sum(v < 0 for v in found))


def judge(journal: Journal) -> None:
    """Limit publishers whose indicators keep being wrong, and free those whose are no longer."""
    c = tables.outcomes.c
    told = set(journal.connection.execute(sa.select(c.publisher).distinct()).scalars())
    changed = False
    for member in journal.roster.members.values():
        if member.number not in told and not member.limited:
            continue
        limited = read_precision(journal.connection, member.number, journal.now).limits
        if limited != member.limited:
            changed = True
            journal.connection.execute(
                sa.update(tables.members)
                .where(tables.members.c.number == member.number)
                .values(limited=limited)
            )
    if changed:
        journal.refresh()
