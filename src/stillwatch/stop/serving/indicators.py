"""Indicators that a request itself may fit: pieces of text, networks, clients."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from stillwatch.errors import ConfigurationError
from stillwatch.find.features.pieces import SharedPieces
from stillwatch.stop.interface import Rung

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["LICENCES", "Heard", "Indicators", "Pieces", "Place"]

LICENCES: Mapping[str, Rung] = MappingProxyType(
    {"observe": Rung.OBSERVE, "limit": Rung.LIMIT, "challenge": Rung.VERIFY}
)
"""The most that an author allows on an indicator alone, by the exchange's word for it."""
_LEAST = 2
"""Pieces of one sketch that a prompt must hold: one may be a quotation."""
_UNBOUNDED = 60.0
_WIDEST = {4: 16, 6: 32}
_BLOCK = {4: 24, 6: 48}


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of text by which exchanges are recognised: a peer's sketch, or a mark of ours."""

    name: str
    """Indicator id, or id of the mark."""
    actor: str
    """Campaign that it is about."""
    values: Sequence[int]
    """Keyed 64-bit hashes, veiled where the core has a secret."""
    weights: Sequence[int]
    """Of each, hundredths of a nat."""
    licence: str = "observe"
    """observe, limit or challenge."""
    own: bool = False
    """A provenance mark of ours, and no peer's word."""
    belief: float = 1.0
    """How far the author is believed, 0 to 1: with the rest the pieces say nothing."""
    most: float = _UNBOUNDED
    """Nats at most that all of them say of a prompt, before belief."""

    def nats(self, weights: Sequence[int]) -> float:
        """Return what pieces of some weights say together.

        >>> round(Pieces("i", "c", [], [], belief=0.6, most=6.0).nats([500, 400]), 2)
        5.49
        """
        told = min(sum(weights) / 100, self.most)
        return told if self.belief >= 1.0 else math.log1p(self.belief * math.expm1(told))


@dataclass(frozen=True, slots=True)
class Place:
    """A network or client that peers named."""

    name: str
    """Indicator id."""
    actor: str
    """Campaign that it is about."""
    entity: str
    """asn, prefix, block, client or ja4; block and client are veiled hashes, of an IPv4 /24 or IPv6
    /48 and of user agent and JA4."""
    value: str
    """A number; CIDR of /16 to /24 or /32 to /48; 16 hex digits; a JA4."""
    nats: float
    """How much a request from there speaks for the actor."""
    licence: str = "observe"
    """observe, limit or challenge."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What an indicator says of a request or an account."""

    name: str
    """Indicator id."""
    actor: str
    """Campaign that it is about."""
    nats: float
    """How strongly."""
    most: Rung
    """The most that its author allows on it alone."""
    own: bool = False
    """A provenance mark of ours."""
    sort: str = "account"
    """What it rests on: text, network, or the account as it was matched. Of one sort the best
    counts, since two indicators of one sort often say the same."""


class Indicators:
    """Indicators ready to be looked up; never changed.

    Args:
        pieces: of text.
        places: networks and clients.
        seed: odd 64-bit number, drawn anew for each table, see :class:`.SharedPieces`.

    Raises:
        ConfigurationError: a licence, entity or prefix is none.
    """

    def __init__(self, pieces: Iterable[Pieces], places: Iterable[Place], seed: int) -> None:
        self._pieces = tuple(pieces)
        self.table = SharedPieces(
            [one.values for one in self._pieces], [one.weights for one in self._pieces], seed
        )
        self._by_entity: dict[str, dict[str, Place]] = {
            "asn": {},
            "prefix": {},
            "block": {},
            "client": {},
            "ja4": {},
        }
        for place in places:
            held = self._by_entity.get(place.entity)
            if held is None or place.licence not in LICENCES:
                raise ConfigurationError(
                    "an indicator of no kind", where=place.name, todo="take it out, or renew it"
                )
            for key in _blocks(place) if place.entity == "prefix" else (place.value,):
                if key not in held or held[key].nats < place.nats:
                    held[key] = place
        if any(one.licence not in LICENCES for one in self._pieces):
            raise ConfigurationError("a sketch without a licence", todo="take it out, or renew it")
        self.clients = bool(self._by_entity["client"])
        """Whether clients must be hashed to be looked up."""
        self.blocks = bool(self._by_entity["block"])
        """Whether blocks must be."""
        self.placed = any(self._by_entity.values())
        """Whether there is any network or client."""

    def of_place(
        self, asn: int, block: str, client: str, ja4: str, hidden: str = ""
    ) -> list[Heard]:
        """Return what is said of where a request comes from.

        Args:
            asn: autonomous system, -1 where unknown.
            block: IPv4 /24 or IPv6 /48, empty where unknown; likewise below.
            client: veiled hash of user agent and JA4, 16 hex digits.
            ja4: the fingerprint.
            hidden: veiled hash of the block.
        """
        values = {
            "asn": str(asn), "prefix": block, "block": hidden, "client": client, "ja4": ja4
        }  # fmt: skip
        found = [self._by_entity[entity].get(value) for entity, value in values.items() if value]
        return [
            Heard(one.name, one.actor, one.nats, LICENCES[one.licence], sort="network")
            for one in found
            if one
        ]

    def of_text(self, places: Iterable[int]) -> list[Heard]:
        """Return what is said of a prompt that holds some pieces.

        Args:
            places: of its pieces in ``table``.
        """
        held: dict[int, list[int]] = {}
        for place in set(places):
            for sketch, weight in self.table.held_by(place):
                held.setdefault(sketch, []).append(weight)
        return [
            Heard(one.name, one.actor, one.nats(weights), LICENCES[one.licence], one.own, "text")
            for one, weights in ((self._pieces[sketch], held[sketch]) for sketch in sorted(held))
            if len(weights) >= _LEAST
        ]


def _blocks(place: Place) -> list[str]:
    """Return the blocks of a prefix, as requests are looked up by."""
    try:
        network = ipaddress.ip_network(place.value)
    except ValueError as error:
        raise ConfigurationError(
            "an indicator of no network", where=place.name, todo="take it out, or renew it"
        ) from error
    if not _WIDEST[network.version] <= network.prefixlen <= _BLOCK[network.version]:
        raise ConfigurationError(
            "an indicator of too wide or too narrow a network",
            where=place.name,
            todo="name IPv4 /16 to /24 or IPv6 /32 to /48",
        )
    return [str(block) for block in network.subnets(new_prefix=_BLOCK[network.version])]
