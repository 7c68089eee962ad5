"""The decision API over a real server, and its description."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
import schemathesis
from gateway_world import Rules, asgi_server, gateway
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from stillwatch.stop.gateways.describing import describe
from stillwatch.stop.gateways.http_api import HttpApi, token_digest
from stillwatch.stop.interface import FailMode

TOKEN = "t0ken"  # noqa: S105 - of a test
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "decision-openapi.json"
HELD = json.loads(PAGE.read_text("utf-8"))
SCHEMA = schemathesis.openapi.from_dict(HELD)
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
ASK = {
    "account": "acme",
    "shape": "openai-chat",
    "body": {"model": "m", "messages": [{"role": "user", "content": "hello"}]},
    "ip": "192.0.2.7",
    "user_agent": "curl/8",
    "zero_retention": True,
}


class Api:
    def __init__(self, port, service, outcomes):
        self.url = f"http://127.0.0.1:{port}"
        self.service = service
        self.outcomes = outcomes
        self.client = httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {TOKEN}"}, timeout=20
        )

    def ask(self, **changed):
        return self.client.post("/v1/decisions", json=ASK | changed)


@pytest.fixture(scope="module", params=[FailMode.CLOSED])
def running(request):
    service = Rules()
    made, outcomes = gateway(service, undecided=request.param, deadline=0.3, longest=1 << 20)
    with asgi_server(HttpApi(made, tokens=[token_digest(TOKEN)])) as port:
        held = Api(port, service, outcomes)
        with held.client:
            yield held


@pytest.fixture
def api(running):
    running.service.requests.clear()
    running.service.answers.clear()
    running.outcomes.clear()
    return running


def test_a_request_is_decided_and_its_answer_taken(api):
    told = api.ask().json()
    (request,) = api.service.requests
    assert (told["rung"], told["mode"], told["effect"]["status"]) == ("observe", "enforce", 0)
    assert told["effect"]["forward"] is None
    assert (request.account, request.ip, request.user_agent) == ("acme", "192.0.2.7", "curl/8")
    assert request.zero_retention
    assert json.loads(request.body) == ASK["body"]
    said = {"status": 200, "output_tokens": 12, "finish_reason": "stop"}
    address = f"/v1/decisions/{told['id']}/answers"
    assert api.client.post(address, json=said).status_code == 204
    ((decision, answer),) = api.service.answers
    assert decision.request is request
    assert (answer.output_tokens, answer.input_tokens, answer.finish_reason) == (12, -1, "stop")
    assert api.client.post(address, json=said).status_code == 404


def test_the_bytes_of_a_body_are_kept(api):
    raw = json.dumps(ASK | {"body": 0}).replace(
        '"body": 0', '"body": {"max_tokens":1.0e2,  "x":"\\u00e9"}'
    )
    headers = {"content-type": "application/json"}
    assert api.client.post("/v1/decisions", content=raw, headers=headers).status_code == 200
    assert api.service.requests[0].body == b'{"max_tokens":1.0e2,  "x":"\\u00e9"}'


def test_a_body_that_is_no_json_comes_as_a_string(api):
    api.ask(body="not json \x00")
    assert api.service.requests[0].body == b"not json \x00"


def test_a_limit_and_a_replaced_body(api):
    limited = api.ask(account="limited").json()["effect"]
    assert (limited["status"], limited["body"]) == (429, '{"status": 429}')
    assert ["retry-after", "7"] in limited["headers"]
    assert api.ask(account="capped").json()["effect"]["forward"] == ASK["body"] | {"max_tokens": 3}


@pytest.mark.parametrize(("account", "outcome"), [("slow", "not-in-time"), ("broken", "failed")])
def test_what_cannot_be_decided_has_the_effect_of_the_fail_mode(api, account, outcome):
    told = api.ask(account=account).json()
    assert (told["undecided"], told["id"], told["effect"]["status"]) == (outcome, "", 503)
    assert api.outcomes == {outcome: 1}


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"account": ""}, "$.account"),
        ({"account": "a,b"}, "$.account"),
        ({"account": "a\nb"}, "$.account"),
        ({"shape": "secret words"}, "$.shape"),
        ({"prompt": "x"}, "prompt"),
        ({"asn": "7"}, "$.asn"),
        ({"asn": -2}, "$.asn"),
    ],
)
def test_a_wrong_call_is_told_where_it_is_wrong(api, changed, word):
    answer = api.ask(**changed)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert word in answer.json()["title"]
    assert "secret words" not in answer.text
    assert api.service.requests == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Basic dDBrZW4="},
        {"authorization": TOKEN},
        [("authorization", f"Bearer {TOKEN}"), ("authorization", f"Bearer {TOKEN}")],
    ],
)
def test_who_has_no_token_is_told_nothing(api, headers):
    answer = httpx.post(f"{api.url}/v1/decisions", json=ASK, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ({"method": "GET", "url": "/v1/decisions"}, 405),
        ({"method": "POST", "url": "/v1/nothing"}, 404),
        ({"method": "POST", "url": "/v1/decisions", "content": b"{}"}, 415),
        ({"method": "POST", "url": "/v1/decisions", "data": {"account": "acme"}}, 415),
        (
            {
                "method": "POST",
                "url": "/v1/decisions",
                "content": b"{",
                "headers": {"content-type": "application/json"},
            },
            400,
        ),
        (
            {
                "method": "POST",
                "url": "/v1/decisions",
                "content": b"{}",
                "headers": {"content-type": "application/json", "content-encoding": "gzip"},
            },
            415,
        ),
        ({"method": "POST", "url": "/v1/decisions", "json": ASK | {"body": "x" * (3 << 20)}}, 413),
        ({"method": "POST", "url": "/v1/decisions/zz/answers", "json": {"status": 200}}, 404),
        ({"method": "POST", "url": "/v1/decisions/zz/answers", "json": {"status": 2}}, 400),
    ],
)
def test_other_calls_are_refused(api, call, status):
    answer = api.client.request(**call)
    assert answer.status_code == status
    assert answer.json()["status"] == status


def test_the_description_is_what_the_code_describes(api):
    assert describe() == HELD
    assert httpx.get(f"{api.url}/v1/openapi.json").json() == HELD


@SCHEMA.parametrize()
@settings(
    max_examples=20, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_calls_drawn_from_the_description_get_described_answers(case, api):
    headers = {"authorization": f"Bearer {TOKEN}"}
    answer = case.call(base_url=api.url, headers=headers)
    case.validate_response(answer, checks=CHECKS)
