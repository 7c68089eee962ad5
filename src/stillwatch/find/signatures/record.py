"""A signature as a record, and its JSON text.

The text holds names of fixed fields, keyed hashes of sixteen hexadecimal digits, and bounded whole
numbers; there is no field that a sentence could stand in.  It is published as
``signature.schema.json`` beside this file and described in ``docs/reference/signatures.md``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, TypeVar

from stillwatch.errors import IncompatibleObservationsError, InputFormatError
from stillwatch.find.campaigns.trace import EDGES, SIGNATURE_VERSION
from stillwatch.find.features.habits import HABITS
from stillwatch.find.features.observe import OBSERVATION_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "LARGEST",
    "Entity",
    "Levels",
    "Piece",
    "Signature",
    "decode",
    "encode",
    "signature_schema",
]

LARGEST = 16_384
"""Bytes of a signature's text at most."""
_T = TypeVar("_T")
_HASH = re.compile(r"[0-9a-f]{16}")
_KEY = re.compile(r"none|[0-9a-f]{8}")
_NAME = re.compile(r"[a-z][a-z0-9]{0,15}(-[a-z0-9]{1,16}){1,3}")
_TOP = (
    "stillwatch_signature",
    "observation",
    "key",
    "campaign",
    "declared",
    "accounts",
    "exchanges",
    "background",
    "pieces",
    "levels",
    "habits",
    "clients",
    "blocks",
)
_PIECES, _CLIENTS, _BLOCKS = 256, 16, 32
_COUNT = 2**53
_WEIGHT = 1_000
_MILLE, _MILLION = 1_000, 1_000_000
_LEVELS = {
    "exchanges": (len(EDGES) + 1, 10_000),
    "others_exchanges": (len(EDGES) + 1, 10_000_000),
    "accounts": (len(EDGES), _MILLE),
    "others_accounts": (len(EDGES), _MILLION),
}
"""Numbers of each list, and what each is at most."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text that the campaign's accounts use."""

    value: int
    """Keyed 64-bit hash."""
    weight: int
    """Log of how much more often than others, hundredths of a nat."""
    mine: int
    """Accounts of the campaign that use it, in a thousand."""
    others: int
    """Other accounts that use it, in a million."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A client or an address block of several of the campaign's accounts."""

    value: int
    """Keyed 64-bit hash."""
    mine: int
    """Accounts of the campaign, in a thousand."""
    others: int
    """Other accounts, in a million."""


@dataclass(frozen=True, slots=True)
class Levels:
    """How much of the pieces an exchange holds, level 0 to ``len(EDGES)``."""

    exchanges: tuple[int, ...]
    """The campaign's exchanges at each level, in 10,000; of members held out of the choice."""
    others_exchanges: tuple[int, ...]
    """Other exchanges at each level, in 10,000,000."""
    accounts: tuple[int, ...]
    """Accounts of the campaign that reach each level from 1, in a thousand."""
    others_accounts: tuple[int, ...]
    """Other accounts that reach each level from 1, in a million."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a declared campaign leaves; made by ``find.campaigns.trace``."""

    key: str
    """Fingerprint of the key of all hashes."""
    campaign: str
    """Id of the campaign where it was declared."""
    declared: int
    """When, seconds since 1970."""
    accounts: int
    """Accounts of the campaign."""
    exchanges: int
    """Its exchanges."""
    background: int
    """Other accounts from which all backgrounds were counted."""
    pieces: tuple[Piece, ...]
    """At most 256."""
    levels: Levels
    habits: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]
    """By habit, shares of the campaign's and of other exchanges by cell, in a thousand."""
    clients: tuple[Entity, ...]
    """At most 16."""
    blocks: tuple[Entity, ...]
    """Address blocks, at most 32."""


def signature_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a signature."""
    text = resources.files(__package__).joinpath("signature.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def encode(signature: Signature) -> str:
    """Return the canonical text of a signature: ASCII, one line and its end."""
    levels = signature.levels
    document = {
        "stillwatch_signature": SIGNATURE_VERSION,
        "observation": int(OBSERVATION_VERSION),
        "key": signature.key,
        "campaign": signature.campaign,
        "declared": signature.declared,
        "accounts": signature.accounts,
        "exchanges": signature.exchanges,
        "background": signature.background,
        "pieces": [[f"{p.value:016x}", p.weight, p.mine, p.others] for p in signature.pieces],
        "levels": {name: list(getattr(levels, name)) for name in _LEVELS},
        "habits": {n: [list(part) for part in pair] for n, pair in signature.habits.items()},
        "clients": [[f"{e.value:016x}", e.mine, e.others] for e in signature.clients],
        "blocks": [[f"{e.value:016x}", e.mine, e.others] for e in signature.blocks],
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=True) + "\n"


def decode(document: object, where: str) -> Signature:
    """Return the signature that a JSON document holds.

    Args:
        document: what was read.
        where: named in errors.

    Raises:
        InputFormatError: it is no signature, or a value is out of its bounds.
        IncompatibleObservationsError: it is of another version.
    """
    if not isinstance(document, dict) or "stillwatch_signature" not in document:
        raise _malformed("it has no field stillwatch_signature", where)
    versions = {
        "stillwatch_signature": SIGNATURE_VERSION,
        "observation": int(OBSERVATION_VERSION),
    }
    for name, ours in versions.items():
        theirs = document.get(name)
        if type(theirs) is not int:
            raise _malformed(f"{name} is no whole number", where)
        if theirs != ours:
            raise IncompatibleObservationsError(
                f"the signature has {name} {theirs}, this version reads {ours}",
                where=where,
                todo="scan again with this version of stillwatch and take the new signature",
            )
    try:
        return _signature(document)
    except _BoundsError as error:
        raise _malformed(str(error), where) from error


class _BoundsError(Exception):
    """A value is missing, of another type or out of its bounds."""


def _signature(document: Mapping[str, object]) -> Signature:
    _exactly(document, _TOP, "the signature")
    levels = document["levels"]
    if not isinstance(levels, dict):
        raise _BoundsError("levels is no object")
    _exactly(levels, tuple(_LEVELS), "levels")
    lists = {
        name: _numbers(levels[name], f"levels.{name}", size, most)
        for name, (size, most) in _LEVELS.items()
    }
    habits = document["habits"]
    if not isinstance(habits, dict) or not habits.keys() <= HABITS.keys():
        raise _BoundsError("habits is no object of known habits")
    return Signature(
        key=_matching(document["key"], _KEY, "key"),
        campaign=_matching(document["campaign"], _NAME, "campaign"),
        declared=_number(document["declared"], "declared", _COUNT),
        accounts=_number(document["accounts"], "accounts", _COUNT),
        exchanges=_number(document["exchanges"], "exchanges", _COUNT),
        background=_number(document["background"], "background", _COUNT),
        pieces=_list(document["pieces"], "pieces", _PIECES, _piece),
        levels=Levels(**lists),
        habits={name: _habit(pair, name) for name, pair in habits.items()},
        clients=_list(document["clients"], "clients", _CLIENTS, _entity),
        blocks=_list(document["blocks"], "blocks", _BLOCKS, _entity),
    )


def _exactly(found: Mapping[str, object], wanted: tuple[str, ...], what: str) -> None:
    missing = [name for name in wanted if name not in found]
    if missing:
        raise _BoundsError(f"{what} lacks {missing[0]}")
    if len(found) > len(wanted):
        raise _BoundsError(f"{what} has a field that is not known")


def _number(value: object, what: str, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise _BoundsError(f"{what} is no whole number from 0 to {most}")
    return value


def _numbers(value: object, what: str, size: int, most: int) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) != size:
        raise _BoundsError(f"{what} is no list of {size} numbers")
    return tuple(_number(item, what, most) for item in value)


def _matching(value: object, pattern: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _BoundsError(f"{what} is not of its form")
    return value


def _list(
    value: object, what: str, most: int, read: Callable[[list[object], str], _T]
) -> tuple[_T, ...]:
    if not isinstance(value, list) or len(value) > most:
        raise _BoundsError(f"{what} is no list of at most {most}")
    found, seen = [], set()
    for item in value:
        if not isinstance(item, list) or not item or not isinstance(item[0], str):
            raise _BoundsError(f"an entry of {what} is no list that begins with a hash")
        if item[0] in seen:
            raise _BoundsError(f"{what} names a hash twice")
        seen.add(item[0])
        found.append(read(item, what))
    return tuple(found)


def _piece(item: list[object], what: str) -> Piece:
    if len(item) != 4:
        raise _BoundsError(f"an entry of {what} has not four parts")
    return Piece(
        int(_matching(item[0], _HASH, what), 16),
        _number(item[1], what, _WEIGHT),
        _number(item[2], what, _MILLE),
        _number(item[3], what, _MILLION),
    )


def _entity(item: list[object], what: str) -> Entity:
    if len(item) != 3:
        raise _BoundsError(f"an entry of {what} has not three parts")
    return Entity(
        int(_matching(item[0], _HASH, what), 16),
        _number(item[1], what, _MILLE),
        _number(item[2], what, _MILLION),
    )


def _habit(pair: object, name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if not isinstance(pair, list) or len(pair) != 2:
        raise _BoundsError(f"habits.{name} is no pair of lists")
    mine, rest = (_numbers(part, f"habits.{name}", HABITS[name], _MILLE) for part in pair)
    return mine, rest


def _malformed(what: str, where: str) -> InputFormatError:
    return InputFormatError(
        f"not a signature: {what}",
        where=where,
        todo="ask for the file again, or make it with `stillwatch signatures export`",
    )
