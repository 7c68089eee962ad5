"""Posted envelopes inside a transaction: what is decided of each object; the status resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from stillwatch.errors import RefusedError
from stillwatch.share.hub.audiences import sees, unpacked
from stillwatch.share.hub.publishing import Held, decide
from stillwatch.share.hub.times import written
from stillwatch.share.objects import RuleError
from stillwatch.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillwatch.share.hub.accepted import Accepted
    from stillwatch.share.hub.journal import Journal, Record
    from stillwatch.share.hub.publishing import Decision
    from stillwatch.share.hub.roster import Collection, Member

__all__ = ["Failure", "Post", "Posted", "write_posts"]

_encode = msgspec.json.Encoder().encode
_CHUNK = 400


@dataclass(frozen=True, slots=True)
class Failure:
    """An object that was not taken."""

    id: str
    """As it gave itself; empty where it gave none."""

    version: str
    """As it gave itself; empty where it gave none."""

    rule: str
    """The rule it broke."""

    message: str
    """Rule and words."""


@dataclass(frozen=True, slots=True)
class Post:
    """An envelope that was read."""

    member: int
    """Number of the poster."""

    collection: int
    """Number of the collection."""

    items: tuple[Accepted | Failure, ...]
    """Its objects in order."""

    status_id: bytes
    """UUID of the status resource, 16 bytes."""

    status_text: str
    """The same as text."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of an envelope."""

    status: bytes
    """Status resource (TAXII 2.1, section 4.3.1), JSON."""

    taken: int
    """Objects taken, repetitions included."""

    refused: tuple[Failure, ...]
    """Objects not taken."""

    leaves: tuple[int, ...]
    """Indices of the new entries."""


def write_posts(journal: Journal, posts: Sequence[Post]) -> list[Posted]:
    """Decide and write envelopes, in order."""
    wanted = {
        name
        for post in posts
        for item in post.items
        if not isinstance(item, Failure)
        for name in (item.id, item.target)
        if name
    }
    held = _held(journal, wanted)
    told: dict[tuple[str, int], dict[str, Any]] = {}
    done = [_write(journal, post, held, told) for post in posts]
    rows = [
        {"id": post.status_id, "member": post.member, "made": journal.now, "content": result.status}
        for post, result in zip(posts, done, strict=True)
    ]
    journal.connection.execute(sa.insert(tables.statuses), rows)
    _write_outcomes(journal, told)
    return done


def _held(journal: Journal, wanted: Iterable[str]) -> dict[str, list[Held]]:
    names = sorted(wanted)
    held: dict[str, list[Held]] = {}
    for at in range(0, len(names), _CHUNK):
        for row in journal.connection.execute(_HELD, {"ids": names[at : at + _CHUNK]}):
            found = Held(
                row.leaf, row.version, row.collection, row.publisher, row.tlp,
                unpacked(row.audience), row.by_hub, bytes(row.body),
            )  # fmt: skip
            held.setdefault(row.id, []).append(found)
    return held


def _write(
    journal: Journal,
    post: Post,
    held: dict[str, list[Held]],
    told: dict[tuple[str, int], dict[str, Any]],
) -> Posted:
    poster = journal.roster.members[post.member]
    collection = journal.roster.collections[post.collection]
    taken: list[dict[str, str]] = []
    refused: list[Failure] = []
    leaves: list[int] = []
    for item in post.items:
        if isinstance(item, Failure):
            refused.append(item)
            continue
        try:
            known, seen = held.get(item.id, []), held.get(item.target, [])
            decision = decide(item, poster, collection, journal.roster, known, seen, journal.now)
        except (RefusedError, RuleError) as error:
            refused.append(Failure(item.id, item.modified, error.rule, str(error)))
            continue
        taken.append({"id": item.id, "version": item.modified})
        if decision.rows:
            new = _apply(journal, decision, collection, held)
            leaves += [record.leaf for record in new]
            _note_outcome(item, poster, held, journal, told)
    status = _status(post, taken, refused, journal.now)
    return Posted(status, len(taken), tuple(refused), tuple(leaves))


def _apply(
    journal: Journal, decision: Decision, collection: Collection, held: dict[str, list[Held]]
) -> list[Record]:
    """Write a decision's rows; later envelopes of the transaction see them."""
    new = [journal.add(row) for row in decision.rows]
    given = decision.rows[0].accepted
    gone = {old.leaf for old in decision.replaced}
    for old in decision.replaced:
        other = old.tlp != given.tlp or old.audience != decision.rows[0].audience
        journal.replace(old.leaf, given.id, new[0].added, remarked=other or old.by_hub)
    if decision.replaced and given.valid_until is not None:
        journal.shorten(given.id, new[0].leaf, given.valid_until)
    held[given.id] = [row for row in held.get(given.id, []) if row.leaf not in gone] + [
        Held(
            record.leaf, row.accepted.version, row.collection, row.publisher,
            row.accepted.tlp, row.audience, row.by_hub, row.accepted.body,
        )
        for row, record in zip(decision.rows, new, strict=True)
    ]  # fmt: skip
    owed = [
        {
            "leaf": next((r.leaf for r in new[1:] if member in (r.audience or ())), new[0].leaf),
            "member": member,
            "collection": collection.number,
            "object": given.id,
            "modified": given.modified,
            "publisher": new[0].publisher,
            "deadline": decision.deadline,
        }
        for member in sorted(decision.owed)
    ]
    if owed and given.type == "indicator":
        journal.connection.execute(sa.insert(tables.recalls), owed)
    return new


def _note_outcome(
    item: Accepted,
    poster: Member,
    held: dict[str, list[Held]],
    journal: Journal,
    told: dict[tuple[str, int], dict[str, Any]],
) -> None:
    """Keep a sighting's outcome, where its sender may know of the indicator and it is another's."""
    if not item.target:
        return
    for row in held.get(item.target, []):
        place = journal.roster.collections.get(row.collection)
        if (
            place
            and place.holds(poster.number)
            and row.publisher != poster.number
            and sees(poster.number, row.audience, row.publisher, by_hub=row.by_hub)
        ):
            told[item.target, poster.number] = {
                "target": item.target,
                "member": poster.number,
                "publisher": row.publisher,
                "outcome": "" if item.revoked else item.outcome,
                "told": journal.now,
            }


def _write_outcomes(journal: Journal, told: dict[tuple[str, int], dict[str, Any]]) -> None:
    if told:
        journal.connection.execute(_PUT_OUTCOME, list(told.values()))


def _status(post: Post, taken: list[dict[str, str]], refused: list[Failure], now: int) -> bytes:
    made: dict[str, Any] = {
        "id": post.status_text,
        "status": "complete",
        "request_timestamp": written(now),
        "total_count": len(post.items),
        "success_count": len(taken),
        "successes": taken,
        "failure_count": len(refused),
        "failures": [{"id": f.id, "version": f.version, "message": f.message} for f in refused],
        "pending_count": 0,
    }
    return _encode(made)


_table = tables.objects.c
_HELD = sa.select(
    _table.leaf, _table.id, _table.version, _table.collection, _table.publisher, _table.tlp,
    _table.audience, _table.by_hub, _table.body,
).where(
    _table.id.in_(sa.bindparam("ids", expanding=True)),
    _table.superseded.is_(None),
    _table.collection.is_not(None),
).order_by(_table.leaf)  # fmt: skip
_PUT_OUTCOME = sa.text(
    "INSERT INTO hub_outcomes (target, member, publisher, outcome, told)"
    " VALUES (:target, :member, :publisher, :outcome, :told)"
    " ON CONFLICT (target, member) DO UPDATE SET outcome = excluded.outcome, told = excluded.told"
)
