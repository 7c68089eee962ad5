"""An operator's shares of the keys: what may be asked of one, and the file that holds them.

`KeyShare` is all that the operator's service asks for. `Scalar`, read from a file of mode 0600, is
its one implementation; a device that multiplies elements of ristretto255 could be another.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

from stillwatch.disk import read_small, write_whole
from stillwatch.errors import ConfigurationError, OutputError, RefusedError
from stillwatch.share.oprf import group
from stillwatch.share.oprf.epochs import Closed, Element, Exchange
from stillwatch.share.oprf.protocol import Answer, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["KeyShare", "Scalar", "ShareFile", "read_secret", "read_shares", "write_secret"]


class KeyShare(Protocol):
    """One operator's share of one key."""

    @property
    def public(self) -> bytes:
        """Public half, 32 bytes."""
        ...

    def answer(self, elements: Sequence[bytes]) -> Answer:
        """Multiply a batch and prove it, see `protocol.evaluate`."""
        ...


class Scalar:
    """A share in memory. Python cannot wipe it: keep the machine's swap and dumps off.

    Args:
        value: scalar that was checked.
    """

    def __init__(self, value: bytes) -> None:
        self._value = value
        self._public = group.base_times(value)

    def __repr__(self) -> str:
        """Return the public half: a share never reaches a log."""
        return f"Scalar(public={self._public.hex()})"

    @property
    def public(self) -> bytes:
        """Public half, 32 bytes."""
        return self._public

    def answer(self, elements: Sequence[bytes]) -> Answer:
        """Multiply a batch and prove it, see `protocol.evaluate`."""
        return evaluate(self._value, self._public, elements)


class ShareFile(Closed, frozen=True):
    """Shares of one operator, epoch and generation, as they are in a file."""

    format: Literal["stillwatch-oprf-share-1"]
    """Names what the secrets are, and the version of this form."""
    exchange: Exchange
    """Exchange."""
    operator: Literal["a", "b"]
    """Whose they are."""
    epoch: int
    """Epoch."""
    generation: Annotated[int, Meta(ge=0)]
    """Generation."""
    shares: dict[str, Element]
    """Secret scalars in hexadecimal, by type of identifier."""

    def scalars(self) -> dict[str, bytes]:
        """Return the scalars by type, checked.

        Raises:
            RefusedError: P-4 one is no scalar.
        """
        return {kind: group.scalar(bytes.fromhex(text)) for kind, text in self.shares.items()}

    def __repr__(self) -> str:
        """Return all but the secrets."""
        return f"ShareFile({self.exchange}, {self.operator}, {self.epoch}.{self.generation})"


def read_shares(path: Path) -> ShareFile:
    """Return the shares in a file.

    Raises:
        SourceNotFoundError: it cannot be opened.
        ConfigurationError: others may read it, or it holds no shares.
    """
    try:
        held = msgspec.json.decode(read_secret(path), type=ShareFile)
        held.scalars()
    except (msgspec.DecodeError, UnicodeDecodeError, RefusedError) as error:
        raise ConfigurationError(
            "the file holds no shares of keys",
            where=str(path),
            todo="restore it from its copy, or make the next epoch with --lost",
        ) from error
    return held


def read_secret(path: Path) -> bytes:
    """Return the bytes of a file that nobody else may read.

    Raises:
        SourceNotFoundError: it cannot be opened.
        ConfigurationError: others may read it.
    """
    raw = read_small(path, "the share file", 1 << 16)
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name != "nt" and mode & 0o077:
        raise ConfigurationError(
            f"others may read the share file (mode {mode:04o})",
            where=str(path),
            todo="take the share for leaked and make the next epoch with --lost; or chmod 600",
        )
    return raw


def write_secret(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, readable by its owner alone.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        write_whole(path, data, private=True)
    except OSError as error:
        raise OutputError(
            f"a share cannot be written: {error.strerror}",
            where=str(path),
            todo="choose a folder that can be written",
        ) from error
