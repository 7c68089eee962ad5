"""Keys that sign bundles: Ed25519 and ECDSA P-256, from files or from a token (PKCS#11).

A public key is known by its SubjectPublicKeyInfo, because openssl reads that.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.ledger import SigningKey, VerifyKey

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LocalSigner", "PublicKey", "Signer"]

_ENCODING = serialization.Encoding
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a key that signs bundles.

    Raises:
        RefusedError: E-4 it is of another kind, or a weak point.
    """

    spki: bytes
    """SubjectPublicKeyInfo, DER (RFC 5280 4.1.2.7)."""

    def __post_init__(self) -> None:
        public = self._loaded()
        if isinstance(public, ed25519.Ed25519PublicKey):
            VerifyKey("evidence", public.public_bytes_raw())  # refuses keys of small order
        canonical_spki = public.public_bytes(_ENCODING.DER, _SPKI)
        if canonical_spki != self.spki:  # E-4
            raise RefusedError("E-4", "a key is not in its one spelling")

    @property
    def key_id(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, 64 hex digits."""
        return hashlib.sha256(self.spki).hexdigest()

    @property
    def algorithm(self) -> str:
        """``ed25519`` or ``ecdsa-p256-sha256``."""
        public = self._loaded()
        return "ed25519" if isinstance(public, ed25519.Ed25519PublicKey) else "ecdsa-p256-sha256"

    @property
    def pem(self) -> bytes:
        """The key as openssl reads it."""
        return self._loaded().public_bytes(_ENCODING.PEM, _SPKI)

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Say whether a signature is this key's: 64 bytes of Ed25519, or ECDSA as DER."""
        public = self._loaded()
        try:
            if isinstance(public, ed25519.Ed25519PublicKey):
                public.verify(signature, message)
            else:
                public.verify(signature, message, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True

    def _loaded(self) -> ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey:
        try:
            public = serialization.load_der_public_key(self.spki)
        except (ValueError, UnsupportedAlgorithm) as error:  # E-4
            raise RefusedError("E-4", f"a signer's key cannot be read: {error}") from error
        if isinstance(public, ed25519.Ed25519PublicKey):
            return public
        if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name == "secp256r1":
            return public
        raise RefusedError("E-4", "a signer's key is neither Ed25519 nor ECDSA P-256")  # E-4

    @classmethod
    def decode(cls, text: str) -> PublicKey:
        """Return the key of a PEM text, or of a ledger's verifier key (``name+id+base64``).

        Raises:
            RefusedError: E-4, L-1 it is neither.
        """
        if "-----BEGIN" in text:
            body = "".join(x for x in text.strip().splitlines() if not x.startswith("-----"))
            try:
                return cls(base64.b64decode(body, validate=True))
            except ValueError as error:  # E-4
                raise RefusedError("E-4", "a signer's PEM cannot be read") from error
        raw = VerifyKey.decode(text.strip()).raw
        public = ed25519.Ed25519PublicKey.from_public_bytes(raw)
        return cls(public.public_bytes(_ENCODING.DER, _SPKI))


class Signer(Protocol):
    """Whoever signs: a file's key or a token's."""

    @property
    def public(self) -> PublicKey:
        """The public half."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message, in the form that `PublicKey.verify` takes."""
        ...


class LocalSigner:
    """A key in a file: a ledger's key (`SigningKey.write`) or an unencrypted PKCS#8 PEM.

    Raises:
        SourceNotFoundError: the file cannot be opened.
        ConfigurationError: others can read it, or it holds no key of a kind that signs.
    """

    def __init__(self, path: Path) -> None:
        raw = read_small(path, "the key file", 1 << 14)
        if not raw.startswith(b"-----BEGIN"):
            self._ledger: SigningKey | None = SigningKey.read(path)
            self.public = PublicKey.decode(self._ledger.public.encode())
            return
        self._ledger = None
        mode = stat.S_IMODE(path.stat().st_mode)
        if os.name != "nt" and mode & 0o077:
            raise ConfigurationError(
                f"the key file can be read by others (mode {mode:o})",
                where=str(path),
                todo="make a new key, since others may hold this one; or chmod 600",
            )
        try:
            loaded = serialization.load_pem_private_key(raw, None)
            if not isinstance(loaded, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey):
                raise TypeError("its kind is another")  # noqa: TRY301 - as a file of no key
            self._private = loaded
            self.public = PublicKey(loaded.public_key().public_bytes(_ENCODING.DER, _SPKI))
        except (
            ValueError,
            TypeError,
            UnsupportedAlgorithm,
            RefusedError,
        ) as error:
            raise ConfigurationError(
                f"the file holds no Ed25519 or P-256 key: {error}",
                where=str(path),
                todo="make one with `openssl genpkey -algorithm ed25519`",
            ) from error

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        if self._ledger is not None:
            return self._ledger.sign(message)
        if isinstance(self._private, ed25519.Ed25519PrivateKey):
            return self._private.sign(message)
        return self._private.sign(message, ec.ECDSA(SHA256()))
