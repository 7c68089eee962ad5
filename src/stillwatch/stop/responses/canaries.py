"""Equivalent variants, chosen by a keyed hash, so that a model trained on answers can be asked.

A set holds, for each of its slots, variants that are equally true and equally useful: another
worked example, another order, or for a decoy account an entity that does not exist. Which of them
a campaign's request gets follows from a secret key and the request's id, so nothing needs to be
kept for a request; and since the key is committed to in the action log before it is first used,
nobody can choose it afterwards to fit what a model says. The model's server puts the variant in:
the gateway tells it which, in a header.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError
from stillwatch.ledger import canonical

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CanarySet", "read_slots"]

_Slot = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}\Z")]
_Variants = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=4096)]], Meta(min_length=2, max_length=64)
]


@dataclass(frozen=True, slots=True)
class CanarySet:
    """Slots with their variants, and the key that chooses among them.

    >>> chosen = CanarySet("k-1", "c-1", {"example": ("a", "b")}, bytes(32))
    >>> chosen.choice("request-1", "example") in {0, 1}
    True
    """

    set_id: str
    campaign: str
    slots: dict[str, tuple[str, ...]]
    """Variants by slot, at least two of each."""
    key: bytes
    """32 random bytes."""

    def choice(self, request_id: str, slot: str) -> int:
        """Return the number of the variant that a request gets, each with the same chance."""
        count = len(self.slots[slot])
        said = f"{slot}\n{request_id}".encode("utf-8", "surrogatepass")
        # 128 bits: what the remainder favours is less than a chance in 2^120
        return int.from_bytes(hmac.digest(self.key, said, "sha256")[:16], "big") % count

    def header(self, request_id: str) -> str:
        """Return the value of ``effects.CANARY_HEADER``."""
        chosen = (f"{slot}={self.choice(request_id, slot)}" for slot in sorted(self.slots))
        return ";".join([self.set_id, *chosen])

    def content(self) -> bytes:
        """Return what is committed to: canonical JSON, the key by its hash."""
        slots = {name: list(variants) for name, variants in self.slots.items()}
        key = hashlib.sha256(self.key).hexdigest()
        said: dict[str, Any] = {"set_id": self.set_id, "campaign": self.campaign}
        return canonical(said | {"slots": slots, "key_sha256": key})


def read_slots(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the slots of a JSON file: ``{"slot": ["variant", "variant"]}``.

    Raises:
        SourceNotFoundError: it cannot be opened.
        ConfigurationError: it is not of that form, or a slot has one variant twice.
    """
    raw = read_small(path, "the file of variants")
    try:
        found = msgspec.json.decode(raw, type=dict[_Slot, _Variants])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unusable(f"the variants cannot be read: {error}", path) from error
    if not 1 <= len(found) <= 16:
        raise _unusable("there are no slots, or more than 16", path)
    for slot, variants in found.items():
        if len(set(variants)) < len(variants):
            raise _unusable(f"the slot {slot} has a variant twice", path)
    return {slot: tuple(variants) for slot, variants in found.items()}


def _unusable(what: str, path: Path) -> ConfigurationError:
    return ConfigurationError(what, where=str(path), todo="see docs/how-to/write-a-policy.md")
