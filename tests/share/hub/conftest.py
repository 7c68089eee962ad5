"""Hubs for tests that share one, and for tests that want their own."""

from __future__ import annotations

import pytest
from hub_world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("hub")).serving() as made:
        made.alpha, made.beta = made.lab("Alpha"), made.lab("Beta")
        yield made


@pytest.fixture
def own(tmp_path):
    with World(tmp_path).serving() as made:
        made.alpha, made.beta = made.lab("Alpha"), made.lab("Beta")
        yield made
