"""What replicas are told: verdicts, indicators, recalls. Versioned, signed, in parts, in any order.

An update is the whole of what one source says under one kind and key; a later version takes its
place. So updates can be lost, repeated and reordered, and whoever has the newest of each has all.
Pure: bytes in, bytes out.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from stillwatch.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stillwatch.ledger import SigningKey, VerifyKey

__all__ = [
    "KINDS",
    "Gathering",
    "Kind",
    "Part",
    "Trusted",
    "Update",
    "opened",
    "packed",
    "sealed_parts",
    "subject_of",
    "unpacked",
]

Kind = Literal["scan", "intelligence", "indicators", "recall", "measures"]
KINDS: tuple[Kind, ...] = ("scan", "intelligence", "indicators", "recall", "measures")
"""What an update can be about."""

_LONGEST_PART = 512 << 10
"""Bytes of a part, well below what NATS takes by default (1 MiB)."""
_MOST_PARTS = 256
_LARGEST = 512 << 20
"""Bytes of an update's body, unpacked."""
_AHEAD = 86_400_000_000
"""Microseconds that a version may lie ahead of the receiver's clock."""
_CONTEXT = b"stillwatch update 1\n"


class Update(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What one source says."""

    kind: Kind
    key: Annotated[str, Meta(max_length=512)]
    """What it is about: name of the source, or account and campaign of a recall."""
    version: Annotated[int, Meta(ge=0)]
    """Microseconds since 1970 when it was said; a greater one takes its place."""
    body: bytes
    """As `stillwatch.stop.service.bodies` writes it."""


class Part(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A piece of an update, as it travels."""

    kind: Kind
    key: Annotated[str, Meta(max_length=512)]
    version: Annotated[int, Meta(ge=0)]
    number: Annotated[int, Meta(ge=0, lt=_MOST_PARTS)]
    parts: Annotated[int, Meta(ge=1, le=_MOST_PARTS)]
    piece: Annotated[bytes, Meta(max_length=_LONGEST_PART)]
    """Of the body, compressed (zlib)."""


class _Sealed(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    part: Annotated[bytes, Meta(max_length=_LONGEST_PART + 4096)]
    key_id: str = ""
    signature: bytes = b""


class Trusted(Struct, frozen=True):
    """A key, and what it may speak of."""

    key: VerifyKey
    kinds: frozenset[str]


def subject_of(prefix: str, kind: str, key: str) -> str:
    """Return the subject under which versions of an update travel.

    >>> subject_of("stillwatch.updates", "scan", "eu")
    'stillwatch.updates.scan.4d0282941aaf2d69'
    """
    return f"{prefix}.{kind}.{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def sealed_parts(update: Update, key: SigningKey | None = None) -> Iterator[tuple[Part, bytes]]:
    """Yield the parts of an update and the bytes in which each travels.

    Args:
        update: what to say.
        key: signs each part; None for no signature.

    Raises:
        RefusedError: U-4 it is larger than any receiver takes.
    """
    whole = zlib.compress(update.body, 6)
    count = max(1, -(-len(whole) // _LONGEST_PART))
    if count > _MOST_PARTS or len(update.body) > _most_of(len(whole)):  # U-4
        raise RefusedError("U-4", f"an update of {len(whole):,} bytes", where=update.kind)
    for number in range(count):
        piece = whole[number * _LONGEST_PART : (number + 1) * _LONGEST_PART]
        part = Part(update.kind, update.key, update.version, number, count, piece)
        raw = msgspec.msgpack.encode(part)
        if key is None:
            yield part, msgspec.msgpack.encode(_Sealed(raw))
        else:
            signature = key.sign(_CONTEXT + raw)
            yield part, msgspec.msgpack.encode(_Sealed(raw, key.public.key_id, signature))


def opened(message: bytes, trusted: Sequence[Trusted], *, now: int) -> Part:
    """Return the part in a message.

    Args:
        message: as it came.
        trusted: keys; where there are none, nobody is believed.
        now: microseconds since 1970.

    Raises:
        RefusedError: U-1 it is no part, U-2 nobody trusted signed it for its kind, U-3 its version
            is of the future.
    """
    try:
        sealed = msgspec.msgpack.decode(message, type=_Sealed)
        part = msgspec.msgpack.decode(sealed.part, type=Part)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:  # U-1
        raise RefusedError("U-1", "a message is no part of an update") from error
    if part.number >= part.parts:  # U-1
        raise RefusedError("U-1", "a part has a number beyond its parts", where=part.kind)
    if not any(
        one.key.key_id == sealed.key_id
        and part.kind in one.kinds
        and one.key.verify(sealed.signature, _CONTEXT + sealed.part)
        for one in trusted
    ):  # U-2
        raise RefusedError("U-2", "no key that may say so signed an update", where=part.kind)
    if part.version > now + _AHEAD:  # U-3
        raise RefusedError("U-3", "an update's version lies over a day ahead", where=part.kind)
    return part


class Gathering:
    """Puts parts together; holds the newest version of a few updates at a time.

    Args:
        most: updates in the making.
    """

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._making: dict[tuple[str, str], tuple[int, dict[int, bytes]]] = {}

    def take(self, part: Part) -> Update | None:
        """Return the update that a part completes, None where others are missing.

        Raises:
            RefusedError: U-4 it does not unpack, or to more than any update holds.
        """
        if part.parts == 1:
            return _joined(part, [part.piece])
        name = (part.kind, part.key)
        version, pieces = self._making.pop(name, (part.version, {}))
        if part.version > version:
            version, pieces = part.version, {}
        if part.version == version:
            pieces[part.number] = part.piece
        if len(pieces) == part.parts and part.version == version:
            return _joined(part, [pieces[number] for number in sorted(pieces)])
        self._making[name] = version, pieces  # the newest at the end
        while len(self._making) > self._most:
            del self._making[next(iter(self._making))]
        return None


def packed(update: Update) -> bytes:
    """Return an update as it is kept on a disk."""
    raw = msgspec.msgpack.encode(update)
    return hashlib.sha256(raw).digest() + raw


def unpacked(held: bytes) -> Update:
    """Return the update that `packed` wrote.

    Raises:
        RefusedError: U-5 the bytes are others.
    """
    digest, raw = held[:32], held[32:]
    try:
        if hashlib.sha256(raw).digest() == digest:
            return msgspec.msgpack.decode(raw, type=Update)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    raise RefusedError("U-5", "a kept update is damaged", todo="remove it; it will be sent again")


def _most_of(size: int) -> int:
    """Return the bytes that so many may unpack to: a table by far less, a bomb by more."""
    return min(_LARGEST, (1 << 20) + 200 * size)


def _joined(part: Part, pieces: Sequence[bytes]) -> Update:
    unpacker = zlib.decompressobj()
    try:
        whole = b"".join(pieces)
        body = unpacker.decompress(whole, _most_of(len(whole)))
    except zlib.error as error:  # U-4
        raise RefusedError("U-4", "an update does not unpack", where=part.kind) from error
    if not unpacker.eof or unpacker.unconsumed_tail:  # U-4
        raise RefusedError("U-4", "an update breaks off or is too large", where=part.kind)
    return Update(part.kind, part.key, part.version, body)
