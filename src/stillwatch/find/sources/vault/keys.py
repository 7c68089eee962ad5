"""The vault's key file."""

from __future__ import annotations

import os
import re
import secrets
import stat
from typing import TYPE_CHECKING

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, OutputError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_key", "read_key"]

PREFIX = "stillwatch-vault-key-1:"
"""Start of a key file; names what the secret is, and the version of its format."""
KEY_BYTES = 32


def make_key(path: Path) -> None:
    """Write a fresh 256-bit key, readable by its owner alone.

    Raises:
        OutputError: the file exists, or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise OutputError(
            "the key file exists",
            where=str(path),
            todo="keep it: tokens made with another key match none of the earlier ones",
        ) from None
    except OSError as error:
        raise OutputError(
            f"the key file cannot be written: {error.strerror}",
            where=str(path),
            todo="choose a folder that can be written",
        ) from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(PREFIX + secrets.token_hex(KEY_BYTES) + "\n")


def read_key(path: Path) -> bytes:
    """Read a key file and check that nobody else can.

    Raises:
        SourceNotFoundError: the file cannot be opened.
        ConfigurationError: others may read it, or it holds no key.
    """
    text = read_small(path, "the key file", 256)
    mode = path.stat().st_mode
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigurationError(
            f"others may read the key file (mode {stat.S_IMODE(mode):04o})",
            where=str(path),
            todo=f"chmod 600 {path}",
        )
    match = re.fullmatch(
        re.escape(PREFIX) + rf"([0-9a-f]{{{2 * KEY_BYTES}}})\s*", text.decode("ascii", "replace")
    )
    if match is None:
        raise ConfigurationError(
            "the file holds no vault key",
            where=str(path),
            todo="give the file that `stillwatch vault keygen` wrote",
        )
    return bytes.fromhex(match[1])
