"""Timestamps of authorities (RFC 3161), verified offline against pinned roots."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.errors import MissingExtraError, RefusedError, UnreachableError

try:
    import rfc3161_client
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from rfc3161_client.errors import VerificationError
except ModuleNotFoundError as error:
    raise MissingExtraError(
        f"evidence needs {error.name}", todo="pip install 'stillwatch[prove]'"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

__all__ = ["MOST_STAMP", "Authority", "Stamp", "ask", "verify_stamp"]

MOST_STAMP = 1 << 17
"""Bytes of a timestamp that is read."""

_SHA256 = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, slots=True)
class Authority:
    """A timestamp authority that somebody trusts."""

    name: str
    """What its operator calls it."""
    root: x509.Certificate
    """The root that its certificates lead to: pinned, not taken from a bundle."""

    @classmethod
    def of(cls, name: str, pem: bytes) -> Authority:
        """Return the authority of one PEM certificate.

        Raises:
            RefusedError: E-6 it is not one.
        """
        try:
            return cls(name, x509.load_pem_x509_certificate(pem))
        except ValueError as error:  # E-6
            raise RefusedError("E-6", f"an authority's root is no certificate: {error}") from error


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a timestamp shows: these bytes existed then, says this authority."""

    authority: str
    """Its name."""
    time: datetime
    """When, UTC."""
    root: str
    """SHA-256 of its pinned root, hex: two names of one root are one authority."""


def ask(url: str, data: bytes, seconds: float = 30) -> bytes:
    """Return the answer of an authority that is asked to stamp data; nothing is verified.

    Raises:
        UnreachableError: it does not answer, or with something else.
    """
    import httpx  # noqa: PLC0415 - verifying needs no client

    builder = rfc3161_client.TimestampRequestBuilder().data(data)
    request = builder.hash_algorithm(rfc3161_client.HashAlgorithm.SHA256).build().as_bytes()
    kind = {"content-type": "application/timestamp-query"}
    try:
        answer = httpx.post(url, content=request, headers=kind, timeout=seconds)
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnreachableError(
            f"the timestamp authority does not answer: {error}",
            where=url,
            todo="try again, or name another authority",
        ) from error
    if len(answer.content) > MOST_STAMP:
        raise UnreachableError("the answer is no timestamp", where=url, todo="check the URL")
    return answer.content


def verify_stamp(raw: bytes, data: bytes, authorities: Iterable[Authority], rule: str) -> Stamp:
    """Return what a timestamp over data shows, of the first authority that it verifies under.

    Raises:
        RefusedError: under the caller's rule, it is no timestamp of these data, or of no authority
            that is pinned.
    """
    if len(raw) > MOST_STAMP:
        raise RefusedError(rule, "a timestamp is too long")
    try:
        answer = rfc3161_client.decode_timestamp_response(raw)
        info = answer.tst_info
        hashed = info.message_imprint.hash_algorithm.dotted_string
        if hashed != _SHA256 or info.message_imprint.message != hashlib.sha256(data).digest():
            raise RefusedError(rule, "a timestamp is of other data")
        time = info.gen_time
    except (ValueError, TypeError) as error:
        raise RefusedError(rule, f"a timestamp cannot be read: {error}") from error
    why = "no authority is pinned"
    for authority in authorities:
        verifier = rfc3161_client.VerifierBuilder(roots=[authority.root]).build()
        try:
            verifier.verify(answer, hashlib.sha256(data).digest())
        except (VerificationError, ValueError, TypeError) as error:
            why = str(error)
        else:
            return Stamp(authority.name, time, authority.root.fingerprint(SHA256()).hex())
    raise RefusedError(rule, f"a timestamp is of no authority that is pinned: {why}")
