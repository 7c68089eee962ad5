"""Parquet files, with any row groups and any types that the columns can be read from."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import InputFormatError, SourceNotFoundError
from stillwatch.find.sources.interface import FileLayout, RawBatch
from stillwatch.find.sources.mapping import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.find.sources.interface import InputFile, Selection

__all__ = ["Parquet"]

BATCH_BYTES = 64 << 20
"""Uncompressed bytes of a batch, about."""


class Parquet:
    """Apache Parquet."""

    name = "parquet"
    suffixes: tuple[str, ...] = (".parquet", ".pq")

    def recognises(self, head: bytes) -> bool:
        """Whether the file starts with Parquet's magic number."""
        return head.startswith(b"PAR1")

    def layout(self, file: InputFile) -> FileLayout:
        """Return the columns of the footer; fields of structs are named with a dot."""
        with _open(file) as parquet:
            schema = parquet.schema_arrow
            twice = sorted(name for name, n in Counter(schema.names).items() if n > 1)
            if twice:
                raise InputFormatError(
                    f"the file names {', '.join(map(printable, twice[:12]))} twice",
                    where=file.shown,
                    todo="write the file with distinct names of columns",
                )
            nested = [
                f"{field.name}.{field.type.field(i).name}"
                for field in schema
                if pa.types.is_struct(field.type)
                for i in range(field.type.num_fields)
            ]
            types = {field.name: field.type for field in schema}
            return FileLayout(tuple(schema.names), tuple(nested), types, parquet.metadata.num_rows)

    def integer_ids(self, file: InputFile, column: str) -> bool:
        """Whether the column's type is an integer, or a float, which integers with gaps become."""
        kind = self.layout(file).types.get(column, pa.string())
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))

    def read(self, file: InputFile, selection: Selection) -> Iterator[RawBatch]:
        """Yield batches of the selected columns."""
        with _open(file) as parquet:
            top = set(parquet.schema_arrow.names)
            paths = {name: _path(name, top) for name in selection.names.values()}
            columns = sorted({path[0] for path in paths.values()})
            rows = _batch_rows(parquet, set(columns), selection.batch_rows)
            first = 0
            try:
                for batch in parquet.iter_batches(rows, columns=columns):
                    arrays = {name: _pick(batch, path) for name, path in paths.items()}
                    positions = np.arange(first, first + batch.num_rows, dtype=np.int64)
                    first += batch.num_rows
                    yield RawBatch(pa.RecordBatch.from_pydict(arrays), positions)
            except (pa.ArrowException, OSError) as error:
                raise _damaged(file, error) from error


def _open(file: InputFile) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file.path)
    except (FileNotFoundError, PermissionError) as error:
        raise SourceNotFoundError(
            f"the input cannot be opened: {error.strerror}", where=file.shown, todo="check the path"
        ) from error
    except (pa.ArrowException, OSError) as error:
        raise _damaged(file, error) from error


def _damaged(file: InputFile, error: Exception) -> InputFormatError:
    return InputFormatError(
        f"the Parquet file is damaged or not Parquet: {str(error).splitlines()[0]}",
        where=file.shown,
        todo="write or fetch the file again; nothing after the damage can be trusted",
    )


def _path(name: str, top: set[str]) -> list[str]:
    return [name] if name in top else name.split(".", 1)


def _pick(batch: pa.RecordBatch, path: list[str]) -> pa.Array:
    column = batch.column(path[0])
    return pc.struct_field(column, path[1]) if len(path) > 1 else column


def _batch_rows(parquet: pq.ParquetFile, columns: set[str], most: int) -> int:
    """Return how many rows make a batch of ordinary size: texts can be long."""
    metadata = parquet.metadata
    heaviest = 0
    for g in range(metadata.num_row_groups):
        group = metadata.row_group(g)
        chosen = [group.column(c) for c in range(group.num_columns)]
        size = sum(
            c.total_uncompressed_size for c in chosen if c.path_in_schema.split(".")[0] in columns
        )
        heaviest = max(heaviest, size // max(1, group.num_rows))
    return max(256, min(most, BATCH_BYTES // max(1, heaviest)))
