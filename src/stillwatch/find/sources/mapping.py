"""``--map columns.toml``: what the operator's columns are called."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError
from stillwatch.records import (
    ACCOUNT,
    ACCOUNT_EVENT,
    EXCHANGE,
    IDENTIFIER_TOKEN,
    INTELLIGENCE,
    PROVIDER_EVENT,
    TIME,
    Field,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["IDENTIFIER", "TABLES", "ColumnMapping", "load_mapping", "nearest", "printable"]

IDENTIFIER: tuple[Field, ...] = (
    Field("account_id", pa.string(), "id of the account (string or integer, kept)", required=True),
    Field("type", pa.string(), "email, phone or par", required=True),
    Field("value", pa.string(), "clear value; read by the vault alone", required=True),
    Field("valid_from", TIME, "when the value began to hold, UTC"),
)
"""Columns of the table of clear identifiers, which ``stillwatch vault`` reads."""

TABLES: Mapping[str, tuple[Field, ...]] = {
    "exchange": EXCHANGE,
    "account": ACCOUNT,
    "account_event": ACCOUNT_EVENT,
    "provider_event": PROVIDER_EVENT,
    "identifier_token": IDENTIFIER_TOKEN,
    "identifier": IDENTIFIER,
    "intelligence": INTELLIGENCE,
}
"""Sections of a mapping file and the columns that each may rename."""

ID_TYPES: Mapping[str, pa.DataType] = {"int64": pa.int64(), "string": pa.string()}
"""Types that account ids can be forced to."""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Names of columns in the operator's files."""

    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Section to canonical name to the file's name."""
    account_id_type: str | None = None
    """``int64`` or ``string`` where the operator forces the type of account_id."""

    @property
    def account_type(self) -> pa.DataType | None:
        """The Arrow type that account_id is forced to, None where it is told from the files."""
        return None if self.account_id_type is None else ID_TYPES[self.account_id_type]

    def source_name(self, table: str, canonical: str) -> str:
        """Return what a canonical column is called in the files of one table.

        >>> ColumnMapping({"exchange": {"time": "ts"}}).source_name("exchange", "time")
        'ts'
        """
        return self.columns.get(table, {}).get(canonical, canonical)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the closest known names, or an empty string.

    >>> nearest("promt", ["time", "prompt"])
    'did you mean prompt?'
    """
    close = difflib.get_close_matches(name.lower(), list(known), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(map(printable, close))}?" if close else ""


def printable(name: str) -> str:
    """Return a name as it may be shown on a terminal: no control characters, not long.

    >>> printable(f"a{chr(27)}[2Jb")
    'a?[2Jb'
    """
    return "".join(c if c.isprintable() else "?" for c in name[:60])


def load_mapping(path: str | Path) -> ColumnMapping:
    """Read and check a mapping file.

    Args:
        path: TOML file with any of the sections ``[exchange]``, ``[account]``,
            ``[account_event]``, ``[provider_event]``, ``[identifier_token]``, ``[identifier]``
            and ``[intelligence]``, each of ``canonical = "name in the file"``, and optionally
            ``account_id_type``.

    Raises:
        SourceNotFoundError: the file cannot be read.
        ConfigurationError: it is not TOML, or names a section, column or type that is not known.
    """
    where = str(path)
    try:
        document = tomllib.loads(read_small(Path(path), "the mapping file").decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else error
        raise ConfigurationError(
            f"the mapping file is not TOML: {why}",
            where=where,
            todo='write sections such as [exchange] with lines such as time = "ts"',
        ) from error
    forced = document.pop("account_id_type", None)
    if forced is not None and forced not in ID_TYPES:
        raise ConfigurationError(
            f"account_id_type is {forced!r}",
            where=where,
            todo=f"use one of {', '.join(ID_TYPES)}",
        )
    columns = {name: _section(name, body, where) for name, body in document.items()}
    return ColumnMapping(columns, forced)


def _section(name: str, body: object, where: str) -> dict[str, str]:
    if name not in TABLES:
        raise ConfigurationError(
            f"unknown section [{name}] in the mapping file",
            where=where,
            todo=nearest(name, TABLES) or f"sections are {', '.join(TABLES)}",
        )
    if not isinstance(body, dict):
        raise ConfigurationError(
            f"{name} is not a section", where=where, todo=f"write [{name}] on a line of its own"
        )
    known = [column.name for column in TABLES[name]]
    for canonical, source in body.items():
        if canonical not in known:
            raise ConfigurationError(
                f"[{name}] has no column {canonical!r}",
                where=where,
                todo=nearest(canonical, known)
                or f"the left side is one of {', '.join(known)}; the right side is your name",
            )
        if not isinstance(source, str) or not source:
            raise ConfigurationError(
                f"[{name}] {canonical} is not a column name",
                where=where,
                todo=f'write {canonical} = "name of the column in your file"',
            )
    return dict(body)
