"""What a posted version does to what is held: refuse, repeat, add, withdraw. Without I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from stillwatch.errors import RefusedError
from stillwatch.ledger import canonical
from stillwatch.share.hub.audiences import Audience, left_out
from stillwatch.share.hub.times import DAY, SECOND, written
from stillwatch.share.objects import check_arrival, check_author, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.share.hub.accepted import Accepted
    from stillwatch.share.hub.roster import Collection, Member, Roster

__all__ = ["RECALL_SECONDS", "Decision", "Held", "Row", "decide"]

RECALL_SECONDS = 72 * 3600
"""Deadline of a withdrawal, from when it was added."""


@dataclass(frozen=True, slots=True)
class Row:
    """A version to keep; one leaf of the log."""

    accepted: Accepted
    """The object."""

    collection: int
    """Number of its collection."""

    publisher: int
    """Number of the member whose object it is."""

    audience: Audience
    """Who may have it."""

    by_hub: bool
    """A withdrawal, made by the hub for those who are left out."""


@dataclass(frozen=True, slots=True)
class Held:
    """A version that nothing newer has replaced yet for its audience."""

    leaf: int
    """Index in the log."""

    version: int
    """Microseconds since 1970."""

    collection: int
    """Number of its collection."""

    publisher: int
    """Number of its publisher."""

    tlp: str
    """Its marking."""

    audience: Audience
    """Who may have it."""

    by_hub: bool
    """A withdrawal."""

    body: bytes
    """Canonical bytes."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be written for one posted version."""

    rows: tuple[Row, ...] = ()
    """The version and withdrawals, in order; none for a repetition."""

    replaced: tuple[Held, ...] = ()
    """What they take the place of."""

    owed: frozenset[int] = frozenset()
    """Members that must say what they did about a recall."""

    deadline: int = 0
    """Until when, microseconds since 1970."""


def decide(
    given: Accepted,
    poster: Member,
    collection: Collection,
    roster: Roster,
    held: Sequence[Held],
    sighted: Sequence[Held],
    now: int,
) -> Decision:
    """Return what a posted version does.

    Args:
        given: the version.
        poster: who sent it.
        collection: where to.
        roster: everybody.
        held: rows of the same id that nothing has replaced.
        sighted: the same of the indicator that a sighting names.
        now: microseconds since 1970.

    Raises:
        RefusedError: the rule H-n that it breaks.
        RuleError: the rule X-n that it breaks.
    """
    newest = next((row for row in held if not row.by_hub), None)
    if newest and (newest.publisher != poster.number or newest.collection != collection.number):
        raise RefusedError("H-4", "an earlier version is another member's, or elsewhere")  # H-4
    if newest and (given.version, given.body) == (newest.version, newest.body):
        return Decision()
    if not given.tlp:
        check_arrival(given.item, now=now / SECOND, sender=poster.id)
        return Decision()  # everybody has it already
    target = next((row for row in sighted if not row.by_hub), None)
    check_arrival(
        given.item,
        now=now / SECOND,
        sender=poster.id,
        previous=parse(newest.body) if newest else None,
        sighted=parse(target.body) if target else None,
    )
    check_author(given.item, roster.author_keys(poster.number, now))
    audience = _audience(given, poster, collection, roster)
    version = Row(given, collection.number, poster.number, audience, by_hub=False)
    if not held:
        return Decision((version,))
    return _following(version, roster.readers(collection) - {poster.number}, held, now)


def _following(version: Row, readers: frozenset[int], held: Sequence[Held], now: int) -> Decision:
    """Return what a version does to those before it.

    Those who had one and may not have the new one get a withdrawal (H-14); those who have one and
    are left out again hear nothing.
    """
    given, rows = version.accepted, [version]
    replaced: list[Held] = []
    had_any: frozenset[int] = frozenset()
    withdrawn: frozenset[int] = frozenset()
    for row in held:
        had = readers if row.audience is None else row.audience & readers
        out = left_out(row.audience, version.audience, readers)
        if row.by_hub and out == had:
            continue
        replaced.append(row)
        had_any |= had
        if out:
            withdrawn |= out
            rows.append(_withdrawal(row, given, out, version.publisher, now))
    deadline = given.deadline or now + RECALL_SECONDS * SECOND
    owed = had_any if given.revoked else withdrawn
    return Decision(tuple(rows), tuple(replaced), owed, deadline)


def _audience(given: Accepted, poster: Member, collection: Collection, roster: Roster) -> Audience:
    if given.audience is None:
        return None
    numbers = set()
    for name in given.audience:
        member = roster.by_id.get(name)
        if member is None or member.state == "left" or not collection.holds(member.number):  # H-5
            raise RefusedError("H-5", f"the audience names {name}, who is no member here")
        numbers.add(member.number)
    return frozenset(numbers - {poster.number})


def _withdrawal(row: Held, given: Accepted, out: frozenset[int], publisher: int, now: int) -> Row:
    """Return the version that members could see, revoked: what they hold and no more."""
    content = msgspec.json.decode(row.body)
    content["revoked"] = True
    content["modified"] = given.modified
    for extension in content["extensions"].values():
        extension.pop("signed", None)  # the author did not say this
    if given.type == "indicator":
        until = min(now + RECALL_SECONDS * SECOND, given.version + 30 * DAY)
        for extension in content["extensions"].values():
            extension["recall"] = {"reason": "superseded", "deadline": written(until)}
    accepted = replace(
        given, tlp=row.tlp, revoked=True, target="", outcome="", body=canonical(content)
    )
    return Row(accepted, row.collection, publisher, out, by_hub=True)
