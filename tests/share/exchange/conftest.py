"""A real hub in a process of its own, and members that join it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.share.exchange.member import Member, join


def run(*words):
    """Run a command in this process and return what it prints."""
    done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


class Hub:
    """A hub in a process.

    Args:
        state: its folder.
    """

    def __init__(self, state, *options):
        self.state = state
        self.options = options
        self.log_key = run("hub", "init", "hub.example/log", "--state", state).strip()
        self.url = ""
        self.start()

    def start(self):
        port = self.url.rpartition(":")[2] or "0"
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [
                *(sys.executable, "-m", "stillwatch", "hub", "serve", "--state", str(self.state)),
                *("--port", port, *self.options),
            ],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": ""},
        )
        self.url = self.process.stdout.readline().strip()
        assert self.url, "the hub did not start"

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.process.wait(30)
        self.process.stdout.close()

    def invite(self, name, role="publish"):
        return run("hub", "invite", name, "--role", role, "--state", self.state).strip()


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
