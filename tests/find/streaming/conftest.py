"""One world, as messages and as what a scan of them says, and a broker of each test's own."""

from __future__ import annotations

import pytest
from brokers import nats_server
from streamed_world import World


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("streamed"))


@pytest.fixture(scope="session")
def whole(world):
    return world.scanned(world.messages)[0]


@pytest.fixture
def broker(tmp_path):
    with nats_server(tmp_path / "jetstream") as server:
        server.make("LOGS")
        yield server
