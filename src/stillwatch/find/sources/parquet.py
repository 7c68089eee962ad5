"""Parquet files, with any row groups and any types that the columns can be read from."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import InputFormatError, SourceNotFoundError
from stillwatch.find.sources.dictionaries import longest_entry
from stillwatch.find.sources.interface import FileLayout, RawBatch
from stillwatch.find.sources.mapping import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.find.sources.interface import InputFile, Selection

__all__ = ["Parquet"]

BATCH_BYTES = 64 << 20
"""Uncompressed bytes of a batch, about."""
DECODED_BYTES = 256 << 20
"""Bytes of a batch where every row held the longest text of its dictionary."""


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
            first = 0
            try:
                for rows, groups in _runs(parquet, file, set(columns), selection.batch_rows):
                    for batch in parquet.iter_batches(rows, row_groups=groups, columns=columns):
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


def _runs(
    parquet: pq.ParquetFile, file: InputFile, columns: set[str], most: int
) -> list[tuple[int, list[int]]]:
    """Return how many rows make a batch of bounded size, for each run of row groups."""
    runs: list[tuple[int, list[int]]] = []
    with Path(file.path).open("rb") as stream:
        for number in range(parquet.metadata.num_row_groups):
            rows = _batch_rows(parquet.metadata.row_group(number), stream, columns, most)
            if not runs or runs[-1][0] != rows:
                runs.append((rows, []))
            runs[-1][1].append(number)
    return runs


def _batch_rows(group: pq.RowGroupMetaData, stream: BinaryIO, columns: set[str], most: int) -> int:
    """Return a power of two: texts can be long, and long texts be repeated at no cost."""
    chosen = [
        chunk
        for chunk in (group.column(c) for c in range(group.num_columns))
        if chunk.path_in_schema.split(".")[0] in columns
    ]
    mean = sum(chunk.total_uncompressed_size for chunk in chosen) // max(1, group.num_rows)
    longest = sum(
        longest_entry(stream, chunk) for chunk in chosen if chunk.physical_type == "BYTE_ARRAY"
    )
    rows: int = min(most, BATCH_BYTES // max(1, mean), DECODED_BYTES // max(1, longest))
    return 1 << max(0, rows.bit_length() - 1)
