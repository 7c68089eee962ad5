"""What says that a folder holds whole observations, and what they were made with.

The mark is a small file that names the others; it is written last and in one step.  A file
that no mark names is what a killed run left, and is not read.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from stillwatch.disk import read_small
from stillwatch.errors import InputFormatError, StillwatchError
from stillwatch.find.features.observe import OBSERVATION_VERSION, observation_schema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

__all__ = [
    "KEY",
    "MARK",
    "PART",
    "UNKEYED",
    "UNKNOWN",
    "VERSION",
    "Mark",
    "Part",
    "key_fingerprint",
    "read_mark",
    "stored_schema",
]

LONGEST = 64 << 20
"""Bytes of a mark: half a million files."""
MARK = "observations.json"
"""Name of the mark in its folder."""
PART = re.compile(r"day=\d{4}-\d\d-\d\d/part-[0-9a-f]{8}-\d{6}\.parquet")
"""Paths of observations within the folder: day, run, number."""
VERSION = b"stillwatch_observation"
"""Metadata of a file: version of its observations."""
KEY = b"stillwatch_key"
"""Metadata of a file: fingerprint of the key of its hashes."""
UNKEYED = "none"
"""Fingerprint of no key."""
UNKNOWN = "unknown"
"""Stands for the fingerprint of a file that says none."""
_SAYS = "stillwatch_observations"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of observations."""

    path: str
    """Within the folder, with forward slashes."""
    rows: int
    """Exchanges in it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What one run wrote."""

    version: str
    """``OBSERVATION_VERSION`` of the program that wrote it."""
    key: str
    """Fingerprint of the key."""
    parts: tuple[Part, ...]
    """Every file, in order of path."""

    def encode(self) -> str:
        """Return the mark as its file holds it."""
        parts = [asdict(part) for part in self.parts]
        held = {_SAYS: self.version, "key": self.key, "parts": parts}
        return json.dumps(held, indent=1) + "\n"


def key_fingerprint(key: int) -> str:
    """Return what tells keys apart and gives none away: 32 bits of a digest under the key.

    Of all 64-bit keys one in four billion has the fingerprint of another.

    >>> key_fingerprint(0), key_fingerprint(1) == key_fingerprint(2)
    ('none', False)
    """
    if key == 0:
        return UNKEYED
    secret = key.to_bytes(8, "little")
    return hashlib.blake2b(b"stillwatch observations", key=secret, digest_size=4).hexdigest()


def stored_schema(account_type: pa.DataType, mark: str) -> pa.Schema:
    """Return the schema of a file of observations, with version and key's fingerprint."""
    said = {VERSION: OBSERVATION_VERSION.encode(), KEY: mark.encode()}
    return observation_schema(account_type).with_metadata(said)


def read_mark(path: Path) -> Mark | None:
    """Return the mark in a file; None where the file is something else of that name.

    Raises:
        InputFormatError: it is a mark that names files in no way this program does.
    """
    try:
        held = json.loads(read_small(path, "the mark", LONGEST))
    except (StillwatchError, ValueError, RecursionError):
        return None
    if not isinstance(held, dict) or _SAYS not in held:
        return None
    parts = held.get("parts")
    found = [_part(entry) for entry in parts] if isinstance(parts, list) else [None]
    named = tuple(part for part in found if part is not None)
    if len(named) != len(found):
        raise InputFormatError(
            "the mark of the observations is damaged",
            where=str(path),
            todo="run `stillwatch observe` again into this folder",
        )
    return Mark(str(held[_SAYS]), str(held.get("key", "")), named)


def _part(entry: object) -> Part | None:
    """Return one entry; None where it is not of the form that leads nowhere else."""
    said: Mapping[object, object] = entry if isinstance(entry, dict) else {}
    path, rows = said.get("path"), said.get("rows")
    if not isinstance(path, str) or not PART.fullmatch(path):
        return None
    return Part(path, rows) if type(rows) is int and rows >= 0 else None
