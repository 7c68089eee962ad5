"""What opens a set of canaries: the lines of ``stillwatch measures export-canaries``, checked."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from stillwatch.errors import RefusedError
from stillwatch.ledger.commitments import opens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Opening", "opened"]


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """A set whose commitment was opened."""

    set_id: str
    """Name of the set."""
    slots: dict[str, tuple[str, ...]]
    """Variants by slot."""
    key: bytes
    """Chose among them."""

    def choice(self, request_id: str, slot: str) -> int:
        """Return the number of the variant that a request got, as the gateway computed it."""
        said = f"{slot}\n{request_id}".encode("utf-8", "surrogatepass")
        drawn = int.from_bytes(hmac.digest(self.key, said, "sha256")[:16], "big")
        return drawn % len(self.slots[slot])


class _Line(msgspec.Struct):
    set_id: str
    content: str
    key: str
    salt: str


class _Content(msgspec.Struct):
    set_id: str
    slots: dict[str, list[str]]
    key_sha256: str


def opened(lines: Iterable[bytes], committed: Mapping[str, str]) -> dict[str, Opening]:
    """Return the sets that were committed to, by their names; lines of other sets are passed over.

    Args:
        lines: JSON objects with the fields ``set_id``, ``content``, ``key`` and ``salt``.
        committed: set and its commitment as it stands in the action log, 64 hex digits.

    Raises:
        RefusedError: Q-3 a line is not in its form, does not open the commitment, or has another
            key than committed to; a set is missing, or two have one key.
    """
    found: dict[str, Opening] = {}
    for raw in lines:
        try:
            line = msgspec.json.decode(raw, type=_Line)
            if line.set_id not in committed:
                continue
            content = msgspec.json.decode(line.content, type=_Content)
            key, salt = bytes.fromhex(line.key), bytes.fromhex(line.salt)
            wanted = bytes.fromhex(committed[line.set_id])
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise RefusedError("Q-3", f"a line opens no set of canaries: {error}") from error
        said = hashlib.sha256(key).hexdigest()
        if (
            not opens(wanted, salt, line.content.encode())
            or said != content.key_sha256
            or content.set_id != line.set_id
        ):
            raise RefusedError(
                "Q-3", "a set of canaries is not the one that was committed to", where=line.set_id
            )
        slots = {name: tuple(variants) for name, variants in content.slots.items()}
        found[line.set_id] = Opening(line.set_id, slots, key)
    for set_id in committed:
        if set_id not in found:
            raise RefusedError("Q-3", "a set of canaries is not opened", where=set_id)
    if len({one.key for one in found.values()}) < len(found):
        raise RefusedError("Q-3", "two sets of canaries have one key: their draws are not two")
    return found
