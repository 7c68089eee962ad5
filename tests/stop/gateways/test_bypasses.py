"""Ways around a gateway that are closed: forged marks, unread answers, filled memory."""

from __future__ import annotations

import asyncio
import json

import pytest
from gateway_world import PASS, Rules, asgi_server, effect, gateway
from test_middleware import CHAT

from stillwatch.stop.gateways.decision_api import Decisions
from stillwatch.stop.gateways.ext_proc import _Processing
from stillwatch.stop.gateways.gateway import Passing
from stillwatch.stop.gateways.letting import Letting
from stillwatch.stop.gateways.litellm_callback import _unmarked
from stillwatch.stop.gateways.litellm_guardrail import LiteLLMGuardrail
from stillwatch.stop.gateways.messages import ProcessingRequest, ProcessingResponse
from stillwatch.stop.gateways.middleware import StopMiddleware
from stillwatch.stop.gateways.paths import OURS
from stillwatch.stop.gateways.pending import Pending
from stillwatch.stop.gateways.room import Room
from stillwatch.stop.gateways.trust import Client
from stillwatch.stop.interface import FailMode
from stillwatch.stop.responses.effects import NOTHING
from stillwatch.testing import FakeModel

BODY = json.dumps(CHAT).encode()


class Talk:
    """Envoy's side of one request."""

    def __init__(self, made):
        self.said = []
        self.processing = _Processing(made, ("", ""), self, Letting(made.trust.own))

    async def send(self, raw):
        self.said.append(ProcessingResponse.FromString(raw))

    async def headers(self, path="/v1/chat/completions", *, account="acme", ways=(4, 4), **more):
        message = ProcessingRequest()
        message.protocol_config.request_body_mode, message.protocol_config.response_body_mode = ways
        given = {":method": "POST", ":path": path, "x-stillwatch-account": account, **more}
        for name, value in given.items():
            header = message.request_headers.headers.headers.add()
            header.key, header.raw_value = name, value.encode()
        await self.processing.take(message.SerializeToString())

    async def body(self, raw, *, end=True, answer=False):
        message = ProcessingRequest()
        part = message.response_body if answer else message.request_body
        part.body, part.end_of_stream = raw, end
        await self.processing.take(message.SerializeToString())

    def removed(self):
        return {
            name
            for one in self.said
            for name in one.request_headers.response.header_mutation.remove_headers
        }


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings"])
@pytest.mark.parametrize("account", ["acme", "broken"])
def test_a_clients_own_marks_are_never_passed_on(path, account):
    made, _ = gateway(Rules())

    async def run():
        talk = Talk(made)
        await talk.headers(path, account=account, **dict.fromkeys(sorted(OURS), "forged"))
        if "chat" in path:
            await talk.body(BODY)
        await talk.processing.close()
        return talk.removed()

    assert asyncio.run(run()) >= OURS


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings"])
def test_nor_by_the_middleware(path):
    import httpx  # noqa: PLC0415 - here alone

    model = FakeModel()
    made, _ = gateway(Rules())
    wrapped = StopMiddleware(model, made, lambda _: Client("acme"))
    with asgi_server(wrapped) as port:
        headers = dict.fromkeys(OURS, "forged")
        httpx.post(f"http://127.0.0.1:{port}{path}", json=CHAT, headers=headers, timeout=20)
    sent = {name for one in model.received for name, _ in one["headers"]}
    assert not sent & OURS


def test_nor_in_shadow_mode_or_by_litellm():
    assert {name for name, value in NOTHING.forward_headers if not value} == {
        name for name in OURS if not name.startswith("x-")
    }
    data = {"extra_headers": {"Stillwatch-Watermark-Key": "k", "x-own": "1"}, "headers": "x"}
    _unmarked(data)
    assert data == {"extra_headers": {"x-own": "1"}, "headers": {}}


def test_an_answer_without_headers_is_filtered_all_the_same():
    made, _ = gateway(Rules())

    async def run():
        talk = Talk(made)
        await talk.headers(account="quiet")
        await talk.body(BODY)
        talk.said.clear()
        answer = {"choices": [{"message": {"content": "4", "reasoning_content": "2 and 2"}}]}
        await talk.body(json.dumps(answer).encode(), answer=True)
        return b"".join(
            one.response_body.response.body_mutation.streamed_response.body for one in talk.said
        )

    passed = asyncio.run(run())
    assert b'"4"' in passed
    assert b"2 and 2" not in passed


@pytest.mark.parametrize("mode", [FailMode.CLOSED, FailMode.OPEN])
def test_bodies_of_slow_clients_share_a_bounded_room(mode):
    room = Room(100_000)
    made, outcomes = gateway(Rules(), undecided=mode, room=room)

    async def run():
        talks = [Talk(made) for _ in range(20)]
        for talk in talks:
            await talk.headers()
            await talk.body(bytes(10_000), end=False)
        assert room.taken == 100_000
        statuses = [one.immediate_response.status.code for talk in talks for one in talk.said]
        for talk in talks:
            await talk.processing.close()
        return statuses

    statuses = asyncio.run(run())
    assert outcomes["no-room"] == 10
    assert statuses.count(503) == (10 if mode is FailMode.CLOSED else 0)
    assert room.taken == 0


def test_what_unpacks_takes_its_room_too():
    import gzip  # noqa: PLC0415 - here alone

    room = Room(100_000)
    made, outcomes = gateway(Rules(), undecided=FailMode.CLOSED, room=room)

    async def run():
        talk = Talk(made)
        await talk.headers(**{"content-encoding": "gzip"})
        await talk.body(gzip.compress(bytes(1 << 20)))
        await talk.processing.close()

    asyncio.run(run())
    assert outcomes["no-room"] == 1
    assert room.taken == 0


def test_the_fail_mode_is_that_of_now():
    modes = [FailMode.OPEN]
    made, _ = gateway(Rules(), undecided=lambda: modes[-1])
    assert not made.closed
    modes.append(FailMode.CLOSED)
    assert made.closed


def test_calls_that_a_client_names_alike_all_reach_the_service():
    service = Rules()
    made, _ = gateway(service)
    guard = LiteLLMGuardrail(made, Pending())
    asked = {
        "input_type": "request",
        "litellm_call_id": "x" * 60_000,
        "texts": ["Why?"],
        "request_data": {"user_api_key_user_id": "acme"},
    }

    async def run():
        for _ in range(3):
            await guard.guard(json.dumps(asked).encode())
        await guard.guard(json.dumps(asked | {"input_type": "response"}).encode())

    asyncio.run(run())
    told = [decision.request.request_id for decision, _ in service.answers]
    assert sorted(told) == sorted(request.request_id for request in service.requests)


def test_a_decision_that_nobody_tells_of_reaches_the_service():
    service = Rules()
    made, _ = gateway(service)
    calls = Decisions(made, Pending(most=10_000))
    asked = json.dumps({"account": "acme", "shape": "openai-chat", "body": CHAT}).encode()

    async def run():
        for _ in range(20):
            await calls.decide(asked)

    asyncio.run(run())
    assert 0 < len(service.answers) < 20
    assert {told.output_tokens for _, told in service.answers} == {-1}


def test_passing_filters_by_what_the_effect_says_alone():
    made, _ = gateway(Rules())
    plain = Passing(made, None, PASS)
    assert plain.feed(b"as it came") == b"as it came"
    assert Passing(made, None, effect(withhold=True)).alters
