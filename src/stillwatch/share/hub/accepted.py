"""An object that passed the closed schema and its rules, as the hub needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.share.hub.times import stamp
from stillwatch.share.objects import TLP_IDS, Indicator, Sighting, parse_canonical

if TYPE_CHECKING:
    from stillwatch.share.objects import Object

__all__ = ["Accepted", "accept"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """One version of an object, ready to be kept."""

    item: Object
    """As `stillwatch.share.objects.parse` returned it."""

    id: str
    """STIX id."""

    type: str
    """STIX type."""

    modified: str
    """Version as written in the object."""

    version: int
    """The same in microseconds since 1970."""

    tlp: str
    """clear, green, amber, amber+strict or red; empty for what every member has anyway."""

    audience: tuple[str, ...] | None
    """Ids of members that may have it; None for every reader of the collection."""

    revoked: bool
    """This version takes the object back."""

    valid_until: int | None
    """End of its life, microseconds since 1970; None for what does not end."""

    deadline: int | None
    """Of a recall: when members must have acted, microseconds since 1970."""

    target: str
    """Of a sighting: the indicator's id; else empty."""

    outcome: str
    """Of a sighting: the member's word; else empty."""

    body: bytes
    """Canonical bytes (RFC 8785)."""


def accept(raw: bytes) -> Accepted:
    """Return the object that bytes hold.

    Raises:
        RuleError: naming the rule X-n that it breaks.
    """
    item, body = parse_canonical(raw)
    shared = (item, item.id, item.type, item.modified, stamp(item.modified))
    if isinstance(item, Indicator):
        fields = item.fields
        return Accepted(
            *shared,
            tlp=TLP_IDS[item.object_marking_refs[0]],
            audience=tuple(fields.audience) if fields.audience else None,
            revoked=item.revoked is True,
            valid_until=stamp(item.valid_until),
            deadline=stamp(fields.recall.deadline) if fields.recall else None,
            target="",
            outcome="",
            body=body,
        )
    if isinstance(item, Sighting):
        return Accepted(
            *shared,
            tlp=TLP_IDS[item.object_marking_refs[0]],
            audience=tuple(item.fields.audience) if item.fields.audience else None,
            revoked=item.revoked is True,
            valid_until=None,
            deadline=None,
            target=item.sighting_of_ref,
            outcome=item.fields.outcome,
            body=body,
        )
    return Accepted(*shared, "", None, False, None, None, "", "", body)  # noqa: FBT003
