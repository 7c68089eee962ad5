"""A queue of twenty cases for somebody who does not know the truth: campaigns and look-alikes.

    python bench/console_queue.py --seed 7 --truth /tmp/truth.json --dump /tmp/dump
    python bench/console_queue.py --seed 7 --truth /tmp/truth.json --serve
    python bench/console_queue.py --truth /tmp/truth.json --grade answers.json

Simulates worlds, scans each with an alpha so lenient that groups which would have fallen short are
put before a person too, and draws cases of both sorts, 8 to 12 of 20 campaigns.  A case counts as a
campaign when at least four fifths of its members attack, as a look-alike when at least four fifths
are benign; what lies between, and accounts that belong to neither, is left out.  Cases and accounts
get neutral names, the order is shuffled, all go into one console; the pages are searched for words
of the truth.  Provider's events are left out: they differ from world to world.

``--dump`` writes each case's pages as text and as a picture, from a real Chromium.  Answers are a
JSON object of case and ``"campaign"`` or ``"look-alike"``.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uvicorn

from stillwatch.find.campaigns.kinds import __file__ as kinds_file
from stillwatch.find.detectors import DETECTORS
from stillwatch.heads import configuration
from stillwatch.listening import listen, url_of
from stillwatch.records import TIME, ScanResult, Verdict
from stillwatch.report.console.cases import Role, Sources
from stillwatch.report.console.cases.loading import load
from stillwatch.report.console.cases.log import prepare
from stillwatch.report.console.cases.stored import StoredCases
from stillwatch.report.console.web import Desk, Pages, WebSettings, console, people
from stillwatch.report.documents import read_campaigns, write_scan
from stillwatch.store import Database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from stillwatch.records import Campaign
    from stillwatch.report.documents import PublishedScan

CASES = 20
CAMPAIGNS = (8, 12)
"""Least and most campaigns among them; the number is drawn."""
PURE = 0.8
"""Share of members that must be of one sort."""
ALPHA = 0.999
WORLD = ("--exchanges=120000", "--accounts=4000", "--prevalence=0.05", "--start=2026-03-02")
LOOKALIKES = (
    "agencies,application,casual,classrooms,code_audits,developers,enterprises,hackathons,"
    "harnesses,households,launches,localisation,newsletter,open_agents,release_movers,review_bots,"
    "safety_researchers,test_data"
)
PAGES = ("campaign", "campaign/members", "campaign/network")


@dataclasses.dataclass(frozen=True)
class Case:
    """A group that a scan put before people, and what it is."""

    world: int
    campaign: Campaign
    answer: str
    kind: str
    """Adversary or cohort of most of its members."""


def command(*words: str) -> None:
    """Run a command of stillwatch and keep its output to itself."""
    subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "stillwatch", *words], check=True, stdout=subprocess.DEVNULL
    )


def scanned(folder: Path, seed: int) -> tuple[PublishedScan, dict[str, dict[str, Any]]]:
    """Make a world, scan it and return what the scan says and the truth by account."""
    world, out = folder / f"w{seed}", folder / f"s{seed}"
    command("simulate", "--out", str(world), *WORLD, "--seed", str(seed), "--cohorts", LOOKALIKES)
    command(
        "scan", str(world / "exchanges"), "--accounts", str(world / "accounts.parquet"),
        "--events", str(world), "--out", str(out), "--step", "12", "--alpha", str(ALPHA),
    )  # fmt: skip
    rows = pq.read_table(world / "truth_accounts.parquet").to_pylist()
    shutil.rmtree(world)
    return read_campaigns(out), {row["account_id"]: row for row in rows}


def judged(world: int, campaign: Campaign, truth: Mapping[str, dict[str, Any]]) -> Case | None:
    """Return a group with what it is; None where it is neither."""
    rows = [truth[str(account)] for account in campaign.members]
    sorts = Counter(row["kind"] for row in rows)
    for sort, answer in (("attack", "campaign"), ("benign", "look-alike")):
        if sorts[sort] >= PURE * len(rows):
            [(kind, _)] = Counter(r["cohort"] for r in rows if r["kind"] == sort).most_common(1)
            return Case(world, campaign, answer, kind)
    return None


def drawn(cases: Sequence[Case], rng: np.random.Generator) -> list[Case] | None:
    """Return twenty, shuffled, no kind more often than it must; None where too few are there."""
    wanted = int(rng.integers(CAMPAIGNS[0], CAMPAIGNS[1] + 1))
    chosen: list[Case] = []
    for answer, number in (("campaign", wanted), ("look-alike", CASES - wanted)):
        pool = [case for case in cases if case.answer == answer]
        if len(pool) < number:
            return None
        pool = [pool[i] for i in rng.permutation(len(pool)).tolist()]
        seen: Counter[str] = Counter()
        turns = []
        for case in pool:
            turns.append(seen[case.kind])
            seen[case.kind] += 1
        order = sorted(range(len(pool)), key=turns.__getitem__)
        chosen += [pool[i] for i in order[:number]]
    return [chosen[i] for i in rng.permutation(CASES).tolist()]


def renamed(case: Case, name: str) -> Campaign:
    """Return a campaign under a neutral name, its accounts too; what names others is left out."""
    old = case.campaign

    def other(account: object) -> str:
        return neutral("acct", f"{case.world}/{account}")

    return dataclasses.replace(
        old,
        campaign_id=name,
        members={other(a): p for a, p in old.members.items()},
        flagged_at={other(a): t for a, t in old.flagged_at.items()},
        findings=tuple(dataclasses.replace(f, group=name) for f in old.findings),
        entities=tuple(
            dataclasses.replace(e, members=tuple(other(a) for a in e.members)) for e in old.entities
        ),
        examples=tuple(
            dataclasses.replace(e, account_id=other(e.account_id)) for e in old.examples
        ),
        signature={},
        split_from=old.split_from and neutral("campaign", f"{case.world}/{old.split_from}"),
        merged=tuple(neutral("campaign", f"{case.world}/{name}") for name in old.merged),
    )


def neutral(kind: str, text: str) -> str:
    """Return a name that says nothing."""
    return f"{kind}_{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


def joined(cases: Sequence[Case], scans: Mapping[int, PublishedScan]) -> tuple[ScanResult, Any]:
    """Return the cases as one scan's result, and their activity."""
    campaigns, bins = [], []
    for number, case in enumerate(cases, 1):
        name = f"case-{number:02d}"
        campaigns.append(renamed(case, name))
        document = scans[case.world].document["campaigns"]
        [item] = [one for one in document if one["campaign_id"] == case.campaign.campaign_id]
        bins += [
            (name, datetime.fromisoformat(b["time"]), b["exchanges"], b["accounts_created"],
             b["accounts_blocked"])
            for b in item["activity"]
        ]  # fmt: skip
    names = ("campaign_id", "time", "exchanges", "accounts_created", "accounts_blocked")
    types = (pa.string(), TIME, pa.int64(), pa.int64(), pa.int64())
    columns = [pa.array(c, t) for c, t in zip(zip(*bins, strict=True), types, strict=True)]
    verdicts = {
        account: Verdict(
            account, c.campaign_id, c.flagged_at[account], p,
            tuple(f.explanation for f in c.findings if f.role == "evidence" and f.log_e >= 0.5),
            c.recommended_measure,
        )
        for c in campaigns
        for account, p in c.members.items()
        if account in c.flagged_at
    }  # fmt: skip
    every = list(scans.values())
    return ScanResult(
        account_type=pa.string(), verdicts=tuple(verdicts.values()), campaigns=tuple(campaigns),
        findings=tuple(f for c in campaigns for f in c.findings),
        as_of=max(scan.as_of for scan in every), first=every[0].first,
        exchanges=sum(scan.exchanges for scan in every),
        accounts=sum(scan.accounts for scan in every), looks=every[0].looks,
        groups_tested=sum(scan.groups_tested for scan in every), alpha=ALPHA,
        missing=every[0].missing, seconds={},
    ), pa.Table.from_arrays(columns, names=list(names))  # fmt: skip


def made(folder: Path, seed: int) -> list[Case]:
    """Make worlds until there are cases enough; fill the console and return the cases."""
    rng = np.random.default_rng(seed)
    scans: dict[int, PublishedScan] = {}
    cases: list[Case] = []
    for number in range(12):
        world = 300_000 + 100 * seed + number
        scans[world], truth = scanned(folder, world)
        found = [judged(world, campaign, truth) for campaign in scans[world].campaigns]
        cases += [case for case in found if case is not None]
        chosen = drawn(cases, np.random.default_rng(rng.integers(2**31))) if number >= 2 else None
        if chosen is not None:
            result, activity = joined(chosen, scans)
            write_scan(result, folder / "out", activity)
            print(f"{number + 1} worlds, {len(cases)} cases to draw from")
            return chosen
    sys.exit("twelve worlds held too few look-alikes: take another seed")


def truth_words(cases: Iterable[Mapping[str, str]]) -> set[str]:
    """Return words that only the truth knows, without those that are the product's own."""
    source = Path(kinds_file).read_text("utf-8")
    own = {detector.slug for detector in DETECTORS} | set(re.findall(r'"([a-z-]+)"', source))
    words: set[str] = set()
    for case in cases:
        words |= {f"{case['kind']}-1", case["world"], case["campaign"]}
        if not any(case["kind"] in word for word in own):
            words.add(case["kind"])
    return words


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[str, str]]:
    """Serve the console; gives its origin and a password of the person ``judge``."""
    for old in folder.glob("console.sqlite*"):
        old.unlink()
    store = Database(f"sqlite:///{folder}/console.sqlite")
    store.now(prepare)
    store.now(people.prepare)
    store.now(load, folder / "out", now=time.time_ns() // 1000, who="import")
    password = store.now(
        people.add, "judge", [Role.ANALYST, Role.APPROVER], time.time_ns() // 1000, "import"
    )
    bound = listen("127.0.0.1", 0, None)
    origin = url_of(bound, None)
    cases = StoredCases(store, Sources("", results=folder / "out"))
    server = uvicorn.Server(
        configuration(
            console(Desk(WebSettings(origin), cases, store, Pages())), None, lifespan="off"
        )
    )
    thread = threading.Thread(target=server.run, args=([bound],))
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield origin, password
    server.should_exit = True
    thread.join()
    cases.close()
    store.close()


def dumped(folder: Path, to: Path, words: set[str]) -> None:
    """Write every case's pages as text and picture; stop where a word of the truth shows."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where asked for

    chromium = os.environ.get("STILLWATCH_CHROMIUM") or shutil.which("chromium")
    to.mkdir(parents=True, exist_ok=True)
    with served(folder) as (origin, password), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(origin)
        page.fill("#name", "judge")
        page.fill("#password", password)
        page.press("#password", "Enter")
        page.wait_for_selector("nav[aria-label=Pages]")
        places = [("queue", f"{origin}/queue")]
        for number in range(1, CASES + 1):
            name = f"case-{number:02d}"
            places += [(f"{name}-{p.rpartition('/')[2]}", f"{origin}/{p}?id={name}") for p in PAGES]
        held: dict[str, str] = {}
        for name, place in places:
            page.goto(place)
            page.wait_for_load_state("networkidle")
            page.evaluate("for (const d of document.querySelectorAll('main details')) d.open=true")
            page.screenshot(path=to / f"{name}.png", full_page=True)
            held[name] = page.content()
            (to / f"{name}.txt").write_text(page.inner_text("main") + "\n", "utf-8")
        browser.close()
    for word in sorted(words):
        whole = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])", re.IGNORECASE)
        shown = {name for name, text in held.items() if whole.search(text)}
        for page in ("queue", *(place.rpartition("/")[2] for place in PAGES)):
            alike = {name for name in held if name.endswith(page)}
            if shown & alike and not alike <= shown:  # a word that every page has tells nothing
                sys.exit(f"a word of the truth shows: {word!r} on {sorted(shown & alike)[:5]}")


def graded(truth: Mapping[str, Mapping[str, str]], answers: Mapping[str, str]) -> None:
    """Print how many answers are right, by kind, and which are not."""
    wrong = [name for name, case in truth.items() if answers.get(name) != case["answer"]]
    kinds: dict[tuple[str, str], list[bool]] = {}
    for name, case in truth.items():
        kinds.setdefault((case["answer"], case["kind"]), []).append(name not in wrong)
    print(f"{len(truth) - len(wrong)} of {len(truth)} right")
    for (answer, kind), right in sorted(kinds.items()):
        print(f"  {answer:10} {kind:20} {sum(right)} of {len(right)}")
    for name in wrong:
        print(f"  {name}: said {answers.get(name)}, is {truth[name]['answer']}, {truth[name]}")


def main() -> None:
    """Make a queue, show it, grade answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--dump", type=Path)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--grade", type=Path)
    parser.add_argument("--work", type=Path, help="keeps the queue, to be shown again")
    chosen = parser.parse_args()
    if chosen.grade is not None:
        graded(json.loads(chosen.truth.read_text()), json.loads(chosen.grade.read_text()))
        return
    with contextlib.ExitStack() as stack:
        folder = chosen.work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not (folder / "out").exists():
            folder.mkdir(parents=True, exist_ok=True)
            cases = made(folder, chosen.seed)
            named = {
                f"case-{n:02d}": {
                    "answer": c.answer, "kind": c.kind, "world": str(c.world),
                    "campaign": c.campaign.campaign_id,
                }
                for n, c in enumerate(cases, 1)
            }  # fmt: skip
            chosen.truth.write_text(json.dumps(named, indent=1))
        words = truth_words(json.loads(chosen.truth.read_text()).values())
        if chosen.dump is not None:
            dumped(folder, chosen.dump, words)
        if chosen.serve:
            with served(folder) as (origin, password):
                print(f"{origin}  name: judge  password: {password}\nEnter ends it", flush=True)
                input()


if __name__ == "__main__":
    main()
