"""What each measure does on the wire, in the four shapes, and what it tells the account holder."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.stop.interface import Mode, Reason, Rung, Shape
from stillwatch.stop.responses import effect_of, statement_of, unavailable
from stillwatch.stop.responses.canaries import CanarySet
from stillwatch.stop.responses.effects import (
    CANARY_HEADER,
    MARK_HEADER,
    NOTHING,
    PERTURB_HEADER,
)
from stillwatch.stop.responses.forwarding import Changes, rewritten
from stillwatch.stop.responses.reasons import DONE, WORDS

sys.path.insert(0, str(Path(__file__).parent))
from made_decisions import CONTENT, ENFORCED, FULL, LIMIT, NOW, PEER, decision, request

sys.path.pop(0)

BODIES = {
    Shape.OPENAI_CHAT: {
        "model": "m",
        "n": 8,
        "max_tokens": 9000,
        "logprobs": True,
        "reasoning": {"effort": "high"},
        "watermark": False,
        "big": 12345678901234567890123,
    },
    Shape.OPENAI_RESPONSES: {
        "model": "m",
        "max_output_tokens": 9000,
        "reasoning": {"effort": "high", "summary": "detailed"},
        "watermark": False,
    },
    Shape.ANTHROPIC_MESSAGES: {
        "model": "m",
        "max_tokens": 9000,
        "thinking": {"type": "enabled", "budget_tokens": 8000},
        "watermark": False,
    },
    Shape.GEMINI: {
        "generation_config": {
            "max_output_tokens": 9000,
            "candidateCount": 4,
            "thinking_config": {"include_thoughts": True, "thinkingBudget": 5},
        },
        "watermark": False,
    },
}
POLICY = replace(
    ENFORCED, shaping=replace(ENFORCED.shaping, max_tokens=4096, opt_outs=("watermark",))
)


def asked(shape):
    return request(shape=shape, body=json.dumps(BODIES[shape]).encode())


def shaped(rung, shape=Shape.OPENAI_CHAT, policy=POLICY, **more):
    return effect_of(decision(rung, CONTENT, asks=asked(shape), **more), policy)


@pytest.mark.parametrize("rung", list(Rung))
def test_in_shadow_mode_nothing_is_changed(rung):
    made = decision(rung, CONTENT, mode=Mode.SHADOW, limiting=(FULL,))
    assert effect_of(made, POLICY) is NOTHING


def test_an_account_within_its_allowance_sees_limit_headers_alone():
    effect = effect_of(decision(Rung.OBSERVE), POLICY)
    assert (effect.status, effect.forward, effect.withhold, effect.hold) == (0, b"", False, 0)
    assert dict(effect.headers) == {
        "ratelimit-policy": '"unverified";q=864;w=86400;qu="training-value"',
        "ratelimit": '"unverified";r=12;t=2',
    }


def test_beyond_its_allowance_it_is_told_when_to_come_back():
    effect = effect_of(decision(Rung.LIMIT, LIMIT, limiting=(FULL,), lifted_by="time"), POLICY)
    headers = dict(effect.headers)
    assert effect.status == 429
    assert headers["retry-after"] == "31"
    assert headers["ratelimit"] == '"unverified";r=0;t=31'
    assert headers["content-type"] == "application/problem+json"
    assert headers["link"] == '<https://lab.example/appeal>; rel="help"'
    body = json.loads(effect.body)
    assert body["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert body["violated-policies"] == ["unverified"]
    assert (body["status"], body["code"], body["automatic"]) == (429, "over-limit", True)
    assert body["request_id"] == "r-1"


def test_whose_shared_bucket_is_empty_is_not_told_which():
    reason = Reason("over-shared-limit", "usage", "segment", 30.0)
    limiting = (decision(Rung.LIMIT).limiting[0], ("segment", *FULL[1:]))
    effect = effect_of(decision(Rung.LIMIT, reason, limiting=limiting), POLICY)
    assert effect.status == 429
    assert dict(effect.headers)["retry-after"] == "31"
    assert b"segment" not in effect.body
    assert json.loads(effect.body)["type"] == "https://lab.example/reasons#over-limit"


def test_a_limit_that_is_not_reached_lets_the_request_pass():
    assert effect_of(decision(Rung.LIMIT, PEER), POLICY).status == 0


def test_verification_is_asked_for_with_a_link():
    effect = effect_of(
        decision(Rung.VERIFY, LIMIT, lifted_by="verification"),
        POLICY,
        token="a b&c",  # noqa: S106 - no secret
    )
    body = json.loads(effect.body)
    assert (effect.status, body["code"]) == (403, "verification-required")
    assert body["verification"] == "https://lab.example/verify"
    assert body["appeal"] == "https://lab.example/appeal?token=a%20b%26c"
    assert body["lifted_by"] == "verification"


def test_a_refusal_says_until_when_and_how_to_contest_it():
    effect = effect_of(decision(Rung.REFUSE, CONTENT, expires=NOW), POLICY)
    body = json.loads(effect.body)
    assert (effect.status, body["code"], body["type"]) == (
        403,
        "refused",
        "https://lab.example/reasons#refused",
    )
    assert body["expires"].startswith("2026-")
    assert "a person decides" in body["detail"]


@pytest.mark.parametrize("shape", list(Shape))
def test_capped_and_quiet_requests_go_on(shape):
    effect = shaped(Rung.CAP, shape)
    sent = json.loads(effect.forward)
    given = BODIES[shape]
    assert effect.withhold
    assert dict(effect.headers)["stillwatch-withheld"] == "reasoning, length"
    assert dict(effect.forward_headers)["accept-encoding"] == "identity"
    assert dict(effect.forward_headers)[MARK_HEADER] == ""
    assert sent["watermark"] is False
    if shape is Shape.OPENAI_CHAT:
        assert (sent["max_tokens"], sent["n"], sent["logprobs"]) == (4096, 1, False)
        assert sent["reasoning"] == {"effort": "high", "exclude": True}
        assert sent["big"] == given["big"]
    elif shape is Shape.OPENAI_RESPONSES:
        assert sent == given | {"max_output_tokens": 4096}
    elif shape is Shape.ANTHROPIC_MESSAGES:
        thinking = {"type": "enabled", "budget_tokens": 2048, "display": "summarized"}
        assert sent == given | {"max_tokens": 4096, "thinking": thinking}
    else:
        settings_ = sent["generationConfig"]
        assert "generation_config" not in sent
        assert (settings_["maxOutputTokens"], settings_["candidateCount"]) == (4096, 1)
        assert "max_output_tokens" not in settings_


def test_where_no_summary_is_wanted_none_is_asked_for():
    policy = replace(POLICY, shaping=replace(POLICY.shaping, reasoning="none", max_tokens=512))
    sent = {shape: json.loads(shaped(Rung.CAP, shape, policy).forward) for shape in Shape}
    assert sent[Shape.OPENAI_RESPONSES]["reasoning"] == {"effort": "high"}
    assert sent[Shape.ANTHROPIC_MESSAGES]["thinking"] == {"type": "disabled"}
    thinking = sent[Shape.GEMINI]["generationConfig"]["thinkingConfig"]
    assert thinking == {"includeThoughts": False, "thinkingBudget": 5}


@pytest.mark.parametrize("shape", list(Shape))
def test_a_clients_opt_out_is_taken_out_and_the_key_named(shape):
    effect = shaped(Rung.MARK, shape)
    assert "watermark" not in json.loads(effect.forward)
    assert dict(effect.forward_headers)[MARK_HEADER] == "c-1"
    keyed = replace(POLICY, shaping=replace(POLICY.shaping, watermark_keys={"c-1": "key-7"}))
    assert dict(shaped(Rung.MARK, shape, keyed).forward_headers)[MARK_HEADER] == "key-7"


def test_a_campaign_whose_name_fits_no_header_is_told_by_its_hash():
    name = "c-1\r\nx-evil: 1"
    marked = dict(shaped(Rung.MARK, campaign=name).forward_headers)[MARK_HEADER]
    assert re.fullmatch("[0-9a-f]{64}", marked)


def test_what_clients_send_under_names_that_mean_something_is_taken_out():
    taken = dict(effect_of(decision(Rung.OBSERVE), POLICY).forward_headers)
    assert taken == {MARK_HEADER: "", PERTURB_HEADER: "", CANARY_HEADER: ""}


def test_variants_are_told_to_the_models_server():
    chosen = CanarySet("k-1", "c-1", {"example": ("a", "b")}, bytes(32))
    made = decision(Rung.MARK, CONTENT)
    effect = effect_of(made, POLICY, canaries={"c-1": chosen})
    assert dict(effect.forward_headers)[CANARY_HEADER] == chosen.header("r-1")
    other = effect_of(made, POLICY, canaries={"c-2": chosen})
    assert dict(other.forward_headers)[CANARY_HEADER] == ""


@pytest.mark.parametrize("shape", list(Shape))
def test_a_decoy_gets_the_request_as_it_was(shape):
    effect = shaped(Rung.DECOY, shape, measure_id="m-1")
    assert effect.model == "decoy-1"
    assert (effect.withhold, effect.hold) == (False, 0)
    sent = json.loads(effect.forward)
    assert sent.get("model", "decoy-1") == "decoy-1"
    assert {k: v for k, v in sent.items() if k != "model"} == {
        k: v for k, v in BODIES[shape].items() if k not in {"model", "watermark"}
    }
    assert not {name for name, _ in effect.headers} & {"stillwatch-withheld", "link"}


def test_perturbation_is_a_header_and_only_where_the_policy_turns_it_on():
    effect = shaped(Rung.PERTURB, measure_id="m-1")
    assert dict(effect.forward_headers)[PERTURB_HEADER] == "m-1"
    off = replace(POLICY, shaping=replace(POLICY.shaping, perturbation=False))
    assert dict(shaped(Rung.PERTURB, policy=off).forward_headers)[PERTURB_HEADER] == ""


def test_text_is_held_only_under_hold():
    assert shaped(Rung.HOLD).hold == POLICY.shaping.hold
    assert shaped(Rung.MARK).hold == 0


def test_a_measure_lets_nothing_pass_that_a_limit_stops():
    made = decision(Rung.WITHHOLD, CONTENT, limiting=(FULL,))
    assert effect_of(made, POLICY).status == 429


HOSTILE = {
    "not JSON": b"{",
    "NaN": b'{"x": NaN, "max_tokens": 5}',
    "a list": b"[]",
    "empty": b"",
    "invalid UTF-8": b'{"\xff": 1}',
    "deep": b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "two values": b'{"max_tokens":5}{"max_tokens":9000}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_body_that_cannot_be_shaped_is_refused(name):
    made = decision(Rung.CAP, CONTENT, asks=request(body=HOSTILE[name]))
    effect = effect_of(made, POLICY)
    assert effect.status == 400
    assert json.loads(effect.body)["code"] == "unreadable"


@pytest.mark.parametrize(
    "body",
    [
        b'{"max_tokens":9000,"max_tokens":5}',
        b'{"max_tokens":5,"max_tokens":9000}',
        b'{"max_tokens":-1}',
        b'{"max_tokens":0}',
        b'{"max_tokens":true}',
        b'{"max_tokens":"9000"}',
        b'{"max_tokens":null}',
        b'{"max_tokens":1e300}',
        b'{"max_tokens":1e999}',
        b'{"max_tokens":99999999999999999999999999}',
        b'{"max_\\u0074okens":9000}',
        b"{}",
    ],
)
def test_a_cap_cannot_be_talked_out_of(body):
    sent = rewritten(body, Shape.ANTHROPIC_MESSAGES, Changes(max_tokens=100))
    assert sent.count(b"max_tokens") == 1
    assert 0 < json.loads(sent)["max_tokens"] <= 100


LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(1.5)
INNER = ["type", "budget_tokens", "maxOutputTokens", "max_output_tokens", "y"]
OUTER = ["max_tokens", "n", "thinking", "reasoning", "generationConfig", "generation_config"]


def nested(inner):
    return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER), inner)


@settings(max_examples=200, deadline=None)
@given(
    body=st.dictionaries(
        st.sampled_from([*OUTER, "model", "watermark", "x"]),
        st.recursive(LEAF, nested, max_leaves=8),
    ),
    shape=st.sampled_from(list(Shape)),
)
def test_any_object_can_be_shaped_and_keeps_the_rest(body, shape):
    raw = json.dumps(body).encode()
    sent = json.loads(rewritten(raw, shape, Changes(100, "none", ("watermark",), "m2")))
    assert sent.get("x") == body.get("x")
    assert "watermark" not in sent
    caps = {
        Shape.OPENAI_CHAT: lambda: sent.get("max_completion_tokens", sent.get("max_tokens")),
        Shape.OPENAI_RESPONSES: lambda: sent["max_output_tokens"],
        Shape.ANTHROPIC_MESSAGES: lambda: sent["max_tokens"],
        Shape.GEMINI: lambda: sent["generationConfig"]["maxOutputTokens"],
    }
    assert 0 < caps[shape]() <= 100


def test_statements_reveal_no_signature():
    reasons = [Reason(code, "content", "c-secret-name", 0.98765) for code in [*WORDS, "a-new-code"]]
    for rung in Rung:
        made = decision(rung, *reasons, expires=NOW, campaign="c-secret-name")
        text = statement_of(made, POLICY).text()
        assert text.startswith(DONE[rung])
        for hidden in ("c-secret-name", "98765", "content", "indicator--1"):
            assert hidden not in text
        body = effect_of(made, POLICY).body
        assert b"c-secret-name" not in body


def test_statements_say_who_decided():
    approved = Reason("approved-measure", "usage", "m-1", 9.0)
    by_person = statement_of(decision(Rung.REFUSE, approved, CONTENT, measure_id="m-1"), POLICY)
    assert not by_person.automatic
    assert "approved by a person" in by_person.text()
    by_program = statement_of(decision(Rung.VERIFY, LIMIT), POLICY)
    assert by_program.automatic
    assert "https://lab.example/terms" in by_program.text()


def test_where_nothing_can_be_decided_nobody_is_accused():
    effect = unavailable(POLICY)
    assert effect.status == 503
    assert dict(effect.headers)["retry-after"] == "1"
    assert "Nothing was found against the account" in json.loads(effect.body)["detail"]
