"""Who may sign: named analysts, and statements that they sign one after the other.

The list stands in a file of its own: a policy that named its own signers would prove nothing.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.ledger import NOTE, VerifyKey, dsse

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.ledger import SigningKey

__all__ = ["Analysts", "opened", "read_analysts", "signed_also"]


class _Analyst(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    key: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    analysts: Annotated[list[_Analyst], Meta(min_length=1, max_length=1000)]


@dataclass(frozen=True, slots=True)
class Analysts:
    """People and their keys; one person may have several keys, and counts once."""

    by_key: dict[VerifyKey, str]
    """Name of the holder of each key."""

    def name(self, key: VerifyKey) -> str:
        """Return who holds a key.

        Raises:
            RefusedError: G-12 nobody who may sign.
        """
        if key not in self.by_key:  # G-12
            raise RefusedError(
                "G-12",
                "the key is not that of an analyst",
                where=key.encode(),
                todo="put it on the list of analysts, or sign with a key that is",
            )
        return self.by_key[key]

    def people(self, signers: tuple[VerifyKey, ...]) -> tuple[str, ...]:
        """Return the names of those who signed, each once, in order."""
        return tuple(sorted({self.by_key[key] for key in signers if key in self.by_key}))


def read_analysts(path: Path) -> Analysts:
    """Return the analysts of a TOML file: ``[[analysts]]`` with ``name`` and ``key``.

    Raises:
        SourceNotFoundError: it cannot be opened.
        ConfigurationError: it is not of that form, a key is none, or stands twice.
    """
    raw = read_small(path, "the list of analysts")
    try:
        file = msgspec.convert(tomllib.loads(raw.decode("utf-8")), _File)
        keys = [(VerifyKey.decode(analyst.key), analyst.name.strip()) for analyst in file.analysts]
    except (ValueError, RecursionError, RefusedError) as error:
        raise _unusable(f"the list of analysts cannot be read: {error}", path) from error
    held: dict[VerifyKey, str] = {}
    for key, name in keys:
        if key.kind != NOTE or any(other.raw == key.raw for other in held):
            raise _unusable(f"the key {key.name} stands twice, or signs other things", path)
        held[key] = name
    shown: dict[str, str] = {}
    for name in held.values():
        if not name or shown.setdefault(name.casefold(), name) != name:
            raise _unusable(f"the name {name!r} is empty, or written in two ways", path)
    return Analysts(held)


def signed_also(raw: bytes, kind: str, payload: bytes, key: SigningKey) -> bytes:
    """Return an envelope with one more signature.

    Args:
        raw: the envelope so far, empty for a new one.
        kind: media type of what is signed.
        payload: what is signed; the envelope has to hold it.
        key: of the person who signs.

    Raises:
        RefusedError: L-18 the envelope holds something else.
    """
    fresh = msgspec.json.decode(dsse.seal_envelope(kind, payload, [key]))
    if raw and opened(raw, kind, Analysts({})).payload == payload:
        old = msgspec.json.decode(raw)["signatures"]
        others = [one for one in old if one.get("keyid") != key.public.key_id]
        fresh["signatures"] = [*others, *fresh["signatures"]]
    elif raw:
        raise RefusedError("L-18", "the envelope holds another statement")
    return msgspec.json.encode(fresh)


def opened(raw: bytes, kind: str, analysts: Analysts) -> dsse.Opened:
    """Return what an envelope holds and which analysts' signatures of it verify.

    Raises:
        RefusedError: L-18 it is no envelope, or of another type.
    """
    return dsse.open_envelope(raw, kind, analysts.by_key, threshold=0)


def _unusable(what: str, path: Path) -> ConfigurationError:
    return ConfigurationError(what, where=str(path), todo="see docs/how-to/write-a-policy.md")
