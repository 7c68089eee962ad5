"""What leaves: drafted, shown as the very bytes, approved, kept, then sent.

An object is in the member's own store before it is sent and is marked after the hub answered, so
that a killed process sends it again: the same version twice is one entry of the log.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from stillwatch.errors import InputFormatError, RefusedError
from stillwatch.share.exchange.client import UNREADABLE
from stillwatch.share.exchange.store import slot_of
from stillwatch.share.objects import (
    Content,
    Indicator,
    campaign_ref,
    new_indicator,
    revised,
    seconds,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillwatch.share.exchange.client import HubClient
    from stillwatch.share.exchange.store import Store
    from stillwatch.share.objects import Tlp

__all__ = ["Draft", "Sent", "Terms", "drafted", "read_drafts", "send"]

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be said of a campaign."""

    campaign: str
    """Its local id, which does not leave."""
    content: Content
    first: float
    """First seen, seconds since 1970."""
    last: float
    """Last seen."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a member says of indicators that it publishes."""

    confidence: int = 75
    tlp: Tlp = "amber"
    licence: str = "observe"
    days: float | None = None
    """Life; None for the longest of the kind."""
    audience: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of objects."""

    taken: int
    """In the hub's log."""
    refused: tuple[tuple[str, str], ...]
    """Id and the hub's words."""


def drafted(
    drafts: Sequence[Draft],
    *,
    store: Store,
    member: str,
    secret: bytes,
    terms: Terms,
    now: float,
) -> list[Indicator]:
    """Return the indicators that would leave; new ones, or the next versions of those published.

    Args:
        drafts: what is to be said.
        store: knows what was published before.
        member: identity id of the author.
        secret: under which campaigns and ids get their names.
        terms: what is said of them.
        now: seconds since 1970.

    Raises:
        RuleError: one would break a rule.
    """
    made = []
    for draft in drafts:
        content, first, last = draft.content, draft.first, draft.last
        name = campaign_ref(secret, draft.campaign)
        number = store.own(name, slot_of(content))
        previous = store.last_sent(number) if number else None
        if isinstance(previous, Indicator) and previous.revoked is not True:
            made.append(_next(previous, content, terms, last, now))
            continue
        made.append(
            new_indicator(
                content,
                author=member,
                campaign=name,
                now=now,
                number=_number(secret, name, content, now if previous else 0.0),
                first_seen=first,
                last_seen=last,
                confidence=terms.confidence,
                tlp=terms.tlp,
                licence=terms.licence,
                days=terms.days,
                audience=terms.audience,
                note=terms.note,
            )
        )
    return made


def _number(secret: bytes, campaign: str, content: Content, again: float) -> bytes:
    """Return the 16 bytes of an id that only this member could have guessed."""
    label = f"stillwatch exchange id 1\0{campaign}\0{slot_of(content)}\0{again}"
    return hmac.new(secret, label.encode(), hashlib.sha256).digest()[:16]


def _next(
    previous: Indicator, content: Content, terms: Terms, last: float, now: float
) -> Indicator:
    fresh = new_indicator(
        content,
        author=previous.created_by_ref,
        campaign=previous.fields.campaign,
        now=now,
        number=bytes(16),
        first_seen=last,
        last_seen=last,
        days=terms.days,
    )
    return revised(
        previous,
        now=now,
        fields={
            "content": msgspec.to_builtins(content),
            "last_seen": max(fresh.fields.last_seen, previous.fields.last_seen),
            "licence": terms.licence,
            "note": terms.note or None,
            "audience": sorted(set(terms.audience)) or None,
        },
        pattern=fresh.pattern,
        confidence=terms.confidence,
        valid_from=fresh.valid_from,
        valid_until=fresh.valid_until,
    )


def send(client: HubClient, store: Store, collection: str) -> Sent:
    """Send what waits, oldest first.

    Args:
        client: asks the hub.
        store: holds what waits.
        collection: id of the collection.

    Raises:
        UnreachableError: the hub is away; what was not answered waits on.
        RefusedError: the hub refuses this member altogether.
    """
    taken, refused = 0, []
    path = f"/taxii2/api/collections/{collection}/objects/"
    waiting = store.waiting()
    for start in range(0, len(waiting), _BATCH):
        batch = waiting[start : start + _BATCH]
        body = b'{"objects":[' + b",".join(one.body for one in batch) + b"]}"
        try:
            status = client.post_taxii(path, body)
            failures = _failures(status)
        except RefusedError as error:
            if len(batch) > 1 or not error.rule.startswith(("X-", "H-")):
                raise
            failures = {(batch[0].id, ""): str(error)}
        for one in batch:
            words = failures.get((one.id, one.version), failures.get((one.id, "")))
            if words is None:
                taken += 1
                store.left(one.id, one.version, state="sent")
            else:
                refused.append((one.id, words))
                store.left(one.id, one.version, state="refused", words=words)
    return Sent(taken, tuple(refused))


def _failures(status: object) -> dict[tuple[str, str], str]:
    """Return what was not taken, by id and version; the version is empty where it is not said."""
    listed = status.get("failures") if isinstance(status, dict) else None
    if not isinstance(listed, list):
        return {}
    return {
        (str(one.get("id", "")), str(one.get("version", ""))): str(one.get("message", "refused"))
        for one in listed
        if isinstance(one, dict)
    }


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line of a file of contents."""

    campaign: str
    content: Content
    first_seen: str | None = None
    last_seen: str | None = None


def read_drafts(lines: Iterable[str], *, now: float) -> list[Draft]:
    """Return what a file of JSON Lines says.

    Args:
        lines: each an object of campaign, content and, where known, first_seen and last_seen.
        now: seconds since 1970, for times that are absent.

    Raises:
        InputFormatError: a line is not in its form.
    """
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            one = msgspec.json.decode(line, type=_Line)
        except UNREADABLE as error:
            raise InputFormatError(
                f"a line holds no content: {str(error).partition(' matching')[0]}",
                where=f"line {number}",
                todo="see docs/reference/exchange-member.md for the form",
            ) from error
        last = seconds(one.last_seen) if one.last_seen else now
        first = seconds(one.first_seen) if one.first_seen else last
        found.append(Draft(one.campaign, one.content, first, last))
    return found
