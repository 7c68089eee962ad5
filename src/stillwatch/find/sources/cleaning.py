"""Raw batches → canonical batches: applies the numbered rules of :mod:`.rules`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.find.sources import rules
from stillwatch.find.sources.duplicates import SeenIds
from stillwatch.find.sources.interface import Rejected
from stillwatch.find.sources.messages import parse_json, read_turns
from stillwatch.find.sources.times import FIRST, LAST, read_times
from stillwatch.find.sources.values import (
    BEYOND_INT64,
    cut_oversize,
    integers_in,
    plain_text,
    read_addresses,
    read_booleans,
    read_integers,
    read_numbers,
    repair_utf8,
)
from stillwatch.records import TIME, Field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from stillwatch.find.sources.interface import RawBatch
    from stillwatch.find.sources.quarantine import Quarantine

__all__ = ["Cleaner", "TableRules"]

LONGEST_ID = 1024
"""Bytes of an id."""
DAY = 86_400_000_000
"""µs."""
TEXTS = frozenset({"prompt", "system_prompt", "response", "messages", "declared_purpose"})
"""Columns in which an empty string is a value."""


@dataclass(frozen=True, slots=True)
class TableRules:
    """What distinguishes the rules of one table."""

    name: str
    """Input name, which is also the quarantine file's."""
    fields: tuple[Field, ...]
    """Canonical columns that the batches have."""
    account_type: pa.DataType
    """int64 or string."""
    unique: str | None = None
    """Column whose values may not repeat."""
    vocabulary: Mapping[str, tuple[str, ...]] | None = None
    """Values that a column allows; others break R-6."""
    judge: Callable[[Mapping[str, pa.Array]], np.ndarray] | None = None
    """Marks rows that break R-8, given the columns; values may be null where other rules failed."""
    now: datetime | None = None
    """Times more than a day after it break R-5."""


class _Bad:
    """Which rows break which rule first, as a place in ROW_RULES; 0, R-1, is the formats' own."""

    def __init__(self, rows: int) -> None:
        self.rule = np.zeros(rows, np.int8)
        self.field = np.full(rows, "", dtype=object)
        self.any = False

    def mark(self, mask: pa.Array | np.ndarray, rule: rules.Rule, column: str) -> None:
        """Mark rows that broke no earlier rule."""
        if not isinstance(mask, np.ndarray):
            if not mask.true_count:
                return
            mask = pc.fill_null(mask, fill_value=False).to_numpy(zero_copy_only=False)
        fresh = mask & (self.rule == 0)
        if fresh.any():
            self.rule[fresh] = rules.ROW_RULES.index(rule)
            self.field[fresh] = column
            self.any = True


class Cleaner:
    """Applies the rules to the batches of one input, in order.

    Args:
        table: columns and rules of the table.
        quarantine: takes the rows that break a rule.
    """

    def __init__(self, table: TableRules, quarantine: Quarantine) -> None:
        self._table = table
        self._quarantine = quarantine
        self._seen = SeenIds() if table.unique else None
        last = LAST if table.now is None else int(table.now.timestamp() * 1_000_000) + DAY
        self._last = min(LAST, last)
        types = [
            (f.name, table.account_type if f.name == "account_id" else f.type) for f in table.fields
        ]
        self.schema = pa.schema(types)
        quarantine.expect(table.name)

    def clean(self, raw: RawBatch, names: Mapping[str, str], source: str) -> pa.RecordBatch:
        """Return the good rows of one raw batch.

        Args:
            raw: rows as the file has them.
            names: the file's name of each canonical column that it has.
            source: what to call the file in the quarantine.
        """
        name = self._table.name
        self._quarantine.reject(name, source, raw.rejected)
        self._quarantine.warn(name, rules.LATE_COLUMN, raw.late)
        rows = raw.batch.num_rows
        bad = _Bad(rows)
        columns: dict[str, pa.Array] = {}
        for field in self._table.fields:
            if field.name in names:
                column = raw.batch.column(names[field.name])
                columns[field.name] = self._read(field, column, bad)
            else:
                columns[field.name] = pa.nulls(rows, self.schema.field(field.name).type)
        if "messages" in names and "prompt" in columns:
            self._fill_prompt(columns)
        if "messages" in columns:
            columns["messages"] = self._cut(columns["messages"])
        self._judge(columns, bad)
        batch = pa.RecordBatch.from_arrays(
            [columns[f.name] for f in self._table.fields], schema=self.schema
        )
        if not bad.any:
            return batch
        self._reject(raw, names, source, bad)
        return batch.filter(pa.array(bad.rule == 0))

    def _warn(self, rule: rules.Rule, cells: int) -> None:
        self._quarantine.warn(self._table.name, rule, cells)

    def _read(self, field: Field, column: pa.Array, bad: _Bad) -> pa.Array:
        if pa.types.is_null(column.type):
            column = pa.nulls(len(column), pa.string())
        if field.type == TIME:
            return self._read_time(field, column, bad)
        if field.name == "account_id" and pa.types.is_integer(self._table.account_type):
            return self._read_integer_id(column, bad)
        if pa.types.is_string(field.type):
            return self._read_text(field, plain_text(column), bad)
        if not (pa.types.is_primitive(column.type) or pa.types.is_decimal(column.type)):
            column, _ = repair_utf8(plain_text(column))
        read = {pa.int64(): read_integers, pa.float64(): read_numbers, pa.bool_(): read_booleans}
        cells = read[field.type](column)
        self._warn(rules.NUMBER, cells.emptied)
        self._warn(rules.NEGATIVE, cells.negative)
        values = cells.values
        if field.name == "temperature":
            negative = pc.sum(pc.less(values, 0)).as_py() or 0
            self._warn(rules.NEGATIVE, negative)
            values = pc.if_else(pc.less(values, 0), None, values) if negative else values
        return values

    def _read_time(self, field: Field, column: pa.Array, bad: _Bad) -> pa.Array:
        if not pa.types.is_primitive(column.type) and not pa.types.is_decimal(column.type):
            column, _ = repair_utf8(plain_text(column))
            column = pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), None, column)
        times = read_times(column)
        values = times.values
        self._warn(rules.NAIVE_TIME, times.naive)
        if field.required:
            bad.mark(column.is_null(), rules.REQUIRED, field.name)
        if values.null_count > column.null_count:
            unread = pc.and_(values.is_null(), column.is_valid())
            bad.mark(unread, rules.TIME_FORMAT, field.name)
        ticks = values.cast(pa.int64())
        outside = pc.or_(pc.less(ticks, FIRST), pc.greater_equal(ticks, self._last))
        bad.mark(outside, rules.RANGE, field.name)
        return values

    def _read_integer_id(self, column: pa.Array, bad: _Bad) -> pa.Array:
        if pa.types.is_string(column.type):
            values = integers_in(column)
        else:
            if pa.types.is_uint64(column.type):
                fits = pc.less(column, BEYOND_INT64)
            elif pa.types.is_floating(column.type):
                exact = pc.and_(pc.is_finite(column), pc.equal(pc.floor(column), column))
                fits = pc.and_(exact, pc.less(pc.abs(column), 2.0**53))
                column = pc.if_else(pc.is_nan(column), None, column)
            else:
                fits = column.is_valid()
            values = pc.if_else(fits, column, None).cast(pa.int64())
        bad.mark(column.is_null(), rules.REQUIRED, "account_id")
        if values.null_count > column.null_count:
            bad.mark(pc.and_(values.is_null(), column.is_valid()), rules.ID, "account_id")
        return values

    def _read_text(self, field: Field, column: pa.Array, bad: _Bad) -> pa.Array:
        column, changed = repair_utf8(column)
        is_id = field.name in ("exchange_id", "account_id")
        if changed is not None and is_id:
            bad.mark(changed, rules.ID, field.name)
        elif changed is not None:
            self._warn(rules.UTF8, int(changed.sum()))
        if field.name not in TEXTS:
            empty = pc.equal(column, "")
            if empty.true_count:
                column = pc.if_else(empty, None, column)
        if is_id:
            bad.mark(pc.greater(pc.binary_length(column), LONGEST_ID), rules.ID, field.name)
            bad.mark(pc.match_substring(column, "\0"), rules.ID, field.name)
        if field.name == "ip":
            cells = read_addresses(column)
            self._warn(rules.NETWORK, cells.emptied)
            return cells.values
        # An id that is too long is out already; half of a list of messages could not be read.
        return column if is_id or field.name == "messages" else self._cut(column)

    def _cut(self, column: pa.Array) -> pa.Array:
        column, cut = cut_oversize(column)
        self._warn(rules.OVERSIZE, cut)
        return column

    def _fill_prompt(self, columns: dict[str, pa.Array]) -> None:
        empty = pc.fill_null(pc.equal(columns["prompt"], ""), fill_value=True)
        lacking = pc.and_(empty, columns["messages"].is_valid())
        if not lacking.true_count:
            return
        texts = columns["messages"].filter(lacking).to_pylist()
        turns = [read_turns(parse_json(text)) for text in texts]
        self._warn(rules.MESSAGES, sum(turn.prompt is None for turn in turns))
        prompts = self._cut(_text_array([turn.prompt for turn in turns]))
        columns["prompt"] = pc.replace_with_mask(columns["prompt"], lacking, prompts)
        if "system_prompt" in columns:
            given = columns["system_prompt"]
            systems = self._cut(_text_array([turn.system_prompt for turn in turns]))
            filled = pc.replace_with_mask(given, lacking, systems)
            columns["system_prompt"] = pc.coalesce(given, filled)

    def _judge(self, columns: dict[str, pa.Array], bad: _Bad) -> None:
        for field in self._table.fields:
            column = columns[field.name]
            if field.required and column.null_count and field.type != TIME:
                bad.mark(column.is_null(), rules.REQUIRED, field.name)
        for name, allowed in (self._table.vocabulary or {}).items():
            columns[name] = pc.utf8_lower(pc.utf8_trim_whitespace(columns[name]))
            known = pc.is_in(columns[name], value_set=pa.array(allowed))
            bad.mark(pc.and_not(columns[name].is_valid(), known), rules.VOCABULARY, name)
        if self._seen is not None and self._table.unique is not None:
            ids = plain_text(columns[self._table.unique])
            bad.mark(self._seen.repeated(ids, bad.rule == 0), rules.DUPLICATE, self._table.unique)
        if self._table.judge is not None:
            bad.mark(self._table.judge(columns), rules.IDENTIFIER, "value")

    def _reject(self, raw: RawBatch, names: Mapping[str, str], source: str, bad: _Bad) -> None:
        where = np.flatnonzero(bad.rule)
        room = self._quarantine.room(self._table.name)
        detailed: list[Rejected] = []
        for row in where[:room].tolist():
            wanted = {bad.field[row], "exchange_id", "account_id"} & names.keys()
            fields = {name: _peek(raw.batch.column(names[name]), row) for name in sorted(wanted)}
            rule = rules.ROW_RULES[bad.rule[row]]
            detailed.append(Rejected(int(raw.positions[row]), rule, fields, bad.field[row]))
        self._quarantine.reject(self._table.name, source, detailed)
        for code, count in zip(*np.unique(bad.rule[where[room:]], return_counts=True), strict=True):
            self._quarantine.count(self._table.name, rules.ROW_RULES[code], int(count))


def _text_array(texts: Sequence[str | None]) -> pa.Array:
    clean = [None if t is None else t.encode("utf-8", "replace").decode() for t in texts]
    return pa.array(clean, pa.string())


def _peek(column: pa.Array, row: int) -> object:
    try:
        value: object = column[row].as_py()
    except UnicodeDecodeError:
        value = column.slice(row, 1).cast(pa.binary())[0].as_py()
    except (ValueError, OverflowError):  # a time that Python cannot hold
        nested = pa.types.is_nested(column.type)
        value = str(column.type) if nested else str(column[row].cast(pa.int64()).as_py())
    return value
