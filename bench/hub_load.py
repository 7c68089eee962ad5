"""Requests made before the clock starts, sent over many connections, and what is said of them."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from stillwatch.ledger import SigningKey, requests
from stillwatch.share.objects import Network, campaign_ref, canonical, new_indicator, signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CONNECTIONS = 64
BATCH = 100
TAXII = "application/taxii+json;version=2.1"
OBJECTS = "/taxii2/api/collections/indicators/objects/"


@dataclass
class Peer:
    """A server, and how to ask it."""

    url: str
    headers: dict[str, str]
    path: str
    key: SigningKey | None = None
    author: str = "identity--11111111-1111-4111-8111-111111111111"

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return a request's bytes."""
        headers = {**self.headers, **({"Content-Type": TAXII} if body else {})}
        if self.key is not None:
            headers |= requests.sign_request(
                method, self.url + path, headers, body, self.key,
                created=int(time.time()), nonce=os.urandom(12).hex(),
            )  # fmt: skip
        host = self.url.split("//")[1]
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def batched(items: Iterable, size: int) -> Iterator[list]:
    """Yield items in lists."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def made(author: str, key: SigningKey | None, count: int, off: float = 0.0) -> list[bytes]:
    """Return new objects, signed where there is a key, of a clock so many seconds off."""
    now = time.time() + off
    name = campaign_ref(b"bench", "c")
    items = [
        new_indicator(
            Network(entity="prefix", value="45.9.20.0/24", mine=250, others=10),
            author=author, campaign=name, now=now, number=os.urandom(16),
            first_seen=now - 99, last_seen=now - 1,
        )
        for _ in range(count)
    ]  # fmt: skip
    return [canonical(item if key is None else signed(item, key)) for item in items]


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        start = lower.index(b"content-length:") + 15
        body = await reader.readexactly(int(lower[start : lower.index(b"\r", start)]))
    return int(head[9:12]), body


async def sent(
    url: str, raw: Iterable[bytes], connections: int
) -> tuple[float, list[float], set[int]]:
    """Return seconds for all requests, each one's seconds, and the statuses that came."""
    host, port = url.split("//")[1].split(":")
    queue: Iterator[bytes] = iter(list(raw))
    times: list[float] = []
    statuses: set[int] = set()

    async def work() -> None:
        writer = None
        for request in queue:
            begun = time.perf_counter()
            if writer is None:
                reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 24)
            writer.write(request)
            status, _ = await answer(reader)
            times.append(time.perf_counter() - begun)
            statuses.add(status)
            if b"Connection: close" in request:
                writer.close()
                writer = None

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    return time.perf_counter() - begun, times, statuses


def told(name: str, objects: int, seconds: float, times: list[float], statuses: set[int]) -> float:
    """Print what was measured, and return objects a second."""
    times.sort()
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(
        f"{name:34} {objects / seconds:9,.0f} objects/s   p50 {p50 * 1e3:7.1f} ms   "
        f"p99 {p99 * 1e3:7.1f} ms   {sorted(statuses)}",
        flush=True,
    )
    return objects / seconds


async def posts(
    name: str, peer: Peer, count: int, connections: int = CONNECTIONS
) -> dict[str, float]:
    """Return objects a second, posted one by one and in batches."""
    objects = made(peer.author, peer.key, count)
    raw = [peer.request("POST", peer.path, b'{"objects":[%b]}' % item) for item in objects]
    seconds, times, statuses = await sent(peer.url, raw, connections)
    single = told(f"{name}: single objects", count, seconds, times, statuses)
    objects = made(peer.author, peer.key, count)
    raw = [
        peer.request("POST", peer.path, b'{"objects":[%b]}' % b",".join(part))
        for part in batched(objects, BATCH)
    ]
    seconds, times, statuses = await sent(peer.url, raw, 8)
    many = told(f"{name}: batches of {BATCH}", count, seconds, times, statuses)
    return {"single objects": single, f"batches of {BATCH}": many}


async def pages(name: str, peer: Peer, stored: int, count: int = 100) -> dict[str, float]:
    """Return objects a second, read in pages of 100."""
    raw = [peer.request("GET", f"{peer.path}?limit=100") for _ in range(count)]
    seconds, times, statuses = await sent(peer.url, raw, 1)
    rate = told(f"{name}: first page, {stored:,} stored", 100 * count, seconds, times, statuses)
    return {"pages of 100": rate}
