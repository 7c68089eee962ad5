"""An open-loop client: requests leave when they are due, whether or not earlier ones came back.

    python bench/gateway_load.py PORT RATE SECONDS PATH < bodies

Prints one line of JSON: how many came back, how many found no free connection, statuses that were
not 200, latencies in milliseconds, counted from when a request was due, and seconds of processor
that this client used.  It waits in the kernel and never spins: what it took of the machine, what is
measured would not have.
"""

from __future__ import annotations

import ctypes
import gc
import json
import select
import socket
import struct
import sys
import time
from collections import deque

CONNECTIONS = 256
LATE = 5.0
"""Seconds after the last request for which answers are waited for."""


class Client:
    """One connection, one request at a time."""

    __slots__ = ("due", "held", "socket", "unsent")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(0)
        self.held = self.unsent = b""
        self.due = 0.0

    def whole(self) -> bool:
        """Whether all of an answer came."""
        held = self.held
        end = held.find(b"\r\n\r\n")
        if end < 0:
            return False
        at = held.find(b"content-length:", 0, end)
        if at >= 0:
            return len(held) >= end + 4 + int(held[at + 15 : held.index(b"\r\n", at)])
        return held.endswith(b"0\r\n\r\n")


class Timer:
    """Wakes a poll at a time; the poll's own timeouts are whole milliseconds."""

    def __init__(self) -> None:
        self._c = ctypes.CDLL(None, use_errno=True)
        self.number = self._c.timerfd_create(time.CLOCK_MONOTONIC, 0)
        if self.number < 0:
            raise OSError(ctypes.get_errno(), "no timer")

    def at(self, due: float) -> None:
        """Set the time, seconds of the monotonic clock, whether or not it has come."""
        whole, part = divmod(max(due, 1e-6), 1)
        when = struct.pack("qqqq", 0, 0, int(whole), int(part * 1e9))
        self._c.timerfd_settime(self.number, 1, when, None)


class Run:
    """One run over many connections.

    Args:
        port: of 127.0.0.1.
        raws: requests, sent in turn.
    """

    def __init__(self, port: int, raws: list[bytes]) -> None:
        self.raws = raws
        self.clients = {
            one.socket.fileno(): one for one in (Client(port) for _ in range(CONNECTIONS))
        }
        self.free = deque(self.clients.values())
        self.latencies: list[float] = []
        self.bad = self.missed = 0
        self.poll, self.timer = select.epoll(), Timer()
        for number in self.clients:
            self.poll.register(number, select.EPOLLIN)
        self.poll.register(self.timer.number, select.EPOLLIN)

    def go(self, rate: float, seconds: float) -> None:
        """Send what is due until all of it was, and wait for the answers."""
        count, at = int(rate * seconds), 0
        begun = time.monotonic()
        end = begun + seconds + LATE
        while len(self.latencies) + self.missed < count and (now := time.monotonic()) < end:
            while at < count and begun + at / rate <= now:
                if self.free:
                    client = (
                        self.free.popleft()
                    )  # in turn: a server closes what is idle for seconds
                    client.due = begun + at / rate
                    self.write(client, self.raws[at % len(self.raws)])
                else:
                    self.missed += 1
                at += 1
            self.timer.at(begun + at / rate if at < count else end)
            for number, events in self.poll.poll():
                client = self.clients.get(number)
                if client is None:
                    continue
                if events & select.EPOLLOUT:
                    self.write(client, client.unsent)
                if events & ~select.EPOLLOUT:
                    self.read(client)

    def write(self, client: Client, raw: bytes) -> None:
        """Send as much as goes, and the rest when there is room."""
        waited = bool(client.unsent)
        try:
            sent = client.socket.send(raw)
        except BlockingIOError:
            sent = 0
        client.unsent = raw[sent:]
        if waited or client.unsent:
            wanted = select.EPOLLIN | (select.EPOLLOUT if client.unsent else 0)
            self.poll.modify(client.socket.fileno(), wanted)

    def read(self, client: Client) -> None:
        """Take what came, and note the answer once it is whole."""
        came = client.socket.recv(1 << 18)
        if not came:
            raise SystemExit("the server closed a connection")
        client.held += came
        if client.whole():
            self.latencies.append(time.monotonic() - client.due)
            self.bad += not client.held.startswith(b"HTTP/1.1 200")
            client.held = b""
            self.free.append(client)


def main(port: int, rate: float, seconds: float, path: str, bodies: list[bytes]) -> None:
    raws = [
        b"POST %b HTTP/1.1\r\nhost: bench\r\nx-stillwatch-account: account-%d\r\n"
        b"authorization: Bearer sk-bench\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%b" % (path.encode(), at % 1000, len(body), body)
        for at, body in enumerate(bodies)
    ]
    run = Run(port, raws)
    gc.freeze()
    used = time.process_time()
    run.go(rate, seconds)
    used = time.process_time() - used
    held = sorted(run.latencies)

    def at_share(share: float) -> float:
        return round(held[min(int(len(held) * share), len(held) - 1)] * 1000, 3) if held else -1.0

    told = {"came": len(held), "missed": run.missed, "bad": run.bad, "cpu": used}
    print(json.dumps(told | {"p50": at_share(0.5), "p90": at_share(0.9), "p99": at_share(0.99)}))


if __name__ == "__main__":
    given = json.load(sys.stdin)
    main(
        int(sys.argv[1]),
        float(sys.argv[2]),
        float(sys.argv[3]),
        sys.argv[4],
        [body.encode() for body in given],
    )
