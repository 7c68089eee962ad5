"""An operator's folder: settings, keys, members, and the records of epochs.

operator.toml    settings
operator.key     Ed25519 key that signs records and messages, mode 0600
operator.vkey    its public half, for the other operator and for members
peer.vkey        the other operator's
members/ID.vkey  a member's keys, a line each; without the file a member is refused
records/         envelopes of epochs, signed by both
shares/          secret shares, mode 0600
ceremony/        messages of ceremonies, own and the other's
operator.db      quotas spent and audit log
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from stillwatch.disk import read_small, write_whole
from stillwatch.errors import ConfigurationError, OutputError, RefusedError
from stillwatch.ledger import SigningKey, VerifyKey
from stillwatch.share.oprf.epochs import Certificate, Closed, Exchange, opened
from stillwatch.share.oprf.quotas import DEFAULTS, Quota

__all__ = ["Home", "Settings", "create"]

_FOLDERS = ("members", "records", "shares", "ceremony")
_MEMBER = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


class Settings(Closed, frozen=True):
    """operator.toml."""

    exchange: Exchange
    """Name of the exchange, the same at both operators and all members."""
    operator: Literal["a", "b"]
    """Which of the two."""
    machine: str = ""
    """Folder in which operators of this machine register; empty for the usual one."""
    origin: str = ""
    """Scheme and authority that members use, such as https://oprf-a.example; empty for the
    address that is listened on."""
    hub: str = ""
    """Scheme and authority of the exchange's hub, into whose log records of ceremonies go; empty
    to take them there by another way."""
    quota: dict[str, Quota] = msgspec.field(default_factory=dict)
    """Quotas by type that differ from the defaults."""

    @property
    def quotas(self) -> dict[str, Quota]:
        """Quotas by type."""
        return {**DEFAULTS, **self.quota}

    @property
    def machine_folder(self) -> Path:
        """Folder in which operators of this machine register."""
        if self.machine:
            return Path(self.machine)
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            return Path("/var/lib/stillwatch/oprf")
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return Path(state) / "stillwatch" / "oprf"


@dataclass(frozen=True, slots=True)
class Home:
    """An operator's folder, read."""

    path: Path
    """The folder."""
    settings: Settings
    """Its operator.toml."""
    key: SigningKey
    """The operator's key."""

    @classmethod
    def read(cls, path: Path) -> Home:
        """Return the folder's settings and key.

        Raises:
            SourceNotFoundError: a file is missing.
            ConfigurationError: a file is not what it must be, or others may read the key.
        """
        file = path / "operator.toml"
        try:
            held = tomllib.loads(read_small(file, "the operator's settings").decode())
            settings = msgspec.convert(held, Settings, strict=True)
            unknown = set(settings.quota) - set(DEFAULTS)
            if unknown:
                raise ValueError(f"no quota is of type {min(unknown)}")  # noqa: TRY301
        except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as error:
            raise ConfigurationError(
                f"the operator's settings cannot be read: {error}",
                where=str(file),
                todo="see docs/reference/oprf.md",
            ) from error
        return cls(path, settings, SigningKey.read(path / "operator.key"))

    @property
    def peer(self) -> VerifyKey:
        """The other operator's key.

        Raises:
            SourceNotFoundError: it is not there yet.
            ConfigurationError: it is no key, or this operator's own (P-1).
        """
        (key,) = _keys(self.path / "peer.vkey", most=1)
        if key.raw == self.key.public.raw:  # P-1
            raise ConfigurationError(
                "P-1: the other operator's key is this operator's own",
                where=str(self.path / "peer.vkey"),
                todo="put the file operator.vkey of the other operator there",
            )
        return key

    def members(self) -> dict[str, tuple[str, VerifyKey]]:
        """Return members' names and keys by the keys' ids.

        Raises:
            ConfigurationError: a file holds no keys, or two members have one key.
        """
        found: dict[str, tuple[str, VerifyKey]] = {}
        for file in sorted((self.path / "members").glob("*.vkey")):
            if not _MEMBER.fullmatch(file.stem):
                raise ConfigurationError("a member's name has odd characters", where=str(file))
            for key in _keys(file):
                if key.key_id in found:
                    raise ConfigurationError("two members have one key", where=str(file))
                found[key.key_id] = (file.stem, key)
        return found

    def certificates(self) -> dict[int, Certificate]:
        """Return the signed records of all epochs, by number.

        Raises:
            RefusedError: one does not verify.
        """
        keys = (self.key.public, self.peer)
        found = {}
        for file in sorted((self.path / "records").glob("epoch-*.json")):
            held = opened(read_small(file, "an epoch's record"), keys)
            if held.record.exchange != self.settings.exchange:
                raise RefusedError("P-1", "a record is of another exchange", where=str(file))
            found[held.record.epoch] = held
        return found

    def record_path(self, epoch: int) -> Path:
        """Return where an epoch's record is."""
        return self.path / "records" / f"epoch-{epoch:06}.json"

    def share_path(self, epoch: int, state: str = "") -> Path:
        """Return where an epoch's shares are; state is empty, next or previous."""
        return self.path / "shares" / f"epoch-{epoch:06}{state and f'-{state}'}.json"


def create(path: Path, exchange: str, operator: Literal["a", "b"], machine: str) -> Home:
    """Make an operator's folder with a fresh key.

    Raises:
        OutputError: it is there already, or cannot be written.
        ConfigurationError: the exchange's name is none.
    """
    settings = f'exchange = "{exchange}"\noperator = "{operator}"\n'
    if machine:
        settings += f"machine = {msgspec.json.encode(str(Path(machine).resolve())).decode()}\n"
    try:
        msgspec.convert(tomllib.loads(settings), Settings)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(
            "an exchange's name is small letters, digits, dots and dashes", where=exchange
        ) from error
    try:
        path.mkdir(mode=0o700, parents=True)
        for name in _FOLDERS:
            (path / name).mkdir(mode=0o700)
        key = SigningKey.generate(f"{exchange}/oprf/{operator}")
        key.write(path / "operator.key")
        write_whole(path / "operator.vkey", f"{key.public.encode()}\n".encode())
        write_whole(path / "operator.toml", settings.encode())
    except OSError as error:
        raise OutputError(
            f"the operator's folder cannot be made: {error.strerror}",
            where=str(path),
            todo="name a folder that is not there yet",
        ) from error
    return Home.read(path)


def _keys(file: Path, most: int = 16) -> list[VerifyKey]:
    lines = read_small(file, "a public key").decode("utf-8", "replace").split("\n")
    try:
        keys = [VerifyKey.decode(line.strip()) for line in lines if line.strip()]
    except RefusedError as error:
        raise ConfigurationError(
            f"the file holds no public key: {error.what}",
            where=str(file),
            todo="put a verifier key there: name, plus, id, plus, base64",
        ) from error
    if not 1 <= len(keys) <= most:
        raise ConfigurationError(f"the file holds {len(keys)} keys", where=str(file))
    return keys
