"""What endpoints send is read or refused in words; prompts are read line by line; pace is kept."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import InputFormatError, RefusedError
from stillwatch.prove.lineage.asking import PROTOCOLS, Asking, Model
from stillwatch.prove.lineage.blackbox import Query
from stillwatch.prove.lineage.querying import Budget, Pace, Spent, questions_of, read_prompts
from stillwatch.prove.lineage.querying.protocols import authorization, body_of, read_answer
from stillwatch.prove.lineage.querying.transcripts import kept

ROOT = Path(__file__).parents[4]
NAMES = st.sampled_from(
    [
        *("choices", "message", "content", "text", "type", "usage", "model", "refusal", "error"),
        *("done", "prompt_tokens", "output_tokens", "finish_reason", "logprobs"),
        "system_fingerprint",
    ]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just("text")
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=20,
)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(held=JSON)
@settings(max_examples=80, deadline=None)
def test_any_json_is_an_answer_or_refused(protocol, held):
    try:
        said = read_answer(protocol, json.dumps(held).encode())
    except InputFormatError:
        return
    assert isinstance(said.text, str)
    said.text.encode()
    for word in (said.finish_reason, said.model, said.fingerprint):
        assert word is None or len(word) <= 200
    for count in (said.input_tokens, said.output_tokens):
        assert count is None or 0 <= count < 2**31


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe", b"[" * 100_000, b"1" * 5_000, b"null", b"<html>no</html>", b"NaN"]
)
def test_bytes_that_are_no_answer_are_refused(protocol, raw):
    with pytest.raises(InputFormatError):
        read_answer(protocol, raw)


def test_half_of_a_pair_of_surrogates_is_replaced_and_a_trace_is_no_answer():
    raw = b'{"choices":[{"message":{"content":"a\\ud800b","reasoning_content":"secret"}}]}'
    assert read_answer("openai-chat", raw).text == "a\ufffdb"
    blocks = [{"type": "thinking", "thinking": "trace"}, {"type": "text", "text": "four"}]
    assert read_answer("anthropic-messages", json.dumps({"content": blocks}).encode()).text == (
        "four"
    )


def test_a_refusal_that_an_endpoint_declares_is_one():
    message = {"content": None, "refusal": "I cannot help with that."}
    held = {"choices": [{"message": message, "finish_reason": "stop"}]}
    said = read_answer("openai-chat", json.dumps(held).encode())
    assert (said.text, said.finish_reason) == ("I cannot help with that.", "refusal")


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_bytes_are_kept_as_they_were(raw):
    held = kept(raw)
    spelled = msgspec.json.decode(msgspec.json.encode(held))
    if "raw" in spelled:
        assert spelled["raw"].encode() == raw
    else:
        assert msgspec.convert(spelled["raw_base64"], bytes) == raw
    # the longest response that is kept fits a line
    assert len(msgspec.json.encode(held)) <= max(len(raw) * 4 // 3, 256) + 20


@given(
    st.lists(st.tuples(st.floats(0, 5), st.integers(1, 500)), max_size=40),
    st.integers(1, 600),
    st.integers(100, 5_000),
)
@settings(max_examples=80, deadline=None)
def test_no_minute_has_more_requests_or_tokens_than_allowed(steps, requests, tokens):
    pace = Pace(requests, tokens)
    now, taken = 0.0, []
    for passed, size in steps:
        now += passed
        at = pace.slot(now, size)
        taken.append((at, size))
        now = max(now, at)
    for begin, _ in taken:
        window = [size for at, size in taken if begin <= at < begin + 60 - 1e-6]
        assert len(window) <= requests
        assert sum(window[:-1]) <= tokens


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=30))
@settings(max_examples=80, deadline=None)
def test_a_budget_is_never_passed_if_limits_of_answers_are_kept(pairs):
    budget = Budget(most_tokens=500, most_cost=0.004, input_price=1.0, output_price=10.0)
    for most, used in pairs:
        set_aside, real = Spent(1, 10, most), Spent(1, 10, min(most, used))
        if budget.reserve(set_aside):
            budget.settle(set_aside, real)
        assert budget.spent.tokens <= 500
        assert budget.spent.cost(1.0, 10.0) <= 0.004


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"no json",
        b'{"id": "a"}',
        b'{"id": "", "prompt": "p"}',
        b'{"id": 1, "prompt": "p"}',
        b'{"id": "a", "prompt": ""}',
        b'{"id": "a", "prompt": "\\ud800"}',
        b'{"id": "a", "prompt": "p", "messages": [{"role": "user", "content": "p"}]}',
        b'{"id": "a", "messages": []}',
        b'{"id": "a", "messages": [{"role": "system", "content": "p"}]}',
        b'{"id": "a", "messages": [{"role": "assistant", "content": "p"}]}',
        b'{"id": "a", "messages": "p"}',
        b'{"id": "a", "prompt": "p", "odd": 1}',
        b'{"id": "good", "prompt": "again"}',
        b"[" * 100_000,
        b'{"id": "a", "prompt": "' + b"x" * (1 << 18) + b'"}',
    ],
)
def test_a_line_that_holds_no_prompt_is_named(line):
    with pytest.raises(InputFormatError) as refused:
        read_prompts(b'{"id": "good", "prompt": "p"}\n' + line + b"\n")
    assert refused.value.where == "line 2 of the prompts"


def test_conversations_and_systems_are_spelled_as_each_protocol_wants():
    turns = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
    ]
    line = json.dumps({"id": "a", "system": "be short", "messages": turns}).encode()
    asking = Asking(samples=1, max_tokens=9, temperature=0.0, top_p=0.5, seed=3, logprobs=2)

    def body(protocol, **given):
        model = Model(
            name="m", role="suspect", protocol=protocol, url="https://a.example", model="x", **given
        )
        question = questions_of(model, asking, read_prompts(line), {})[0]
        return json.loads(body_of(model, asking, question))

    whole = [{"role": "system", "content": "be short"}, *turns]
    chat = body("openai-chat", length_field="max_completion_tokens")
    assert chat == {
        "model": "x",
        "messages": whole,
        "temperature": 0.0,
        "top_p": 0.5,
        "max_completion_tokens": 9,
        "seed": 3,
        "logprobs": True,
        "top_logprobs": 2,
    }
    assert body("openai-completions")["prompt"] == "be short\n\none\n\ntwo\n\nthree"
    anthropic = body("anthropic-messages")
    assert (anthropic["system"], anthropic["messages"]) == ("be short", turns)
    assert not {"seed", "logprobs"} & set(anthropic)
    ollama = body("ollama-chat")
    assert ollama["options"] == {"temperature": 0.0, "top_p": 0.5, "num_predict": 9, "seed": 3}
    assert ollama["stream"] is False
    assert authorization(Model(**MODEL | {"protocol": "anthropic-messages"}), "k") == {
        "anthropic-version": "2023-06-01",
        "x-api-key": "k",
    }
    assert authorization(Model(**MODEL), None) == {}


MODEL = {
    "name": "m",
    "role": "suspect",
    "protocol": "openai-chat",
    "url": "https://a.example",
    "model": "x",
}


class Part:
    roles = ("suspect", "reference")

    def __init__(self, prompt):
        self.prompt = prompt

    def queries(self):
        return (Query(item="0", prompt=self.prompt, samples=2),)


def test_parts_are_asked_of_those_that_they_need_and_must_be_text():
    asking = Asking(samples=1, max_tokens=9, limits={"b": 4})
    parts = {"b": Part("p"), "a": Part("q")}
    for role, many in (("suspect", 4), ("control", 4), ("reference", 4), ("ours", 0)):
        held = questions_of(Model(**MODEL | {"role": role}), asking, [], parts)
        assert len(held) == many
    held = questions_of(Model(**MODEL), asking, [], parts)
    assert [(one.part, one.sample, one.max_tokens) for one in held] == [
        *(("a", 0, 9), ("a", 1, 9), ("b", 0, 4), ("b", 1, 4))
    ]
    with pytest.raises(RefusedError, match="T-1"):
        questions_of(Model(**MODEL), asking, [], {"a": Part("\ud800")})


def test_every_rule_that_is_enforced_is_written_down():
    source = ROOT / "src" / "stillwatch" / "prove" / "lineage"
    cited = {
        rule
        for path in source.rglob("*.py")
        for rule in re.findall(r"# (T-\d+)", path.read_text("utf-8"))
    }
    page = (ROOT / "docs" / "reference" / "lineage.md").read_text("utf-8")
    assert cited == set(re.findall(r"^\| (T-\d+) \|", page, re.MULTILINE))
