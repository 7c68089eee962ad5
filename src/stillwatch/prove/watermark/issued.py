"""One cohort's key as a file, for the machine that samples: it needs no book and no master key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillwatch.disk import write_whole
from stillwatch.errors import InputFormatError, OutputError, RefusedError, StillwatchError
from stillwatch.ledger import canonical
from stillwatch.prove.watermark.keys import WatermarkKey, read_private
from stillwatch.prove.watermark.schemes import scheme_of

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.prove.watermark.green_red import GreenRed
    from stillwatch.prove.watermark.gumbel import Gumbel

__all__ = ["ISSUED_SCHEMA", "IssuedKey", "read_issued"]

ISSUED_SCHEMA = "stillwatch-watermark-key-1"
"""``schema`` of a key file."""


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key, whose it is, and how it marks."""

    epoch: str
    """Time for which it is."""
    cohort: str
    """Whose answers it marks."""
    scheme: GreenRed | Gumbel
    """How it marks."""
    key: WatermarkKey
    """The key itself."""

    def write(self, path: Path) -> None:
        """Write the key where its owner alone can read it.

        Raises:
            OutputError: it cannot be written.
        """
        held = {
            "schema": ISSUED_SCHEMA,
            "epoch": self.epoch,
            "cohort": self.cohort,
            "scheme": dict(self.scheme.settings()),
            "key": self.key.raw.hex(),
        }
        try:
            write_whole(path, canonical(held), private=True)
        except OSError as error:
            raise OutputError(
                f"a key cannot be written: {error.strerror}",
                where=str(path),
                todo="name a file in a folder that you can write to",
            ) from error

    @classmethod
    def read(cls, path: Path) -> IssuedKey:
        """Return the key in a file.

        Raises:
            SourceNotFoundError: the file cannot be opened.
            ConfigurationError: others can read it.
            InputFormatError: it holds no key.
        """
        raw = read_private(path, "the key file", 1 << 16)
        try:
            return cls._decode(json.loads(raw))
        except (
            KeyError,
            ValueError,
            TypeError,
            AttributeError,
            RecursionError,
            InputFormatError,
            RefusedError,
        ) as error:
            raise InputFormatError(
                f"the file holds no watermark key: {error}",
                where=str(path),
                todo="issue it again with `stillwatch watermark keys issue`",
            ) from error

    @classmethod
    def _decode(cls, held: dict[str, Any]) -> IssuedKey:
        if held["schema"] != ISSUED_SCHEMA or not all(
            isinstance(held[name], str) for name in ("epoch", "cohort", "key")
        ):
            raise InputFormatError("its schema is another")
        key = WatermarkKey(bytes.fromhex(held["key"]))
        return cls(held["epoch"], held["cohort"], scheme_of(held["scheme"]), key)


def read_issued(folder: Path) -> dict[str, IssuedKey]:
    """Return the keys in a folder, ``*.key``, by cohort.

    Raises:
        StillwatchError: as `IssuedKey.read`; or two keys are of one cohort.
    """
    found: dict[str, IssuedKey] = {}
    for path in sorted(folder.glob("*.key")):
        issued = IssuedKey.read(path)
        if issued.cohort in found:
            raise StillwatchError(
                f"two keys are of the cohort {issued.cohort}",
                where=str(folder),
                todo="take the key of the epoch that ended away",
            )
        found[issued.cohort] = issued
    return found
