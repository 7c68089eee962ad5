"""The external processor, asked by a real Envoy that is configured as the how-to says."""

from __future__ import annotations

import json
import time

import httpx
import pytest
from gateway_world import ROOT, Rules, asgi_server, config_for, envoy, gateway, grpc_server

from stillwatch.stop.gateways.ext_proc import ext_proc
from stillwatch.testing import FakeModel

HOW_TO = (ROOT / "docs" / "how-to" / "envoy.yaml").read_text("utf-8")
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 5}
PATHS = {
    "/v1/chat/completions": CHAT,
    "/v1/responses": {"model": "m", "input": "hello", "max_output_tokens": 5},
    "/v1/messages": CHAT,
    "/v1beta/models/gemini-3:generateContent": {
        "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
        "generationConfig": {"maxOutputTokens": 5},
    },
}


def post(world, account="acme", path="/v1/chat/completions", body=None, **given):
    headers = {"authorization": f"Bearer key-of-{account}", **given.pop("headers", {})}
    body = PATHS.get(path, CHAT) if body is None else body
    return httpx.post(world.url + path, json=body, headers=headers, timeout=20, **given)


def told(world, count=1):
    """Return what the service was told, once it was: the client has its answer a little earlier."""
    until = time.monotonic() + 10
    while len(world.service.answers) < count and time.monotonic() < until:
        time.sleep(0.01)
    return world.service.answers


@pytest.mark.parametrize("path", PATHS)
def test_a_request_passes_as_it_was(world, path):
    answer = post(world, path=path)
    assert answer.status_code == 200
    assert json.loads(world.model.received[-1]["body"]) == PATHS[path]
    (request,) = world.service.requests
    assert request.account == "acme"
    assert request.ip == "127.0.0.1"
    assert json.loads(request.body) == PATHS[path]
    ((decision, passed),) = told(world)
    assert decision.request is request
    assert passed.status == 200
    assert passed.text.split() == ["one", "two", "three", "four", "five"]
    assert passed.output_tokens == 5
    assert world.outcomes == {"passed": 1}


@pytest.mark.parametrize("path", PATHS)
def test_a_streamed_answer_passes_as_it_was(world, path):
    streamed = path.replace(":generate", ":streamGenerate")
    body = PATHS[path] | ({} if "gemini" in path else {"stream": True})
    with httpx.stream(
        "POST", world.url + streamed, json=body, headers={"authorization": "Bearer key-of-acme"}
    ) as answer:
        text = answer.read()
    assert answer.headers["content-type"] == "text/event-stream"
    assert b"one" in text
    ((_, passed),) = told(world)
    assert passed.text.split() == ["one", "two", "three", "four", "five"]
    assert passed.output_tokens == 5


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_trace_is_withheld(world, path, stream):
    body = PATHS[path] | ({"stream": True} if stream and "gemini" not in path else {})
    path = path.replace(":generate", ":streamGenerate") if stream else path
    answer = post(world, "quiet", path, body)
    assert b"a trace" not in answer.content
    assert b"one" in answer.content


def test_a_limit_answers_in_the_models_place(world):
    answer = post(world, "limited")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"status": 429}
    assert not world.model.received
    assert world.service.answers == []
    assert world.outcomes == {"answered": 1}


def test_a_body_is_replaced(world):
    answer = post(world, "capped")
    assert answer.json()["usage"]["completion_tokens"] == 3
    assert json.loads(world.model.received[-1]["body"]) == CHAT | {"max_tokens": 3}


def test_headers_are_set_removed_and_told(world):
    answer = post(world, "marked", headers={"x-out": "mine", "x-mark": "forged"})
    sent = dict(world.model.received[-1]["headers"])
    assert sent["x-mark"] == "k1"
    assert "x-out" not in sent
    assert answer.headers["x-told"] == "yes"


def test_the_operators_headers_do_not_reach_the_model(world):
    post(world, headers={"x-stillwatch-account": "bolt", "x-stillwatch-asn": "7"})
    sent = [name for name, _ in world.model.received[-1]["headers"]]
    assert not [name for name in sent if name.startswith("x-stillwatch")]


def test_another_model_is_routed_to(world):
    post(world, "decoyed", "/v1beta/models/gemini-3:generateContent")
    received = world.model.received[-1]
    assert received["path"] == "/v1beta/models/decoy-1:generateContent"
    assert dict(received["headers"])["x-stillwatch-model"] == "decoy-1"


def test_what_is_no_model_call_is_not_looked_at(world):
    answer = httpx.get(world.url + "/received", headers={"authorization": "Bearer key-of-acme"})
    assert answer.status_code == 200
    assert post(world, path="/v1/embeddings").status_code == 200
    assert world.service.requests == []
    assert world.outcomes == {"unwatched": 2}


@pytest.mark.parametrize(("account", "outcome"), [("slow", "not-in-time"), ("broken", "failed")])
def test_a_service_that_does_not_decide_closes_what_is_closed(world, account, outcome, caplog):
    answer = post(world, account)
    assert answer.status_code == 503
    assert answer.json()["type"] == f"urn:stillwatch:outcome:{outcome}"
    assert not world.model.received
    assert "words of a prompt" not in caplog.text


def test_many_requests_at_once(world):
    with httpx.Client(limits=httpx.Limits(max_connections=64)) as client:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        def one(at):
            body = CHAT | {"n": at, "stream": at % 2 == 0}
            headers = {"authorization": "Bearer key-of-acme"}
            return client.post(
                world.url + "/v1/chat/completions", json=body, headers=headers, timeout=30
            )

        with ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(one, range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(told(world, 200)) == 200


def test_the_address_behind_a_proxy_that_is_trusted(tmp_path):
    service = Rules()
    made, _ = gateway(service)
    text = HOW_TO.replace("merge_slashes: true", "xff_num_trusted_hops: 1")
    with (
        asgi_server(FakeModel()) as model,
        grpc_server([ext_proc(made)]) as (port, _),
        envoy(config_for(text, model, port), tmp_path) as ports,
    ):
        for forwarded in ("8.8.8.8, 203.0.113.5", "203.0.113.5"):
            headers = {"authorization": "Bearer key-of-acme", "x-forwarded-for": forwarded}
            url = f"http://127.0.0.1:{ports['clients']}/v1/chat/completions"
            assert httpx.post(url, json=CHAT, headers=headers, timeout=20).status_code == 200
    assert [request.ip for request in service.requests] == ["203.0.113.5"] * 2


def test_a_client_that_leaves_is_told_of_once(world):
    body = CHAT | {"stream": True, "max_tokens": 64}
    with httpx.stream(
        "POST",
        world.url + "/v1/chat/completions",
        json=body,
        headers={"authorization": "Bearer key-of-acme"},
    ) as answer:
        next(answer.iter_raw())
    ((_, passed),) = told(world)
    assert passed.status == 200
    assert world.server.calls == 0
