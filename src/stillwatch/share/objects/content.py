"""What an indicator says, in four kinds: pseudonym, sketch, network, behaviour."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from stillwatch.share.objects.fields import (
    MOST_PIECES,
    Count,
    Epoch,
    Hash64,
    KeyFingerprint,
    Mille,
    Million,
    PseudonymValue,
    Weight,
    exact,
)

__all__ = [
    "Behaviour",
    "Closed",
    "Content",
    "Habits",
    "Levels",
    "Network",
    "Pseudonym",
    "Seen",
    "Sketch",
]


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    """A record that has no field but its own."""


class Pseudonym(Closed, frozen=True, tag_field="kind", tag="pseudonym"):
    """An identifier that means the same everywhere, under the oblivious PRF of an epoch."""

    identifier: Literal["email", "phone", "par"]
    """Type of the identifier; processor-scoped values have no type."""
    epoch: Epoch
    value: PseudonymValue


_Pieces = Annotated[list[Hash64], Meta(min_length=1, max_length=MOST_PIECES)]
_Weights = Annotated[list[Weight], Meta(min_length=1, max_length=MOST_PIECES)]


class Sketch(Closed, frozen=True, tag_field="kind", tag="sketch"):
    """Pieces of a campaign's text, as hashes under the sketch key of an epoch."""

    epoch: Epoch
    key: KeyFingerprint
    observation: Literal[3]
    """Version of the observations that the hashes are of."""
    pieces: _Pieces
    """P hashes, ascending, none twice."""
    weights: _Weights
    """P, hundredths of a nat."""


class Network(Closed, frozen=True, tag_field="kind", tag="network"):
    """A network or a client, with how common it is."""

    entity: Literal["asn", "prefix", "ja4", "client"]
    """Autonomous system, address block, TLS fingerprint, or keyed hash of a client string."""
    value: Annotated[
        str,
        Meta(
            pattern=exact("[0-9a-z.:/_]{1,49}"),
            description="asn: its number; prefix: CIDR, /16 to /24 or /32 to /48; ja4: the "
            "fingerprint; client: keyed hash, sixteen hexadecimal digits.",
        ),
    ]
    mine: Mille
    """Accounts of the campaign that used it."""
    others: Million
    """Other accounts that used it."""
    epoch: Epoch | UnsetType = UNSET
    """For a client, whose hash is keyed; absent otherwise."""
    key: KeyFingerprint | UnsetType = UNSET
    """As ``epoch``."""


class Levels(Closed, frozen=True):
    """How much of the pieces an exchange holds, by level."""

    exchanges: Annotated[
        list[Annotated[int, Meta(ge=0, le=10_000)]], Meta(min_length=8, max_length=8)
    ]
    """The campaign's exchanges at each level, in 10,000."""
    others_exchanges: Annotated[list[Count], Meta(min_length=8, max_length=8)]
    """Other exchanges at each level, in 10,000,000, on the grid."""
    accounts: Annotated[list[Mille], Meta(min_length=7, max_length=7)]
    """Accounts of the campaign that reach each level from 1."""
    others_accounts: Annotated[list[Million], Meta(min_length=7, max_length=7)]
    """Other accounts that reach each level from 1, on the grid."""


_Three = Annotated[list[Mille], Meta(min_length=3, max_length=3)]
_Four = Annotated[list[Mille], Meta(min_length=4, max_length=4)]
_Five = Annotated[list[Mille], Meta(min_length=5, max_length=5)]
_Six = Annotated[list[Mille], Meta(min_length=6, max_length=6)]
_Seven = Annotated[list[Mille], Meta(min_length=7, max_length=7)]


class Habits(Closed, frozen=True):
    """Shares of the campaign's exchanges by cell; those of other exchanges stay at home."""

    answer: _Five | UnsetType = UNSET
    """Length of the answer for such a prompt."""
    turn: _Three | UnsetType = UNSET
    """Alone, opens a conversation, later in one."""
    lines: _Four | UnsetType = UNSET
    """Line breaks."""
    code: _Three | UnsetType = UNSET
    """Marks that programs are full of."""
    cap: _Seven | UnsetType = UNSET
    """Asked-for length."""
    heat: _Six | UnsetType = UNSET
    """Temperature."""
    pace: _Six | UnsetType = UNSET
    """Time since the account's exchange before."""


class Seen(Closed, frozen=True):
    """A client or an address block of several of the campaign's accounts."""

    value: Hash64
    mine: Mille
    """Accounts of the campaign that used it."""
    others: Million
    """Other accounts that used it, on the grid."""


class Behaviour(Closed, frozen=True, tag_field="kind", tag="behaviour"):
    """A campaign's signature without the sizes of anything: no count of accounts or exchanges."""

    epoch: Epoch
    key: KeyFingerprint
    observation: Literal[3]
    """Version of the observations that the hashes are of."""
    pieces: _Pieces
    """P hashes, ascending, none twice."""
    weights: _Weights
    """P, hundredths of a nat."""
    mine: Annotated[list[Mille], Meta(min_length=1, max_length=MOST_PIECES)]
    """P, accounts of the campaign that use each."""
    others: Annotated[list[Million], Meta(min_length=1, max_length=MOST_PIECES)]
    """P, other accounts that use each, on the grid."""
    levels: Levels
    habits: Habits
    clients: Annotated[list[Seen], Meta(min_length=1, max_length=16)] | UnsetType = UNSET
    """At most 16."""
    blocks: Annotated[list[Seen], Meta(min_length=1, max_length=32)] | UnsetType = UNSET
    """At most 32."""


Content = Pseudonym | Sketch | Network | Behaviour
