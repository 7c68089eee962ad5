"""An open-loop client: requests leave when they are due, whether or not earlier ones came back.

    python bench/gateway_load.py PORT RATE SECONDS PATH < bodies

Prints one line of JSON: how many came back, how many found no free connection, statuses that were
not 200, and latencies in milliseconds, counted from when a request was due.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time

CONNECTIONS = 256


class Client(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.held = b""
        self.due = 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note where to write."""
        self.transport = transport  # type: ignore[assignment]

    def send(self, raw: bytes, due: float) -> None:
        """Send a request."""
        self.due = due
        self.transport.write(raw)

    def data_received(self, data: bytes) -> None:
        """Note the answer, once it is whole."""
        self.held += data
        end = self.held.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.held[:end].lower()
        at = head.find(b"content-length:")
        if at >= 0:
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self.held) < end + 4 + length:
                return
        elif not self.held.endswith(b"0\r\n\r\n"):
            return
        self.run.latencies.append(time.perf_counter() - self.due)
        self.run.bad += not self.held.startswith(b"HTTP/1.1 200")
        self.held = b""
        self.run.free.append(self)


class Run:
    """What one run keeps."""

    def __init__(self) -> None:
        self.free: list[Client] = []
        self.latencies: list[float] = []
        self.bad = self.missed = 0


async def main(port: int, rate: float, seconds: float, path: str, bodies: list[bytes]) -> None:
    loop = asyncio.get_running_loop()
    run = Run()
    raws = [
        b"POST %b HTTP/1.1\r\nhost: bench\r\nx-stillwatch-account: account-%d\r\n"
        b"authorization: Bearer sk-bench\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%b" % (path.encode(), at % 1000, len(body), body)
        for at, body in enumerate(bodies)
    ]
    for _ in range(CONNECTIONS):
        _, client = await loop.create_connection(lambda: Client(run), "127.0.0.1", port)
        run.free.append(client)
    gc.freeze()
    begun, count = time.perf_counter(), int(rate * seconds)
    at = 0
    while at < count:
        now = time.perf_counter() - begun
        while at < count and at / rate <= now:
            if run.free:
                run.free.pop().send(raws[at % len(raws)], begun + at / rate)
            else:
                run.missed += 1
            at += 1
        await asyncio.sleep(0.0002)
    until = time.perf_counter() + 5
    while len(run.latencies) + run.missed < count and time.perf_counter() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    held = sorted(run.latencies)

    def at_share(share: float) -> float:
        return round(held[min(int(len(held) * share), len(held) - 1)] * 1000, 3) if held else -1.0

    told = {"came": len(held), "missed": run.missed, "bad": run.bad}
    print(json.dumps(told | {"p50": at_share(0.5), "p90": at_share(0.9), "p99": at_share(0.99)}))


if __name__ == "__main__":
    import uvloop

    given = json.load(sys.stdin)
    uvloop.run(
        main(
            int(sys.argv[1]),
            float(sys.argv[2]),
            float(sys.argv[3]),
            sys.argv[4],
            [body.encode() for body in given],
        )
    )
