"""Protobuf read into what OTLP-JSON holds, and anything else refused."""

from __future__ import annotations

import contextlib
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_exports import log, logs, packed, span, traces, varint

from stillwatch.find.receiving import RequestError, read_request
from stillwatch.find.receiving.requests import JSON, LARGEST, PROTOBUF
from stillwatch.find.sources.genai import any_value, attributes_of
from stillwatch.find.sources.otlp import logs_in, spans_in
from stillwatch.find.sources.otlp_wire import LOGS, TRACES, WireError, read_message

VALUES = st.recursive(
    st.text(max_size=8)
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=4))
def test_attributes_of_every_type_are_read_as_from_json(attributes):
    export = traces(span(7, "hello", **attributes), **{"service.name": "gateway"})
    [(resource, found)] = spans_in(read_message(packed(export), TRACES))
    [(_, said)] = spans_in(export)
    assert resource == {"service.name": "gateway"}
    assert attributes_of(found["attributes"]) == attributes_of(said["attributes"])
    assert (found["traceId"], found["spanId"]) == (said["traceId"], said["spanId"])
    assert found["startTimeUnixNano"] == int(said["startTimeUnixNano"])


def test_log_records_are_read_as_from_json():
    export = logs(log(3, "gen_ai.user.message", {"content": "hi"}, a=1))
    [(_, found)] = logs_in(read_message(packed(export), LOGS))
    assert found["eventName"] == "gen_ai.user.message"
    assert any_value(found["body"]) == {"content": "hi"}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_a_wire_error(data):
    for fields in (TRACES, LOGS):
        with contextlib.suppress(WireError):
            assert isinstance(read_message(data, fields), dict)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_export_is_a_message_or_a_wire_error(data):
    whole = bytearray(packed(traces(span(1, "hello there", n=5))))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.integers(0, 255))
    words = ""
    try:
        read_message(bytes(whole), TRACES)
    except WireError as error:
        words = str(error)
    assert "hello" not in words


def nested(levels):
    inner = b""
    for _ in range(levels):
        array = varint(1 << 3 | 2) + varint(len(inner)) + inner
        inner = varint(5 << 3 | 2) + varint(len(array)) + array
    for number in (2, 9, 2, 2, 1):
        inner = varint(number << 3 | 2) + varint(len(inner)) + inner
    return inner


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x0a\x05ab", "breaks off"),
        (b"\x0a", "breaks off"),
        (b"\x0b", "type"),
        (b"\x08\x01", "another type"),
        (b"\xff" * 12, "too long"),
        (b"\x02\x00", "no number"),
        (nested(200), "too deep"),
    ],
)
def test_what_is_no_message_is_named(data, words):
    with pytest.raises(WireError, match=words):
        read_message(data, TRACES)


def test_many_empty_parts_are_refused(monkeypatch):
    monkeypatch.setattr("stillwatch.find.sources.otlp_wire.MOST_MESSAGES", 1_000)
    with pytest.raises(WireError, match="too many parts"):
        read_message(b"\x0a\x00" * 2_000, TRACES)


@pytest.mark.parametrize(
    ("body", "kind", "encoding", "status"),
    [
        (b"{", JSON, "", 400),
        (b"[]", JSON, "", 400),
        (b"\x0a\x05ab", PROTOBUF, "", 400),
        (b"not gzip", JSON, "gzip", 400),
        (b"{}", JSON, "br", 415),
        (b"{}", "text/plain", "", 415),
        (b" " * (LARGEST + 1), JSON, "", 413),
    ],
    ids=["json", "list", "protobuf", "gzip", "brotli", "type", "size"],
)
def test_a_body_that_will_never_do_is_answered_so(body, kind, encoding, status):
    with pytest.raises(RequestError) as caught:
        read_request(body, signal="traces", kind=kind, packed=encoding)
    assert (caught.value.status, caught.value.retry_after) == (status, None)


def test_a_gzip_that_swells_is_not_unpacked():
    packer = zlib.compressobj(wbits=31)
    zeros = bytes(1 << 20)
    body = b"".join(packer.compress(zeros) for _ in range(80)) + packer.flush()
    assert len(body) < 100_000
    with pytest.raises(RequestError) as caught:
        read_request(body, signal="traces", kind=JSON, packed="gzip")
    assert caught.value.status == 413
