"""Keys as NATS writes them: Ed25519 in base32, with what they are for and a checksum.

Only keys of users: https://docs.nats.io/running-a-nats-service/nats_admin/security/nkeys
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.disk import read_small, write_whole
from stillwatch.errors import ConfigurationError, OutputError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["keep_seed", "key_file", "private_key", "raw_key", "read_seed", "user_key", "user_seed"]

_USER = 20 << 3
_SEED = 18 << 3


def user_seed(raw: bytes) -> str:
    """Return 32 random bytes as the seed of a user's key, which is secret.

    >>> user_key(private_key(user_seed(bytes(32))).public_key().public_bytes_raw())[0]
    'U'
    """
    return _checked(bytes([_SEED | _USER >> 5, (_USER & 31) << 3]) + raw)


def private_key(seed: str) -> Ed25519PrivateKey:
    """Return the key of a seed.

    Raises:
        ConfigurationError: it is no user's seed.
    """
    raw = _opened(seed)
    if len(raw) != 34 or raw[:2] != bytes([_SEED | _USER >> 5, (_USER & 31) << 3]):
        raise ConfigurationError(
            "this is no seed of a NATS user's key", todo="make one with `stillwatch exchange nats`"
        )
    return Ed25519PrivateKey.from_private_bytes(raw[2:])


def read_seed(path: Path) -> str:
    """Return the seed that a file holds, which its owner alone may read.

    Raises:
        StillwatchError: there is none, or others can read it.
    """
    seed = read_small(path, "the NATS key", 256).decode("ascii", "replace").strip()
    if os.name != "nt" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigurationError(
            "others may read a key file", where=str(path), todo=f"chmod 600 {path}"
        )
    private_key(seed)
    return seed


def key_file(path: Path, raw: bytes) -> str:
    """Return the public key of a seed's file; one that is not there is made.

    Args:
        path: the file.
        raw: 32 random bytes for a new seed.

    Raises:
        StillwatchError: it cannot be written, or others can read it.
    """
    if not path.exists():
        keep_seed(path, user_seed(raw))
    return user_key(private_key(read_seed(path)).public_key().public_bytes_raw())


def keep_seed(path: Path, seed: str) -> None:
    """Write a seed's file for its owner alone.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        write_whole(path, seed.encode() + b"\n", private=True)
    except OSError as error:
        raise OutputError(
            f"the NATS key cannot be kept: {error.strerror}",
            where=str(path),
            todo="make room, or name a folder that you can write to",
        ) from error


def user_key(raw: bytes) -> str:
    """Return a public key, 32 bytes, as NATS names users by."""
    return _checked(bytes([_USER]) + raw)


def raw_key(text: str) -> bytes:
    """Return the 32 bytes of a user's public key.

    Raises:
        ValueError: it is none.
    """
    raw = _opened(text)
    if len(raw) != 33 or raw[0] != _USER or _checked(raw) != text:
        raise ValueError("this is no NATS user's key")
    return raw[1:]


def _checked(raw: bytes) -> str:
    whole = raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")
    return base64.b32encode(whole).rstrip(b"=").decode()


def _opened(text: str) -> bytes:
    try:
        whole = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return b""
    raw, check = whole[:-2], whole[-2:]
    return raw if binascii.crc_hqx(raw, 0).to_bytes(2, "little") == check else b""
