"""What a hub's stream of NATS JetStream is called, and who may ask for what of it.

A record for everybody in a collection is on one subject; one that is for some is on a subject of
each of them. No member reads a subject: it asks for the next message of a consumer of its own,
which the hub makes and filters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillwatch.share.hub.journal import Record
    from stillwatch.share.hub.roster import Member, Roster

__all__ = ["Names", "filters_of", "names_of", "recipients", "subscribers", "users"]


@dataclass(frozen=True, slots=True)
class Names:
    """What a member needs to know to read."""

    stream: str
    """Name of the stream."""

    consumer: str
    """Name of the member's durable consumer."""

    inbox: str
    """What the subjects begin with under which the member gets answers."""


def names_of(hub: str, member: int) -> Names:
    """Return a member's names.

    Args:
        hub: id of the log's key.
        member: number of the member.
    """
    return Names(f"STILLWATCH_{hub[:16]}", f"m{member}", f"_INBOX_{hub[:16]}_m{member}")


def recipients(record: Record, roster: Roster, readers: frozenset[int]) -> list[tuple[int, str]]:
    """Return for whom a record is put on which subject, below the hub's own; in order.

    Args:
        record: the record.
        roster: everybody.
        readers: numbers of the members that read from NATS and are active.
    """
    if record.collection is None:
        return [(0, "members")]
    place = roster.collections.get(record.collection)
    if place is None:
        return []
    if record.audience is None and not record.by_hub:
        return [(0, f"all.{record.collection}")]
    named = record.audience or frozenset()
    entitled = named - {record.publisher} if record.by_hub else named | {record.publisher}
    return [
        (number, f"to.{number}")
        for number in sorted(entitled & readers)
        if roster.members[number].reads and place.holds(number)
    ]


def subscribers(roster: Roster, now: int) -> dict[int, str]:
    """Return the NATS key in use of each active member that has one, by the member's number."""
    held = [
        (one.since, one.member, name)
        for name, one in roster.credentials.items()
        if one.kind == "nats" and one.good(now) and roster.members[one.member].state == "active"
    ]
    return {member: name for _, member, name in sorted(held)}


def filters_of(roster: Roster, member: Member) -> list[str]:
    """Return what a member's consumer passes on, below the hub's own subject."""
    mine = [f"all.{place.number}" for place in roster.collections_of(member) if member.reads]
    return sorted(["members", "checkpoint", f"to.{member.number}", *mine])


def users(roster: Roster, hub: str, hub_key: str, now: int) -> str:
    """Return an account for nats-server's configuration: the hub, and each member that reads.

    Args:
        roster: everybody.
        hub: id of the log's key.
        hub_key: the hub's own NATS key.
        now: microseconds since 1970.
    """
    lines = [f"    {{ nkey: {hub_key} }}"]
    for name, one in sorted(roster.credentials.items(), key=lambda item: item[1].member):
        member = roster.members[one.member]
        if one.kind == "nats" and one.good(now) and member.state == "active":
            lines.append(_user(name, names_of(hub, one.member)))
    inside = "\n".join(lines)
    return f"STILLWATCH {{\n  jetstream: enabled\n  users: [\n{inside}\n  ]\n}}\n"


def _user(key: str, names: Names) -> str:
    """Return a user that may ask for its consumer's messages and say that it has them."""
    consumer = f"{names.stream}.{names.consumer}"
    asks = [
        f"{api}.{verb}.{consumer}"
        for api in ("$JS.API", "$JS.*.API")  # the second: through a leaf node of another domain
        for verb in ("CONSUMER.MSG.NEXT", "CONSUMER.INFO")
    ]
    publish = ", ".join(f'"{subject}"' for subject in [*asks, f"$JS.ACK.{consumer}.>"])
    return (
        f"    {{ nkey: {key}, permissions: {{\n"
        f"      publish: [{publish}]\n"
        f'      subscribe: ["{names.inbox}.>"] }} }}'
    )
