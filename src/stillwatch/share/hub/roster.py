"""The members, keys and collections as they stand: read at once, looked up without a query."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.ledger import VerifyKey
from stillwatch.share.objects import AuthorKey
from stillwatch.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["ROLES", "Collection", "Credential", "Key", "Member", "Roster"]

ROLES = ("publish", "read", "observe", "counsel")
"""What members may be; publish includes read."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the hub knows it."""

    number: int
    """Of its row."""

    id: str
    """STIX identity id."""

    name: str
    """Given by the operator's invitation."""

    state: str
    """active, suspended or left."""

    roles: frozenset[str]
    """Of `ROLES`."""

    sealing_key: bytes
    """X25519 public key, 32 bytes."""

    joined: int
    """Microseconds since 1970."""

    objects_a_second: float
    """Quota of objects posted; bursts of 60 seconds' worth."""

    requests_a_second: float
    """Quota of requests; bursts of 60 seconds' worth."""

    reading_token: bytes | None
    """SHA-256 of the token for HTTP Basic; None where that is not allowed."""

    limited: bool
    """Too many of its indicators were wrong: a tenth of the quota of objects."""

    @property
    def reads(self) -> bool:
        """May read objects."""
        return "read" in self.roles or "publish" in self.roles


@dataclass(frozen=True, slots=True)
class Collection:
    """A TAXII collection."""

    number: int
    """Of its row."""

    id: str
    """UUID."""

    alias: str
    """Short name, which stands for the id in paths."""

    title: str
    """For people."""

    description: str
    """For people."""

    members: frozenset[int] | None
    """Members that it is for; None for all."""

    def holds(self, member: int) -> bool:
        """Say whether a member belongs to it."""
        return self.members is None or member in self.members


@dataclass(frozen=True, slots=True)
class Key:
    """A member's signing key."""

    member: int
    """Number of the member."""

    verify_key: VerifyKey
    """Public key."""

    since: int
    """Microseconds since 1970."""

    until: int | None
    """When it ends; None for the key in use."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a member shows on a connection, in place of signing each request."""

    member: int
    """Number of the member."""

    kind: str
    """tls or nats."""

    content: bytes
    """Certificate in DER; the 32 bytes of a NATS key."""

    since: int
    """Microseconds since 1970."""

    until: int | None
    """When it ends; None for the one in use."""

    def good(self, now: int) -> bool:
        """Say whether it counts."""
        return self.until is None or now < self.until


@dataclass(frozen=True)
class Roster:
    """Everybody, at one moment."""

    version: int
    """Rises with each change."""

    members: dict[int, Member]
    """By number."""

    keys: dict[str, Key]
    """By key id."""

    collections: dict[int, Collection]
    """By number."""

    credentials: dict[str, Credential]
    """By id: the certificate's SHA-256 in hexadecimal, or the NATS key as text."""

    @cached_property
    def by_id(self) -> dict[str, Member]:
        """Members by their STIX id."""
        return {member.id: member for member in self.members.values()}

    def author_keys(self, member: int, now: int) -> tuple[AuthorKey, ...]:
        """Return the keys with which a member may sign objects now."""
        return tuple(
            AuthorKey(key.verify_key)
            for key in self.keys.values()
            if key.member == member and (key.until is None or now < key.until)
        )

    def collection(self, name: str, member: Member) -> Collection | None:
        """Return the collection of an id or alias, where the member belongs to it."""
        for found in self.collections.values():
            if name in {found.id, found.alias} and found.holds(member.number):
                return found
        return None

    def collections_of(self, member: Member) -> list[Collection]:
        """Return the collections that a member belongs to."""
        return [c for c in self.collections.values() if c.holds(member.number)]

    def readers(self, collection: Collection) -> frozenset[int]:
        """Return the numbers of those who read a collection and have not left."""
        return frozenset(
            m.number
            for m in self.members.values()
            if m.reads and m.state != "left" and collection.holds(m.number)
        )

    @classmethod
    def read(cls, connection: Connection) -> Roster:
        """Return the roster as the tables have it."""
        version = connection.execute(sa.select(tables.head.c.roster)).scalar_one()
        people = {}
        for row in connection.execute(sa.select(tables.members)).mappings():
            given = {**row, "roles": frozenset(row["roles"].split())}
            people[row["number"]] = Member(**given)
        held = {
            row.key_id: Key(row.member, VerifyKey.decode(row.verify_key), row.since, row.until)
            for row in connection.execute(sa.select(tables.keys))
        }
        places = {
            row.number: Collection(
                row.number,
                row.id,
                row.alias,
                row.title,
                row.description,
                None if row.everybody else frozenset(json.loads(row.members)),
            )
            for row in connection.execute(sa.select(tables.collections))
        }
        shown = {
            row.id: Credential(row.member, row.kind, bytes(row.content), row.since, row.until)
            for row in connection.execute(sa.select(tables.credentials))
        }
        return cls(version, people, held, places, shown)
