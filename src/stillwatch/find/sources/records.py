"""Records of loosely typed values → raw batches of text columns.

JSON, SQL and trace records have a type a cell, not a column; as text they meet the same rules,
in the same code, as a CSV file's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stillwatch.find.sources.interface import RawBatch, Rejected
from stillwatch.find.sources.rules import ID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.find.sources.interface import Selection

__all__ = ["Record", "cell_text", "dig", "names_in", "pack", "text_column"]

Record = Mapping[str, object]
IDS = ("exchange_id", "account_id")
DEEPEST_NAME = 3
"""Levels of names within names that a mapping may use."""


def cell_text(value: object) -> str | bytes | None:  # noqa: PLR0911 - one return a type
    """Return one value as text.

    >>> cell_text(7), cell_text(True), cell_text({"a": [1]}), cell_text(float("nan"))
    ('7', 'true', '{"a": [1]}', None)
    """
    if value is None or isinstance(value, str | bytes):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return None if math.isnan(value) else repr(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict | list | tuple):
        return _nested_text(value)
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    return _number_text(value)


def _nested_text(value: object) -> str | None:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return None


def _number_text(value: object) -> str | None:
    try:
        return str(value)
    except ValueError:  # Python refuses integers of thousands of digits
        return None


def text_column(values: Sequence[object]) -> pa.Array:
    """Return values as a text column.

    Args:
        values: what one column holds. Strings may hold lone surrogates, which stand for bytes
            that are not UTF-8; the rules see them as such.
    """
    texts = [value if type(value) is str else cell_text(value) for value in values]
    try:
        return pa.array(texts, pa.string())
    except (UnicodeEncodeError, pa.ArrowException, TypeError):
        raw = [t.encode("utf-8", "surrogatepass") if isinstance(t, str) else t for t in texts]
        return pa.array(raw, pa.binary())


def _getter(name: str) -> Callable[[Record], object]:
    if "." not in name:
        return lambda record: record.get(name)
    head, _, tail = name.partition(".")
    inner = _getter(tail)

    def get(record: Record) -> object:
        if name in record:
            return record[name]
        child = record.get(head)
        return inner(child) if isinstance(child, Mapping) else None

    return get


def dig(record: Record, name: str) -> object:
    """Return the value under a plain or dotted name.

    >>> dig({"a": {"b": 1}, "c.d": 2}, "a.b"), dig({"a": 1, "c.d": 2}, "c.d")
    (1, 2)
    """
    return _getter(name)(record)


def names_in(record: Record, prefix: str = "", depth: int = 1) -> list[str]:
    """Return the names in a record, those within it dotted.

    >>> names_in({"a": {"b": 1}, "c": 2})
    ['a', 'a.b', 'c']
    """
    names: list[str] = []
    for key, value in record.items():
        names.append(prefix + key)
        if isinstance(value, Mapping) and depth < DEEPEST_NAME:
            names += names_in(value, f"{prefix}{key}.", depth + 1)
    return names


def pack(
    records: Sequence[Record],
    positions: Sequence[int],
    selection: Selection,
    rejected: Sequence[Rejected] = (),
) -> RawBatch:
    """Return records as a raw batch of text columns.

    Args:
        records: the rows.
        positions: row of each within its file.
        selection: columns to take.
        rejected: records among these rows that could not be parsed.
    """
    columns = {c: [*map(_getter(s), records)] for c, s in selection.names.items()}
    taken_out = list(rejected)
    unusable: set[int] = set()
    for name in IDS:
        for row, value in enumerate(columns.get(name, ())):
            if isinstance(value, bool | dict | list) and row not in unusable:
                unusable.add(row)
                taken_out.append(Rejected(positions[row], ID, {}, name))
    arrays = {selection.names[c]: text_column(values) for c, values in columns.items()}
    batch = pa.RecordBatch.from_pydict(arrays)
    at = np.asarray(positions, np.int64)
    if unusable:
        keep = np.ones(len(records), np.bool_)
        keep[list(unusable)] = False
        batch, at = batch.filter(pa.array(keep)), at[keep]
    late = 0
    if selection.unexpected:
        late = sum(len(selection.unexpected & record.keys()) for record in records)
    return RawBatch(batch, at, taken_out, late)
