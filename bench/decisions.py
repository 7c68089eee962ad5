"""How fast the core decides, with a million accounts of state and a million indicators.

Run ``python bench/decisions.py [FOLDER]``: FOLDER holds Parquet files with a column ``prompt``,
whose lengths the requests have; without it, lengths are drawn with a median of 300 bytes and a
long tail.  One request in a hundred holds 100 KB.  It takes about two minutes and 2 GiB.

The floor, measured in the same run, is what nobody can do without: parse the body as JSON and hash
the prompt once.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import resource
import time
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.stop.interface import Request, Shape
from stillwatch.stop.serving import Core, Knowledge, LocalBuckets, Pieces, Terms

ACCOUNTS, INDICATORS = 1_000_000, 1_000_000
SECRET = b"the sketch key of the epoch"
NOW = 1_790_000_000_000_000
LONG = 100_000
WORDS = 50_000


def lengths(folder: Path | None, many: int, rng: np.random.Generator) -> np.ndarray:
    """Return lengths of prompts, bytes."""
    if folder is None:
        drawn = np.exp(rng.normal(np.log(300), 1.1, many)).astype(np.int64)
    else:
        found = []
        for path in sorted(folder.glob("*.parquet")):
            schema = pq.read_schema(path)
            name = next((one for one in ("prompt", "text") if one in schema.names), None)
            if name is not None:
                column = pq.read_table(path, columns=[name]).column(name)
                found += [len(text.encode()) for text in column.to_pylist() if text]
        drawn = rng.choice(np.array(found), many)
    drawn = np.clip(drawn, 1, LONG)
    drawn[rng.random(many) < 0.01] = LONG
    return drawn


def prompts(sizes: np.ndarray, rng: np.random.Generator) -> list[str]:
    """Return prompts of words that differ, with sentences."""
    words = np.array(
        ["".join(map(chr, rng.integers(97, 123, n))) for n in rng.integers(2, 10, WORDS)]
    )
    made = []
    for size in sizes.tolist():
        drawn = words[rng.integers(0, WORDS, size // 5 + 2)]
        drawn[::12] = np.char.add(drawn[::12], ".")
        made.append(" ".join(drawn.tolist())[:size])
    return made


def bodies(texts: list[str]) -> list[bytes]:
    fixed = {"model": "model-1", "max_tokens": 1024, "temperature": 0.7, "stream": True}
    return [
        json.dumps(fixed | {"messages": [{"role": "user", "content": text}]}).encode()
        for text in texts
    ]


def knowledge(rng: np.random.Generator) -> Knowledge:
    """Return verdicts on a million accounts and a million pieces of shared text."""
    names = [f"account-{number}" for number in range(ACCOUNTS)]
    flagged = rng.random(ACCOUNTS) < 0.02
    campaign = np.where(flagged, "c1", None)
    verdicts = pa.table(
        {
            "account_id": names,
            "campaign_id": pa.array(campaign, pa.string()),
            "flagged_at": pa.array(np.where(flagged, NOW, 0), pa.timestamp("us", "UTC")),
            "score": np.where(flagged, 0.99, 0.01),
        }
    )
    values = rng.integers(1, 2**63, INDICATORS, np.int64).astype(np.uint64)
    pieces = [
        Pieces(f"i{n}", "x", part, [200] * 200) for n, part in enumerate(values.reshape(-1, 200))
    ]
    campaigns = [{"campaign_id": "c1", "review_only": False, "findings": []}]
    return Knowledge.of(
        1, verdicts=verdicts, campaigns=campaigns, as_of=NOW, pieces=pieces, secret=SECRET
    )


def request(number: int, account: int, body: bytes) -> Request:
    return Request(
        NOW + number * 1000,
        f"r{number}",
        f"account-{account}",
        Shape.OPENAI_CHAT,
        body,
        ip=f"{account >> 16 & 255}.{account >> 8 & 255}.{account & 255}.9",
        user_agent="client/1.0",
        tls_fingerprint="t13d1516h2_8daaf6152771_b186095e22b6",
    )


def timed(asked: list[Request], core: Core, buckets: LocalBuckets) -> np.ndarray:
    """Return how long each decision took, nanoseconds of this thread's processor."""
    took = np.empty(len(asked), np.int64)
    clock = time.thread_time_ns
    for place, one in enumerate(asked):
        begun = clock()
        weighed = core.weigh(one)
        core.conclude(weighed, buckets.charge(weighed.charges, one.time))
        took[place] = clock() - begun
    return took


def floor_of(asked: list[Request]) -> float:
    """Return seconds of JSON and one hash of the prompt for all requests."""
    begun = time.thread_time()
    for one in asked:
        text = msgspec.json.decode(one.body)["messages"][0]["content"]
        hashlib.blake2b(text.encode(), digest_size=8).digest()
    return time.thread_time() - begun


def memory() -> float:
    """Return what the process holds now, GiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--requests", type=int, default=100_000)
    options = parser.parse_args()
    rng = np.random.default_rng(7)
    before = memory()
    begun = time.perf_counter()
    known = knowledge(rng)
    took = time.perf_counter() - begun
    print(f"{ACCOUNTS:,} verdicts and {INDICATORS:,} pieces: built in {took:.0f} s")
    core, buckets = Core(Terms(), known, secret=SECRET), LocalBuckets()
    for number in range(ACCOUNTS):
        body = (
            b'{"messages":[{"role":"user","content":"What is asked first, by whom, and why %d"}]}'
        )
        asked = Request(NOW, "r", f"account-{number}", Shape.OPENAI_CHAT, body % number)
        buckets.charge(core.weigh(asked).charges, NOW)
    gc.collect()
    print(
        f"{np.count_nonzero(core.state.tables.keys):,} accounts of state and all tables: "
        f"{memory() - before:.2f} GiB above the interpreter, {memory():.2f} in all"
    )
    sizes = lengths(options.folder, options.requests, rng)
    made = bodies(prompts(sizes, rng))
    senders = rng.integers(0, ACCOUNTS, len(made)).tolist()
    asked = [
        request(n, account, body)
        for n, (account, body) in enumerate(zip(senders, made, strict=True))
    ]
    timed(asked[:2_000], core, buckets)
    gc.freeze()
    each, base = timed(asked, core, buckets), floor_of(asked)
    total = each.sum() / 1e9
    blocks = [len(one) / one.sum() * 1e9 for one in np.array_split(each, 20)]
    print(
        f"{len(asked):,} requests, prompts of median {np.median(sizes):.0f} bytes, "
        f"{np.mean(sizes):.0f} on average"
    )
    print(
        f"{len(asked) / total:,.0f} decisions/s of one core; "
        f"{total / base:.1f} x the floor of JSON and one hash ({len(asked) / base:,.0f}/s)"
    )
    print(
        f"of 20 parts of the run the slowest {min(blocks):,.0f}/s, the fastest {max(blocks):,.0f}/s"
    )
    small = each[sizes <= 8192] / 1000
    print(
        f"up to 8 KB: p50 {np.quantile(small, 0.5):.0f} us, p99 {np.quantile(small, 0.99):.0f} us, "
        f"p99.9 {np.quantile(small, 0.999):.0f} us of the processor"
    )
    for low, high in ((0, 256), (256, 1024), (1024, 4096), (4096, 8193), (LONG, LONG + 1)):
        here = (sizes >= low) & (sizes < high)
        if here.any():
            print(
                f"  {low:>6}-{high - 1} bytes: {here.sum():>6} requests, "
                f"p50 {np.median(each[here]) / 1000:.0f} us"
            )
    print("on a shared machine: compare the ratio")


if __name__ == "__main__":
    main()
