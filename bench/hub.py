"""A hub under load: posts one by one and in batches, pages at sizes, and the stream's delay.

    python bench/hub.py ours [--stored 1000 --stored 1000000] [--seconds 5]
    python bench/hub.py peers --venv DIR

``ours`` starts ``stillwatch hub serve`` with a database in a new folder.  Schema check, signature,
log and fsync are on.  Requests are signed before the clock starts; 64 connections send them.  Rows
for the page figures beyond what was posted are put into the tables directly.  ``peers`` runs the
same posts and pages against medallion and OpenTAXII from a virtual environment of their own; one
that is not there, or does not take what it is sent, is named and left out.
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
from hub_load import OBJECTS, TAXII, Peer, answer, batched, made, pages, posts, sent, told
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
    objects = made(peer.author, int(rate * seconds))
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


def fill(database: str, stored: int) -> None:
    """Put rows into the tables until there are so many."""
    engine = sa.create_engine(database)
    with engine.begin() as connection:
        c = tables.objects.c
        rows = connection.execute(sa.select(tables.objects).where(c.collection == 1).limit(100))
        known = [dict(row) for row in rows.mappings()]
        leaf, added = connection.execute(sa.select(sa.func.max(c.leaf), sa.func.max(c.added))).one()
        count = sa.select(sa.func.count()).select_from(tables.objects)
        have = connection.execute(count).scalar_one()
        source = cycle(known)
        for part in batched(range(max(0, stored - have)), 10_000):
            connection.execute(
                sa.insert(tables.objects),
                [
                    {
                        **next(source),
                        "leaf": leaf + 1 + n,
                        "added": added + 1 + n,
                        "id": f"indicator--{n:032x}",
                    }
                    for n in part
                ],
            )


def ours(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(dir=arguments.folder) as state:
        database = f"sqlite:///{state}/hub.sqlite"
        stillwatch("hub", "init", "bench.example/log", "--state", state)
        command = [sys.executable, "-m", "stillwatch", "hub", "serve", "--state", state]
        server = subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True)  # noqa: S603
        try:
            url = server.stdout.readline().strip()
            peer = joined(url, state, "Lab 0")
            others = [joined(url, state, f"Lab {n}") for n in range(1, 8)]
            time.sleep(1.5)
            asyncio.run(posts("hub", peer, arguments.count))
            asyncio.run(delays(peer, 100, arguments.seconds, 50, others))
            for stored in sorted(arguments.stored):
                fill(database, stored)
                asyncio.run(pages("hub", peer, stored))
                asyncio.run(deep_pages("hub", peer, stored, database))
        finally:
            server.terminate()
            server.wait()


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
        hub_peers.measure(arguments.venv, min(arguments.count, 2000))


if __name__ == "__main__":
    main()
