"""How long the console's pages ask their database: 1,000 campaigns, 100,000 accounts.

    python bench/console_cases.py [--postgres]

The results stand for 16 million exchanges, whose counts are summed when a scan is imported, so that
no page looks at one.  A third of the campaigns are decided, three scans have been imported, and the
log holds the decisions.  Prints the time of each import, then for each page the median and the
slowest of twenty in milliseconds, and the processor's time (all threads); then the size on disk.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import statistics
import sys
import tempfile
import time
import warnings
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.records import Entity, ScanResult, Verdict
from stillwatch.report.console.cases.interface import (
    Benign,
    Confirm,
    Person,
    Query,
    Reject,
    Role,
    Sources,
)
from stillwatch.report.console.cases.loading import load
from stillwatch.report.console.cases.log import prepare
from stillwatch.report.console.cases.stored import StoredCases
from stillwatch.report.documents import write_scan
from stillwatch.store import Database

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "report"))
from example_scan import activity_of, campaign, example_scan

CAMPAIGNS, ACCOUNTS, EXCHANGES = 1_000, 100_000, 16_000_000
LARGEST = 8_000
"""Accounts of the largest campaign; the others share what is left."""
ANN = Person("ann", frozenset(Role))


def scan_of(rng: np.random.Generator) -> tuple[ScanResult, pa.Table]:
    """Return a result with so many campaigns and accounts, and its activity."""
    base, _ = example_scan(accounts=0)
    kinds = ("reasoning_traces", "code", "unknown")
    sizes = np.maximum(6, rng.zipf(1.7, CAMPAIGNS))
    sizes = np.minimum(sizes, 300)
    sizes[0] = LARGEST
    made = []
    for n, size in enumerate(sizes.tolist()):
        item = campaign(f"c-{n:04d}", kinds[n % 3], size, n % 20, 31, rng=rng)
        names = {a: a.replace("acct_", f"a{n}_") for a in item.members}
        entities = tuple(
            Entity(e.kind, f"{e.name}{n}", tuple(names[a] for a in e.members), e.held, e.others)
            for e in item.entities
        )
        made.append(
            dataclasses.replace(
                item,
                members={names[a]: p for a, p in item.members.items()},
                flagged_at={names[a]: t for a, t in item.flagged_at.items()},
                entities=entities,
                findings=item.findings,
            )
        )  # fmt: skip
    verdicts = [
        Verdict(
            account, c.campaign_id if account in c.flagged_at else None, c.flagged_at.get(account),
            p, (f"starts in lock step with {len(c.members) - 1} others",), "withhold trace",
        )
        for c in made
        for account, p in c.members.items()
    ]  # fmt: skip
    left = max(ACCOUNTS - len(verdicts), 0)
    verdicts += [Verdict(f"p{i:07d}", None, None, i / left / 9, (), "observe") for i in range(left)]
    result = dataclasses.replace(
        base, campaigns=tuple(made), verdicts=tuple(verdicts), exchanges=EXCHANGES,
        accounts=len(verdicts),
        findings=(*(f for c in made for f in c.findings),
                  *(f for f in base.findings if not f.group.startswith("c-"))),
    )  # fmt: skip
    return result, activity_of(made, rng)


def a_day_later(result: ScanResult, day: int, rng: np.random.Generator) -> ScanResult:
    """Return what the scan of a later day says: a tenth of all accounts and campaigns moved."""
    moved = set(rng.choice(CAMPAIGNS, CAMPAIGNS // 10, replace=False).tolist())
    return dataclasses.replace(
        result,
        as_of=result.as_of + timedelta(days=day),
        campaigns=tuple(
            dataclasses.replace(c, exchanges=c.exchanges + 5) if n in moved else c
            for n, c in enumerate(result.campaigns)
        ),
        verdicts=tuple(
            dataclasses.replace(v, score=min(1.0, v.score + 0.12)) if i % 10 == day else v
            for i, v in enumerate(result.verdicts)
        ),
    )


def pages(cases: StoredCases, account: str) -> dict[str, Callable[[], Awaitable[object]]]:
    """Return every question that a page asks, by its name."""
    big, old = "c-0000", "c-0500"
    last = 1_000_000
    return {
        "now": lambda: cases.now(ANN),
        "version (live)": cases.version,
        "campaigns": lambda: cases.campaigns(ANN, Query()),
        "campaigns by leak, last page": lambda: cases.campaigns(
            ANN, Query(sort="leaked", page=last)
        ),
        "campaigns, filtered": lambda: cases.campaigns(
            ANN, Query(filters={"state": "waiting", "text": "c-0"}, sort="cost")
        ),
        "campaign, 8,000 accounts": lambda: cases.campaign(ANN, big),
        "campaign, small": lambda: cases.campaign(ANN, old),
        "its members": lambda: cases.members(ANN, big, Query()),
        "its members, last page": lambda: cases.members(ANN, big, Query(page=last)),
        "its network": lambda: cases.graph(ANN, big),
        "accounts": lambda: cases.accounts(ANN, Query()),
        "accounts by id, page 1,000": lambda: cases.accounts(
            ANN, Query(sort="account_id", page=1_000)
        ),
        "accounts by id, last page": lambda: cases.accounts(
            ANN, Query(sort="account_id", page=last)
        ),
        "accounts, beginning of an id": lambda: cases.accounts(ANN, Query(filters={"text": "p00"})),
        "account": lambda: cases.account(ANN, account),
        "account of nobody": lambda: cases.account(ANN, "p0000042"),
        "groups": lambda: cases.groups(ANN, Query()),
        "queue": lambda: cases.queue(ANN, Query()),
        "queue of grey accounts": lambda: cases.queue(ANN, Query(filters={"kind": "account"})),
        "approvals": lambda: cases.approvals(ANN),
        "exchange": lambda: cases.exchange(ANN, Query()),
        "log": lambda: cases.actions(ANN, Query()),
        "decisions.json (no page)": lambda: cases.decisions(ANN),
    }


async def measured(cases: StoredCases, account: str) -> None:
    """Print how long each page's questions take."""
    print(f"\n{'page':34} median ms  slowest ms  processor ms")
    for name, ask in pages(cases, account).items():
        took, worked = [], []
        for _ in range(20):
            started, before = time.perf_counter(), time.process_time()
            await ask()
            took.append(1_000 * (time.perf_counter() - started))
            worked.append(1_000 * (time.process_time() - before))
        median, work = statistics.median(took), statistics.median(worked)
        print(f"{name:34} {median:9.1f}  {max(took):10.1f}  {work:12.1f}", flush=True)


async def decided(cases: StoredCases) -> None:
    """Decide a third of the campaigns."""
    started = time.perf_counter()
    made = (Confirm, Reject, lambda name: Benign(name, "a class"))
    for n in range(0, CAMPAIGNS, 3):
        await cases.act(ANN, made[n // 3 % 3](f"c-{n:04d}"), "looked at it")
    took = time.perf_counter() - started
    print(f"decisions: {1_000 * took / (CAMPAIGNS / 3):.1f} ms each, durably")


def main() -> None:
    """Make the results, import them three times, ask every page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--postgres", action="store_true")
    chosen = parser.parse_args()
    rng = np.random.default_rng(1)
    server = None
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        url = f"sqlite:///{out}/console.sqlite"
        if chosen.postgres:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import pgserver  # noqa: PLC0415 - only where asked for

                server = pgserver.get_server(out / "pg")
            url = server.get_uri()
        result, activity = scan_of(rng)
        print(f"{len(result.campaigns):,} campaigns, {len(result.verdicts):,} accounts, "
              f"{result.exchanges:,} exchanges in {url.partition(':')[0]}")  # fmt: skip
        database = Database(url)
        database.now(prepare)
        cases = StoredCases(database, Sources(database=url))
        for day in range(3):
            write_scan(a_day_later(result, day, rng), out / f"r{day}", activity)
            started = time.perf_counter()
            done = database.now(load, out / f"r{day}", now=time.time_ns() // 1_000, who="bench")
            took = time.perf_counter() - started
            print(f"import {day + 1}: {took:.1f} s, {done.campaigns:,} campaigns and "
                  f"{done.verdicts:,} verdicts new or another", flush=True)  # fmt: skip
            if day == 0:
                asyncio.run(decided(cases))
        started = time.perf_counter()
        database.now(load, out / "r2", now=time.time_ns() // 1_000, who="bench")
        print(f"the same again: {time.perf_counter() - started:.1f} s")
        asyncio.run(measured(cases, next(iter(result.campaigns[0].members))))
        if not chosen.postgres:
            print(f"\ndatabase: {(out / 'console.sqlite').stat().st_size / 1e6:.0f} MB")
        cases.close()
        database.close()
        if server is not None:
            server.cleanup()


if __name__ == "__main__":
    main()
