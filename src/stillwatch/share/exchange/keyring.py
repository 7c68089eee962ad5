"""Whose key is whose, as the log says it in its order; the hub writes the log and cannot say more.

A member's first key is that with which it joined.  Each later one is brought in by a key that it
had: the log keeps that signature, and a change without it changes nothing.  So a hub can refuse to
know a key, and cannot speak with one of its own.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

import msgspec

from stillwatch.errors import RefusedError
from stillwatch.ledger import VerifyKey
from stillwatch.share.objects import AuthorKey, RuleError, proof_text, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HeldKey", "Keyring", "MemberChange"]

_STATES = {"joined": "active", "resumed": "active", "suspended": "suspended", "left": "left"}


class MemberChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of membership, as the log holds it."""

    change: str
    member: str
    time: str
    name: str = ""
    verify_key: str | None = None
    replaces: str | None = None
    """Id of the key that brought a new one in."""
    until: str | None = None
    """Until when that one may still sign."""
    consent: str | None = None
    """Its signature, base64."""


class HeldKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key of a member."""

    verify_key: str
    until: float | None = None
    """Seconds since 1970; None for no end."""


class Keyring:
    """The keys of all members.

    Args:
        members: by id, the state and the keys that stand.
    """

    def __init__(self, members: Mapping[str, tuple[str, tuple[HeldKey, ...]]]) -> None:
        self._members = dict(members)

    def __contains__(self, member: str) -> bool:
        """Say whether the log names a member."""
        return member in self._members

    def keys(self, member: str) -> tuple[AuthorKey, ...]:
        """Return the keys with which a member may speak now; none while it is suspended."""
        state, held = self._members.get(member, ("", ()))
        if state != "active":
            return ()
        return tuple(AuthorKey(VerifyKey.decode(one.verify_key), one.until) for one in held)

    def held(self, member: str) -> tuple[str, tuple[HeldKey, ...]]:
        """Return the state of a member and its keys."""
        return self._members.get(member, ("", ()))

    def change(self, change: MemberChange) -> None:
        """Follow one change of the log.

        Raises:
            RefusedError: M-14 it brings in a key that the member did not, or names none.
        """
        state, held = self.held(change.member)
        if change.change == "joined":
            if held:
                raise RefusedError("M-14", "a member that is there joins again")  # M-14
            held = (_key(change),)
        elif change.change == "key":
            held = _succeeded(held, change)
        elif change.change == "key-retired":
            held = tuple(one for one in held if one.verify_key != change.verify_key)
        self._members[change.member] = (_STATES.get(change.change, state), held)


def _key(change: MemberChange) -> HeldKey:
    try:
        return HeldKey(VerifyKey.decode(change.verify_key or "").encode())
    except RefusedError as error:
        raise RefusedError("M-14", f"a member's key is none: {error.what}") from error  # M-14


def _succeeded(held: tuple[HeldKey, ...], change: MemberChange) -> tuple[HeldKey, ...]:
    new = _key(change)
    old = {VerifyKey.decode(one.verify_key).key_id: one for one in held}.get(change.replaces or "")
    try:
        consent = base64.b64decode(change.consent or "", validate=True)
        until = seconds(change.until or "")
    except (binascii.Error, ValueError, RuleError):
        old = None
    if old is None or not VerifyKey.decode(old.verify_key).verify(
        consent, proof_text(change.member, new.verify_key, change.replaces or "")
    ):
        raise RefusedError("M-14", "a key comes without its member's consent")  # M-14
    kept = tuple(one for one in held if one is not old)
    return (*kept, HeldKey(old.verify_key, until), new)
