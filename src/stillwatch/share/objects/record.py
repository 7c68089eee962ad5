"""The objects that travel, as closed records over STIX 2.1 JSON.

Source: STIX Version 2.1 (OASIS Standard), sections 4.7, 4.5, 5.2, 7.2.1 and 7.3; markings of TLP
2.0 as FIRST published them for STIX.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from stillwatch.share.objects.content import (
    Behaviour,
    Closed,
    Network,
    Pseudonym,
    Sketch,
)
from stillwatch.share.objects.fields import (
    EXTENSION_ID,
    MOST_AUDIENCE,
    CampaignRef,
    IdentityId,
    IndicatorId,
    KeyId,
    MarkingId,
    Name,
    Note,
    SightingId,
    SignatureValue,
    Time,
    exact,
)

__all__ = [
    "OUTCOMES",
    "TYPES",
    "ExtensionDefinition",
    "Identity",
    "Indicator",
    "IndicatorExtension",
    "IndicatorFields",
    "MarkingDefinition",
    "Object",
    "Recall",
    "Sighting",
    "SightingExtension",
    "SightingFields",
    "Signed",
    "TlpExtension",
    "TlpWord",
]

TYPES = ("indicator", "sighting", "identity", "marking-definition", "extension-definition")
"""STIX types on the wire; every other is refused."""
OUTCOMES = ("confirmed", "false-positive", "contested", "inconclusive")
"""What a member says of an indicator that it looked at."""

_Audience = Annotated[
    list[IdentityId],
    Meta(min_length=1, max_length=MOST_AUDIENCE, description="Members that may have it."),
]
_Markings = Annotated[list[MarkingId], Meta(min_length=1, max_length=8)]


class Recall(Closed, frozen=True):
    """Why an indicator was revoked, and by when members must have acted on that."""

    reason: Literal["false-positive", "appeal", "error", "superseded", "legal"]
    deadline: Time
    """Members acknowledge by then."""


class Signed(Closed, frozen=True):
    """The author's signature over the object without this; see :mod:`.authorship`."""

    key: KeyId
    value: SignatureValue


class IndicatorFields(Closed, frozen=True):
    """Our extension of an indicator."""

    extension_type: Literal["property-extension"]
    version: Literal[1]
    content: Pseudonym | Sketch | Network | Behaviour
    campaign: CampaignRef
    first_seen: Time
    last_seen: Time
    licence: Literal["observe", "limit", "challenge"]
    """The most that may be done on this indicator alone; none is enough to block."""
    audience: _Audience | UnsetType = UNSET
    """Members that may have it; absent: all that its TLP allows."""
    note: Note | UnsetType = UNSET
    recall: Recall | UnsetType = UNSET
    """Only where ``revoked`` is true; its absence there means an error, and 72 hours."""
    signed: Signed | UnsetType = UNSET
    """Of the author; what the hub takes away has none."""


class IndicatorExtension(Closed, frozen=True, rename={"fields": EXTENSION_ID}):
    """The extensions of an indicator: ours alone."""

    fields: IndicatorFields


class Indicator(Closed, frozen=True, tag_field="type", tag="indicator"):
    """One thing by which a campaign is recognised."""

    spec_version: Literal["2.1"]
    id: IndicatorId
    created_by_ref: IdentityId
    """Identity of the member that publishes it."""
    created: Time
    modified: Time
    """Version; a later one replaces this one."""
    confidence: Annotated[int, Meta(ge=1, le=100)]
    """Of the author, in a hundred (STIX 2.1, appendix A)."""
    object_marking_refs: _Markings
    """Exactly one, of TLP 2.0."""
    extensions: IndicatorExtension
    indicator_types: Annotated[
        list[Literal["malicious-activity", "anomalous-activity", "attribution"]],
        Meta(min_length=1, max_length=3),
    ]
    pattern: Annotated[str, Meta(max_length=320)]
    """The content in one line, derived from it."""
    pattern_type: Literal["stix"]
    pattern_version: Literal["2.1"]
    valid_from: Time
    valid_until: Time
    """Always present; a life without end is none."""
    revoked: bool | UnsetType = UNSET

    @property
    def type(self) -> str:
        """STIX type."""
        return "indicator"

    @property
    def content(self) -> Pseudonym | Sketch | Network | Behaviour:
        """What it says."""
        return self.extensions.fields.content

    @property
    def fields(self) -> IndicatorFields:
        """Our extension."""
        return self.extensions.fields

    def to_stix(self) -> dict[str, Any]:
        """Return the object as STIX JSON types."""
        return _to_stix(self)


class SightingFields(Closed, frozen=True):
    """Our extension of a sighting."""

    extension_type: Literal["property-extension"]
    version: Literal[1]
    outcome: Literal["confirmed", "false-positive", "contested", "inconclusive"]
    grounds: (
        Literal["local-finding", "benign-population", "appeal", "review", "licensed"] | UnsetType
    ) = UNSET
    """What the outcome rests on."""
    audience: _Audience | UnsetType = UNSET
    """Members that may have it; absent: all that its TLP allows."""
    note: Note | UnsetType = UNSET
    signed: Signed | UnsetType = UNSET
    """Of the author; what the hub takes away has none."""


class SightingExtension(Closed, frozen=True, rename={"fields": EXTENSION_ID}):
    """The extensions of a sighting: ours alone."""

    fields: SightingFields


class Sighting(Closed, frozen=True, tag_field="type", tag="sighting"):
    """A member's word on an indicator: confirmed, false positive, contested; never how often."""

    spec_version: Literal["2.1"]
    id: SightingId
    created_by_ref: IdentityId
    created: Time
    modified: Time
    object_marking_refs: _Markings
    extensions: SightingExtension
    sighting_of_ref: IndicatorId
    first_seen: Time | UnsetType = UNSET
    last_seen: Time | UnsetType = UNSET
    where_sighted_refs: (
        Annotated[list[IdentityId], Meta(min_length=1, max_length=1)] | UnsetType
    ) = UNSET
    """The member itself."""
    revoked: bool | UnsetType = UNSET

    @property
    def type(self) -> str:
        """STIX type."""
        return "sighting"

    @property
    def fields(self) -> SightingFields:
        """Our extension."""
        return self.extensions.fields

    def to_stix(self) -> dict[str, Any]:
        """Return the object as STIX JSON types."""
        return _to_stix(self)


class Identity(Closed, frozen=True, tag_field="type", tag="identity"):
    """A member, as the hub names it."""

    spec_version: Literal["2.1"]
    id: IdentityId
    created: Time
    modified: Time
    name: Name
    identity_class: Literal["organization", "system"]
    created_by_ref: IdentityId | UnsetType = UNSET
    object_marking_refs: _Markings | UnsetType = UNSET
    revoked: bool | UnsetType = UNSET

    @property
    def type(self) -> str:
        """STIX type."""
        return "identity"

    def to_stix(self) -> dict[str, Any]:
        """Return the object as STIX JSON types."""
        return _to_stix(self)


class TlpWord(Closed, frozen=True):
    """A word of TLP 2.0."""

    extension_type: Literal["property-extension"]
    tlp_2_0: Literal["clear", "green", "amber", "amber+strict", "red"]


TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
"""FIRST's extension for TLP 2.0."""


class TlpExtension(Closed, frozen=True, rename={"tlp": TLP_EXTENSION}):
    """The extensions of a marking: that of TLP 2.0 alone."""

    tlp: TlpWord


class MarkingDefinition(Closed, frozen=True, tag_field="type", tag="marking-definition"):
    """One of the five markings of TLP 2.0; see :mod:`.fixed`."""

    spec_version: Literal["2.1"]
    id: MarkingId
    created: Time
    name: Annotated[str, Meta(pattern=exact("TLP:(?:CLEAR|GREEN|AMBER|AMBER[+]STRICT|RED)"))]
    extensions: TlpExtension

    @property
    def type(self) -> str:
        """STIX type."""
        return "marking-definition"

    @property
    def modified(self) -> str:
        """Markings have one version."""
        return self.created

    def to_stix(self) -> dict[str, Any]:
        """Return the object as STIX JSON types."""
        return _to_stix(self)


class ExtensionDefinition(Closed, frozen=True, tag_field="type", tag="extension-definition"):
    """The definition of our extension; there is one, see :data:`.fixed.EXTENSION`."""

    spec_version: Literal["2.1"]
    id: Annotated[str, Meta(max_length=60)]
    created_by_ref: IdentityId
    created: Time
    modified: Time
    name: Annotated[str, Meta(max_length=80)]
    description: Annotated[str, Meta(max_length=400)]
    schema: Annotated[str, Meta(max_length=200)]
    version: Annotated[str, Meta(max_length=20)]
    extension_types: Annotated[list[str], Meta(min_length=1, max_length=1)]

    @property
    def type(self) -> str:
        """STIX type."""
        return "extension-definition"

    def to_stix(self) -> dict[str, Any]:
        """Return the object as STIX JSON types."""
        return _to_stix(self)


Object = Indicator | Sighting | Identity | MarkingDefinition | ExtensionDefinition


def _to_stix(item: msgspec.Struct) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(item)
    return made
