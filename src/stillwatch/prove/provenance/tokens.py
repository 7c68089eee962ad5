"""A signed token beside a prompt: who sends it, under which licence, when, and for which words.

It is the robust form: it survives as long as a header, a metadata field or a system prompt is
stored, holds for one prompt, and anybody can verify it with the partner's public key.  It names the
prompt by a fingerprint, so that it cannot be moved to another; and it has a number of its own, so
that one that is sent twice shows.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import msgspec

from stillwatch.errors import RefusedError
from stillwatch.ledger import canonical
from stillwatch.prove.provenance.forms import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillwatch.ledger import SigningKey, VerifyKey

__all__ = ["FIELD", "Token", "in_system", "parse", "sign", "verify"]

FIELD = "stillwatch_provenance"
"""Field of a log, or with hyphens header of a request, that holds a token."""

_LINE = re.compile(r"^stillwatch-provenance: (\S{1,4096})$", re.MULTILINE)
_DOMAIN = b"stillwatch provenance v1\n"
_MOST = 4_096
_NAMED = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,200}")
_NUMBER = re.compile(r"[0-9a-f]{32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a partner signs.

    Raises:
        RefusedError: V-1 a field is out of its range.
    """

    by: str
    """Name of the partner's key."""
    licence: str
    """Which agreement allows the use, as both call it."""
    time: int
    """When it was made, seconds since 1970."""
    number: str
    """32 random hex digits."""
    prompt: str
    """`fingerprint` of the user's turn."""
    version: int = 1
    """Of this form."""

    def __post_init__(self) -> None:
        if (
            not _NAMED.fullmatch(self.by)
            or not _NAMED.fullmatch(self.licence)
            or not 0 <= self.time < 2**40
            or not _NUMBER.fullmatch(self.number)
            or not _DIGEST.fullmatch(self.prompt)
            or self.version != 1
        ):  # V-1
            raise RefusedError("V-1", "a token's field is out of its range")


def sign(key: SigningKey, prompt: str, licence: str, now: int, number: bytes) -> str:
    """Return a token as text without spaces.

    Args:
        key: the partner's.
        prompt: the user's turn, marked or not.
        licence: which agreement allows the use.
        now: seconds since 1970.
        number: 16 random bytes.

    Raises:
        RefusedError: V-1 the licence's name cannot be one.
    """
    token = Token(
        by=key.name, licence=licence, time=now, number=number.hex(), prompt=fingerprint(prompt)
    )
    payload = canonical(msgspec.to_builtins(asdict(token)))
    parts = (payload, key.sign(_DOMAIN + payload))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def in_system(system_prompt: str | None) -> str | None:
    r"""Return the token in a system prompt, on a line of its own, or None; the first of several.

    >>> in_system("Be brief.\nstillwatch-provenance: abc.def")
    'abc.def'
    """
    found = _LINE.search(system_prompt or "")
    return found[1] if found else None


def parse(text: str) -> tuple[Token, bytes, bytes]:
    """Return a token, the bytes that are signed, and the signature; nothing is verified.

    Raises:
        RefusedError: V-1 it is not in its form.
    """
    try:
        parts = [_decoded(part) for part in text.split(".")] if len(text) <= _MOST else []
        payload, signature = parts
        token = msgspec.convert(msgspec.json.decode(payload), Token)
        same = canonical(msgspec.to_builtins(asdict(token))) == payload
    except (ValueError, TypeError, msgspec.MsgspecError, RecursionError) as error:  # V-1
        raise RefusedError("V-1", "a token is not in its form") from error
    if not same:  # V-1
        raise RefusedError("V-1", "a token is not canonical or has other fields")
    return token, _DOMAIN + payload, signature


def verify(text: str, prompt: str, keys: Iterable[VerifyKey]) -> Token:
    """Return what a partner signed for a prompt.

    Raises:
        RefusedError: V-1 the token's form; V-2 no trusted key of its name signed it; V-3 it is of
            another prompt.
    """
    token, signed, signature = parse(text)
    named = [key for key in keys if key.name == token.by]
    if not any(key.verify(signature, signed) for key in named):  # V-2
        raise RefusedError("V-2", "no trusted key of its name signed a token", where=token.by)
    if token.prompt != fingerprint(prompt):  # V-3
        raise RefusedError("V-3", "a token is of another prompt", where=token.by)
    return token


def _decoded(part: str) -> bytes:
    raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != part:
        raise binascii.Error("it is not the one spelling")
    return raw
