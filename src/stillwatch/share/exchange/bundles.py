"""Objects by file, without a hub: a signed envelope (DSSE) that any member can read.

A bundle says who made it, when, and for whom.  There is no log behind it: what it holds was said by
its signer, and nobody else has seen that it was said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stillwatch.errors import RefusedError
from stillwatch.ledger import dsse
from stillwatch.share.exchange.client import UNREADABLE
from stillwatch.share.exchange.records import Taken
from stillwatch.share.objects import (
    AuthorKey,
    Indicator,
    Object,
    RuleError,
    Sighting,
    canonical,
    check_arrival,
    check_author,
    parse_canonical,
    seconds,
    stamp,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from stillwatch.ledger import SigningKey, VerifyKey

__all__ = ["BUNDLE_TYPE", "LONGEST", "opened_bundle", "sealed_bundle", "taken_from"]

BUNDLE_TYPE = "application/vnd.stillwatch.exchange.bundle+json"
"""Type of the envelope's payload."""
LONGEST = 64 << 20
"""Bytes of a file at most."""
_OLDEST = 30 * 86_400.0


class Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an envelope holds."""

    made_by: str
    """Identity id of the member that signed it."""
    made: str
    objects: list[msgspec.Raw]
    audience: list[str] = []
    """Members that it is for; empty for any."""


def sealed_bundle(
    items: Sequence[Object],
    *,
    member: str,
    key: SigningKey,
    now: float,
    audience: Sequence[str] = (),
) -> bytes:
    """Return a signed envelope of objects.

    Only what its member made goes in; what others sent under a marking is not the member's to pass
    on.

    Raises:
        RefusedError: M-10 an object is another member's.
    """
    if any(getattr(item, "created_by_ref", member) != member for item in items):
        raise RefusedError("M-10", "a bundle holds what its member made, and nothing else")  # M-10
    document = {
        "made_by": member,
        "made": stamp(now),
        "audience": sorted(set(audience)),
        "objects": [msgspec.Raw(canonical(item)) for item in items],
    }
    payload = msgspec.json.encode(document, order="sorted")
    return dsse.seal_envelope(BUNDLE_TYPE, payload, [key])


def opened_bundle(
    raw: bytes, keys: Iterable[tuple[str, VerifyKey]], *, member: str, now: float
) -> Bundle:
    """Return what an envelope holds after verifying who signed it.

    Args:
        raw: the file.
        keys: members and their keys.
        member: identity id of the reader.
        now: seconds since 1970.

    Raises:
        RefusedError: M-11 the signature, the form, the audience or the time.
    """
    known = list(keys)
    try:
        opened = dsse.open_envelope(raw, BUNDLE_TYPE, [key for _, key in known])
        bundle = msgspec.json.decode(opened.payload, type=Bundle)
    except UNREADABLE as error:
        raise RefusedError("M-11", f"the bundle is not in its form: {error}") from error  # M-11
    signers = {number for number, key in known if key in opened.signers}
    if bundle.made_by not in signers:
        raise RefusedError("M-11", "the bundle is not signed by the member that it names")  # M-11
    if bundle.audience and member not in bundle.audience:
        raise RefusedError("M-11", "the bundle is for other members")  # M-11
    try:
        made = seconds(bundle.made)
    except RuleError as error:
        raise RefusedError("M-11", f"the bundle's time is none: {error}") from error  # M-11
    if not now - _OLDEST <= made <= now + 600.0:
        raise RefusedError("M-11", "the bundle is over 30 days old, or of a time to come")  # M-11
    return bundle


def taken_from(
    bundle: Bundle,
    previous: Callable[[str], Object | None],
    keys: Iterable[AuthorKey],
    *,
    now: float,
) -> list[Taken]:
    """Return what is kept of a bundle's objects.

    Args:
        bundle: opened.
        previous: the newest version held of an id.
        keys: of the member that made it.
        now: seconds since 1970.
    """
    known = tuple(keys)
    found = []
    for raw in bundle.objects:
        shared = (bundle.made_by, "member", "", bytes(raw))
        try:
            item, body = parse_canonical(bytes(raw))
            if not isinstance(item, Indicator | Sighting):
                continue
            check_arrival(item, now=now, sender=bundle.made_by, previous=previous(item.id))
            check_author(item, known)
        except RuleError as error:
            if error.rule != "X-47":  # held already, or newer
                found.append(Taken(-1, "", "", "", *shared, None, error.rule))
            continue
        found.append(
            Taken(-1, item.id, item.type, item.modified, bundle.made_by, "member", "", body, item)
        )
    return found
