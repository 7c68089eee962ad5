"""Times in any usual form → microseconds UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.find.sources.values import BEYOND_INT64
from stillwatch.records import TIME

__all__ = ["FIRST", "LAST", "Times", "read_times"]

FIRST = int(datetime(2015, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
"""Earliest time believed, µs since 1970."""
LAST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
"""First time no longer believed, µs since 1970."""

# Seconds, milliseconds, microseconds and nanoseconds of 2015 to 2099 do not overlap, so the
# magnitude tells the unit of each value.
UNITS = ((10**11, 1_000_000), (10**14, 1_000), (10**17, 1))

_STAMP = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?"
ZONED = _STAMP + r"(Z|[+-]\d\d(:?\d\d)?)$"
NAIVE = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?$"
EPOCH = r"^\d{9,19}$"
EPOCH_FRACTION = r"^\d{9,10}\.\d{1,9}$"


@dataclass(frozen=True, slots=True)
class Times:
    """A column of times."""

    values: pa.Array
    """µs UTC; null where missing or unreadable."""
    naive: int
    """Values without zone, taken as UTC."""


def read_times(column: pa.Array) -> Times:
    """Read a column of times.

    Args:
        column: timestamps, dates, epoch numbers (s, ms, µs or ns, told by magnitude) or text
            (ISO 8601 in its usual variants, or epoch digits).

    >>> times = read_times(pa.array(["2026-01-02T03:04:05Z", "1767323045000"])).values
    >>> times[0] == times[1]
    True
    """
    kind = column.type
    if pa.types.is_timestamp(kind):
        naive = 0 if kind.tz else len(column) - column.null_count
        zoned = column if kind.tz else column.cast(pa.timestamp(kind.unit, "UTC"))
        return Times(_to_micros(zoned), naive)
    if pa.types.is_date(kind):
        values = column.cast(pa.timestamp("ms")).cast(pa.timestamp("us")).cast(TIME)
        return Times(values, len(column) - column.null_count)
    if pa.types.is_integer(kind):
        return Times(_from_integers(column), 0)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Times(_from_floats(column.cast(pa.float64(), safe=False)), 0)
    if pa.types.is_string(kind):
        return _from_text(column)
    return Times(pa.nulls(len(column), TIME), 0)


def _to_micros(column: pa.Array) -> pa.Array:
    if column.type.unit in ("s", "ms"):  # these reach further than microseconds can hold
        limit = LAST // (1_000_000 if column.type.unit == "s" else 1_000)
        ticks = column.cast(pa.int64())
        sound = pc.and_(pc.less(ticks, limit), pc.greater(ticks, -limit))
        column = pc.if_else(sound, column, None)
    return column.cast(TIME, safe=False)


def _from_integers(column: pa.Array) -> pa.Array:
    if pa.types.is_uint64(column.type):
        column = pc.if_else(pc.less(column, BEYOND_INT64), column, None)
    ticks = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    micros = ticks // 1_000
    for limit, scale in reversed(UNITS):
        small = ticks < limit
        micros = np.where(small, np.where(small, ticks, 0) * scale, micros)
    micros = np.where(ticks < 0, -1, micros)
    mask = column.is_null().to_numpy(zero_copy_only=False)
    return pa.array(micros, pa.int64(), mask=mask).cast(TIME)


def _from_floats(column: pa.Array) -> pa.Array:
    numbers = column.fill_null(np.nan).to_numpy(zero_copy_only=False)
    sound = np.isfinite(numbers) & (numbers >= 0) & (numbers < 9e18)
    numbers = np.where(sound, numbers, 0.0)
    micros = numbers / 1_000
    for limit, scale in reversed(UNITS):
        micros = np.where(numbers < limit, numbers * float(scale), micros)
    return pa.array(np.rint(micros).astype(np.int64), pa.int64(), mask=~sound).cast(TIME)


def _from_text(column: pa.Array) -> Times:
    values = pa.nulls(len(column), TIME)
    column = pc.utf8_trim_whitespace(column)
    column = pc.replace_substring_regex(column, r"(?:z| ?UTC| GMT)$", "Z")
    naive = 0
    unread = column.is_valid()
    for pattern in (ZONED, NAIVE, EPOCH, EPOCH_FRACTION):
        if not pc.any(unread).as_py():
            break
        chosen = pc.and_(
            unread, pc.fill_null(pc.match_substring_regex(column, pattern), fill_value=False)
        )
        if not pc.any(chosen).as_py():
            continue
        found = _read_class(column.filter(chosen), pattern)
        naive += len(found) - found.null_count if pattern == NAIVE else 0
        values = pc.replace_with_mask(values, chosen, found)
        unread = pc.and_not(unread, chosen)
    if pc.any(unread).as_py():
        found = _one_by_one(column.filter(unread))
        values = pc.replace_with_mask(values, unread, found)
    return Times(values, naive)


def _read_class(texts: pa.Array, pattern: str) -> pa.Array:
    try:
        if pattern == EPOCH:
            return _from_integers(texts.cast(pa.uint64()))
        if pattern == EPOCH_FRACTION:
            return _from_floats(texts.cast(pa.float64()))
        zone = "UTC" if pattern == ZONED else None
        return (
            texts.cast(pa.timestamp("ns", zone))
            .cast(pa.timestamp("us", zone), safe=False)
            .cast(TIME)
        )
    except pa.ArrowInvalid:  # at least one, such as the 30th of February, is no time at all
        return _one_by_one(texts)


def _one_by_one(texts: pa.Array) -> pa.Array:
    return pa.array([_parse(text) for text in texts.to_pylist()], TIME)


def _parse(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not 1970 <= time.year < 2200:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
