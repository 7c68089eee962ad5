"""Envoy's rate limit filter, asking our service."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from gateway_world import Rules, asgi_server, config_for, envoy, gateway, grpc_server

from stillwatch.stop.gateways.messages import RateLimitRequest, RateLimitResponse
from stillwatch.stop.gateways.rate_limits import _limit, rate_limits
from stillwatch.stop.interface import FailMode
from stillwatch.testing import FakeModel

CONFIG = """
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}
static_resources:
  listeners:
  - name: clients
    address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: clients
          use_remote_address: true
          route_config:
            virtual_hosts:
            - name: model
              domains: ["*"]
              rate_limits:
              - actions:
                - request_headers: {header_name: x-account, descriptor_key: account}
                - remote_address: {}
              routes: [{match: {prefix: "/"}, route: {cluster: model}}]
          http_filters:
          - name: envoy.filters.http.ratelimit
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit
              domain: model
              failure_mode_deny: true
              timeout: 2s
              rate_limit_service:
                transport_api_version: V3
                grpc_service: {envoy_grpc: {cluster_name: stillwatch}}
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: model
    load_assignment:
      cluster_name: model
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 9000}}}}]}]
  - name: stillwatch
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {}}
    load_assignment:
      cluster_name: stillwatch
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 50051}}}}]}]
"""  # noqa: E501 - Envoy's words


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    service, model = Rules(), FakeModel()
    made, outcomes = gateway(service, undecided=FailMode.CLOSED, deadline=0.5)
    with (
        asgi_server(model) as model_port,
        grpc_server([rate_limits(made)]) as (grpc_port, _),
        envoy(config_for(CONFIG, model_port, grpc_port), tmp_path_factory.mktemp("rls")) as ports,
    ):
        yield f"http://127.0.0.1:{ports['clients']}", service, outcomes


def post(url, account):
    headers = [("x-account", name) for name in account]
    return httpx.post(f"{url}/v1/chat/completions", json={"model": "m"}, headers=headers)


def test_a_request_within_its_limit_passes(limited):
    url, service, _ = limited
    assert post(url, ["acme"]).status_code == 200
    request = service.requests[-1]
    assert (request.account, request.ip) == ("acme", "127.0.0.1")


def test_a_request_beyond_it_is_limited(limited):
    answer = post(limited[0], ["limited"])
    assert answer.status_code == 429
    assert answer.json() == {"status": 429}
    assert answer.headers["retry-after"] == "7"


def test_what_cannot_be_decided_is_closed(limited):
    url, _, outcomes = limited
    outcomes.clear()
    assert post(url, ["broken"]).status_code == 429
    assert outcomes == {"failed": 1}


def test_what_a_limit_cannot_do_is_counted(limited):
    url, _, outcomes = limited
    outcomes.clear()
    assert post(url, ["quiet"]).status_code == 200
    assert outcomes == {"changed": 1, "unapplied": 1}


async def answer_to(entries, mode):
    made, outcomes = gateway(Rules(), undecided=mode)
    asked = RateLimitRequest()
    descriptor = asked.descriptors.add()
    for key, value in entries:
        entry = descriptor.entries.add()
        entry.key, entry.value = key, value
    return RateLimitResponse.FromString(await _limit(made, asked)), outcomes


@pytest.mark.parametrize(("mode", "code"), [(FailMode.OPEN, 1), (FailMode.CLOSED, 2)])
@pytest.mark.parametrize(
    ("entries", "outcome"),
    [
        ([], "no-account"),
        ([("account", "")], "no-account"),
        ([("account", "acme"), ("account", "bolt")], "two-accounts"),
        ([("account", "a b")], "bad-name"),
    ],
)
def test_descriptors_that_name_nobody(entries, outcome, mode, code):
    reply, outcomes = asyncio.run(answer_to(entries, mode))
    assert reply.overall_code == code
    assert outcomes == {outcome: 1}


def test_what_is_left_is_told():
    reply, _ = asyncio.run(answer_to([("account", "limited")], FailMode.OPEN))
    (status,) = reply.statuses
    assert (status.code, status.limit_remaining) == (2, 0)
    assert (status.duration_until_reset.seconds, status.duration_until_reset.nanos) == (9, 0)
