"""Observations as they come, put into columns in event time without holding them twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba as nb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.find.features.hashing import hash_strings
from stillwatch.find.features.observe import string_buffers
from stillwatch.find.features.text import DIMENSIONS, FORM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from stillwatch.find.features.scratch import Scratch, Spool

__all__ = ["Collected"]

_PLAIN = {
    "time": np.int64,
    "conversation_id": np.uint64,
    "ip": np.uint64,
    "block": np.uint64,
    "asn": np.int64,
    "user_agent": np.uint64,
    "tls_fingerprint": np.uint64,
    "system": np.uint64,
    "body": np.uint64,
    "end_user_id": np.uint64,
    "input_tokens": np.int32,
    "output_tokens": np.int32,
    "max_tokens": np.int32,
    "temperature": np.int32,
}
_WIDE = {"projection": (np.int8, DIMENSIONS), "form": (np.uint16, FORM)}
_ROWS = 1 << 20
"""Rows that are put into order at a time."""


class _Codes:
    """Codes of values in the order in which they first come."""

    def __init__(self) -> None:
        self.values: pa.Array | None = None

    def of(self, column: pa.Array) -> NDArray[np.int32]:
        """Return the codes of a column without nulls."""
        encoded = column.dictionary_encode()
        if self.values is None:
            self.values = encoded.dictionary
        at = pc.index_in(encoded.dictionary, value_set=self.values)
        if at.null_count:
            new = encoded.dictionary.filter(at.is_null())
            self.values = pa.concat_arrays([self.values, new])
            at = pc.index_in(encoded.dictionary, value_set=self.values)
        codes: NDArray[np.int32] = np.asarray(at, np.int32)[np.asarray(encoded.indices)]
        return codes


class Collected:
    """Columns of all observations, by (time, hash of exchange_id).

    Args:
        batches: as made by ``observe``, in any order and partitioning; at least one.
        scratch: takes what is large.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch], scratch: Scratch) -> None:
        self._scratch = scratch
        self._spools: dict[str, Spool] = {}
        self._accounts, self._models = _Codes(), _Codes()
        self._filled: set[str] = set()
        self._names: list[str] = []
        for batch in batches:
            self._add(batch)
        self._order = self._sorted()
        self.account_ids: pa.Array = self._accounts.values
        """Account ids in the order of the codes of ``account``."""

    def _add(self, batch: pa.RecordBatch) -> None:
        self._names = batch.schema.names
        self._filled |= {name for name in self._names if _has_values(batch.column(name))}
        for name, dtype in _PLAIN.items():
            self._spool(name, dtype).add(batch.column(name).to_numpy())
        for name, (dtype, width) in _WIDE.items():
            column = batch.column(name)
            values = np.frombuffer(column.buffers()[1], dtype)
            part = values[column.offset * width : (column.offset + len(column)) * width]
            self._spool(name, dtype).add(part)
        self._spool("account", np.int32).add(self._accounts.of(batch.column("account_id")))
        self._spool("model", np.int32).add(self._models.of(batch.column("model")))
        data, offsets, valid = string_buffers(batch.column("exchange_id"))
        self._spool("mark", np.uint64).add(hash_strings(data, offsets, valid, 0))
        self._spool("id", np.uint8).add(data[offsets[0] : offsets[-1]])
        self._spool("id_size", np.int32).add(np.diff(offsets))
        facets, kinds = batch.column("facets"), batch.column("kinds")
        self._spool("facets", np.uint64).add(facets.flatten().to_numpy())
        self._spool("kinds", np.uint8).add(kinds.flatten().to_numpy())
        self._spool("facets_size", np.int32).add(np.diff(facets.offsets.to_numpy()))

    def _spool(self, name: str, dtype: type) -> Spool:
        if name not in self._spools:
            self._spools[name] = self._scratch.spool(dtype)
        return self._spools[name]

    def _sorted(self) -> NDArray[np.int64] | None:
        """Return the order of the rows, None where they came in order."""
        time, mark = self._spools["time"].taken(), self._spools.pop("mark").taken()
        self._time = time
        later = (time[1:] > time[:-1]) | ((time[1:] == time[:-1]) & (mark[1:] >= mark[:-1]))
        return None if later.all() else np.lexsort((mark, time))

    @property
    def present(self) -> frozenset[str]:
        """Columns with at least one value; those of texts always have."""
        texts = {"facets", "kinds", "projection", "form"}
        return frozenset(self._filled - texts)

    def column(self, name: str) -> NDArray[Any]:
        """Return a column; it can be had once."""
        spool = self._spools.pop(name)
        raw = self._time if name == "time" else spool.taken()
        if name == "time":
            del self._time
        width = _WIDE[name][1] if name in _WIDE else 0
        raw = raw.reshape(-1, width) if width else raw
        if self._order is None:
            return raw
        out = self._scratch.array(raw.dtype, raw.shape)
        for first in range(0, len(raw), _ROWS):
            out[first : first + _ROWS] = raw[self._order[first : first + _ROWS]]
        self._scratch.release()
        return out

    def models(self) -> tuple[NDArray[np.int32], tuple[str, ...]]:
        """Return the rows' models as codes, and the names by code in order of first use."""
        code = self.column("model")
        names = [] if self._models.values is None else self._models.values.to_pylist()
        met, first = np.unique(code, return_index=True)
        by_use = met[np.argsort(first)]
        place = np.zeros(len(names), np.int32)
        place[by_use] = np.arange(by_use.size)
        return place[code], tuple(names[k] for k in by_use)

    def exchange_ids(self) -> pa.ChunkedArray:
        """Return the ids of the exchanges."""
        ptr, (data,) = self._ragged("id_size", ("id",))
        n = ptr.size - 1
        buffers = [None, pa.py_buffer(ptr), pa.py_buffer(data)]
        return pa.chunked_array([pa.Array.from_buffers(pa.large_string(), n, buffers)])

    def facets(self) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.uint8]]:
        """Return (n + 1,) offsets, the facets and their kinds."""
        ptr, (facets, kinds) = self._ragged("facets_size", ("facets", "kinds"))
        return ptr, facets, kinds

    def _ragged(
        self, sizes: str, names: tuple[str, ...]
    ) -> tuple[NDArray[np.int64], list[NDArray[Any]]]:
        size = self._spools.pop(sizes).taken()
        raw = [self._spools.pop(name).taken() for name in names]
        before = self._offsets(size)
        if self._order is None:
            return before, raw
        ptr = self._offsets(size[self._order])
        out = [self._scratch.array(values.dtype, values.size) for values in raw]
        for values, target in zip(raw, out, strict=True):
            for first in range(0, size.size, _ROWS):
                last = min(first + _ROWS, size.size)
                _gather(self._order, before, values, ptr, target, first, last)
                self._scratch.release()
        return ptr, out

    def _offsets(self, size: NDArray[np.int32]) -> NDArray[np.int64]:
        ptr: NDArray[np.int64] = self._scratch.array(np.int64, size.size + 1)
        ptr[0] = 0
        np.cumsum(size, out=ptr[1:])
        return ptr


@nb.njit(cache=True, nogil=True)
def _gather(order, before, values, ptr, out, lo, hi):
    """Put the lists of rows ``lo`` to ``hi`` of another order in their places."""
    for i in range(lo, hi):
        first = before[order[i]]
        for k in range(ptr[i + 1] - ptr[i]):
            out[ptr[i] + k] = values[first + k]


def _has_values(column: pa.Array) -> bool:
    if pa.types.is_integer(column.type):
        highest = pc.max(column).as_py()
        return highest is not None and highest > 0
    return True
