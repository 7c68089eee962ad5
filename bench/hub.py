"""A hub under load: posts one by one and in batches, pages at sizes, and the stream's delay.

    python bench/hub.py ours [--stored 1000 --stored 1000000] [--seconds 5]
    python bench/hub.py peers --venv DIR

``ours`` starts ``stillwatch hub serve`` with a database in a new folder.  Schema check, signature,
log and fsync are on.  Requests are signed before the clock starts; 64 connections send them.  At
each size of ``--stored`` rows, log and checkpoint are put into the tables directly, and pages and
posts measured again.  ``peers`` runs
the same posts and pages over 8 connections against a hub, medallion and OpenTAXII, the latter two
from a virtual environment of their own (``uv pip install medallion==3.0.0 opentaxii==0.9.3
gunicorn setuptools``; OpenTAXII is patched as it starts, see ``hub_peers.PATCHED``); one that is
not there, or does not take what it is sent, is named and left out.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

import httpx
import sqlalchemy as sa

import hub_peers
from hub_fill import fill
from hub_load import OBJECTS, TAXII, Peer, answer, made, pages, posts, sent, told
from stillwatch.ledger import SigningKey, requests
from stillwatch.store import tables


async def deep_pages(name: str, peer: Peer, stored: int, database: str) -> None:
    engine = sa.create_engine(database)
    with engine.connect() as connection:
        added = connection.execute(
            sa.select(tables.objects.c.added)
            .order_by(tables.objects.c.leaf)
            .offset(stored * 9 // 10)
        ).scalar()
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(added // 10**6))
    after = f"{moment}.{added % 10**6:06d}Z"
    raw = [peer.request("GET", f"{peer.path}?limit=100&added_after={after}") for _ in range(100)]
    seconds, times, statuses = await sent(peer.url, raw, 1)
    told(f"{name}: page at 90 %, {stored:,}", 100 * len(raw), seconds, times, statuses)


async def delays(peer: Peer, rate: int, seconds: float, readers: int, keys: list[Peer]) -> None:
    """Print how long a record takes from the first byte of its post to each subscriber."""
    begun: dict[str, float] = {}
    found: list[float] = []
    host, port = peer.url.split("//")[1].split(":")

    async def listen(own: Peer) -> None:
        reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 24)
        writer.write(own.request("GET", "/exchange/v1/stream"))
        while True:
            line = await reader.readline()
            if line.startswith(b'data: {"index'):
                at = time.perf_counter()
                name = json.loads(line[6:])["object"].get("id")
                if name in begun:
                    found.append(at - begun[name])

    tasks = [asyncio.create_task(listen(own)) for own, _ in zip(cycle(keys), range(readers))]
    await asyncio.sleep(2)
    objects = made(peer.author, peer.key, int(rate * seconds))
    raw = [
        (json.loads(item)["id"], peer.request("POST", peer.path, b'{"objects":[%b]}' % item))
        for item in objects
    ]
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
        f"stream, {readers} subscribers, {rate}/s: {share:.2%} came;"
        f" p50 {found[len(found) // 2] * 1e3:.1f} ms"
        f" p99 {found[int(len(found) * 0.99)] * 1e3:.1f} ms max {found[-1] * 1e3:.1f} ms",
        flush=True,
    )


def stillwatch(*arguments: str) -> str:
    command = [sys.executable, "-m", "stillwatch", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603


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
    stillwatch("hub", "quota", member, "--objects", "1e6", "--requests", "1e6", "--state", state)
    return Peer(url, {"Accept": TAXII}, OBJECTS, key, member)


class Server:
    """``stillwatch hub serve`` at one port, that can be stopped and started."""

    def __init__(self, state: str, *options: str) -> None:
        self.state, self.options, self.port = state, options, "0"
        self.start()

    def start(self) -> None:
        """Start it, at the port it had."""
        command = [sys.executable, "-m", "stillwatch", "hub", "serve", "--state", self.state]
        words = [*command, "--port", self.port, *self.options]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)  # noqa: S603
        self.url = self.process.stdout.readline().strip()
        self.port = self.url.rpartition(":")[2]

    def stop(self) -> None:
        """Have it finish."""
        self.process.terminate()
        self.process.wait()


def ours(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(dir=arguments.folder) as state:
        database = f"sqlite:///{state}/hub.sqlite"
        stillwatch("hub", "init", "bench.example/log", "--state", state)
        server = Server(state)
        try:
            peer = joined(server.url, state, "Lab 0")
            others = [joined(server.url, state, f"Lab {n}") for n in range(1, 8)]
            time.sleep(1.5)
            asyncio.run(posts("hub", peer, min(arguments.count, 500)))  # what the rest is made of
            asyncio.run(delays(peer, 100, arguments.seconds, 50, others))
            for stored in sorted(arguments.stored) or [1000]:
                server.stop()
                fill(state, stored)
                server.start()
                size = Path(state, "hub.sqlite").stat().st_size
                print(f"{stored:,} stored: {size / 2**30:.1f} GiB", flush=True)
                for _ in range(2):  # the first time reads from the disk what the second has
                    asyncio.run(pages("hub", peer, stored))
                    asyncio.run(deep_pages("hub", peer, stored, database))
                asyncio.run(posts(f"hub at {stored:,}", peer, arguments.count))
        finally:
            server.stop()


def beside(venv: Path, count: int, folder: str | None) -> None:
    """Print what hub and peers take of the same load, one after the other, and the ratios."""
    with tempfile.TemporaryDirectory(dir=folder) as state:
        stillwatch("hub", "init", "bench.example/log", "--state", state)
        server = Server(state)
        try:
            peer = joined(server.url, state, "Lab 0")
            time.sleep(1.5)
            own = asyncio.run(posts("hub", peer, count, 8))
            own |= asyncio.run(pages("hub", peer, 2 * count))
        finally:
            server.stop()
    for name, rates in hub_peers.measure(venv, count).items():
        shown = ", ".join(f"{what} {own[what] / rate:,.1f}" for what, rate in rates.items())
        print(f"hub / {name}: {shown}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", choices=["ours", "peers"])
    parser.add_argument("--venv", type=Path, default=Path("peers"))
    parser.add_argument("--folder", help="where the database lies")
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--stored", type=int, action="append", default=[])
    arguments = parser.parse_args()
    if arguments.which == "ours":
        ours(arguments)
    else:
        beside(arguments.venv, min(arguments.count, 2000), arguments.folder)


if __name__ == "__main__":
    main()
