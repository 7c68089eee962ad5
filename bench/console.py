"""How long the console's server takes for each page: 1,000 campaigns, 100,000 accounts.

    python bench/console.py [--postgres] [--rounds N]

The tables are filled as bench/console_cases.py does, through imports of a scan's results; the
pages are asked for over HTTP on this machine, by somebody who is signed in. Prints the median and
the 99th percentile in milliseconds, the processor's time of the whole process, client included,
and the size of each page.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import uvicorn

from stillwatch.heads import configuration
from stillwatch.listening import listen, url_of
from stillwatch.report.console.cases import Role, Sources
from stillwatch.report.console.cases.loading import load
from stillwatch.report.console.cases.log import prepare
from stillwatch.report.console.cases.stored import StoredCases
from stillwatch.report.console.web import Desk, Pages, WebSettings, console, people
from stillwatch.report.documents import write_scan
from stillwatch.store import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.insert(0, str(Path(__file__).parent))
from console_cases import scan_of

PAGES = (
    "/", "/live?version=same", "/queue", "/campaigns", "/campaigns?sort=leaked&page=20",
    "/campaigns?state=waiting&text=c-0&sort=cost", "/campaign?id=c-0000", "/campaign?id=c-0500",
    "/campaign/members?id=c-0000&page=40", "/campaign/network?id=c-0000",
    "/campaign/network?id=c-0500", "/accounts", "/accounts?sort=account_id&page=1000",
    "/account?id=ACCOUNT", "/groups", "/exchange", "/log", "/help", "/static/htmx.min.js",
)  # fmt: skip


@contextlib.contextmanager
def database(folder: Path, *, postgres: bool) -> Iterator[Database]:
    """Make a database, and take it away."""
    if not postgres:
        store = Database(f"sqlite:///{folder}/console.sqlite")
        yield store
        store.close()
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pgserver  # noqa: PLC0415 - only where asked for

        server = pgserver.get_server(folder / "pg")
    store = Database(server.get_uri())
    yield store
    store.close()
    server.cleanup()


def filled(store: Database, folder: Path) -> None:
    """Import a scan of 1,000 campaigns and 100,000 accounts."""
    result, activity = scan_of(np.random.default_rng(1))
    write_scan(result, folder / "out", activity)
    started = time.perf_counter()
    store.now(prepare)
    store.now(people.prepare)
    store.now(load, folder / "out", now=time.time_ns() // 1000, who="bench")
    print(f"imported in {time.perf_counter() - started:.1f} s")


@contextlib.contextmanager
def served(store: Database, folder: Path) -> Iterator[httpx.Client]:
    """Serve the pages and sign in."""
    password = store.now(people.add, "ann", list(Role), time.time_ns() // 1000, "bench")
    bound = listen("127.0.0.1", 0, None)
    origin = url_of(bound, None)
    cases = StoredCases(store, Sources("", results=folder / "out"))
    desk = Desk(WebSettings(origin), cases, store, Pages())
    server = uvicorn.Server(configuration(console(desk), None, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([bound],))
    thread.start()
    while not server.started:
        time.sleep(0.02)
    with httpx.Client(base_url=origin, timeout=60) as client:
        fields = {"name": "ann", "password": password, "next": "/help"}
        answer = client.post("/sign-in", data=fields, headers={"origin": origin})
        if answer.status_code != 303:
            sys.exit(f"the sign-in failed: {answer.status_code}")
        yield client
    server.should_exit = True
    thread.join()
    cases.close()


def measured(client: httpx.Client, rounds: int) -> None:
    """Print how long each page takes."""
    [account, *_] = re.findall(
        r"/account\?id=([^\"&]+)", client.get("/campaign/members?id=c-0000").text
    )
    [version, *_] = re.findall(r"version=([^\"&]+)", client.get("/").text)
    print(f"{'page':46} median ms   p99 ms  processor ms  KiB")
    for path in PAGES:
        place = path.replace("ACCOUNT", account).replace("=same", f"={version}")
        client.get(place)
        took, before = [], time.process_time()
        for _ in range(rounds):
            started = time.perf_counter()
            answer = client.get(place)
            took.append(1000 * (time.perf_counter() - started))
            if answer.status_code not in {200, 204}:
                sys.exit(f"{place}: {answer.status_code}")
        work = 1000 * (time.process_time() - before) / rounds
        middle, late = np.quantile(took, [0.5, 0.99])
        size = len(answer.content) / 1024
        print(f"{place:46} {middle:9.1f} {late:8.1f} {work:13.1f} {size:4.0f}", flush=True)


def main() -> None:
    """Fill, serve, ask."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--rounds", type=int, default=100)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with database(folder, postgres=chosen.postgres) as store:
            filled(store, folder)
            with served(store, folder) as client:
                measured(client, chosen.rounds)


if __name__ == "__main__":
    main()
