"""Records as a hub sends them, and what a member makes of one: taken, refused, or a lie."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.ledger.commitments import SALT_BYTES, commit
from stillwatch.share.exchange.client import UNREADABLE
from stillwatch.share.exchange.keyring import Keyring, MemberChange
from stillwatch.share.objects import (
    Indicator,
    Object,
    RuleError,
    Sighting,
    canonical,
    check_arrival,
    check_author,
    parse_canonical,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Page", "Record", "Taken", "commitment_of", "read_page", "taken"]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the log with what it commits to."""

    index: int
    kind: Literal["object", "member", "epoch"]
    made_by: Literal["member", "hub"]
    date_added: str
    salt: str
    """Base64."""
    object: msgspec.Raw
    publisher: str | None = None
    collection: str | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What a hub answers when asked for records."""

    records: list[Record]
    more: bool
    checkpoint: str
    last: int | None = None


class Ceremony(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a ceremony of the key operators, checked by whoever uses it."""

    time: str
    envelope: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Taken:
    """A record after it was verified."""

    index: int
    id: str
    """Of the object, or the member concerned."""
    type: str
    """STIX type, ``member``, or ``epoch`` for a ceremony of the key operators."""
    version: str
    """``modified``; the time of a membership change."""
    publisher: str
    made_by: str
    collection: str
    body: bytes
    """Canonical bytes."""
    item: Object | None
    """None for membership changes and for what was refused."""
    rule: str = ""
    """Rule that the object breaks; it is kept aside and never matched."""


def read_page(raw: bytes) -> Page:
    """Return a page.

    Raises:
        UnreachableError: the answer is not in its form.
    """
    try:
        return msgspec.json.decode(raw, type=Page)
    except UNREADABLE as error:
        raise UnreachableError(
            f"the hub's records are not in their form: {error}", todo="ask the hub's operator"
        ) from error


def commitment_of(record: Record) -> bytes:
    """Return the log's entry for a record.

    Raises:
        RefusedError: M-4 the salt is none.
    """
    try:
        salt = base64.b64decode(record.salt, validate=True)
    except (binascii.Error, ValueError):
        salt = b""
    if len(salt) != SALT_BYTES:
        raise RefusedError("M-4", f"record {record.index} has no salt")  # M-4
    return commit(salt, bytes(record.object))


def taken(
    record: Record, previous: Callable[[str], Object | None], keyring: Keyring, *, now: float
) -> Taken:
    """Return what is kept of a record that is in the log.

    Args:
        record: verified to be in the log.
        previous: the newest version held of an id.
        keyring: of the members, up to this record; follows it.
        now: seconds since 1970.
    """
    body = bytes(record.object)
    shared = (record.publisher or "", record.made_by, record.collection or "", body)
    if record.kind != "object":
        return _entry(record, body, keyring)
    try:
        item, made = parse_canonical(body)
        _check(record, item, previous, keyring, now)
    except RefusedError as error:
        return Taken(record.index, "", "", "", *shared, None, error.rule)
    if made != body:  # M-5: the log holds other bytes than those that are compared
        return Taken(record.index, "", "", "", *shared, None, "M-5")
    return Taken(record.index, item.id, item.type, item.modified, *shared, item)


def _entry(record: Record, body: bytes, keyring: Keyring) -> Taken:
    """Return what is kept of a change of membership, or of a ceremony."""
    shared = (record.publisher or "", record.made_by, record.collection or "", body)
    try:
        if record.kind == "epoch":
            ceremony = msgspec.json.decode(body, type=Ceremony)
            return Taken(record.index, "", "epoch", ceremony.time, *shared, None)
        change = msgspec.json.decode(body, type=MemberChange)
    except UNREADABLE:
        return Taken(record.index, "", record.kind, "", *shared, None, "M-6")  # M-6
    try:
        keyring.change(change)
    except RefusedError as error:
        return Taken(record.index, change.member, "member", "", *shared, None, error.rule)
    return Taken(record.index, change.member, "member", change.time, *shared, None)


def _check(
    record: Record,
    item: Object,
    previous: Callable[[str], Object | None],
    keyring: Keyring,
    now: float,
) -> None:
    held = previous(item.id)
    if not isinstance(item, Indicator | Sighting):
        return
    if record.made_by == "hub":
        if item.revoked is not True:
            raise RefusedError("M-7", "the hub can take away and not give")  # M-7
        if not isinstance(held, Indicator | Sighting) or held.created_by_ref != item.created_by_ref:
            raise RefusedError("M-7", "the hub takes away what was not there")  # M-7
        return
    if record.publisher != item.created_by_ref:
        raise RefusedError("M-8", "the publisher is not the author")  # M-8
    sighted = previous(item.sighting_of_ref) if isinstance(item, Sighting) else None
    try:
        check_arrival(item, now=now, sender=item.created_by_ref, previous=held, sighted=sighted)
    except RuleError as error:
        if error.rule == "X-47" and held is not None and canonical(item) == canonical(held):
            return  # the same version again changes nothing
        raise
    check_author(item, keyring.keys(item.created_by_ref))
