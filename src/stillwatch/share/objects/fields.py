"""The forms of single values: ids, times, hashes, shares; each is bounded, and none is text."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

__all__ = [
    "EXTENSION_ID",
    "GRID",
    "LARGEST",
    "LONGEST_NOTE",
    "MOST_AUDIENCE",
    "MOST_PIECES",
    "Asn",
    "CampaignRef",
    "Count",
    "Epoch",
    "Hash64",
    "IdentityId",
    "IndicatorId",
    "KeyFingerprint",
    "KeyId",
    "MarkingId",
    "Mille",
    "Million",
    "Name",
    "Note",
    "PseudonymValue",
    "SightingId",
    "SignatureValue",
    "Time",
    "Weight",
    "exact",
    "on_grid",
]

LARGEST: Final = 32_768
"""Bytes of an object at most."""
LONGEST_NOTE: Final = 280
"""Characters of a note at most."""
MOST_AUDIENCE: Final = 256
"""Members that an object may be addressed to."""
MOST_PIECES: Final = 256
"""Keyed pieces of text in one object."""
EXTENSION_ID: Final = "extension-definition--4d7aa45e-16ee-45d4-9ee0-c74c3c518642"
"""The property extension that holds all fields of ours (STIX 2.1, section 7.3)."""

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def exact(pattern: str) -> str:
    r"""Return a pattern that the whole text must match, in Python as in ECMAScript.

    In Python ``$`` alone lets a line feed through at the end.

    >>> exact("[0-9]")
    '^(?:[0-9])$(?!\\n)'
    """
    return rf"^(?:{pattern})$(?!\n)"


def _identifier(kind: str) -> Meta:
    return Meta(
        pattern=exact(f"{kind}--{_UUID}"),
        description=f"STIX identifier of type {kind}: a lower-case UUID of version 4 or 5.",
    )


IndicatorId = Annotated[str, _identifier("indicator")]
SightingId = Annotated[str, _identifier("sighting")]
IdentityId = Annotated[str, _identifier("identity")]
MarkingId = Annotated[str, _identifier("marking-definition")]
Time = Annotated[
    str,
    Meta(
        pattern=exact(
            "20[2-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,6})?Z"
        ),
        description="RFC 3339 time in UTC, to the microsecond at most.",
    ),
]
CampaignRef = Annotated[
    str,
    Meta(
        pattern=exact("campaign-[0-9a-f]{32}"),
        description="A campaign under a name that its author alone can lead back.",
    ),
]
PseudonymValue = Annotated[
    str,
    Meta(
        pattern=exact("[0-9a-f]{128}"),
        description="Output of the oblivious PRF (RFC 9497, ristretto255-SHA512), 64 bytes.",
    ),
]
Hash64 = Annotated[
    str, Meta(pattern=exact("[0-9a-f]{16}"), description="Keyed 64-bit hash, hexadecimal.")
]
KeyFingerprint = Annotated[
    str,
    Meta(pattern=exact("[0-9a-f]{8}"), description="Fingerprint of the epoch's sketch key."),
]
KeyId = Annotated[
    str,
    Meta(
        pattern=exact("[0-9a-f]{64}"),
        description="Id of a member's key: SHA-256 of its name, kind and bytes (C2SP signed-note).",
    ),
]
SignatureValue = Annotated[
    str,
    Meta(
        pattern=exact("[A-Za-z0-9+/]{85}[AQgw]=="),
        description="Ed25519 signature, 64 bytes in base64.",
    ),
]
Epoch = Annotated[int, Meta(ge=1, le=1_000_000, description="Number of the key epoch.")]
Asn = Annotated[int, Meta(ge=1, le=4_294_967_294, description="Autonomous system number.")]
Weight = Annotated[
    int, Meta(ge=1, le=1_000, description="Log of how telling a piece is, hundredths of a nat.")
]
Mille = Annotated[int, Meta(ge=0, le=1_000, description="A share of the campaign, in a thousand.")]
Count = Annotated[int, Meta(ge=0, le=10_000_000)]
Million = Annotated[
    int,
    Meta(ge=0, le=1_000_000, description="A share of everybody else, in a million, on the grid."),
]
Name = Annotated[
    str,
    Meta(
        pattern=exact("[A-Za-z0-9](?:[A-Za-z0-9 .,&'()-]{0,62}[A-Za-z0-9.)])?"),
        description="Display name of a member, given by the hub.",
    ),
]
Note = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=LONGEST_NOTE,
        description="A remark for analysts, screened; it holds no identifier, amount or count.",
    ),
]

GRID: Final = (0, *(step * 10**power for power in range(7) for step in (1, 2, 5)), 10_000_000)
"""Values that a share of other accounts may have: 1, 2 and 5 of every order.

A finer share would give away of how many accounts it is one: a provider of 5,000 accounts states
multiples of 200 in a million."""
_GRID = frozenset(GRID)


def on_grid(share: int) -> int:
    """Return the next value of the grid that is not less.

    >>> [on_grid(share) for share in (0, 1, 3, 40, 200, 201)]
    [0, 1, 5, 50, 200, 500]
    """
    return share if share in _GRID else next(step for step in GRID if step >= share)
