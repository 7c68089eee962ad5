from __future__ import annotations

import time

import pytest
from gateway_world import ROOT, Rules, asgi_server, config_for, envoy, gateway, grpc_server

from stillwatch.stop.gateways.ext_proc import ext_proc
from stillwatch.stop.interface import FailMode
from stillwatch.testing import FakeModel

HOW_TO = (ROOT / "docs" / "how-to" / "envoy.yaml").read_text("utf-8")
NAMES = ("acme", "limited", "capped", "marked", "quiet", "decoyed", "slow", "broken")


class World:
    """A running Envoy with what stands around it."""

    def __init__(self, port, service, model, outcomes, server):
        self.port = port
        self.service = service
        self.model = model
        self.outcomes = outcomes
        self.server = server
        self.url = f"http://127.0.0.1:{port}"

    def clear(self):
        until = time.monotonic() + 10  # of the test before
        while self.server.calls and time.monotonic() < until:
            time.sleep(0.01)
        self.service.requests.clear()
        self.service.answers.clear()
        self.model.received.clear()
        self.outcomes.clear()


def with_accounts(text):
    """Give every account of the rules a key."""
    given = "              - {key: key-of-acme, client: acme}\n"
    more = "".join(given.replace("acme", name) for name in NAMES)
    return text.replace(given, more)


def buffered(text):
    """Send bodies the other way that is answered."""
    return (
        text.replace("request_body_mode: FULL_DUPLEX_STREAMED", "request_body_mode: BUFFERED")
        .replace("response_body_mode: FULL_DUPLEX_STREAMED", "response_body_mode: STREAMED")
        .replace("request_trailer_mode: SEND", "request_trailer_mode: SKIP")
        .replace("response_trailer_mode: SEND", "response_trailer_mode: SKIP")
        .replace("failure_mode_allow: false", "allow_mode_override: true")
    )  # fmt: skip


@pytest.fixture(scope="session", params=["duplex", "buffered"])
def running(request, tmp_path_factory):
    service, model = Rules(), FakeModel()
    made, outcomes = gateway(service, undecided=FailMode.CLOSED, deadline=0.5, longest=1 << 20)
    text = with_accounts(HOW_TO)
    if request.param == "buffered":
        text = buffered(text)
    with (
        asgi_server(model) as model_port,
        grpc_server([ext_proc(made)]) as (grpc_port, server),
        envoy(config_for(text, model_port, grpc_port), tmp_path_factory.mktemp("envoy")) as ports,
    ):
        world = World(ports["clients"], service, model, outcomes, server)
        world.way = request.param
        yield world


@pytest.fixture
def world(running):
    running.clear()
    return running


def pytest_collection_modifyitems(items):
    """Leave the hostile requests of the second way of sending bodies to the slow suite."""
    for item in items:
        if item.path.name == "test_hostile_requests.py" and "buffered" in item.name:
            item.add_marker(pytest.mark.slow)
