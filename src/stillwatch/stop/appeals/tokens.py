"""What an appeal link carries: one decision, sealed, so that only the appeals desk can read it.

Whoever holds the token can see the reasons of that decision and file one appeal against it; it
opens nothing else. It is made without asking anybody, in the path of a request.
"""

from __future__ import annotations

import base64
import binascii
import os
from typing import TYPE_CHECKING, Annotated

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Meta

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.stop.interface import Rung

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.stop.interface import Decision

__all__ = ["Contested", "TokenKey"]

_CONTEXT = b"stillwatch appeal 1"
_LIFE = 180 * 86_400_000_000
"""Microseconds after the decision for which it can be contested: six months."""
_Text = Annotated[str, Meta(max_length=1024)]


class Contested(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A decision, as far as an appeal needs it; no prompt."""

    request_id: _Text
    account: _Text
    rung: int
    """Measure applied."""
    codes: list[_Text]
    """Codes of its reasons."""
    measure_id: _Text
    campaign: _Text
    indicators: list[_Text]
    """Ids of the peers' indicators among its reasons."""
    decided: int
    """Microseconds since 1970."""
    expires: int
    """Microseconds since 1970; 0 where it was about one request alone."""
    lifted_by: _Text
    policy: _Text
    """Digest of the policy."""

    @classmethod
    def of(cls, decision: Decision) -> Contested:
        """Return what can be contested of a decision."""
        return cls(
            request_id=decision.request.request_id,
            account=decision.request.account,
            rung=int(decision.rung),
            codes=list(dict.fromkeys(reason.code for reason in decision.reasons))[:16],
            measure_id=decision.measure_id,
            campaign=decision.campaign,
            indicators=[
                reason.subject
                for reason in decision.reasons
                if reason.code == "peer-indicator" and reason.subject
            ][:16],
            decided=decision.request.time,
            expires=decision.expires,
            lifted_by=decision.lifted_by,
            policy=decision.policy,
        )


class TokenKey:
    """The key that gateways and the appeals desk share.

    Args:
        key: 32 bytes.

    Raises:
        ConfigurationError: it has another length.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ConfigurationError(
                "the key of appeal tokens has not 32 bytes",
                where="appeal_key_file",
                todo="stillwatch appeals key FILE makes one",
            )
        self._aead = AESGCM(key)

    @classmethod
    def read(cls, path: Path) -> TokenKey:
        """Return the key in a file: 64 hex digits.

        Raises:
            SourceNotFoundError: it cannot be opened.
            ConfigurationError: it holds no such key.
        """
        raw = read_small(path, "the key of appeal tokens", 1024).strip()
        try:
            return cls(bytes.fromhex(raw.decode("ascii")))
        except ValueError as error:
            raise ConfigurationError(
                "the key of appeal tokens is not 64 hex digits",
                where=str(path),
                todo="stillwatch appeals key FILE makes one",
            ) from error

    def seal(self, contested: Contested) -> str:
        """Return a token."""
        nonce = os.urandom(12)
        sealed = self._aead.encrypt(nonce, msgspec.msgpack.encode(contested), _CONTEXT)
        return _text(nonce + sealed)

    def open(self, token: str, *, now: int) -> Contested:
        """Return the decision in a token.

        Args:
            token: as it came.
            now: microseconds since 1970.

        Raises:
            RefusedError: A-1 it is no token of this key, A-2 it is too old.
        """
        if len(token) > 65_536:
            raise RefusedError("A-1", "this is no appeal token")
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
            if (
                _text(raw) != token
            ):  # base64 writes one value in several ways, and tokens count once
                raise ValueError("not as it was made")  # noqa: TRY301 - told as the others
            plain = self._aead.decrypt(raw[:12], raw[12:], _CONTEXT)
            found = msgspec.msgpack.decode(plain, type=Contested)
            Rung(found.rung)
        except (ValueError, binascii.Error, InvalidTag, msgspec.MsgspecError) as error:
            raise RefusedError("A-1", "this is no appeal token") from error
        if now > found.decided + _LIFE:
            raise RefusedError("A-2", "the decision is over six months old")
        return found


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
