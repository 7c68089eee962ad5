"""The ASGI middleware around a model that speaks the four APIs, on a real server."""

from __future__ import annotations

import gzip
import json
import time

import httpx
import pytest
from gateway_world import Rules, asgi_server, gateway
from test_ext_proc import CHAT, PATHS

from stillwatch.stop.gateways.middleware import StopMiddleware
from stillwatch.stop.interface import FailMode
from stillwatch.testing import FakeModel

KEYS = {f"Bearer key-of-{name}": name for name in ("acme", "capped", "limited", "quiet", "marked")}


class Wrapped:
    def __init__(self, port, service, model, outcomes):
        self.url = f"http://127.0.0.1:{port}"
        self.service = service
        self.model = model
        self.outcomes = outcomes


@pytest.fixture(params=[FailMode.CLOSED, FailMode.OPEN])
def wrapped(request):
    service, model = Rules(), FakeModel()
    made, outcomes = gateway(service, undecided=request.param, longest=1 << 20)

    def who(scope):
        headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]]
        given = dict(headers).get("authorization", "")
        own = [("user-agent", dict(headers).get("user-agent", ""))]
        named = KEYS.get(given, "")
        if named:
            own.append((made.trust.account, named))
        return made.trust.client(own, scope["client"][0])

    with asgi_server(StopMiddleware(model, made, who)) as port:
        yield Wrapped(port, service, model, outcomes)


def post(world, account="acme", path="/v1/chat/completions", body=None, **given):
    headers = {"authorization": f"Bearer key-of-{account}", **given.pop("headers", {})}
    if "content" not in given:
        given["json"] = PATHS.get(path, CHAT) if body is None else body
    return httpx.post(world.url + path, headers=headers, timeout=20, **given)


@pytest.mark.parametrize("path", PATHS)
def test_each_api_passes_and_is_told_of(wrapped, path):
    answer = post(wrapped, path=path)
    assert answer.status_code == 200
    assert json.loads(wrapped.model.received[-1]["body"]) == PATHS[path]
    ((decision, told),) = wrapped.service.answers
    assert (decision.request.account, decision.request.ip) == ("acme", "127.0.0.1")
    assert (told.output_tokens, told.status) == (5, 200)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", PATHS)
def test_a_trace_is_withheld(wrapped, path, stream):
    body = PATHS[path] | ({"stream": True} if stream and "gemini" not in path else {})
    path = path.replace(":generate", ":streamGenerate") if stream else path
    answer = post(wrapped, "quiet", path, body)
    assert b"a trace" not in answer.content
    assert b"one" in answer.content


def test_limits_caps_and_marks(wrapped):
    limited = post(wrapped, "limited")
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert not wrapped.model.received
    assert post(wrapped, "capped").json()["usage"]["completion_tokens"] == 3
    forged = {"x-out": "mine", "x-mark": "forged", "x-stillwatch-model": "big"}
    marked = post(wrapped, "marked", headers=forged)
    sent = dict(wrapped.model.received[-1]["headers"])
    assert sent["x-mark"] == "k1"
    assert {"x-out", "x-stillwatch-model"} & set(sent) == set()
    assert marked.headers["x-told"] == "yes"


@pytest.mark.parametrize(
    ("given", "outcome", "status"),
    [
        ({"account": "nobody"}, "no-account", 401),
        ({"content": b"x" * (2 << 20)}, "body-too-long", 413),
        ({"content": b"no gzip", "headers": {"content-encoding": "gzip"}}, "broken-encoding", 400),
        ({"content": b"{}", "headers": {"content-encoding": "br"}}, "unknown-encoding", 415),
        (
            {
                "content": gzip.compress(bytes(50 << 20)),
                "headers": {"content-encoding": "gzip"},
            },
            "body-too-long",
            413,
        ),
    ],
)
def test_what_cannot_be_decided_follows_the_fail_mode(wrapped, request, given, outcome, status):
    closed = "closed" in request.node.name
    answer = post(wrapped, **given)
    assert wrapped.outcomes == {outcome: 1}
    if closed:
        assert answer.status_code == status
        assert answer.json()["type"] == f"urn:stillwatch:outcome:{outcome}"
        assert not wrapped.model.received
    else:  # it reaches the model as it was sent
        assert len(wrapped.model.received) == 1
        assert answer.status_code in {200, 400}


def test_a_compressed_body_is_read(wrapped):
    packed = gzip.compress(json.dumps(CHAT).encode())
    headers = {"content-encoding": "gzip"}
    post(wrapped, content=packed, headers=headers)
    assert json.loads(wrapped.service.requests[0].body) == CHAT
    assert dict(wrapped.model.received[-1]["headers"])["content-encoding"] == "gzip"
    post(wrapped, "capped", content=packed, headers=headers)
    sent = dict(wrapped.model.received[-1]["headers"])
    assert "content-encoding" not in sent
    assert json.loads(wrapped.model.received[-1]["body"])["max_tokens"] == 3


def test_other_paths_are_left_alone(wrapped):
    assert post(wrapped, path="/v1/embeddings").status_code == 200
    assert wrapped.service.requests == []
    assert wrapped.outcomes == {"unwatched": 1}


def test_a_client_that_leaves_is_told_of(wrapped):
    wrapped.model._pause = 0.05
    body = CHAT | {"stream": True, "max_tokens": 64}
    headers = {"authorization": "Bearer key-of-acme"}
    with httpx.stream(
        "POST", wrapped.url + "/v1/chat/completions", json=body, headers=headers
    ) as answer:
        next(answer.iter_raw())
    until = time.monotonic() + 20
    while not wrapped.service.answers and time.monotonic() < until:
        time.sleep(0.02)
    ((_, told),) = wrapped.service.answers
    assert told.status == 200
