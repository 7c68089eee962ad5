"""Damaged bodies, streams, settings, policies and updates: read, or refused by name; never a fault.

`STILLWATCH_FUZZ=2000` damages each so often.
"""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
from calls import SHAPES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.errors import StillwatchError
from stillwatch.stop.interface import Request, Shape
from stillwatch.stop.responses import AnswerFilter, read_policy
from stillwatch.stop.responses.effects import NOTHING
from stillwatch.stop.service.bodies import read_indicators, read_recall, read_scan_body, read_table
from stillwatch.stop.service.settings import read_settings
from stillwatch.stop.service.updates import opened, unpacked
from stillwatch.stop.serving.shapes import UNREAD, read_asked

FUZZ = settings(
    max_examples=int(os.environ.get("STILLWATCH_FUZZ", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
WORDS = st.sampled_from(
    [b"{", b"}", b"[", b"]", b'"', b"\\u", b"\\", b"null", b"-1", b"9" * 40, b"\xff", b"\0",
     b"\r\n", b"data: ", b"messages", b"=", b"[[", b"'''", b"\xc1", b"e999"]
)  # fmt: skip


def json_of(value):
    import json  # noqa: PLC0415 - here alone

    return json.dumps(value).encode()


@st.composite
def damaged(draw, wholes):
    raw = draw(st.sampled_from(wholes))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw)))
        gone = draw(st.integers(0, 12))
        raw = raw[:at] + draw(st.one_of(WORDS, st.binary(max_size=6))) + raw[at + gone :]
    return raw


BODIES = [json_of(turn("Why is it so?") | {"stream": True}) for turn in SHAPES.values()]
STREAM = (
    b'data: {"choices":[{"index":0,"delta":{"content":"a","reasoning_content":"b"}}]}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":'
    b'{"type":"thinking_delta","thinking":"b"}}\r\n\r\n'
    b'data: {"candidates":[{"content":{"parts":[{"text":"b","thought":true}]}}]}\n\n'
    b"data: [DONE]\n\n"
)
POLICY = (
    b"version = 1\nmode = 'shadow'\n[[tiers]]\nname = 'a'\nunits_a_day = 9\nburst = 1\n[rungs]\n"
)
SERVE = b"drain = 5\n[api]\naddress = '127.0.0.1:0'\n[updates]\nnats = ''\n[lake]\nseconds = 1\n"


@FUZZ
@given(raw=damaged(BODIES), shape=st.sampled_from(Shape))
def test_bodies_are_read_or_have_a_named_reason(raw, shape):
    asked, why = read_asked(Request(0, "r", "a", shape, raw))
    assert why in {"", *UNREAD}
    asked.prompt.encode()  # as the lake writes it
    asked.system.encode()


@FUZZ
@given(
    raw=damaged([STREAM, *STREAM.split(b"data: ")]),
    shape=st.sampled_from(Shape),
    withhold=st.booleans(),
    cuts=st.lists(st.integers(0, 400), max_size=6),
)
def test_streams_come_through_or_end_in_order(raw, shape, withhold, cuts):
    from dataclasses import replace  # noqa: PLC0415 - here alone

    effect = replace(NOTHING, withhold=withhold, hold=64 * withhold)
    passing = AnswerFilter(effect, shape, check=lambda text: "zz" in text, keep_text=True)
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    out = b"".join(passing.feed(raw[a:b]) for a, b in pairwise(edges))
    out += passing.end()
    if not withhold:
        assert out == raw
    passing.answer.text.encode()


@pytest.mark.parametrize(("read", "whole"), [(read_policy, POLICY), (read_settings, SERVE)])
def test_files_are_read_or_refused_by_name(tmp_path, read, whole):
    @FUZZ
    @given(raw=damaged([whole]))
    def fuzz(raw):
        path = tmp_path / "file.toml"
        path.write_bytes(raw)
        try:
            read(path)
        except StillwatchError as error:
            assert str(error)  # noqa: PT017 - either end is right

    fuzz()


@FUZZ
@given(raw=st.one_of(st.binary(max_size=200), damaged([b"\x93\x01\xc4\x02[]\xc4\x00", STREAM])))
@pytest.mark.parametrize(
    "read",
    [read_table, read_scan_body, read_indicators, read_recall, unpacked,
     lambda raw: opened(raw, [], now=0)],
)  # fmt: skip
def test_updates_are_read_or_refused_by_rule(read, raw):
    try:
        read(raw)
    except StillwatchError as error:
        assert "U-" in str(error)  # noqa: PT017 - either end is right
