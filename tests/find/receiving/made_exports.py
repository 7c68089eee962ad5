"""Exports as senders make them: OTLP-JSON objects, and the same in protobuf by a writer of ours."""

from __future__ import annotations

import json
import struct

from stillwatch.find.sources.otlp_wire import LOGS, TRACES

NOON = 1_772_452_800_000_000_000
"""2026-03-02T12:00:00Z, nanoseconds."""


def value(held):
    """Return an AnyValue."""
    if isinstance(held, bool):
        return {"boolValue": held}
    if isinstance(held, int):
        return {"intValue": str(held)}
    if isinstance(held, float):
        return {"doubleValue": held}
    if isinstance(held, list):
        return {"arrayValue": {"values": [value(one) for one in held]}}
    if isinstance(held, dict):
        return {"kvlistValue": {"values": pairs(held)}}
    return {"stringValue": held}


def pairs(held):
    return [{"key": name, "value": value(one)} for name, one in held.items()]


def ids(number):
    return {"traceId": f"{number:032x}", "spanId": f"{number:016x}"}


def span(number, prompt=None, **attributes):
    """Return a span of a chat with a model; without a prompt it holds no messages."""
    given = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m-1",
        "gen_ai.usage.output_tokens": 120,
        "user.id": f"a{number % 5}",
    } | attributes
    if prompt is not None:
        turns = [{"role": "user", "parts": [{"type": "text", "content": prompt}]}]
        given["gen_ai.input.messages"] = json.dumps(turns)
    made = ids(number) | {"name": "chat m-1", "startTimeUnixNano": str(NOON + number)}
    return made | {"attributes": pairs(given)}


def log(number, name, body=None, **attributes):
    """Return a log record about the exchange of that number."""
    made = ids(number) | {"timeUnixNano": str(NOON + number), "eventName": name}
    held = {} if body is None else {"body": value(body)}
    return made | {"attributes": pairs(attributes)} | held


def traces(*spans, **resource):
    scopes = [{"scope": {"name": "made"}, "spans": list(spans)}]
    return {"resourceSpans": [{"resource": {"attributes": pairs(resource)}, "scopeSpans": scopes}]}


def logs(*records, **resource):
    scopes = [{"logRecords": list(records)}]
    return {"resourceLogs": [{"resource": {"attributes": pairs(resource)}, "scopeLogs": scopes}]}


def packed(export):
    """Return an export in protobuf."""
    return _message(export, TRACES if "resourceSpans" in export else LOGS)


def _message(held, fields):
    out = b""
    for number, field in fields.items():
        for one in held.get(field.name, []) if field.repeated else [held.get(field.name)]:
            if one is None:
                continue
            if field.kind in ("int", "bool"):
                out += varint(number << 3) + varint(int(one) & 0xFFFF_FFFF_FFFF_FFFF)
            elif field.kind in ("fixed", "double"):
                form, held_one = ("<Q", int(one)) if field.kind == "fixed" else ("<d", one)
                out += varint(number << 3 | 1) + struct.pack(form, held_one)
            else:
                data = (
                    _message(one, field.message)
                    if field.kind == "message"
                    else bytes.fromhex(one)
                    if field.kind == "hex"
                    else one.encode()
                )
                out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
