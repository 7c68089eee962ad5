"""A real hub in a process of its own, and commands run in this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from click.testing import CliRunner

from stillwatch.cli.entry import cli


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
