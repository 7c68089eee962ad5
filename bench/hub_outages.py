"""Declared at one member, usable at others, through everything that breaks in between.

    python bench/hub_outages.py [--cut 600] [--before 20]

Two replicas of a hub on PostgreSQL, 50 members connected, 100 objects a second coming in from ten
of them. Four members are whole ones in processes of their own, which verify and keep what comes:
two as they are, one whose clock is 5 minutes off, one that is cut off from the network for
``--cut`` seconds. The others listen to the stream. One of the ten posts with a clock 5 minutes off.
A replica is killed with SIGKILL in the middle of writes and started again; then the other is told
to end, and is started again. Who posts asks again elsewhere until it is answered.

Ends with 1 where a member lost anything that was answered, or took anything twice. Times are from
before the post to after the member's store is on the disk; those of posts begun in an outage, from
its begin until five seconds after its end, are told apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from hub_load import OBJECTS, TAXII, Peer, answer, made
from stillwatch.ledger import SigningKey
from stillwatch.share.exchange.member import Member, join
from stillwatch.share.exchange.watching import Watcher
from stillwatch.share.hub.membership import invite
from stillwatch.share.hub.operating import act
from stillwatch.store import Database

MEMBERS, POSTING, RATE = 50, 10, 100
AWAY = 300.0
"""Seconds that clocks are off: the most that the hub takes."""
CUT_OFF = "127.0.0.2"
"""Where the member that is cut off connects from."""
WHOLE = {
    "m0": (0.0, "127.0.0.1"),
    "m1": (0.0, "127.0.0.1"),
    "m2": (-AWAY, "127.0.0.1"),
    "m3": (0.0, CUT_OFF),
}
"""Whole members: seconds that the clock is off, and where they connect from."""


def watch(arguments: argparse.Namespace) -> None:
    """Be a whole member, and write a line for each record that is kept."""
    transport = httpx.HTTPTransport(local_address=arguments.source)

    def clock() -> float:
        return time.time() + arguments.off

    with (
        Path(arguments.out).open("w", buffering=1) as out,
        Member(Path(arguments.member), clock=clock, transport=transport, patience=5.0) as member,
    ):
        take = member.store.take

        def kept(records: list, **more: object) -> None:
            take(records, **more)
            at = time.time()
            out.writelines(f"{one.index} {one.id or '-'} {at} {one.rule}\n" for one in records)

        member.store.take = kept  # type: ignore[method-assign]

        def wait(pause: float) -> bool:
            time.sleep(min(pause, 2.0))
            return True

        Watcher(member.client, member.puller, member.store, wait=wait, told=lambda _: None).watch()


@dataclass
class Proxy:
    """The way of the whole members: to a replica that lives; none for who is cut off."""

    ports: list[int]
    cut: bool = False
    held: set[asyncio.Task[None]] = field(default_factory=set)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        mine = writer.get_extra_info("peername")[0] == CUT_OFF
        task = asyncio.current_task()
        if mine:
            self.held.add(task)
        try:
            if mine and self.cut:
                await asyncio.sleep(3600)  # a network that is away says nothing
            for port in self.ports:
                try:
                    back, forth = await asyncio.open_connection("127.0.0.1", port)
                    break
                except OSError:
                    continue
            else:
                return
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_carry(reader, forth))
                    both.create_task(_carry(back, writer))
            except* OSError:
                pass
            finally:
                forth.close()
        except asyncio.CancelledError:
            pass
        finally:
            self.held.discard(task)
            writer.close()

    def sever(self) -> None:
        """Cut the member off."""
        self.cut = True
        for task in self.held:
            task.cancel()

    def mend(self) -> None:
        """Let it be connected again."""
        self.cut = False
        for task in self.held:
            task.cancel()


async def carry() -> None:
    """Be the proxy: print its port, then do as standard input says, a word a line."""
    proxy = Proxy([])
    way = await asyncio.start_server(proxy.take, "127.0.0.1", 0)
    print(way.sockets[0].getsockname()[1], flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        match line.split():
            case ["ports", *ports]:
                proxy.ports = [int(port) for port in ports]
            case ["cut"]:
                proxy.sever()
            case ["mend"]:
                proxy.mend()


class Way:
    """The proxy, in a process of its own."""

    def __init__(self) -> None:
        pipe, words = subprocess.PIPE, [sys.executable, __file__, "--proxy"]
        self.process = subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True)  # noqa: S603
        self.origin = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def say(self, *words: object) -> None:
        """Have it do something."""
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    raise ConnectionResetError


class Replica:
    """A process of the hub, that can be killed and started again."""

    def __init__(self, words: list[str]) -> None:
        self.words, self.port = words, 0
        self.start()

    def start(self) -> None:
        """Start it, at the port it had."""
        command = [sys.executable, "-m", "stillwatch", "hub", "serve", *self.words]
        command += ["--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
        self.port = int(self.process.stdout.readline().strip().rpartition(":")[2])

    def end(self, how: int) -> None:
        """End it."""
        self.process.send_signal(how)
        self.process.wait(60)


@dataclass
class Run:
    """What happened."""

    begun: dict[str, float] = field(default_factory=dict)
    """When each object was declared."""
    answered: dict[str, float] = field(default_factory=dict)
    """When each was answered."""
    refused: list[bytes] = field(default_factory=list)
    heard: list[list[int]] = field(default_factory=list)
    """Indices that each listener heard."""
    outages: list[tuple[float, float]] = field(default_factory=list)
    ended: bool = False


async def listen(peer: Peer, ports: list[int], heard: list[int]) -> None:
    """Listen to a stream, and go on where it broke off."""
    turn = 0
    while True:
        turn += 1
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", ports[turn % len(ports)], limit=1 << 24
            )
            after = f"?after={heard[-1] if heard else -1}"
            writer.write(peer.request("GET", "/exchange/v1/stream" + after))
            while line := await reader.readline():
                if line.startswith(b"id: "):
                    heard.append(int(line[4:]))
        except OSError:
            pass
        await asyncio.sleep(0.2)


async def post(peer: Peer, ports: list[int], run: Run, due: list[tuple[float, bytes]]) -> None:
    """Post what is due, over one connection, and again elsewhere until it is answered."""
    turn, writer = 0, None
    while due or not run.ended:
        ready = [item for at, item in due if at <= time.time()][:100]
        if not ready:
            await asyncio.sleep(0.02)
            continue
        names = [json.loads(item)["id"] for item in ready]
        for name in names:
            run.begun.setdefault(name, time.time())
        try:
            async with asyncio.timeout(20):
                if writer is None:
                    place = ports[turn % len(ports)]
                    reader, writer = await asyncio.open_connection("127.0.0.1", place)
                body = b'{"objects":[%b]}' % b",".join(ready)
                writer.write(peer.request("POST", peer.path, body))
                status, said = await answer(reader)
        except (OSError, EOFError, TimeoutError):
            status, said = 503, b""
        if status in {429, 503}:
            if writer is not None:
                writer.close()
            turn, writer = turn + 1, None
            await asyncio.sleep(0.1)
            continue
        if status == 202 and json.loads(said)["failure_count"] == 0:
            run.answered |= dict.fromkeys(names, time.time())
        else:
            run.refused.append(said)
        del due[: len(ready)]


async def outages(run: Run, replicas: list[Replica], way: Way, arguments: object) -> None:
    """Break what is to break, one after the other, while a member is cut off."""
    await asyncio.sleep(arguments.before)
    way.say("cut")
    cut = time.time()

    async def broken(replica: Replica, how: int) -> None:
        begun = time.time()
        await asyncio.to_thread(replica.end, how)
        await asyncio.sleep(3)
        await asyncio.to_thread(replica.start)
        run.outages.append((begun, time.time() + 5.0))

    await asyncio.sleep(5)
    await broken(replicas[0], signal.SIGKILL)
    await asyncio.sleep(15)
    await broken(replicas[1], signal.SIGTERM)
    await asyncio.sleep(max(0.0, cut + arguments.cut - time.time()))
    way.say("mend")
    await asyncio.sleep(10)
    run.ended = True


def prepared(folder: Path, url: str) -> tuple[Database, SigningKey]:
    """Make the hub's tables and key."""
    words = ("hub", "init", "bench.example/log", "--state", str(folder), "--database", url)
    subprocess.run([sys.executable, "-m", "stillwatch", *words], check=True, capture_output=True)  # noqa: S603
    return Database(url), SigningKey.read(folder / "hub.key")


def joined(folder: Path, origin: str, database: Database, key: SigningKey, name: str) -> Peer:
    """Return a member that has joined, as one that asks with requests of its own."""
    token = os.urandom(16).hex()
    act(
        database, key, "invite", name,
        lambda journal: invite(journal, token, name, ("publish",), journal.now + 10**11),
        now=time.time_ns() // 1000, chance=os.urandom,
    )  # fmt: skip
    home = folder / name
    told = join(home, origin, token, name, clock=time.time)
    signing = SigningKey.read(home / "signing.key")
    return Peer(origin, {"Accept": TAXII}, OBJECTS, signing, told.member)


async def measured(arguments: argparse.Namespace, folder: Path, database_url: str) -> int:
    """Run it all; return the exit code."""
    way = Way()
    origin = way.origin
    database, key = await asyncio.to_thread(prepared, folder / "hub", database_url)
    words = ["--state", str(folder / "hub"), "--database", database_url, "--origin", origin]
    replicas = [await asyncio.to_thread(Replica, words) for _ in range(2)]
    ports = [replica.port for replica in replicas]
    way.say("ports", *ports)
    peers = [
        await asyncio.to_thread(joined, folder, origin, database, key, f"m{n}")
        for n in range(MEMBERS)
    ]
    run = Run(heard=[[] for _ in peers[len(WHOLE) :]])
    tasks = [
        asyncio.create_task(listen(peer, ports[n % 2 :] + ports[: n % 2], heard))
        for n, (peer, heard) in enumerate(zip(peers[len(WHOLE) :], run.heard, strict=True))
    ]
    processes = [watching(folder, name, *how) for name, how in WHOLE.items()]
    try:
        await connected(run, folder)
        async with asyncio.TaskGroup() as both:
            both.create_task(outages(run, replicas, way, arguments))
            both.create_task(posted(run, peers[-POSTING:], ports))
        await everywhere(run, folder)
    finally:
        for task in tasks:
            task.cancel()
        for process in processes:
            process.kill()
            process.wait()
        for replica in replicas:
            replica.end(signal.SIGTERM)
        database.close()
        way.process.kill()
        way.process.wait()
    return told(run, folder)


def watching(folder: Path, name: str, off: float, source: str) -> subprocess.Popen:
    """Return a whole member in a process of its own."""
    words = [sys.executable, __file__, "--member", str(folder / name), "--off", str(off)]
    words += ["--source", source, "--out", str(folder / f"{name}.kept")]
    return subprocess.Popen(words)  # noqa: S603


async def posted(run: Run, peers: list[Peer], ports: list[int]) -> None:
    """Have so many a second posted until everything that was to break has broken."""
    queues: list[list[tuple[float, bytes]]] = [[] for _ in peers]
    work = [
        asyncio.create_task(post(peer, ports[n % 2 :] + ports[: n % 2], run, due))
        for n, (peer, due) in enumerate(zip(peers, queues, strict=True))
    ]
    gap, at = len(peers) / RATE, time.time() + 1.0
    while not run.ended:
        for place, (peer, due) in enumerate(zip(peers, queues, strict=True)):
            off = 0.0 if place else AWAY - 5.0
            (item,) = made(peer.author, peer.key, 1, off)
            due.append((at + place / RATE, item))
        at += gap
        await asyncio.sleep(max(0.0, at - time.time() - 0.5))
    await asyncio.gather(*work)


async def connected(run: Run, folder: Path) -> None:
    """Wait until everybody has what was there before: that members joined."""
    files = [folder / f"{name}.kept" for name in WHOLE]
    for _ in range(120):
        have = [len(f.read_text().splitlines()) if f.exists() else 0 for f in files]
        if min([*have, *map(len, run.heard)]) >= MEMBERS:
            break
        await asyncio.sleep(1)
    await asyncio.sleep(3)


async def everywhere(run: Run, folder: Path) -> None:
    """Wait until everybody has everything, or three minutes."""
    for _ in range(180):
        files = [folder / f"{name}.kept" for name in WHOLE]
        have = [len(set(file.read_text().splitlines())) for file in files]
        most = max(len(heard) for heard in run.heard)
        if min(have) >= most >= len(run.answered) and all(len(h) == most for h in run.heard):
            break
        await asyncio.sleep(1)


def told(run: Run, folder: Path) -> int:
    """Print what came of it; return the exit code."""
    want, lost, doubled = set(run.answered), 0, 0
    print(f"{len(want):,} objects answered, {len(run.refused)} refused")
    print(
        f"declared to answered: {_quantiles(at - run.begun[n] for n, at in run.answered.items())}"
    )
    for said in run.refused[:3]:
        print("  refused:", said[:300])
    for name, (off, source) in WHOLE.items():
        rows = [line.split(" ") for line in (folder / f"{name}.kept").read_text().splitlines()]
        held = {row[1]: float(row[2]) for row in rows if not row[3]}
        missing, twice = want - held.keys(), len(rows) - len({row[0] for row in rows})
        lost, doubled = lost + len(missing), doubled + twice
        what = "cut off" if source == CUT_OFF else f"clock {off:+.0f} s" if off else "whole"
        print(f"{name} ({what}): {len(missing)} lost, {twice} twice, "
              f"{sum(bool(row[3]) for row in rows)} refused")  # fmt: skip
        times = {n: held[n] - run.begun[n] for n in held.keys() & run.begun.keys()}
        calm = [
            late for n, late in times.items()
            if not any(start <= run.begun[n] <= end for start, end in run.outages)
        ]  # fmt: skip
        if source != CUT_OFF:
            first = min((start for start, _ in run.outages), default=0.0)
            before = [late for n, late in times.items() if run.begun[n] < first - 10.0]
            print(f"  declared to usable: before the outages {_quantiles(before)}")
            print(f"    outside them {_quantiles(calm)}; all {_quantiles(times.values())}")
    full = max(map(len, map(set, run.heard)))
    lost += sum(full - len(set(heard)) for heard in run.heard)
    doubled += sum(len(heard) - len(set(heard)) for heard in run.heard)
    print(f"{len(run.heard)} listeners of {full:,} records each")
    print(f"lost {lost}, doubled {doubled}", flush=True)
    return int(lost + doubled + len(run.refused) > 0 or full < len(want))


def _quantiles(values: object) -> str:
    found = sorted(values)
    if not found:
        return "none"
    p50, p99 = found[len(found) // 2], found[int(len(found) * 0.99)]
    return f"p50 {p50 * 1e3:,.0f} ms p99 {p99 * 1e3:,.0f} ms max {found[-1] * 1e3:,.0f} ms"


def main() -> None:
    """Run the bench, or be one of its members."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cut", type=float, default=600.0, help="seconds a member is cut off")
    parser.add_argument("--before", type=float, default=20.0, help="seconds before anything breaks")
    parser.add_argument("--folder", help="where databases lie")
    parser.add_argument("--proxy", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--member", help=argparse.SUPPRESS)
    parser.add_argument("--off", type=float, default=0.0, help=argparse.SUPPRESS)
    parser.add_argument("--source", default="127.0.0.1", help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.proxy:
        asyncio.run(carry())
        return
    if arguments.member:
        watch(arguments)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pgserver  # noqa: PLC0415 - a member needs none
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        server = pgserver.get_server(folder / "pg")
        try:
            server.psql("CREATE DATABASE hub;")
            url = server.get_uri(database="hub")
            code = asyncio.run(measured(arguments, folder, url))
        finally:
            server.cleanup()
    sys.exit(code)


if __name__ == "__main__":
    main()
