"""The sketch key of an epoch: drawn by a member, sealed for each other, unknown to the hub.

Source of the form: docs/reference/hub-api.md, Epochs.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stillwatch.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["commitment_to", "open_box", "seal_box", "sealing_key"]

_LABEL = b"stillwatch-exchange/v1 epoch"
_BOX = 80
_NONCE = bytes(12)
"""The key of a box is used once, so that its nonce may be fixed."""


def sealing_key(private: X25519PrivateKey) -> str:
    """Return the public half as the hub wants it, base64."""
    return base64.b64encode(private.public_key().public_bytes_raw()).decode()


def commitment_to(key: bytes) -> str:
    """Return what the drawer says of a key before it is opened, base64."""
    digest = hashlib.sha256(_LABEL + b" key\n" + key).digest()
    return base64.b64encode(digest).decode()


def seal_box(key: bytes, epoch: int, member: str, theirs: str, *, chance: bytes) -> str:
    """Return a key sealed for one member, base64.

    Args:
        key: 32 bytes.
        epoch: its number.
        member: identity id of the receiver.
        theirs: its X25519 public key, base64.
        chance: 32 random bytes.

    Raises:
        RefusedError: M-13 the receiver's key is none.
    """
    ephemeral = X25519PrivateKey.from_private_bytes(chance)
    try:
        raw = base64.b64decode(theirs, validate=True)
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(raw))
    except ValueError as error:
        raise RefusedError("M-13", "a sealing key is none", where=member) from error  # M-13
    own = ephemeral.public_key().public_bytes_raw()
    sealed = ChaCha20Poly1305(_derived(shared, epoch, member, own, raw)).encrypt(_NONCE, key, None)
    return base64.b64encode(own + sealed).decode()


def open_box(
    box: str, epoch: int, member: str, private: X25519PrivateKey, commitment: str
) -> bytes:
    """Return the key in a box.

    Raises:
        RefusedError: M-13 it is not for this member and epoch, or holds another key than its drawer
            committed to.
    """
    try:
        raw = base64.b64decode(box, validate=True)
        shared = private.exchange(X25519PublicKey.from_public_bytes(raw[: _BOX - 48]))
        own = private.public_key().public_bytes_raw()
        derived = _derived(shared, epoch, member, raw[:32], own)
        key = ChaCha20Poly1305(derived).decrypt(_NONCE, raw[32:], None)
    except (ValueError, InvalidTag) as error:
        raise RefusedError("M-13", "a box of an epoch cannot be opened") from error  # M-13
    if commitment_to(key) != commitment:
        raise RefusedError("M-13", "a box holds another key than its drawer committed to")  # M-13
    return key


def boxes_for(
    key: bytes, epoch: int, members: Mapping[str, str], chance: bytes
) -> list[dict[str, str]]:
    """Return a key sealed for several members.

    Args:
        key: 32 bytes.
        epoch: its number.
        members: X25519 public key by identity id.
        chance: 32 random bytes, from which each box's are derived.
    """
    return [
        {
            "member": member,
            "box": seal_box(
                key, epoch, member, theirs, chance=hashlib.sha256(chance + member.encode()).digest()
            ),
        }
        for member, theirs in sorted(members.items())
    ]


def _derived(shared: bytes, epoch: int, member: str, ephemeral: bytes, theirs: bytes) -> bytes:
    info = _LABEL + f"\n{epoch}\n{member}\n".encode() + ephemeral + theirs
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(shared)
