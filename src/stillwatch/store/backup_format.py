"""A back-up on the disk: a folder that any database can be filled from.

    manifest.json       layout, steps of each part, and of each table columns, rows and digest
    hub_members.jsonl.zst   a table: a JSON array a line, in the order of the manifest's columns

Values are JSON's own, but bytes, which are ``{"b": "base64"}``.  Nothing in it depends on the
database that it was taken of.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stillwatch.disk import read_small, write_whole
from stillwatch.errors import InputFormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["Manifest", "TableFile", "read_manifest", "rows_of", "verify_file", "write_table"]

_LAYOUT = 1
_MANIFEST = "manifest.json"
_BLOCK = 1 << 20
_LONGEST = 1 << 28
"""Bytes of a row as JSON, at most."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table of a back-up."""

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str
    """Of the file, compressed, in hexadecimal digits."""

    @property
    def file(self) -> str:
        """Name of the file."""
        return f"{self.name}.jsonl.zst"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a back-up holds."""

    made: str
    """When the snapshot was taken, UTC, ISO 8601."""
    version: str
    """Of stillwatch."""
    dialect: str
    """Database that it was taken of."""
    steps: dict[str, str]
    """Step of each part."""
    tables: tuple[TableFile, ...]

    def write(self, folder: Path) -> str:
        """Write ``manifest.json``; return its SHA-256 in hexadecimal digits.

        Raises:
            OSError: it cannot be written.
        """
        raw = json.dumps({"layout": _LAYOUT, **asdict(self)}, indent=1).encode() + b"\n"
        write_whole(folder / _MANIFEST, raw, private=True)
        return hashlib.sha256(raw).hexdigest()


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """Return what a back-up says it holds, and the SHA-256 of its manifest.

    Raises:
        SourceNotFoundError: there is none here.
        InputFormatError: it is damaged, or of another layout.
    """
    path = folder / _MANIFEST
    raw = read_small(path, "the back-up's manifest", 1 << 24)
    try:
        said = json.loads(raw)
        layout, kinds = said.pop("layout"), [TableFile(**one) for one in said.pop("tables")]
        if layout != _LAYOUT:
            raise InputFormatError(
                f"the back-up has layout {layout}, and this version reads {_LAYOUT}",
                where=str(path),
                todo="restore it with the version of stillwatch that made it",
            )
        tables = tuple(
            TableFile(str(one.name), tuple(map(str, one.columns)), int(one.rows), str(one.sha256))
            for one in kinds
        )
        steps = {str(part): str(step) for part, step in said.pop("steps").items()}
        made = Manifest(**said, steps=steps, tables=tables)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path, "the manifest") from error
    for table in tables:
        if not table.name.replace("_", "").isalnum() or not table.name.isascii():
            raise _damaged(path, "the name of a table")
    return made, hashlib.sha256(raw).hexdigest()


def write_table(
    folder: Path, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> TableFile:
    """Write a table's rows; return what the manifest says of it.

    Raises:
        OSError: the file cannot be written.
    """
    path, count = folder / f"{name}.jsonl.zst", 0
    with path.open("xb") as held:
        path.chmod(0o600)
        with pa.CompressedOutputStream(pa.PythonFile(held, "w"), "zstd") as packed:
            for row in rows:
                packed.write(_line(row))
                count += 1
    return TableFile(name, tuple(columns), count, _digest(path))


def verify_file(folder: Path, table: TableFile) -> None:
    """Refuse a table's file that is not the one that was written.

    Raises:
        InputFormatError: it is missing, or its digest is another.
    """
    path = folder / table.file
    try:
        found = _digest(path)
    except OSError as error:
        raise _damaged(path, f"{table.file}, which cannot be read: {error.strerror},") from error
    if found != table.sha256:
        raise _damaged(path, f"{table.file}, whose SHA-256 is not that of the manifest,")


def rows_of(folder: Path, table: TableFile) -> Iterator[dict[str, Any]]:
    """Yield a table's rows, a value to each column.

    Raises:
        InputFormatError: there are more or fewer rows than the manifest says, or one is none.
    """
    path, count = folder / table.file, 0
    try:
        with pa.OSFile(str(path)) as held, pa.CompressedInputStream(held, "zstd") as packed:
            lines = io.BufferedReader(packed, _BLOCK)
            while line := lines.readline(_LONGEST):
                values = [_value(one) for one in json.loads(line)]
                yield dict(zip(table.columns, values, strict=True))
                count += 1
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _damaged(path, f"row {count + 1} of {table.name}") from error
    if count != table.rows:
        raise _damaged(path, f"{table.name}, which has {count:,} rows and not {table.rows:,},")


def _line(row: Sequence[Any]) -> bytes:
    values = [
        {"b": base64.b64encode(one).decode()} if isinstance(one, bytes | memoryview) else one
        for one in row
    ]
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"


def _value(held: Any) -> Any:  # noqa: ANN401 - what JSON holds
    return base64.b64decode(held["b"], validate=True) if isinstance(held, dict) else held


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(path: Path, what: str) -> InputFormatError:
    return InputFormatError(
        f"the back-up is damaged: {what} is not as it was written",
        where=str(path),
        todo="take another copy of it; nothing was restored",
    )
