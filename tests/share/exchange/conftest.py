"""A real hub in a process of its own, and members that join it."""

from __future__ import annotations

import contextlib
import signal
import time
from pathlib import Path

import pytest
from hub_process import Hub

from stillwatch.share.exchange.member import Member, join


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    made = Hub(tmp_path_factory.mktemp("hub"))
    yield made
    made.kill(signal.SIGTERM)


@pytest.fixture
def clock():
    return time.time


@pytest.fixture
def joined(hub, tmp_path):
    """Return what makes a member of a name; all are closed at the end."""
    with contextlib.ExitStack() as open_members:

        def make(name, **options):
            folder = Path(tmp_path) / name.replace(" ", "-")
            if not (folder / "membership.json").exists():
                join(folder, hub.url, hub.invite(name), name, clock=time.time, **options)
            return open_members.enter_context(Member(folder, clock=time.time))

        yield make
