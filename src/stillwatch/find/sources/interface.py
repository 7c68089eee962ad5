"""What a source format is: something that turns files into raw batches.

A format knows bytes and names, and nothing of the rules; :mod:`.cleaning` knows the rules and
nothing of files.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    import pyarrow as pa

    from stillwatch.find.sources.rules import Rule

__all__ = ["FileLayout", "InputFile", "RawBatch", "Rejected", "Selection", "SourceFormat"]


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that a rule takes out."""

    position: int
    """Row within its file, 0-based."""
    rule: Rule
    """The rule that it breaks."""
    fields: Mapping[str, object]
    """Offending values and the row's ids, by canonical name; what may be shown is decided later."""
    column: str | None = None
    """The column concerned, where there is one."""


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Rows as a file has them."""

    batch: pa.RecordBatch
    """Columns under the file's own names, in any type."""
    positions: np.ndarray
    """Row of each entry within the file, int64, 0-based."""
    rejected: Sequence[Rejected] = ()
    """Records among these rows that could not be parsed."""
    late: int = 0
    """Values in canonical columns that the head of the file did not have."""

    def with_column(self, name: str, values: pa.Array) -> RawBatch:
        """Return the same rows with one more column."""
        return replace(self, batch=self.batch.append_column(name, values))


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file, or one table of a database."""

    path: str = field(repr=False)
    """Path or URL; a password in it is never shown."""
    shown: str
    """How messages and the quarantine file name it."""
    partitions: Mapping[str, str] = field(default_factory=dict)
    """Values of hive directories, such as ``day=2026-01-31``."""


@dataclass(frozen=True, slots=True)
class FileLayout:
    """What the head of a file says of it."""

    columns: tuple[str, ...]
    """Names present."""
    nested: tuple[str, ...] = ()
    """Names within names, dotted, such as ``request.model``."""
    types: Mapping[str, pa.DataType] = field(default_factory=dict)
    """Types by name, where the format has types."""
    rows: int | None = None
    """Rows, where the file says so without being read."""
    complete: bool = True
    """Whether no row can have a column that is not listed; False for self-describing records."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which columns to read."""

    names: Mapping[str, str]
    """The file's name of each canonical column wanted."""
    unexpected: frozenset[str] = frozenset()
    """The file's names of canonical columns that no head has; values in them are counted."""
    integer_ids: bool = False
    """Whether account_id is an integer in the source."""
    batch_rows: int = 65_536
    """Rows in a batch, at most."""


class SourceFormat(Protocol):
    """Reads one kind of file."""

    name: str
    """As given to ``--format``."""
    suffixes: tuple[str, ...]
    """File name endings, compression left out."""

    def recognises(self, head: bytes) -> bool:
        """Whether a file that starts with these (decompressed) bytes is in this format."""

    def layout(self, file: InputFile) -> FileLayout:
        """Return a file's columns."""

    def integer_ids(self, file: InputFile, column: str) -> bool:
        """Whether every value of an id column is an integer."""

    def read(self, file: InputFile, selection: Selection) -> Iterator[RawBatch]:
        """Yield the rows of one file."""
