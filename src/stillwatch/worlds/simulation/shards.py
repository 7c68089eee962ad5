"""Tables that are sorted at the end without ever being whole in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.worlds.simulation.columns import Ints

__all__ = ["Shards"]

_HELD = 200_000  # rows held before they go to disk


class Shards:
    """Rows in numbered shards; a lower shard comes before a higher in the table's order.

    Args:
        folder: where shards go once there are many rows.
        name: name of the table.
        schema: its columns.
        keys: columns it is sorted by.
    """

    def __init__(self, folder: Path, name: str, schema: pa.Schema, keys: tuple[str, ...]) -> None:
        self._folder = folder
        self._name = name
        self._schema = schema
        self._keys = [(key, "ascending") for key in keys]
        self._held: list[tuple[pa.RecordBatch, Ints]] = []
        self._rows = 0
        self._files: dict[int, pa.ipc.RecordBatchStreamWriter] = {}

    def take(self, batch: pa.RecordBatch, shard: Ints) -> None:
        """Take rows, with the shard of each."""
        self._held.append((batch, shard))
        self._rows += len(batch)
        if self._rows > _HELD:
            self._to_disk()

    def write(self, path: Path) -> None:
        """Write all rows in order as Parquet, and delete the shards."""
        with pq.ParquetWriter(path, self._schema, compression="zstd") as writer:
            if not self._files:
                writer.write_table(self._whole().sort_by(self._keys))
                return
            self._to_disk()
            for number, file in sorted(self._files.items()):
                file.close()
                shard = self._path(number)
                with pa.OSFile(str(shard)) as source:
                    table = pa.ipc.open_stream(source).read_all()
                writer.write_table(table.sort_by(self._keys))
                shard.unlink()

    def _whole(self) -> pa.Table:
        return pa.Table.from_batches([batch for batch, _ in self._held], self._schema)

    def _to_disk(self) -> None:
        """Append what is held to the shards' files."""
        if not self._held:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        shard = np.concatenate([numbers for _, numbers in self._held])
        order = np.argsort(shard, kind="stable")
        table = self._whole().take(pa.array(order))
        found, first, count = np.unique(shard[order], return_index=True, return_counts=True)
        for number, begin, rows in zip(found.tolist(), first, count, strict=True):
            if number not in self._files:
                self._files[number] = pa.ipc.new_stream(str(self._path(number)), self._schema)
            self._files[number].write_table(table.slice(begin, rows))
        self._held.clear()
        self._rows = 0

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._name}-{number:04d}.arrow"
