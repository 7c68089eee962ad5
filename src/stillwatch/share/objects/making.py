"""Objects made: a first version, a later one, a recall, a sighting.

The core takes time and random bytes as arguments; what is made was read back under all rules.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import UNSET

from stillwatch.share.objects.fields import EXTENSION_ID
from stillwatch.share.objects.fixed import TLP
from stillwatch.share.objects.life import LIVES, kind_of
from stillwatch.share.objects.patterns import pattern_of
from stillwatch.share.objects.record import Indicator, Sighting
from stillwatch.share.objects.rules import RuleError
from stillwatch.share.objects.wire import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from stillwatch.share.objects.content import Content
    from stillwatch.share.objects.fixed import Tlp

__all__ = ["campaign_ref", "new_indicator", "new_sighting", "recalled", "revised", "stamp"]

_DAY = 86_400.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_T = TypeVar("_T", Indicator, Sighting)


def stamp(seconds: float) -> str:
    """Return a time as objects state it, to the millisecond.

    >>> stamp(1795305600.5)
    '2026-11-22T00:00:00.500Z'
    """
    at = _EPOCH + timedelta(milliseconds=round(seconds * 1_000))
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1_000:03d}Z"


def campaign_ref(secret: bytes, campaign: str) -> str:
    """Return the name under which a member speaks of a campaign of its own.

    Args:
        secret: known to the member alone.
        campaign: its local id.

    >>> campaign_ref(b"secret", "c-1").startswith("campaign-")
    True
    """
    label = b"stillwatch exchange campaign 1\0" + campaign.encode()
    return "campaign-" + hmac.new(secret, label, hashlib.sha256).hexdigest()[:32]


def new_indicator(
    content: Content,
    *,
    author: str,
    campaign: str,
    now: float,
    number: bytes,
    first_seen: float,
    last_seen: float,
    confidence: int = 75,
    tlp: Tlp = "amber",
    licence: str = "observe",
    days: float | None = None,
    audience: Sequence[str] = (),
    note: str = "",
) -> Indicator:
    """Return a first version.

    Args:
        content: what it says.
        author: identity id of the member.
        campaign: see :func:`campaign_ref`.
        now: seconds since 1970.
        number: 16 random bytes, for the id.
        first_seen: seconds since 1970.
        last_seen: seconds since 1970.
        confidence: in a hundred.
        tlp: word of TLP 2.0.
        licence: observe, limit or challenge.
        days: life; None takes the longest of the kind.
        audience: identity ids; empty for all that the TLP allows.
        note: a remark for analysts, screened.

    Raises:
        RuleError: it would break a rule.
    """
    life = LIVES[kind_of(content)].longest if days is None else days
    fields = {
        **_fields(audience, note),
        "content": msgspec.to_builtins(content),
        "campaign": campaign,
        "first_seen": stamp(first_seen),
        "last_seen": stamp(last_seen),
        "licence": licence,
    }
    return _read(
        {
            **_common("indicator", author, now, number, tlp),
            "confidence": confidence,
            "extensions": {EXTENSION_ID: fields},
            "indicator_types": ["malicious-activity"],
            "pattern": pattern_of(content),
            "pattern_type": "stix",
            "pattern_version": "2.1",
            "valid_from": stamp(now),
            "valid_until": stamp(now + life * _DAY),
        },
        Indicator,
    )


def new_sighting(
    indicator: Indicator,
    outcome: str,
    *,
    author: str,
    now: float,
    number: bytes,
    grounds: str | None = None,
    tlp: Tlp = "amber",
    audience: Sequence[str] = (),
    note: str = "",
) -> Sighting:
    """Return a member's word on an indicator.

    Args:
        indicator: that it is of.
        outcome: one of ``OUTCOMES``.
        author: identity id of the member.
        now: seconds since 1970.
        number: 16 random bytes, for the id.
        grounds: what the outcome rests on; needed where it finds fault.
        tlp: word of TLP 2.0.
        audience: identity ids; empty for all that the TLP allows.
        note: a remark for analysts, screened.

    Raises:
        RuleError: it would break a rule.
    """
    fields = {**_fields(audience, note), "outcome": outcome}
    if grounds is not None:
        fields["grounds"] = grounds
    return _read(
        {
            **_common("sighting", author, now, number, tlp),
            "extensions": {EXTENSION_ID: fields},
            "sighting_of_ref": indicator.id,
        },
        Sighting,
    )


def revised(
    item: Indicator,
    *,
    now: float,
    fields: Mapping[str, object] | None = None,
    **changes: object,
) -> Indicator:
    """Return the next version of an indicator.

    Args:
        item: the newest version.
        now: seconds since 1970; a clock that went back is put a millisecond after it.
        fields: changes in our extension; None takes a field out.
        changes: changes of STIX properties.

    Raises:
        RuleError: the version would break a rule.
    """
    document = item.to_stix()
    document.update(changes)
    inner = document["extensions"][EXTENSION_ID]
    inner.pop("signed", None)  # of the version before
    for name, value in (fields or {}).items():
        if value is None:
            inner.pop(name, None)
        else:
            inner[name] = value
    document["modified"] = max(stamp(now), _next(item.modified))
    return _read(document, Indicator)


def recalled(item: Indicator, *, now: float, reason: str, deadline: float) -> Indicator:
    """Return the version that recalls an indicator.

    Args:
        item: the newest version.
        now: seconds since 1970.
        reason: why; see :class:`.record.Recall`.
        deadline: by when members acknowledge, seconds since 1970.

    Raises:
        RuleError: the version would break a rule.
    """
    recall = {"reason": reason, "deadline": stamp(deadline)}
    return revised(item, now=now, fields={"recall": recall}, revoked=True)


def _next(modified: str) -> str:
    at = datetime.fromisoformat(modified)
    return stamp((at - _EPOCH) / timedelta(seconds=1) + 0.001)


def _common(kind: str, author: str, now: float, number: bytes, tlp: Tlp) -> dict[str, Any]:
    at = stamp(now)
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.UUID(bytes=number, version=4)}",
        "created_by_ref": author,
        "created": at,
        "modified": at,
        "object_marking_refs": [TLP[tlp].id],
    }


def _fields(audience: Sequence[str], note: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"extension_type": "property-extension", "version": 1}
    if audience:
        fields["audience"] = sorted(set(audience))
    if note:
        fields["note"] = note
    return fields


def _read(document: Mapping[str, object], kind: type[_T]) -> _T:
    item = parse(msgspec.json.encode(document, order="sorted"))
    if not isinstance(item, kind) or item is UNSET:
        raise RuleError("X-7", where="$.type")
    return item
