"""How fast a watch reads JetStream: against reading alone, and against a sender at a steady rate.

    python bench/watch.py                 # 60,000 exchanges, then 60 s at 2,000 a second
    python bench/watch.py --seconds 30 --rate 1000

Starts nats-server of its wheel on loopback. Three figures: messages a second that the reader takes
and lets go; that a watch takes, observes and commits, with no look; and whether a watch with looks
keeps up with a sender at the rate asked for, all on the same cores as broker and sender.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

sys.path.append(str(Path(__file__).parents[1] / "tests" / "find" / "streaming"))
import nats
from brokers import nats_server, payloads

from stillwatch.find.campaigns import Settings
from stillwatch.find.features.rows import HOUR
from stillwatch.find.state import StateFolder
from stillwatch.find.streaming import Limits, Pace, Watch
from stillwatch.find.streaming.jetstream import JetStream, JetStreamReader
from stillwatch.worlds.simulation.building import Settings as World
from stillwatch.worlds.simulation.building import simulate

NEVER = Pace(late=10**15, idle=10**15)


def world(folder: Path, exchanges: int) -> tuple[list[bytes], Path]:
    simulate(World(folder, exchanges, 7, accounts=max(200, exchanges // 30), days=3))
    table = pq.ParquetDataset(folder / "exchanges").read().drop_columns("day").sort_by("time")
    return payloads(table), folder / "accounts.parquet"


def alone(url: str, rows: int) -> float:
    reader = JetStreamReader(JetStream(url, "LOGS", consumer="alone"))
    reader.open({})
    start, taken = time.perf_counter(), 0
    while taken < rows:
        came = reader.read(1.0)
        taken += len(came)
        if came:
            reader.acknowledge({"0": came[-1].position})
    took = time.perf_counter() - start
    reader.close()
    return rows / took


def watching(state: StateFolder, url: str, folder: Path, pace: Pace, accounts: Path) -> Watch:
    table = pq.read_table(accounts)
    return Watch(
        state,
        JetStreamReader(JetStream(url, "LOGS")),
        settings=Settings(scratch=folder),
        pace=pace,
        out=folder / "out",
        tell=lambda _: None,
        tables=lambda: {"accounts": table},
        limits=Limits(seconds=5.0, messages=50_000),
        say=print,
    )


def drained(url: str, rows: int, folder: Path, accounts: Path) -> float:
    folder.mkdir()
    with StateFolder.opened(folder / "state") as state:
        at = watching(state, url, folder, NEVER, accounts)
        start = time.perf_counter()

        def seen(told: object) -> None:
            at.stopping = told.reading.messages >= rows  # type: ignore[attr-defined]

        at.run(watched=seen)  # ends with a commit of the rest
        return rows / (time.perf_counter() - start)


def send(url: str, path: Path, rate: float) -> None:
    """Publish the lines of a file at a steady rate, from the start again at its end."""
    lines = path.read_bytes().split(b"\n")

    async def steadily() -> None:
        client = await nats.connect(url)
        context = client.jetstream()
        start, sent = time.monotonic(), 0
        while sent < len(lines):
            wanted = int((time.monotonic() - start) * rate)
            waiting = []
            while sent < min(wanted, len(lines)):
                waiting.append(await context.publish_async("LOGS.log", lines[sent]))
                sent += 1
            if waiting:
                await asyncio.gather(*waiting)
            await asyncio.sleep(0.02)
        await client.close()

    asyncio.run(steadily())


def steady(url: str, messages: list[bytes], folder: Path, accounts: Path, rate: float) -> None:
    folder.mkdir()
    lines = folder / "lines.jsonl"
    lines.write_bytes(b"\n".join(messages))
    lags: list[int] = []
    with StateFolder.opened(folder / "state") as state:
        at = watching(state, url, folder, Pace(HOUR, 10**15), accounts)
        sender = subprocess.Popen(  # noqa: S603 - this file
            [sys.executable, __file__, "--send", str(lines), "--url", url, "--rate", str(rate)]
        )
        start = time.perf_counter()

        def seen(told: object) -> None:
            lags.append(told.lag.get("0", 0))  # type: ignore[attr-defined]
            at.stopping = told.reading.messages >= len(messages)  # type: ignore[attr-defined]

        at.run(watched=seen)
        took = time.perf_counter() - start
        sender.wait(60)
    lags.sort()
    print(
        f"sender at {rate:,.0f}/s: {len(messages):,} messages in {took:.1f} s "
        f"({len(messages) / took:,.0f}/s); lag median {lags[len(lags) // 2]:,}, "
        f"highest {lags[-1]:,}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exchanges", type=int, default=60_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=2_000.0)
    parser.add_argument("--send", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.send is not None:
        with contextlib.suppress(KeyboardInterrupt):
            send(given.url, given.send, given.rate)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = max(given.exchanges, int(given.seconds * given.rate))
        messages, accounts = world(folder / "world", rows)
        with nats_server(folder / "one") as server:
            server.make("LOGS")
            part = messages[: given.exchanges]
            server.publish("LOGS", part)
            print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
            read = alone(server.url, len(part))
            watch = drained(server.url, len(part), folder / "drained", accounts)
            print(f"reading alone {read:,.0f}/s; watch {watch:,.0f}/s, {watch / read:.2f} of it")
        with nats_server(folder / "two") as server:
            server.make("LOGS")
            steady(
                server.url,
                messages[: int(given.seconds * given.rate)],
                folder / "steady",
                accounts,
                given.rate,
            )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"memory at most {peak:.2f} GiB; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
