"""Who this member is: a folder with keys, the hub's names, and nothing that others may read."""

from __future__ import annotations

import os
import secrets
import stat
from typing import TYPE_CHECKING, Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import Meta

from stillwatch.disk import flush, read_small, write_whole
from stillwatch.errors import ConfigurationError, OutputError
from stillwatch.ledger import SigningKey, VerifyKey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Home", "Membership", "write_private"]


class Membership(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the hub said on joining; the trust that everything later is checked against."""

    hub: str
    """Scheme and authority of the hub."""
    member: str
    """Identity id of this member."""
    name: str
    """Its display name."""
    collection: str
    """Id of the collection to publish into."""
    origin: str
    """Name of the hub's log."""
    log_key: str
    """Its verifier key (C2SP)."""
    witnesses: list[str] = []
    """Verifier keys of witnesses that this member trusts."""
    threshold: Annotated[int, Meta(ge=0)] = 0
    """Witnesses that must have cosigned a checkpoint; 0 for none."""


class Home:
    """The folder of a member.

    Args:
        folder: made, for its owner alone, when something is first written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "exchange.sqlite"
        """The member's own store."""
        self.evidence = folder / "evidence"
        """What shows that the hub lied."""
        self.nats_seed = folder / "nats.seed"
        """Seed of the member's NATS key, where it has one."""
        self.certificate = folder / "tls.pem"
        """Certificate and key for TLS, where it has one."""
        self.next_key = folder / "signing.key.next"
        """A signing key that the hub may not know yet."""
        self._membership = folder / "membership.json"
        self._key = folder / "signing.key"
        self._sealing = folder / "sealing.key"
        self._secret = folder / "campaign.secret"

    @property
    def joined(self) -> bool:
        """Whether there is a membership."""
        return self._membership.exists()

    def prepare(self, name: str) -> SigningKey:
        """Return the signing key, made with the other secrets where there is none.

        Raises:
            OutputError: the folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise OutputError(
                f"the member's folder cannot be made: {error.strerror}",
                where=str(self.folder),
                todo="name a folder that you can write to",
            ) from error
        if not self._key.exists():
            SigningKey.generate(name).write(self._key)
        for path in (self._sealing, self._secret):
            if not path.exists():
                write_private(path, secrets.token_hex(32).encode() + b"\n")
        return self.key()

    def key(self) -> SigningKey:
        """Return the key that signs requests.

        Raises:
            StillwatchError: there is none, or others can read it.
        """
        return SigningKey.read(self._key)

    def change_key(self) -> None:
        """Let the next key sign from now on; the one before is gone.

        Raises:
            OutputError: the folder cannot be written.
        """
        try:
            self.next_key.replace(self._key)
            flush(self.folder)
        except OSError as error:
            raise OutputError(
                f"the new key cannot take its place: {error.strerror}",
                where=str(self._key),
                todo="make the folder writable, and give the command again",
            ) from error

    def sealing(self) -> X25519PrivateKey:
        """Return the key that opens what others sealed for this member."""
        return X25519PrivateKey.from_private_bytes(_private(self._sealing))

    def secret(self) -> bytes:
        """Return the secret under which campaigns get their names, 32 bytes."""
        return _private(self._secret)

    def membership(self) -> Membership:
        """Return the membership.

        Raises:
            ConfigurationError: the member has not joined, or the file is not ours.
        """
        if not self.joined:
            raise ConfigurationError(
                "this folder is no member of an exchange",
                where=str(self.folder),
                todo="join one with `stillwatch exchange join`, or name another --home",
            )
        raw = read_small(self._membership, "the membership", 1 << 16)
        try:
            return msgspec.json.decode(raw, type=Membership)
        except msgspec.MsgspecError as error:
            raise ConfigurationError(
                f"the membership cannot be read: {error}",
                where=str(self._membership),
                todo="restore the file from its copy",
            ) from error

    def join(self, membership: Membership) -> None:
        """Write the membership.

        Raises:
            OutputError: it cannot be written.
        """
        write_private(self._membership, msgspec.json.encode(membership) + b"\n")

    def keep_evidence(self, name: str, document: object) -> Path:
        """Write what shows a lie into a file of its own, and return its path."""
        self.evidence.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.evidence / f"{name}.json"
        write_private(path, msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
        return path


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read: beside its place, flushed, then renamed.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        write_whole(path, content, private=True)
    except OSError as error:
        raise OutputError(
            f"a file cannot be written: {error.strerror}",
            where=str(path),
            todo="name a folder that you can write to",
        ) from error


def _private(path: Path) -> bytes:
    raw = read_small(path, "a key file", 256)
    if os.name != "nt" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigurationError(
            "others may read a key file", where=str(path), todo=f"chmod 600 {path}"
        )
    try:
        found = bytes.fromhex(raw.decode("ascii").strip())
    except ValueError:
        found = b""
    if len(found) != 32:
        raise ConfigurationError(
            "a key file holds no key", where=str(path), todo="restore the file from its copy"
        )
    return found


def trusted(texts: Sequence[str]) -> tuple[VerifyKey, ...]:
    """Return verifier keys from their texts."""
    return tuple(VerifyKey.decode(text) for text in texts)
