"""Bodies of the four APIs, and bodies made to hurt."""

import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.find.sources.messages import read_turns
from stillwatch.stop.interface import Request, Shape
from stillwatch.stop.serving.shapes import LONGEST, UNREAD, read_asked


def read(shape, body, **more):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_asked(Request(0, "r", "a", Shape(shape), raw, **more))


def test_chat():
    asked, why = read(
        "openai-chat",
        {
            "model": "g",
            "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": "First?"},
                {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
                {"role": "tool", "content": "42", "tool_call_id": "1"},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Second?"},
                        {"type": "image_url", "image_url": {"url": "data:"}},
                        {"type": "text", "text": "Please."},
                    ],
                },
            ],
            "max_tokens": 5,
            "max_completion_tokens": 70,
            "temperature": 0.25,
            "n": 3,
            "stream": True,
            "reasoning_effort": "high",
            "response_format": {"type": "json_schema", "json_schema": {}},
            "tools": [{}, {}],
            "user": "u7",
        },
    )
    assert why == ""
    assert (asked.model, asked.prompt, asked.system) == ("g", "Second?\nPlease.", "Be brief.")
    assert (asked.turns, asked.max_tokens, asked.temperature) == (5, 70, 0.25)
    assert (asked.choices, asked.tools, asked.end_user) == (3, 2, "u7")
    assert asked.stream
    assert asked.reasoning
    assert asked.structured


def test_responses():
    asked, why = read(
        "openai-responses",
        {
            "model": "g",
            "instructions": "Be brief.",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "Why?"}]},
                {"type": "function_call_output", "call_id": "1", "output": "42"},
            ],
            "max_output_tokens": 9,
            "reasoning": {"effort": "minimal", "summary": "auto"},
            "text": {"format": {"type": "text"}},
            "conversation": {"id": "c1"},
        },
    )
    assert (why, asked.prompt, asked.system, asked.turns) == ("", "Why?", "Be brief.", 2)
    assert (asked.max_tokens, asked.conversation) == (9, "c1")
    assert asked.reasoning
    assert not asked.structured
    assert read("openai-responses", {"input": "Why?"})[0].prompt == "Why?"


def test_messages():
    asked, why = read(
        "anthropic-messages",
        {
            "model": "c",
            "max_tokens": 8,
            "system": [{"type": "text", "text": "Be brief."}],
            "messages": [
                {"role": "user", "content": "Why?"},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "1"}]},
                {"role": "user", "content": [{"type": "tool_result", "content": "secret 42"}]},
            ],
            "thinking": {"type": "enabled", "budget_tokens": 4},
            "metadata": {"user_id": "u7"},
        },
    )
    assert (why, asked.prompt, asked.system) == ("", "Why?", "Be brief.")
    assert (asked.turns, asked.max_tokens, asked.end_user) == (3, 8, "u7")
    assert asked.reasoning


@pytest.mark.parametrize("config", ["generationConfig", "generation_config"])
def test_gemini_in_both_spellings(config):
    asked, why = read(
        "gemini",
        {
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "Why?"}]},
                {"role": "model", "parts": [{"text": "So."}]},
                {"parts": [{"inlineData": {"data": "AA=="}}, {"text": "And how?"}]},
            ],
            config: {
                "maxOutputTokens": 12,
                "candidateCount": 2,
                "responseMimeType": "application/json",
                "thinkingConfig": {"thinkingBudget": 100},
            },
            "tools": [{"functionDeclarations": [{}, {}]}],
        },
        model="gem",
    )
    assert (why, asked.model, asked.prompt, asked.system) == ("", "gem", "And how?", "Be brief.")
    assert (asked.max_tokens, asked.choices, asked.tools, asked.turns) == (12, 2, 2, 3)
    assert asked.reasoning
    assert asked.structured


def test_a_surrogate_alone_hides_no_prompt():
    body = rb'{"messages": [{"role": "user", "content": "a \ud800 \ud83d\ude00 \\ud800 \\\udc00"}]}'
    asked, why = read_asked(Request(0, "r", "a", Shape.OPENAI_CHAT, body))
    assert (why, asked.prompt) == (
        "",
        "a \N{REPLACEMENT CHARACTER} \N{GRINNING FACE} \\ud800 \\\ufffd",
    )


DEEP = b"[" * 100_000
TURN = b'{"messages": [{"role": "user", "content": %s}]}'


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not-json"),
        (b"{", "not-json"),
        (b"\xff\xfe", "not-json"),
        (TURN % b'"\xff\xfe"', "not-utf-8"),
        (TURN % (b'"' + b"\\ud800" * 40_000 + b'"'), "not-json"),
        (TURN % b"NaN", "not-json"),
        (TURN % b"99999999999999999999999999", "wrong-structure"),
        (TURN % b"[[[]]]", "wrong-structure"),
        (TURN % b'[{"type": "text", "text": 5}]', "wrong-structure"),
        (DEEP, "nested-too-deep"),
        (b'{"x": ' + DEEP + b"]" * 100_000 + b', "messages": []}', "nested-too-deep"),
        (b'{"messages": {}}', "wrong-structure"),
        (b'{"messages": [3]}', "wrong-structure"),
        (b'{"messages": [{"role": 5}]}', "wrong-structure"),
        (b"[]", "wrong-structure"),
        (b"null", "wrong-structure"),
        (b'{"messages": [], "messages": []}', "duplicate-key"),
        (b'{"messages": [], "m\\u0065ssages": [], "messages": []}', "duplicate-key"),
        (b'{"messages": [' + b"{}," * (1 << 18) + b"{}]}", "too-many-parts"),
        (b" " * (LONGEST + 1), "too-long"),
        (b'{"messages": []} trailing', "not-json"),
    ],
)
def test_what_cannot_be_read_has_a_name(body, why):
    asked, told = read("openai-chat", body, model="m")
    assert told == why
    assert why in UNREAD
    assert (asked.prompt, asked.model, asked.max_tokens) == ("", "m", -1)


@pytest.mark.parametrize(
    ("value", "tokens"),
    [(b"1e999", -1), (b"-5", -1), (b'"many"', -1), (b"9" * 400, 2**31 - 1), (b"10.0", 10),
     (b"null", -1), (b"[1]", -1), (b"true", -1)],
)  # fmt: skip
def test_single_values_of_another_type_count_as_not_given(value, tokens):
    asked, why = read("openai-chat", b'{"messages": [], "max_tokens": ' + value + b"}")
    assert (why, asked.max_tokens) == ("", tokens)


def test_a_name_within_a_tool_is_no_second_list_of_turns():
    body = {
        "messages": [{"role": "user", "content": "Why?"}],
        "tools": [{"function": {"parameters": {"properties": {"messages": {}}}}}],
    }
    assert read("openai-chat", body)[1] == ""


def test_images_are_not_decoded():
    image = "A" * (8 << 20)
    parts = [{"type": "image_url", "image_url": {"url": image}}, {"type": "text", "text": "What?"}]
    body = json.dumps({"messages": [{"role": "user", "content": parts}]}).encode()
    tracemalloc.start()
    asked, _ = read("openai-chat", body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert asked.prompt == "What?"
    assert peak < 1 << 20


def test_many_small_objects_take_bounded_memory():
    body = b'{"messages": [' + b"{}," * 200_000 + b"{}]}"
    tracemalloc.start()
    asked, why = read("openai-chat", body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (why, asked.turns) == ("", 200_001)
    assert peak < 100 << 20


texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)
turns = st.lists(
    st.tuples(
        st.sampled_from(["user", "assistant", "system", "developer", "tool"]),
        st.one_of(
            texts,
            st.lists(texts.map(lambda text: {"type": "text", "text": text}), max_size=3),
        ),
    ),
    max_size=6,
)


@given(turns)
@settings(deadline=None)
def test_the_prompt_is_the_one_that_a_scan_reads(turns):
    messages = [{"role": role, "content": content} for role, content in turns]
    asked, why = read("openai-chat", {"messages": messages})
    expected = read_turns(messages)
    assert why == ""
    assert asked.prompt == (expected.prompt or "")
    assert asked.system.replace("\n", "") == (expected.system_prompt or "").replace("\n", "")


names = st.sampled_from(
    ["messages", "contents", "input", "role", "content", "parts", "text", "model", "tools", "x"]
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)
bodies = st.one_of(st.binary(max_size=200), values.map(lambda value: json.dumps(value).encode()))


@given(st.sampled_from(list(Shape)), bodies)
@settings(deadline=None)
def test_any_bytes_are_read_or_named(shape, body):
    asked, why = read(shape.value, body)
    assert why in ("", *UNREAD)
    assert asked.max_tokens >= -1
    asked.prompt.encode()
