"""A member's signing key, changed while others watch: the log keeps the old key's consent.

The new key is on the disk before the hub hears of it.  Whatever ends the change in between, giving
the command again ends it: a key that the hub has taken is used, one that it has not is offered
again.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.ledger import SigningKey
from stillwatch.share.objects import proof_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.share.exchange.client import HubClient
    from stillwatch.share.exchange.membership import Home

__all__ = ["change_key", "retire_key"]

_KEYS = "/exchange/v1/keys"
_UNKNOWN = ("R-9", "H-1")
"""Rules of a hub that does not know who signs."""


def change_key(
    client: HubClient,
    asking: Callable[[SigningKey], HubClient],
    home: Home,
    member: str,
    *,
    overlap: int,
) -> str:
    """Make a signing key, have the hub take it, and use it from now on; return its id.

    Args:
        client: asks the hub, signing with the key in use.
        asking: gives a client that signs with another key.
        home: keeps the keys.
        member: id of this member.
        overlap: seconds that the key before it stays good, for what was signed and still travels.

    Raises:
        RefusedError: the hub refuses; the key before stays in use.
        UnreachableError: the hub is away; the change is ended by asking for it again.
        OutputError: the folder cannot be written.
    """
    old = home.key()
    if home.next_key.exists():
        new = SigningKey.read(home.next_key)
        if new.public == old.public or _taken(asking(new)):
            home.change_key()
            return new.public.key_id
    else:
        new = SigningKey.generate(old.name)
        new.write(home.next_key)
    said = proof_text(member, new.public.encode(), old.public.key_id)
    body = {
        "verify_key": new.public.encode(),
        "proof": base64.b64encode(new.sign(said)).decode(),
        "consent": base64.b64encode(old.sign(said)).decode(),
        "overlap_seconds": overlap,
    }
    try:
        client.post(_KEYS, body)
    except RefusedError:
        home.next_key.unlink()
        raise
    home.change_key()
    return new.public.key_id


def retire_key(client: HubClient, key_id: str) -> None:
    """End one of this member's keys now: what it signs from here on is nobody's word.

    Raises:
        RefusedError: the hub refuses, as it does for the last key.
        UnreachableError: the hub is away.
    """
    client.post(f"{_KEYS}/retire", {"key_id": key_id})


def _taken(client: HubClient) -> bool:
    """Whether the hub knows the key that a client signs with."""
    try:
        client.get("/exchange/v1/me")
    except RefusedError as error:
        if error.rule not in _UNKNOWN:
            raise
        return False
    finally:
        client.close()
    return True
