"""Answers pass as they came, without their reasoning, or end in order: however they are cut."""

from __future__ import annotations

import json
import sys
import tracemalloc
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.stop.interface import Shape
from stillwatch.stop.responses import AnswerFilter
from stillwatch.stop.responses.answers.events import data_of
from stillwatch.stop.responses.effects import NOTHING

sys.path.insert(0, str(Path(__file__).parent))
from recorded_answers import FINISH, STREAMS, SUMMARY, TEXT, TRACE, WHOLE, lines

sys.path.pop(0)

WITHHELD = replace(NOTHING, withhold=True)
HELD = replace(NOTHING, withhold=True, hold=8)
SHAPES = list(Shape)


def passed(stream, shape, effect=NOTHING, cuts=(), **more):
    answer = AnswerFilter(effect, shape, keep_text=True, **more)
    ends = [0, *sorted(cuts), len(stream)]
    made = [answer.feed(stream[a:b]) for a, b in pairwise(ends)]
    return b"".join([*made, answer.end(7)]), answer


def events(stream):
    found = [data_of(part) for part in stream.replace(b"\r\n", b"\n").split(b"\n\n")]
    return [json.loads(data) for data in found if data not in {None, b"", b"[DONE]"}]


def cuts_of(stream):
    return st.lists(st.integers(0, len(stream)), max_size=12)


@pytest.mark.parametrize("shape", SHAPES)
def test_without_a_measure_an_answer_passes_byte_by_byte(shape):
    answer = AnswerFilter(NOTHING, shape, keep_text=True)
    for byte in STREAMS[shape]:
        assert answer.feed(bytes([byte])) == bytes([byte])
    assert answer.end(7) == b""
    said = answer.answer
    assert (said.input_tokens, said.output_tokens) == (11, 40)
    assert said.reasoning_tokens == (-1 if shape is Shape.ANTHROPIC_MESSAGES else 30)
    assert (said.text, said.finish_reason, said.time) == ("".join(TEXT), FINISH[shape], 7)
    assert (answer.malformed, answer.cut) == (0, False)


@pytest.mark.parametrize("shape", SHAPES)
def test_reasoning_is_taken_out_of_a_stream_and_the_rest_stays(shape):
    made, answer = passed(STREAMS[shape], shape, WITHHELD)
    assert TRACE.encode() not in made
    assert (SUMMARY.encode() in made) == (SUMMARY.encode() in STREAMS[shape])
    assert answer.answer == passed(STREAMS[shape], shape)[1].answer
    whole = STREAMS[shape].replace(b"\r\n", b"\n").split(b"\n\n")
    kept = made.replace(b"\r\n", b"\n").split(b"\n\n")
    assert [part for part in whole if TRACE.encode() not in part] == [
        part for part in kept if part in whole
    ]
    events(made)  # what is left is JSON


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("effect", [NOTHING, WITHHELD, HELD], ids=["pass", "withhold", "hold"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_split_gives_the_same_answer(shape, effect, data):
    stream = STREAMS[shape]
    cuts = data.draw(cuts_of(stream))
    end = data.draw(st.sampled_from([b"\n", b"\r\n", b"\r"]))
    stream = stream.replace(b"\r\n", b"\n").replace(b"\n", end)
    once, one = passed(stream, shape, effect)
    again, other = passed(stream, shape, effect, cuts)
    assert once == again
    assert one.answer == other.answer


@pytest.mark.parametrize("shape", SHAPES)
def test_a_whole_answer_keeps_all_but_its_reasoning(shape):
    raw = json.dumps(WHOLE[shape], ensure_ascii=False).encode()
    same, plain = passed(raw, shape, cuts=[1, 50])
    assert same == raw
    made, answer = passed(raw, shape, WITHHELD, cuts=[1, 50])
    assert TRACE.encode() not in made
    assert answer.answer == plain.answer
    assert answer.answer.text == "".join(TEXT)
    assert answer.answer.output_tokens == 40
    assert type(json.loads(made)) is type(WHOLE[shape])


@pytest.mark.parametrize("shape", SHAPES)
def test_text_is_released_in_windows_that_were_checked(shape):
    asked = []

    def check(text):
        asked.append(text)
        return False

    made, answer = passed(STREAMS[shape], shape, HELD, check=check)
    assert made == passed(STREAMS[shape], shape, WITHHELD)[0]
    assert len(asked) > 1
    assert all(len(text) <= 3 * HELD.hold + len(max(TEXT, key=len)) for text in asked)
    assert "".join(TEXT).endswith(asked[-1])
    assert not answer.cut


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_found_ends_the_stream_as_the_api_ends_one(shape):
    made, answer = passed(STREAMS[shape], shape, HELD, check=lambda text: "forty" in text)
    assert b"forty" not in made
    assert answer.cut
    assert answer.answer.finish_reason == "cut"
    last = events(made)
    if shape is Shape.OPENAI_CHAT:
        assert last[-1]["choices"][0]["finish_reason"] == "content_filter"
        assert last[-1]["id"] == "c1"
        assert made.endswith(b"data: [DONE]\n\n")
    elif shape is Shape.OPENAI_RESPONSES:
        assert last[-1]["type"] == "response.incomplete"
        assert last[-1]["response"]["id"] == "resp_1"
        assert last[-1]["response"]["status"] == "incomplete"
        assert last[-1]["sequence_number"] > last[-2]["sequence_number"]
    elif shape is Shape.ANTHROPIC_MESSAGES:
        assert [event["type"] for event in last[-3:]] == [
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
        opened = [e["index"] for e in last if e["type"] == "content_block_start"]
        closed = [e["index"] for e in last if e["type"] == "content_block_stop"]
        assert opened == closed
    else:
        assert last[-1]["candidates"][0]["finishReason"] == "OTHER"


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_found_in_a_whole_answer_is_not_sent(shape):
    raw = json.dumps(WHOLE[shape]).encode()
    made, answer = passed(raw, shape, HELD, check=lambda text: "forty" in text)
    assert b"forty" not in made
    assert answer.cut
    json.loads(made)


def test_a_pattern_across_two_windows_is_found():
    written = "x" * 15 + "forty" + "y" * 40
    stream = lines(*({"choices": [{"index": 0, "delta": {"content": c}}]} for c in written))
    made, answer = passed(
        stream, Shape.OPENAI_CHAT, replace(NOTHING, hold=17), check=lambda text: "forty" in text
    )
    assert answer.cut
    assert b"y" not in made


def test_arguments_of_tools_are_checked_too():
    call = {"tool_calls": [{"index": 0, "function": {"arguments": '{"a": "forty"}'}}]}
    stream = lines({"choices": [{"index": 0, "delta": call}]})
    _, answer = passed(stream, Shape.OPENAI_CHAT, HELD, check=lambda text: "forty" in text)
    assert answer.cut


def test_a_check_that_fails_has_found_something():
    def check(_):
        raise ValueError

    made, answer = passed(STREAMS[Shape.GEMINI], Shape.GEMINI, HELD, check=check)
    assert answer.cut
    assert TEXT[0].encode() not in made


def test_nothing_is_held_beyond_the_last_text():
    answer = AnswerFilter(HELD, Shape.OPENAI_CHAT)
    before, done = STREAMS[Shape.OPENAI_CHAT].split(b"data: [DONE]")
    first = answer.feed(before)
    assert TEXT[-1].encode() in first
    assert answer.feed(b"data: [DONE]" + done).endswith(done)


def test_pings_pass_while_text_is_held():
    answer = AnswerFilter(replace(NOTHING, hold=4096), Shape.ANTHROPIC_MESSAGES)
    start, _, rest = STREAMS[Shape.ANTHROPIC_MESSAGES].partition(b"event: content_block_stop\n")
    answer.feed(start)
    answer.feed(rest.partition(b"event: content_block_stop")[0])
    assert answer.feed(b": ping\n\n") == b": ping\n\n"
    ping = b'event: ping\ndata: {"type": "ping"}\n\n'
    assert answer.feed(ping) == ping


def test_a_decoy_answers_under_the_name_that_was_asked_for():
    decoy = replace(NOTHING, model="decoy-1")
    for shape, name in ((Shape.OPENAI_CHAT, "model"), (Shape.GEMINI, "modelVersion")):
        stream = STREAMS[shape].replace(b'"m"', b'"decoy-1"')
        made, _ = passed(stream, shape, decoy, model="asked-1")
        assert b"decoy-1" not in made
        assert events(made)[0][name] == "asked-1"


def test_what_is_no_success_passes_as_it_came():
    raw = b'{"error": {"message": "SECRET-TRACE"}}'
    made, answer = passed(raw, Shape.OPENAI_CHAT, HELD, status=500, check=lambda _: True)
    assert (made, answer.cut, answer.answer.status) == (raw, False, 500)


HOSTILE = {
    "no JSON": (b"data: {broken\n\n", 1),
    "not an object": (b"data: [1,2]\n\n", 1),
    "invalid UTF-8": (b'data: {"choices":"\xff\xfe"}\n\n', 1),
    "lone surrogate": (b'data: {"choices":[{"delta":{"content":"\\ud800"}}]}\n\n', None),
    "deep": (b'data: {"choices":' + b"[" * 20_000 + b"]" * 20_000 + b"}\n\n", 1),
    "number beyond double": (b'data: {"usage":{"prompt_tokens":1e999}}\n\n', None),
    "number beyond 64 bits": (b'data: {"usage":{"prompt_tokens":99999999999999999999}}\n\n', 0),
    "negative count": (b'data: {"usage":{"prompt_tokens":-5}}\n\n', 0),
    "types": (b'data: {"choices":{"0":[]},"usage":[],"model":7}\n\n', 0),
    "types inside": (b'data: {"choices":[null,7,{"delta":[],"finish_reason":{}}]}\n\n', 0),
    "NUL": (b"data: \x00\n\n", 1),
    "no colon": (b"data\n\n", 0),
    "only comments": (b":a\n:b\n\n" * 50, 0),
    "empty": (b"\n\n\n\r\n\r\r", 0),
    "unended": (b'data: {"choices":[]}', 0),
    "many data lines": (b"data: {\ndata: }\n\n", 0),
    "byte order mark": (b'\xef\xbb\xbfdata: {"choices":[]}\n\n', 0),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(range(256)) * 40, None),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_no_event_of_the_api_passes_unchanged_and_is_counted(name, shape):
    raw, malformed = HOSTILE[name]
    for effect in (NOTHING, WITHHELD, HELD):
        made, answer = passed(raw, shape, effect)
        assert made == raw, effect
        assert malformed is None or answer.malformed == malformed
        assert answer.answer.input_tokens == -1


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_streams_never_raise(shape, data):
    stream = bytearray(STREAMS[shape])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(stream) - 1))
        stream[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    cuts = data.draw(cuts_of(stream))
    for effect in (WITHHELD, HELD):
        once, _ = passed(bytes(stream), shape, effect)
        again, _ = passed(bytes(stream), shape, effect, cuts)
        assert once == again
    assert passed(bytes(stream), shape, NOTHING, cuts)[0] == bytes(stream)


def test_an_endless_event_ends_the_stream_and_fills_no_memory():
    for effect, passes in ((NOTHING, True), (WITHHELD, False)):
        answer = AnswerFilter(effect, Shape.OPENAI_CHAT, most=1 << 16)
        out = len(answer.feed(b"data: "))
        tracemalloc.start()
        for _ in range(400):
            out += len(answer.feed(b"x" * 4096))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        out += len(answer.end())
        assert peak < 1 << 19
        assert answer.malformed == 1
        assert answer.cut is not passes
        assert (out == 6 + 400 * 4096) is passes


def test_a_whole_answer_beyond_the_bound_is_not_sent_unchecked():
    raw = b'{"choices": "' + b"x" * 100_000 + b'"}'
    made, answer = passed(
        raw, Shape.OPENAI_CHAT, WITHHELD, cuts=range(0, 100_000, 999), most=50_000
    )
    assert json.loads(made)["error"]["type"] == "api_error"
    assert answer.cut
    made, answer = passed(raw, Shape.OPENAI_CHAT, cuts=range(0, 100_000, 999), most=50_000)
    assert (made, answer.cut) == (raw, False)


def test_many_small_chunks_cost_no_more_than_their_bytes():
    chunk = {"choices": [{"index": 0, "delta": {"content": "x" * 200_000}}]}
    stream = lines(chunk)
    answer = AnswerFilter(WITHHELD, Shape.OPENAI_CHAT)
    tracemalloc.start()
    out = sum(len(answer.feed(bytes([byte]))) for byte in stream)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert out == len(stream)
    assert peak < 8 * len(stream)
