"""Ed25519 keys with a name, as C2SP signed notes write them, in and out of files.

A key has a kind, the signature type byte of C2SP signed-note: a witness signs cosignatures with a
key of its own kind, so that nothing it signs passes for a log's checkpoint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from stillwatch.disk import flush, read_small
from stillwatch.errors import ConfigurationError, OutputError, RefusedError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["COSIGNATURE", "NOTE", "SigningKey", "VerifyKey"]

NOTE = 0x01
"""Kind of a key that signs notes, checkpoints, requests and envelopes (C2SP signed-note)."""

COSIGNATURE = 0x04
"""Kind of a key that cosigns checkpoints (C2SP tlog-cosignature)."""

_KINDS = (NOTE, COSIGNATURE)
_PRIVATE = "PRIVATE+KEY+"
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,255}")
_FIELD = 2**255 - 19
_CURVE_D = -121665 * pow(121666, -1, _FIELD) % _FIELD


@dataclass(frozen=True)
class VerifyKey:
    """The public half of a key.

    Raises:
        RefusedError: L-1 the name, the kind or the 32 bytes are not those of a key.

    >>> text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    >>> key = VerifyKey.decode(text)
    >>> key.name, key.note_id.hex()
    ('example.com/foo', '530d903a')
    """

    name: str
    """Name in signature lines: no space, no plus; best a URL without its scheme."""

    raw: bytes
    """Public key, 32 bytes (RFC 8032)."""

    kind: int = NOTE
    """Signature type byte: `NOTE` or `COSIGNATURE`."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):  # L-1
            raise RefusedError("L-1", "a key's name is empty, too long or has a space or plus")
        if self.kind not in _KINDS:  # L-1
            raise RefusedError("L-1", "a key is of a kind that is not read here", where=self.name)
        if len(self.raw) != 32 or _weak(self.raw):  # L-1
            raise RefusedError("L-1", "a key is not 32 bytes of a strong point", where=self.name)

    @cached_property
    def key_id(self) -> str:
        """SHA-256 over name, kind and key as 64 hex digits; names the key in requests."""
        hashed = self.name.encode() + b"\n" + bytes([self.kind]) + self.raw
        return hashlib.sha256(hashed).hexdigest()

    @cached_property
    def note_id(self) -> bytes:
        """First 4 bytes of the same hash, which name the key in a note's signature line."""
        return bytes.fromhex(self.key_id[:8])

    @cached_property
    def _public(self) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(self.raw)

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Say whether 64 bytes are this key's Ed25519 signature of a message."""
        try:
            self._public.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def encode(self) -> str:
        """Return the key as a C2SP verifier key: name, plus, 8 hex digits, plus, base64."""
        packed = base64.b64encode(bytes([self.kind]) + self.raw).decode()
        return f"{self.name}+{self.note_id.hex()}+{packed}"

    @classmethod
    def decode(cls, text: str) -> VerifyKey:
        """Return the key that a C2SP verifier key text names.

        Raises:
            RefusedError: L-1 it is no such text, or its id is not that of its key.
        """
        name, note_id, kind, raw = _split(text)
        key = cls(name, raw, kind)
        if key.note_id.hex() != note_id:  # L-1
            raise RefusedError("L-1", "a verifier key's id is not that of its key", where=name)
        return key


class SigningKey:
    """The private half of a key.

    Args:
        name: name in signature lines.
        seed: private key, 32 bytes (RFC 8032).
        kind: `NOTE` or `COSIGNATURE`.

    Raises:
        RefusedError: L-1 the name, the kind or the length of the seed.

    >>> key = SigningKey("example.com/foo", bytes(32))
    >>> key.public.verify(key.sign(b"words"), b"words")
    True
    """

    def __init__(self, name: str, seed: bytes, kind: int = NOTE) -> None:
        if len(seed) != 32:  # L-1
            raise RefusedError("L-1", "a private key has 32 bytes", where=name)
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._seed = seed
        self.public = VerifyKey(name, self._private.public_key().public_bytes_raw(), kind)

    def __repr__(self) -> str:
        """Return the public key: a private one never reaches a log."""
        return f"SigningKey({self.public.encode()})"

    @classmethod
    def generate(cls, name: str, kind: int = NOTE) -> SigningKey:
        """Return a new key."""
        return cls(name, os.urandom(32), kind)

    @property
    def name(self) -> str:
        """Name in signature lines."""
        return self.public.name

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature of a message, 64 bytes."""
        return self._private.sign(message)

    def write(self, path: Path) -> None:
        """Write the key into a new file that its owner alone can read, and flush it.

        Raises:
            OutputError: the file exists or cannot be written.
        """
        public = self.public
        packed = base64.b64encode(bytes([public.kind]) + self._seed).decode()
        line = f"{_PRIVATE}{public.name}+{public.note_id.hex()}+{packed}\n"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(line)
            flush(path)
            flush(path.parent)
        except OSError as error:
            raise OutputError(
                f"a key cannot be written: {error.strerror}",
                where=str(path),
                todo="name a new file in a folder that you can write to",
            ) from error

    @classmethod
    def read(cls, path: Path) -> SigningKey:
        """Return the key in a file.

        Raises:
            SourceNotFoundError: the file cannot be opened.
            ConfigurationError: others can read it, or it holds no key.
        """
        raw = read_small(path, "the key file", 4096)
        mode = stat.S_IMODE(path.stat().st_mode)
        if os.name != "nt" and mode & 0o077:
            raise ConfigurationError(
                f"the key file can be read by others (mode {mode:o})",
                where=str(path),
                todo="make a new key, since others may hold this one; or chmod 600",
            )
        try:
            return cls._decode(raw.decode().removesuffix("\n"))
        except (RefusedError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"the key file holds no private key: {error}",
                where=str(path),
                todo="restore it from its copy",
            ) from error

    @classmethod
    def _decode(cls, text: str) -> SigningKey:
        if not text.startswith(_PRIVATE):  # L-1
            raise RefusedError("L-1", "it does not begin as a private key")
        name, note_id, kind, seed = _split(text.removeprefix(_PRIVATE))
        key = cls(name, seed, kind)
        if key.public.note_id.hex() != note_id:  # L-1
            raise RefusedError("L-1", "its id is not that of its key")
        return key


def _split(text: str) -> tuple[str, str, int, bytes]:
    """Return name, id in hex, kind and 32 bytes of a key's text."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not re.fullmatch("[0-9a-f]{8}", parts[1]):  # L-1
        raise RefusedError("L-1", "a key's text is not name+id+base64")
    try:
        packed = base64.b64decode(parts[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError("L-1", "a key's text ends in no base64", where=parts[0]) from error
    if len(packed) != 33 or base64.b64encode(packed).decode() != parts[2]:  # L-1
        raise RefusedError("L-1", "a key's text does not hold 33 bytes", where=parts[0])
    return parts[0], parts[1], packed[0], packed[1:]


def _weak(raw: bytes) -> bool:
    """Say whether a point is not canonical or of small order: its signatures fit many messages.

    On -x² + y² = 1 + d x² y², the points of order 1, 2 and 4 have y² = 1 or y = 0, and those of
    order 8 double to y = 0, so that x² = -y² and d y⁴ + 2 y² = 1.
    """
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    square = y * y % _FIELD
    eighth = (_CURVE_D * square * square + 2 * square - 1) % _FIELD
    return y >= _FIELD or square in {0, 1} or eighth == 0
