"""A hub under load: posts one by one and in batches, pages at sizes, and the stream's delay.

    python bench/hub.py ours [--stored 1000 --stored 1000000] [--seconds 5]
    python bench/hub.py peers --venv DIR [--seconds 5]

``ours`` starts ``stillwatch hub serve`` with a database in a new folder.  Schema check, signature,
log and fsync are on.  Requests are signed before the clock starts; 64 connections send them.  Rows
for the page figures beyond what was posted are put into the tables directly.  ``peers`` runs the
same posts and pages against medallion and OpenTAXII from a virtual environment of their own, where
they are installed; one that is not there is named and left out.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import sqlalchemy as sa

from stillwatch.ledger import SigningKey, requests
from stillwatch.share.objects import Network, campaign_ref, canonical, new_indicator
from stillwatch.store import tables

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


def made(author: str, count: int) -> list[bytes]:
    now = time.time()
    name = campaign_ref(b"bench", "c")
    return [
        canonical(
            new_indicator(
                Network(entity="prefix", value="45.9.20.0/24", mine=250, others=10),
                author=author, campaign=name, now=now, number=os.urandom(16),
                first_seen=now - 99, last_seen=now - 1,
            )
        )
        for _ in range(count)
    ]  # fmt: skip


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


async def sent(url: str, raw: Iterable[bytes], connections: int) -> tuple[float, list[float], set[int]]:
    """Return seconds for all requests, each one's seconds, and the statuses that came."""
    host, port = url.split("//")[1].split(":")
    queue: Iterator[bytes] = iter(list(raw))
    times: list[float] = []
    statuses: set[int] = set()

    async def work() -> None:
        reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 24)
        for request in queue:
            begun = time.perf_counter()
            writer.write(request)
            status, _ = await answer(reader)
            times.append(time.perf_counter() - begun)
            statuses.add(status)
            if b"connection: close" in request.lower():
                break
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    return time.perf_counter() - begun, times, statuses


def told(name: str, objects: int, seconds: float, times: list[float], statuses: set[int]) -> None:
    times.sort()
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(
        f"{name:34} {objects / seconds:9,.0f} objects/s   p50 {p50 * 1e3:7.1f} ms   "
        f"p99 {p99 * 1e3:7.1f} ms   {sorted(statuses)}",
        flush=True,
    )


async def posts(name: str, peer: Peer, count: int) -> None:
    objects = made(peer.author, count)
    raw = [peer.request("POST", peer.path, b'{"objects":[%b]}' % item) for item in objects]
    seconds, times, statuses = await sent(peer.url, raw, CONNECTIONS)
    told(f"{name}: single objects", count, seconds, times, statuses)
    objects = made(peer.author, count)
    raw = [
        peer.request("POST", peer.path, b'{"objects":[%b]}' % b",".join(part))
        for part in batched(objects, BATCH)
    ]
    seconds, times, statuses = await sent(peer.url, raw, 8)
    told(f"{name}: batches of {BATCH}", count, seconds, times, statuses)


async def pages(name: str, peer: Peer, stored: int) -> None:
    raw = [peer.request("GET", f"{peer.path}?limit=100") for _ in range(100)]
    seconds, times, statuses = await sent(peer.url, raw, 1)
    told(f"{name}: first page, {stored:,} stored", 100 * len(raw), seconds, times, statuses)


async def deep_pages(name: str, peer: Peer, stored: int, database: str) -> None:
    engine = sa.create_engine(database)
    with engine.connect() as connection:
        added = connection.execute(
            sa.select(tables.objects.c.added).order_by(tables.objects.c.leaf).offset(stored * 9 // 10)
        ).scalar()
    after = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(added // 10**6))}.{added % 10**6:06d}Z"
    raw = [
        peer.request("GET", f"{peer.path}?limit=100&added_after={after}") for _ in range(100)
    ]
    seconds, times, statuses = await sent(peer.url, raw, 1)
    told(f"{name}: page at 90 %, {stored:,}", 100 * len(raw), seconds, times, statuses)


async def delays(peer: Peer, rate: int, seconds: float, readers: int, keys: list[Peer]) -> None:
    """Print how long a record takes from the first byte of its post to each subscriber."""
    begun: dict[str, float] = {}
    found: list[float] = []
    host, port = peer.url.split("//")[1].split(":")
    ready = 0

    async def listen(own: Peer) -> None:
        nonlocal ready
        reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 24)
        writer.write(own.request("GET", "/exchange/v1/stream"))
        ready += 1
        while True:
            line = await reader.readline()
            if line.startswith(b"data: {\"index"):
                at = time.perf_counter()
                name = json.loads(line[6:])["object"].get("id")
                if name in begun:
                    found.append(at - begun[name])

    tasks = [asyncio.create_task(listen(own)) for own, _ in zip(cycle(keys), range(readers))]
    while ready < readers:
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    objects = made(peer.author, int(rate * seconds))
    raw = [(json.loads(o)["id"], peer.request("POST", peer.path, b'{"objects":[%b]}' % o)) for o in objects]
    conns = [await asyncio.open_connection(host, int(port)) for _ in range(8)]
    locks = [asyncio.Lock() for _ in conns]

    async def one(place: int, name: str, request: bytes) -> None:
        async with locks[place]:
            begun[name] = time.perf_counter()
            conns[place][1].write(request)
            await answer(conns[place][0])

    start = time.perf_counter()
    work = []
    for number, (name, request) in enumerate(raw):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        work.append(asyncio.create_task(one(number % 8, name, request)))
    await asyncio.gather(*work)
    await asyncio.sleep(2)
    for task in tasks:
        task.cancel()
    found.sort()
    share = len(found) / (len(raw) * readers)
    print(
        f"stream, {readers} subscribers, {rate}/s: {share:.2%} came; p50 {found[len(found) // 2] * 1e3:.1f} ms"
        f"   p99 {found[int(len(found) * 0.99)] * 1e3:.1f} ms   max {found[-1] * 1e3:.1f} ms",
        flush=True,
    )


def stillwatch(*arguments: str) -> str:
    command = [sys.executable, "-m", "stillwatch", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def joined(url: str, state: str, name: str) -> Peer:
    key = SigningKey.generate(name.replace(" ", "-"))
    body = {
        "invitation": stillwatch("hub", "invite", name, "--state", state),
        "name": name,
        "verify_key": key.public.encode(),
        "sealing_key": base64.b64encode(os.urandom(32)).decode(),
    }
    raw = json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    headers |= requests.sign_request(
        "POST", f"{url}/exchange/v1/join", headers, raw, key, created=int(time.time()),
        nonce=os.urandom(12).hex(),
    )  # fmt: skip
    member = httpx.post(f"{url}/exchange/v1/join", content=raw, headers=headers).json()["member"]
    stillwatch(
        "hub", "quota", member, "--objects", "1e6", "--requests", "1e6", "--state", state
    )
    return Peer(url, {"Accept": TAXII}, OBJECTS, key, member)


def fill(database: str, stored: int) -> None:
    """Put rows into the tables until there are so many."""
    engine = sa.create_engine(database)
    with engine.begin() as connection:
        c = tables.objects.c
        rows = connection.execute(sa.select(tables.objects).where(c.collection == 1).limit(100))
        known = [dict(row) for row in rows.mappings()]
        leaf, added = connection.execute(sa.select(sa.func.max(c.leaf), sa.func.max(c.added))).one()
        have = connection.execute(sa.select(sa.func.count()).select_from(tables.objects)).scalar_one()
        source = cycle(known)
        for part in batched(range(max(0, stored - have)), 10_000):
            connection.execute(
                sa.insert(tables.objects),
                [
                    {**next(source), "leaf": leaf + 1 + n, "added": added + 1 + n, "id": f"indicator--{n:032x}"}
                    for n in part
                ],
            )


async def ours(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(dir=arguments.folder) as state:
        database = f"sqlite:///{state}/hub.sqlite"
        stillwatch("hub", "init", "bench.example/log", "--state", state)
        command = [sys.executable, "-m", "stillwatch", "hub", "serve", "--state", state, "--port", "0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            url = server.stdout.readline().strip()
            peer = joined(url, state, "Lab 0")
            others = [joined(url, state, f"Lab {n}") for n in range(1, 8)]
            await asyncio.sleep(1.5)
            await posts("hub", peer, arguments.count)
            await delays(peer, 100, arguments.seconds, 50, others)
            for stored in sorted(arguments.stored):
                fill(database, stored)
                await pages("hub", peer, stored)
                await deep_pages("hub", peer, stored, database)
        finally:
            server.terminate()
            server.wait()


MEDALLION = {
    "discovery": {
        "title": "t",
        "default": "http://localhost:5000/api/",
        "api_roots": ["http://localhost:5000/api/"],
    },
    "api": {
        "information": {"title": "t", "versions": [TAXII], "max_content_length": 104857600},
        "status": [],
        "collections": [
            {
                "id": "365fed99-08fa-fdcd-a1b3-fb247eb41d01",
                "title": "c",
                "can_read": True,
                "can_write": True,
                "media_types": ["application/stix+json;version=2.1"],
                "manifest": [],
                "objects": [],
            }
        ],
    },
}


async def medallion(arguments: argparse.Namespace) -> None:
    program = arguments.venv / "bin" / "medallion"
    if not program.exists():
        print(f"medallion: left out, there is no {program}")
        return
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "config.json"
        data = Path(folder) / "data.json"
        data.write_text(json.dumps(MEDALLION))
        backend = {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": str(data),
        }
        users, pages_of = {"user": "password"}, {"max_page_size": 100}
        settings.write_text(json.dumps({"backend": backend, "users": users, "taxii": pages_of}))
        command = [str(program), "--host", "127.0.0.1", "--port", "5917", "--log-level", "ERROR", str(settings)]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            token = base64.b64encode(b"user:password").decode()
            path = "/api/collections/365fed99-08fa-fdcd-a1b3-fb247eb41d01/objects/"
            headers = {"Accept": TAXII, "Authorization": f"Basic {token}"}
            peer = Peer("http://127.0.0.1:5917", headers, path)
            for _ in range(100):
                try:
                    httpx.get(peer.url)
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            count = min(arguments.count, 2000)
            peer.headers["Connection"] = "close"
            await posts_closing("medallion", peer, count)
            await pages_closing("medallion", peer, 2 * count)
        finally:
            server.terminate()
            server.wait()


async def posts_closing(name: str, peer: Peer, count: int) -> None:
    """As `posts`, for a server that ends each connection."""
    objects = made(peer.author, count)
    raw = [peer.request("POST", peer.path, b'{"objects":[%b]}' % item) for item in objects]
    await closing(f"{name}: single objects", peer, raw, count, 8)
    objects = made(peer.author, count)
    raw = [
        peer.request("POST", peer.path, b'{"objects":[%b]}' % b",".join(part))
        for part in batched(objects, BATCH)
    ]
    await closing(f"{name}: batches of {BATCH}", peer, raw, count, 4)


async def pages_closing(name: str, peer: Peer, stored: int) -> None:
    raw = [peer.request("GET", f"{peer.path}?limit=100") for _ in range(10)]
    await closing(f"{name}: first page, {stored:,} stored", peer, raw, 1000, 1)


async def closing(name: str, peer: Peer, raw: list[bytes], objects: int, connections: int) -> None:
    times: list[float] = []
    statuses: set[int] = set()
    queue = iter(raw)

    async def work() -> None:
        for request in queue:
            _, found, status = await sent(peer.url, [request], 1)
            times.extend(found)
            statuses.update(status)

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    told(name, objects, time.perf_counter() - begun, times, statuses)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", choices=["ours", "peers"])
    parser.add_argument("--venv", type=Path, default=Path("peers"))
    parser.add_argument("--folder", help="where the database lies")
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--stored", type=int, action="append", default=[])
    arguments = parser.parse_args()
    asyncio.run(ours(arguments) if arguments.which == "ours" else medallion(arguments))


if __name__ == "__main__":
    main()
