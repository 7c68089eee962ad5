"""An input table of any format: its columns, its id type, and its good rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from stillwatch.errors import ConfigurationError, MissingColumnError
from stillwatch.find.sources.cleaning import Cleaner, TableRules
from stillwatch.find.sources.files import is_url
from stillwatch.find.sources.interface import Selection
from stillwatch.find.sources.mapping import TABLES, ColumnMapping, nearest, printable
from stillwatch.find.sources.quarantine import Quarantine
from stillwatch.find.sources.registry import locate
from stillwatch.find.sources.standard_input import STANDARD_INPUT

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence
    from datetime import datetime

    import numpy as np

    from stillwatch.find.sources.interface import FileLayout, InputFile, SourceFormat

__all__ = ["Input", "TableKind"]


@dataclass(frozen=True, slots=True)
class TableKind:
    """What kind of table an input is."""

    section: str
    """Section of the mapping file; also tells the columns."""
    name: str
    """Name in messages and of the quarantine file."""
    unique: str | None = None
    """Column whose values may not repeat."""
    vocabulary: Mapping[str, tuple[str, ...]] | None = None
    """Values that a column allows."""
    judge: Callable[[Mapping[str, pa.Array]], np.ndarray] | None = None
    """Marks rows that break R-8."""


@dataclass(frozen=True, slots=True)
class _Part:
    file: InputFile
    format: SourceFormat
    layout: FileLayout
    names: Mapping[str, str]
    """The file's name of each canonical column that it has."""
    unexpected: frozenset[str] = frozenset()
    """The file's names of canonical columns that no file's head has."""


class Input:
    """A located table.

    Args:
        location: path, folder, pattern, database URL, or ``-`` for standard input.
        kind: which table it is.
        mapping: the operator's column names.
        quarantine: takes the bad rows.
        batch_rows: rows in a batch, at most.
        chosen_format: format of all files; None tells by name and content.
        now: times more than a day after it are refused.
        skip: paths of files that are left out.

    Raises:
        StillwatchError: see :func:`stillwatch.find.sources.open_exchanges`.
    """

    def __init__(
        self,
        location: str,
        kind: TableKind,
        *,
        mapping: ColumnMapping | None,
        quarantine: Quarantine,
        batch_rows: int = 65_536,
        chosen_format: str | None = None,
        now: datetime | None = None,
        skip: Container[str] = (),
    ) -> None:
        self._kind = kind
        self._fields = TABLES[kind.section]
        self._mapping = mapping or ColumnMapping()
        self._quarantine = quarantine
        self._batch_rows = batch_rows
        self._now = now
        self._recorded = False
        self._parts = self._shared(
            [self._part(f, fmt) for f, fmt in locate(location, chosen_format) if f.path not in skip]
        )
        self._check_mapping(location)
        present = {name for part in self._parts for name in part.names}
        if "messages" in present and any(f.name == "prompt" for f in self._fields):
            present |= {"prompt", "system_prompt"}  # cleaning takes them from the turns
        self.columns = tuple(f.name for f in self._fields if f.name in present)
        """Canonical columns present in at least one file."""
        self.files = tuple(part.file.shown for part in self._parts)
        """Files, or the table, in the order of reading."""
        elsewhere = is_url(location) or location == STANDARD_INPUT
        self.shown = self.files[0] if elsewhere else location
        """Where the table is, without a password."""
        self.formats = tuple(sorted({part.format.name for part in self._parts}))
        """Names of the formats."""
        self.unknown = self._unknown()
        """Columns of the files that nothing reads."""
        self.account_type = self._account_type()
        """Arrow type of account_id: int64 or string."""

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the good rows; bad ones go to quarantine during the first pass only.

        Args:
            columns: canonical columns wanted; None is all. Rules about required columns hold
                whether or not they are asked for.
        """
        first_pass, self._recorded = not self._recorded, True
        wanted = self.columns if columns is None else tuple(c for c in self.columns if c in columns)
        needed = {f.name for f in self._fields if f.required} | set(wanted)
        if "prompt" in needed:
            needed.add("messages")
        fields = tuple(f for f in self._fields if f.name in needed and f.name in self.columns)
        rules = TableRules(
            self._kind.name,
            fields,
            self.account_type,
            self._kind.unique,
            self._kind.vocabulary,
            self._kind.judge,
            self._now,
        )
        cleaner = Cleaner(rules, self._quarantine if first_pass else Quarantine(None))
        exact = [f.name for f in fields] == list(wanted)
        integer_ids = bool(pa.types.is_integer(self.account_type))
        for part in self._parts:
            names = {name: part.names[name] for name in cleaner.schema.names if name in part.names}
            constant = {n: s for n, s in names.items() if self._from_path(part, s)}
            read = {n: s for n, s in names.items() if n not in constant}
            selection = Selection(read, part.unexpected, integer_ids, self._batch_rows)
            for raw in part.format.read(part.file, selection):
                for source in constant.values():
                    values = pa.repeat(part.file.partitions[source], raw.batch.num_rows)
                    raw = raw.with_column(source, values)  # noqa: PLW2901
                batch = cleaner.clean(raw, names, part.file.shown)
                if batch.num_rows:
                    yield batch if exact else batch.select(list(wanted))

    def schema(self) -> pa.Schema:
        """Return the schema of the batches when all columns are asked for."""
        return pa.schema(
            [
                (f.name, self.account_type if f.name == "account_id" else f.type)
                for f in self._fields
                if f.name in self.columns
            ]
        )

    @staticmethod
    def _from_path(part: _Part, source: str) -> bool:
        inside = source in part.layout.columns or source in part.layout.nested
        return not inside and source in part.file.partitions

    def _part(self, file: InputFile, fmt: SourceFormat) -> _Part:
        layout = fmt.layout(file)
        known = {*layout.columns, *layout.nested, *file.partitions}
        names = {}
        for f in self._fields:
            source = self._mapping.source_name(self._kind.section, f.name)
            if source in known:
                names[f.name] = source
        lacking = [f.name for f in self._fields if f.required and f.name not in names]
        if "prompt" in lacking and "messages" in names:
            lacking.remove("prompt")
        if lacking:
            raise self._missing(file, lacking[0], known)
        return _Part(file, fmt, layout, names)

    def _shared(self, parts: list[_Part]) -> list[_Part]:
        """Give files of self-describing records the columns that other files' heads have."""
        names = {
            f.name: self._mapping.source_name(self._kind.section, f.name) for f in self._fields
        }
        present = {name for part in parts for name in part.names}
        shared = {name: source for name, source in names.items() if name in present}
        absent = frozenset(source for name, source in names.items() if name not in present)
        return [
            part if part.layout.complete else replace(part, names=shared, unexpected=absent)
            for part in parts
        ]

    def _missing(self, file: InputFile, name: str, known: set[str]) -> MissingColumnError:
        source = self._mapping.source_name(self._kind.section, name)
        called = "" if source == name else f" (mapped to {source!r})"
        guess = (
            nearest(source, known)
            or f"the file has {', '.join(map(printable, sorted(known)[:12])) or 'none'}"
        )
        return MissingColumnError(
            f"the required column {name}{called} is absent from the {self._kind.name} input",
            where=file.shown,
            todo=f"{guess}; name it in the [{self._kind.section}] section of a --map file",
        )

    def _check_mapping(self, location: str) -> None:
        for name, source in self._mapping.columns.get(self._kind.section, {}).items():
            if any(part.names.get(name) == source for part in self._parts):
                continue
            known = {c for part in self._parts for c in (*part.layout.columns, *part.layout.nested)}
            raise ConfigurationError(
                f"[{self._kind.section}] maps {name} to {source!r}, which no file has",
                where=location,
                todo=nearest(source, known) or "remove the line or mend the name",
            )

    def _unknown(self) -> tuple[str, ...]:
        unread: set[str] = set()
        for part in self._parts:
            used = set(part.names.values()) | {s.split(".")[0] for s in part.names.values()}
            unread |= {c for c in part.layout.columns if c not in used}
        return tuple(sorted(unread))

    def _account_type(self) -> pa.DataType:
        if self._mapping.account_type is not None:
            return self._mapping.account_type
        parts = [part for part in self._parts if "account_id" in part.names]
        whole = parts and all(
            part.format.integer_ids(part.file, part.names["account_id"]) for part in parts
        )
        return pa.int64() if whole else pa.string()
