"""Who said it: an author's signature in the object itself, which nobody on the way can make.

What is signed is the canonical form (RFC 8785) of the object without its signature, under the
pre-authentication encoding of DSSE 1.0.2, so that it passes for nothing else that the key signs.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
from msgspec import UNSET

from stillwatch.ledger.dsse import pae
from stillwatch.share.objects.checks import seconds
from stillwatch.share.objects.record import Indicator, Sighting, Signed
from stillwatch.share.objects.rules import RuleError
from stillwatch.share.objects.wire import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillwatch.ledger import SigningKey, VerifyKey
    from stillwatch.share.objects.record import Object

__all__ = ["OBJECT_TYPE", "AuthorKey", "check_author", "proof_text", "signed", "unsigned"]

OBJECT_TYPE: Final = "application/vnd.stillwatch.exchange.object+json"
"""Type under which objects are signed."""
_T = TypeVar("_T", bound=Indicator | Sighting)


@dataclass(frozen=True, slots=True)
class AuthorKey:
    """A key of a member, as the log names it."""

    key: VerifyKey
    until: float | None = None
    """Seconds since 1970 up to which versions may be dated that it signs; None for no end."""


def proof_text(member: str, new: str, old_key_id: str) -> bytes:
    """Return what the new key and the old one sign when a member changes its key.

    Args:
        member: its identity id.
        new: verifier key (C2SP) that comes.
        old_key_id: id of the key that it is brought in by.
    """
    return f"stillwatch-exchange/v1 key\n{member}\n{new}\n{old_key_id}\n".encode()


def unsigned(item: _T) -> _T:
    """Return an object without its signature."""
    fields = msgspec.structs.replace(item.extensions.fields, signed=UNSET)
    extensions = msgspec.structs.replace(item.extensions, fields=fields)
    return msgspec.structs.replace(item, extensions=extensions)


def signed(item: _T, key: SigningKey) -> _T:
    """Return an object with its author's signature, in the place of one that it had.

    Args:
        item: an indicator or a sighting.
        key: of the author.
    """
    value = key.sign(pae(OBJECT_TYPE, canonical(unsigned(item))))
    mark = Signed(key=key.public.key_id, value=base64.b64encode(value).decode())
    fields = msgspec.structs.replace(item.extensions.fields, signed=mark)
    extensions = msgspec.structs.replace(item.extensions, fields=fields)
    return msgspec.structs.replace(item, extensions=extensions)


def check_author(item: Object, keys: Iterable[AuthorKey]) -> None:
    """Check an indicator's or a sighting's signature; what else travels has none.

    Args:
        item: as ``parse`` returned it.
        keys: of the member that it names as its author, those that stand.

    Raises:
        RuleError: X-52 it is not signed; X-53 none of the keys signed it, or one that had ended.
    """
    if not isinstance(item, Indicator | Sighting):
        return
    mark = item.fields.signed
    if not isinstance(mark, Signed):
        raise RuleError("X-52", where="$.extensions")
    found = next((one for one in keys if one.key.key_id == mark.key), None)
    if found is None:
        raise RuleError("X-53", "it is signed with no key of its author", where="$.extensions")
    if found.until is not None and seconds(item.modified) > found.until:
        raise RuleError("X-53", "it is dated after its author's key ended", where="$.modified")
    message = pae(OBJECT_TYPE, canonical(unsigned(item)))
    if not found.key.verify(base64.b64decode(mark.value), message):
        raise RuleError("X-53", where="$.extensions")
