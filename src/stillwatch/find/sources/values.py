"""Cells in any usual type → the canonical type, column by column and without Python loops."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "BEYOND_INT64",
    "Cells",
    "cut_oversize",
    "integers_in",
    "plain_text",
    "read_addresses",
    "read_booleans",
    "read_integers",
    "read_numbers",
    "repair_utf8",
]

LONGEST_TEXT = 1 << 20
"""Bytes of a text that are kept; longer ones keep their first and last halves of it."""

POSITIVE = r"^(0|[1-9]\d{0,18})$"
NEGATIVE = r"^-[1-9]\d{0,17}$"
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
BEYOND_INT64 = pa.scalar(2**63, pa.uint64())
"""First unsigned integer that int64 cannot hold."""
IPV4 = rf"^(?:{OCTET}\.){{3}}{OCTET}$"
TRUE = ("true", "t", "yes", "y", "1")
FALSE = ("false", "f", "no", "n", "0")


@dataclass(frozen=True, slots=True)
class Cells:
    """A column after reading."""

    values: pa.Array
    """In the canonical type; null where missing or not usable."""
    emptied: int = 0
    """Values that were given and could not be used."""
    negative: int = 0
    """Negative numbers emptied where a count was expected."""


def plain_text(column: pa.Array) -> pa.Array:  # noqa: PLR0911 - one return a type
    """Return a column as ``string``; nested values become JSON, fixed binary (UUID) hex.

    >>> plain_text(pa.array([1, None])).to_pylist()
    ['1', None]
    """
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_dictionary(kind):
        return plain_text(column.dictionary_decode())
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.string())
    if pa.types.is_fixed_size_binary(kind):
        return pa.array([None if v is None else v.hex() for v in column.to_pylist()], pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or kind == pa.binary_view():
        raw = column.cast(pa.binary())
        return pa.Array.from_buffers(pa.string(), len(raw), raw.buffers(), offset=raw.offset)
    if pa.types.is_floating(kind):
        whole = _whole(column)
        return plain_text(whole) if whole is not None else column.cast(pa.string())
    if pa.types.is_nested(kind):
        return pa.array([_as_json(value) for value in _objects(column)], pa.string())
    return column.cast(pa.string())


def _whole(column: pa.Array) -> pa.Array | None:
    # A table library stores integers with gaps as floats: 7.0 was 7.
    try:
        return pc.if_else(pc.is_finite(column), column, None).cast(pa.int64())
    except pa.ArrowInvalid:
        return None


def _objects(column: pa.Array) -> list[object]:
    """Return nested values; None for one that holds what Python cannot, such as a far time."""
    try:
        values: list[object] = column.to_pylist()
    except (ValueError, OverflowError):
        values = [_object(value) for value in column]
    return values


def _object(value: pa.Scalar) -> object:
    try:
        return value.as_py()
    except (ValueError, OverflowError):
        return None


def _as_json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)


def repair_utf8(column: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
    """Return text whose bytes are all UTF-8, and which rows were changed (None for none).

    Files can say that bytes are text without their being it; Arrow does not look.
    """
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        raw = column.cast(pa.binary()).to_pylist()
        texts = [None if value is None else value.decode("utf-8", "replace") for value in raw]
        fixed = pa.array(texts, pa.string())
        same = pc.equal(fixed.cast(pa.binary()), pa.array(raw, pa.binary()))
        return fixed, ~pc.fill_null(same, fill_value=True).to_numpy(zero_copy_only=False)
    return column, None


def cut_oversize(column: pa.Array) -> tuple[pa.Array, int]:
    """Cut texts over 1 MiB to head and tail; return them and how many there were."""
    lengths = pc.binary_length(column)
    longest = pc.max(lengths).as_py()
    if longest is None or longest <= LONGEST_TEXT:
        return column, 0
    long = pc.fill_null(pc.greater(lengths, LONGEST_TEXT), fill_value=False)
    # A text may be hundreds of megabytes long: only its ends are copied.
    texts = (value.as_buffer() for value in column.filter(long))
    cut = pa.array([_head_and_tail(memoryview(text)) for text in texts], pa.string())
    return pc.replace_with_mask(column, long, cut), len(cut)


def _head_and_tail(raw: memoryview) -> str:
    half = LONGEST_TEXT // 2 - 1
    head, tail = bytes(raw[:half]), bytes(raw[-half:])
    return head.decode("utf-8", "ignore") + "\n" + tail.decode("utf-8", "ignore")


def integers_in(texts: pa.Array) -> pa.Array:
    """Return the int64 that each text writes in its usual form, null where it writes none.

    >>> integers_in(pa.array(["9223372036854775807", "9223372036854775808", "07"])).to_pylist()
    [9223372036854775807, None, None]
    """
    # Nineteen digits pass int64 but not uint64.
    large = pc.if_else(pc.match_substring_regex(texts, POSITIVE), texts, None).cast(pa.uint64())
    large = pc.if_else(pc.less(large, BEYOND_INT64), large, None).cast(pa.int64())
    negative = pc.if_else(pc.match_substring_regex(texts, NEGATIVE), texts, None).cast(pa.int64())
    return pc.coalesce(large, negative)


def read_integers(column: pa.Array) -> Cells:
    """Read counts: integers from zero up, from integers, whole floats or text.

    >>> read_integers(pa.array(["12", "-1", "x", None])).values.to_pylist()
    [12, None, None, None]
    """
    given = len(column) - column.null_count
    if pa.types.is_integer(column.type):
        if pa.types.is_uint64(column.type):
            column = pc.if_else(pc.less(column, BEYOND_INT64), column, None)
        values = column.cast(pa.int64())
    else:
        numbers = read_numbers(column).values
        sound = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.less(pc.abs(numbers), 2.0**62))
        values = pc.if_else(pc.fill_null(sound, fill_value=False), numbers, None).cast(pa.int64())
    unread = given - (len(values) - values.null_count) - _blank(column)
    negative = pc.sum(pc.less(values, 0)).as_py() or 0
    if negative:
        values = pc.if_else(pc.less(values, 0), None, values)
    return Cells(values, unread, negative)


def _blank(column: pa.Array) -> int:
    if not (pa.types.is_string(column.type) or pa.types.is_floating(column.type)):
        return 0
    if pa.types.is_floating(column.type):
        return pc.sum(pc.is_nan(column)).as_py() or 0
    return pc.sum(pc.equal(pc.utf8_trim_whitespace(column), "")).as_py() or 0


def read_numbers(column: pa.Array) -> Cells:
    """Read floats from numbers or text; NaN and blanks are missing, infinities not usable.

    >>> read_numbers(pa.array(["0.7", "warm", ""])).values.to_pylist()
    [0.7, None, None]
    """
    given = len(column) - column.null_count
    if pa.types.is_string(column.type):
        trimmed = pc.utf8_trim_whitespace(column)
        numeric = pc.match_substring_regex(trimmed, NUMBER)
        values = pc.if_else(numeric, trimmed, None).cast(pa.float64())
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        values = column.cast(pa.float64(), safe=False)
    elif pa.types.is_decimal(column.type):
        values = column.cast(pa.float64())
    else:
        values = pa.nulls(len(column), pa.float64())
    values = pc.if_else(pc.is_finite(values), values, None)
    return Cells(values, given - (len(values) - values.null_count) - _blank(column))


def read_booleans(column: pa.Array) -> Cells:
    """Read truth values: booleans, 0 and 1, or words such as yes and false.

    >>> read_booleans(pa.array(["Yes", "0", "maybe"])).values.to_pylist()
    [True, False, None]
    """
    if pa.types.is_boolean(column.type):
        return Cells(column)
    given = len(column) - column.null_count
    words = pc.utf8_lower(pc.utf8_trim_whitespace(plain_text(column)))
    true = pc.is_in(words, value_set=pa.array(TRUE))
    known = pc.or_(true, pc.is_in(words, value_set=pa.array(FALSE)))
    values = pc.if_else(known, true, None)
    return Cells(values, given - (len(values) - values.null_count) - _blank(column))


def read_addresses(column: pa.Array) -> Cells:
    """Read IP addresses in canonical form; ports and brackets go, lists of hops are refused.

    >>> read_addresses(pa.array(["10.0.0.1", "[2001:DB8::1]:443", "a, b"])).values.to_pylist()
    ['10.0.0.1', '2001:db8::1', None]
    """
    plain = pc.match_substring_regex(column, IPV4)
    other = pc.and_not(column.is_valid(), pc.fill_null(plain, fill_value=False))
    if not pc.any(other).as_py():
        return Cells(column)
    # Everything but dotted IPv4 is rarer and goes value by value, each distinct value once.
    coded = column.filter(other).dictionary_encode()
    distinct = [_canonical(text) for text in coded.dictionary.to_pylist()]
    found = pa.array(distinct, pa.string()).take(coded.indices)
    blank = _blank(column)
    return Cells(pc.replace_with_mask(column, other, found), found.null_count - blank)


_PORT = re.compile(r"(?:\[([^\]]*)\](?::\d{1,5})?|(\d+\.\d+\.\d+\.\d+):\d{1,5})")


def _canonical(text: str) -> str | None:
    text = text.strip()[:64]
    with_port = _PORT.fullmatch(text)
    if with_port:
        text = with_port[1] or with_port[2] or ""
    text = text.partition("%")[0]
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        if family == socket.AF_INET6 and packed[:12] == b"\0" * 10 + b"\xff\xff":
            return socket.inet_ntop(socket.AF_INET, packed[12:])
        return socket.inet_ntop(family, packed)
    return None
