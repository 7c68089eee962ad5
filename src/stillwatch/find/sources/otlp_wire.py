"""OTLP in protobuf → the objects that OTLP-JSON has, of the fields that are read here.

The messages are few and their numbers never change, so a table of them is all that is needed.
https://protobuf.dev/programming-guides/encoding/ and opentelemetry-proto 1.x
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LOGS", "TRACES", "WireError", "read_message"]

DEEPEST = 100
"""Messages within messages, as protobuf's own readers allow."""
MOST_MESSAGES = 1 << 21
"""Messages of a request; one of more would fill the memory."""


class WireError(ValueError):
    """The bytes are not the message they are said to be; never repeats any of them."""


_WIRE = {"text": 2, "hex": 2, "message": 2, "int": 0, "bool": 0, "fixed": 1, "double": 1}
"""Wire type of each kind of field."""


class _Field(NamedTuple):
    name: str
    kind: str
    """One of ``_WIRE``."""
    message: Mapping[int, _Field] | None = None
    repeated: bool = False


_VALUE: dict[int, _Field] = {
    1: _Field("stringValue", "text"),
    2: _Field("boolValue", "bool"),
    3: _Field("intValue", "int"),
    4: _Field("doubleValue", "double"),
}
_PAIR = {1: _Field("key", "text"), 2: _Field("value", "message", _VALUE)}
_VALUE[5] = _Field("arrayValue", "message", {1: _Field("values", "message", _VALUE, repeated=True)})
_PAIRS = _Field("attributes", "message", _PAIR, repeated=True)
_VALUE[6] = _Field("kvlistValue", "message", {1: _PAIRS._replace(name="values")})
_RESOURCE = _Field("resource", "message", {1: _PAIRS})
_EVENT = {2: _Field("name", "text"), 3: _PAIRS}
_SPAN = {
    1: _Field("traceId", "hex"),
    2: _Field("spanId", "hex"),
    7: _Field("startTimeUnixNano", "fixed"),
    9: _PAIRS,
    11: _Field("events", "message", _EVENT, repeated=True),
}
_LOG = {
    1: _Field("timeUnixNano", "fixed"),
    5: _Field("body", "message", _VALUE),
    6: _PAIRS,
    9: _Field("traceId", "hex"),
    10: _Field("spanId", "hex"),
    11: _Field("observedTimeUnixNano", "fixed"),
    12: _Field("eventName", "text"),
}


def _export(
    signal: str, scope: str, records: str, record: Mapping[int, _Field]
) -> dict[int, _Field]:
    inner = {2: _Field(records, "message", record, repeated=True)}
    outer = {1: _RESOURCE, 2: _Field(scope, "message", inner, repeated=True)}
    return {1: _Field(signal, "message", outer, repeated=True)}


TRACES: Mapping[int, _Field] = _export("resourceSpans", "scopeSpans", "spans", _SPAN)
"""``ExportTraceServiceRequest``."""
LOGS: Mapping[int, _Field] = _export("resourceLogs", "scopeLogs", "logRecords", _LOG)
"""``ExportLogsServiceRequest``."""


def read_message(data: bytes, fields: Mapping[int, _Field]) -> dict[str, object]:
    """Return a message as OTLP-JSON writes it; fields that are not in the table are left out.

    Args:
        data: one message.
        fields: :data:`TRACES` or :data:`LOGS`.

    Raises:
        WireError: the bytes are no such message, nest too deep or hold too many messages.

    >>> read_message(bytes.fromhex("0a0a12081206620461626364"), TRACES)
    {'resourceSpans': [{'scopeSpans': [{'spans': [{}]}]}]}
    """
    return _Reader(data).message(0, len(data), fields, 0)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MOST_MESSAGES

    def message(
        self, at: int, end: int, fields: Mapping[int, _Field], depth: int
    ) -> dict[str, object]:
        self._left -= 1
        if depth > DEEPEST or self._left < 0:
            raise WireError("it nests too deep" if depth > DEEPEST else "it has too many parts")
        data = self._data
        found: dict[str, object] = {}
        while at < end:
            tag, at = (data[at], at + 1) if data[at] < 0x80 else self._varint(at, end)
            number, wire = tag >> 3, tag & 7
            if wire == 2 and at < end:
                size, at = (data[at], at + 1) if data[at] < 0x80 else self._varint(at, end)
                start, at = at, at + size
            else:
                start, at = at, self._after(at, end, wire)
            if at > end or number == 0:
                raise WireError("it breaks off" if at > end else "a field has no number")
            field = fields.get(number)
            if field is None:
                continue
            if wire == 2 and field.message is not None:
                value: object = self.message(start, at, field.message, depth + 1)
            else:
                value = self._value(field, wire, start, at)
            if field.repeated:
                known = found.setdefault(field.name, [])
                if isinstance(known, list):
                    known.append(value)
            else:
                found[field.name] = value
        return found

    def _value(self, field: _Field, wire: int, start: int, end: int) -> object:
        if wire != _WIRE[field.kind]:
            raise WireError(f"{field.name} is of another type")
        if wire == 0:
            number, _ = self._varint(start, end)
            return bool(number) if field.kind == "bool" else number - ((number >> 63) << 64)
        held = self._data[start:end]
        if wire == 1:
            value: int | float = struct.unpack("<Q" if field.kind == "fixed" else "<d", held)[0]
            return value
        return held.hex() if field.kind == "hex" else held.decode("utf-8", "surrogateescape")

    def _after(self, at: int, end: int, wire: int) -> int:
        if wire == 0:
            return self._varint(at, end)[1]
        if wire in (1, 5):
            return at + (8 if wire == 1 else 4)
        if wire == 2:
            raise WireError("it breaks off")
        raise WireError("a field is of a type that OTLP has not")

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = shift = 0
        while at < end and shift < 70:
            byte = self._data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, at
            shift += 7
        raise WireError("it breaks off" if at >= end else "a number is too long")
