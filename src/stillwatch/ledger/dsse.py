"""Envelopes: bytes of a stated type, signed, for files (DSSE 1.0.2)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from stillwatch.errors import RefusedError
from stillwatch.ledger.notes import decode64

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillwatch.ledger.keys import SigningKey, VerifyKey

__all__ = ["Opened", "open_envelope", "pae", "seal_envelope"]

_MOST_SIGNATURES = 64


class _Signature(msgspec.Struct, frozen=True):
    """A signature in an envelope."""

    sig: str
    """Base64 of the signature."""

    keyid: str = ""
    """Which key, a hint."""


class _Envelope(msgspec.Struct, frozen=True, rename="camel"):
    """An envelope as JSON; fields that are not known are ignored, as the specification asks."""

    payload: str
    """Base64 of what is signed."""

    payload_type: str
    """What it is: a media type."""

    signatures: list[_Signature]
    """Signatures, by any keys."""


@dataclass(frozen=True)
class Opened:
    """What an envelope held, and who signed it."""

    payload: bytes
    """The bytes that were signed: parse these, never the envelope again."""

    signers: tuple[VerifyKey, ...]
    """Keys whose signatures verify, each once."""


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return what is signed for a payload of a type.

    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal_envelope(payload_type: str, payload: bytes, keys: Iterable[SigningKey]) -> bytes:
    """Return an envelope, JSON on one line without a newline."""
    signed = pae(payload_type, payload)
    signatures = [
        _Signature(sig=base64.b64encode(key.sign(signed)).decode(), keyid=key.public.key_id)
        for key in keys
    ]
    return msgspec.json.encode(
        _Envelope(base64.b64encode(payload).decode(), payload_type, signatures)
    )


def open_envelope(
    raw: bytes, payload_type: str, keys: Iterable[VerifyKey], threshold: int = 1
) -> Opened:
    """Return what an envelope holds after verifying who signed it.

    Args:
        raw: the envelope, JSON.
        payload_type: the one that is meant.
        keys: keys that count.
        threshold: how many of them have to have signed.

    Raises:
        RefusedError: L-18 it is no envelope, of another type, or signed by too few.
    """
    try:
        envelope = msgspec.json.decode(raw, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError("L-18", f"not an envelope: {error}") from error  # L-18
    if envelope.payload_type != payload_type:  # L-18
        raise RefusedError("L-18", "an envelope is of another type", where=envelope.payload_type)
    if len(envelope.signatures) > _MOST_SIGNATURES:  # L-18
        raise RefusedError("L-18", f"an envelope has over {_MOST_SIGNATURES} signatures")
    payload = _bytes(envelope.payload)
    signed = pae(payload_type, payload)
    trusted = list({key.raw: key for key in keys}.values())
    signers: list[VerifyKey] = []
    for signature in envelope.signatures:
        value = _bytes(signature.sig)
        hinted = [key for key in trusted if signature.keyid in {key.key_id, ""}]
        signers += [k for k in hinted if k not in signers and k.verify(value, signed)]
    if len(signers) < threshold:  # L-18
        raise RefusedError(
            "L-18", f"{len(signers)} trusted keys signed the envelope and {threshold} are needed"
        )
    return Opened(payload, tuple(signers))


def _bytes(text: str) -> bytes:
    """Return what base64 of either alphabet holds; verifiers have to read both."""
    raw = decode64(text.replace("-", "+").replace("_", "/"))
    if raw is None:  # L-18
        raise RefusedError("L-18", "an envelope holds no base64")
    return raw
