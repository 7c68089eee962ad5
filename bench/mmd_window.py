"""Fifty accounts at a 5 % mix among 5,000: one account at a time, and as a group.

    python bench/mmd_window.py --text /path/to/prompts --trials 20

Each trial makes a world in which 50 accounts send 100 prompts, five of them harvest, no run of
words shared, and 5,000 others send 100 of their own.  On the same data it runs

* the per-account test of arXiv 2606.05725 on windows of 100 queries, as published (windows of
  pooled queries), on accounts with the published threshold, and on accounts with a threshold
  that 99.4 % of reference accounts pass; without a neural model at hand the vectors are hashed
  byte n-grams on latent axes, which the authors' sentence embeddings may beat;
* a group method, by default ``stillwatch scan``; ``--group`` takes any command that reads
  {exchanges} and {accounts} and writes verdicts.parquet into {out}.

The group is found when one declared campaign holds at least half of the fifty and at least half
of it are of the fifty; every other declared campaign is false.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

import commands
from rewording import Corpus, corpora
from stillwatch.worlds.evaluation.baselines.embedding import fit
from stillwatch.worlds.evaluation.baselines.mmd import Reference, kernel
from stillwatch.worlds.evaluation.bounds import rate
from window_world import TRACES, Size, runs, write

REFERENCE_ACCOUNTS = 500
JUDGED = 500
POOL = 8_000
NULLS = 1_000
TESTS = (
    "pooled windows, published threshold",
    "accounts, published threshold",
    "accounts, threshold of accounts",
)


@dataclass
class Hits:
    """Windows flagged among windows, by what they are."""

    harvest: Counter
    """Of windows with harvest: flagged and total."""
    benign: Counter
    """Of windows without."""

    def add(self, harvest: np.ndarray, benign: np.ndarray, threshold: float) -> None:
        """Count scores above a threshold."""
        for tally, scores in ((self.harvest, harvest), (self.benign, benign)):
            tally["flagged"] += int((scores > threshold).sum())
            tally["total"] += len(scores)

    def say(self) -> str:
        """Return both rates with exact bounds."""
        parts = []
        for name, tally in (("TPR", self.harvest), ("FPR", self.benign)):
            r = rate(tally["flagged"], tally["total"])
            parts.append(f"{name} {r.share or 0:.3f} [{r.low:.3f}, {r.high:.3f}]")
        return ", ".join(parts)


def pairs_null(pool: np.ndarray, sigma: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """Scores of benign windows against benign windows, disjoint."""
    scores = []
    for _ in range(NULLS):
        at = rng.choice(len(pool), 2 * size, replace=False)
        one = pool[at[:size]]
        k = kernel(one, one, sigma).astype(float)
        inside = float((k.sum() - np.trace(k)) / (size * (size - 1)))
        scores.append(Reference(one, sigma, inside).score(pool[at[size:]]))
    return np.array(scores)


@dataclass
class Tally:
    """What all trials came to."""

    size: Size
    """Of every trial's world."""
    hits: dict[str, Hits]
    """By way of testing accounts."""
    groups: dict[str, list[dict[str, object]]]
    """What the group method said, by traces."""
    shared: int = 0
    """Runs of six words that two members' harvest shares."""


def shared_runs(texts: np.ndarray, harvest: np.ndarray) -> int:
    """Count runs of words that the harvest of different accounts shares."""
    owners: dict[tuple[str, ...], int] = {}
    shared = set()
    for account, query in np.argwhere(harvest):
        for run in runs(texts[account, query]):
            if owners.setdefault(run, account) != account:
                shared.add(run)
    return len(shared)


def per_account(
    texts: np.ndarray, harvest: np.ndarray, size: Size, hits: dict[str, Hits], seed: int
) -> None:
    """Run the published test three ways and add to the tallies."""
    rng = np.random.default_rng([seed, 5])
    order = rng.permutation(size.background)
    known, judged = order[:REFERENCE_ACCOUNTS], order[REFERENCE_ACCOUNTS:][:JUDGED]
    rest = order[REFERENCE_ACCOUNTS:]
    flat = texts[rest].ravel()
    pool_texts = list(rng.choice(flat, min(2 * POOL, len(flat)), replace=False))
    embed = fit(pool_texts[:5000])
    pool = embed(pool_texts)
    held, pool = pool[len(pool) // 2 :], pool[: len(pool) // 2]
    n = size.queries
    reference = Reference.of(pool, n, 20, rng)
    published = float(np.quantile(pairs_null(pool, reference.sigma, n, rng), 0.95))
    taken = embed(list(texts[harvest]))
    mixed, plain = [], []
    for _ in range(200):
        k = size.harvest
        some = held[rng.choice(len(held), n - k, replace=False)]
        queue = taken[rng.choice(len(taken), k, replace=False)]
        mixed.append(reference.score(np.concatenate([some, queue])))
        plain.append(reference.score(held[rng.choice(len(held), n, replace=False)]))
    hits[TESTS[0]].add(np.array(mixed), np.array(plain), published)

    def scores(rows: np.ndarray) -> np.ndarray:
        return np.array([reference.score(embed(list(texts[row]))) for row in rows])

    members = scores(np.arange(size.background, len(texts)))
    others, null = scores(judged), scores(known)
    hits[TESTS[1]].add(members, others, published)
    limit = float(np.quantile(null, 0.994, method="higher"))
    hits[TESTS[2]].add(members, others, limit)


def as_group(world: Path, out: Path, command: str) -> dict[str, object]:
    """Run the group method and say what it declared."""
    begin = time.perf_counter()
    if command == "scan":
        commands.scan(world, out)
    else:
        filled = command.format(
            exchanges=world / "exchanges", accounts=world / "accounts.parquet", out=out
        )
        subprocess.run(shlex.split(filled), check=True)  # noqa: S603 (the user's command)
    truth = pq.ParquetFile(world / "truth_accounts.parquet").read().to_pylist()
    members = {str(r["account_id"]) for r in truth if r["kind"] == "attack"}
    groups: dict[str, set[str]] = {}
    for row in pq.ParquetFile(out / "verdicts.parquet").read().to_pylist():
        if row["flagged_at"] is not None:
            groups.setdefault(str(row["campaign_id"]), set()).add(str(row["account_id"]))
    true = [g for g in groups.values() if 2 * len(g & members) >= max(len(members), len(g))]
    tested = None
    if (out / "campaigns.json").is_file():
        document = json.loads((out / "campaigns.json").read_text(encoding="utf-8"))
        tested = document.get("scan", {}).get("groups_tested")
    return {
        "found": bool(true),
        "held": len(true[0] & members) if true else 0,
        "declared": len(groups),
        "false": len(groups) - len(true),
        "proposed": tested if tested is not None else len(groups),
        "seconds": time.perf_counter() - begin,
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", type=Path, required=True, help="folder of prompt files")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="seed of the first trial")
    parser.add_argument("--background", type=int, default=5_000)
    parser.add_argument("--members", type=int, default=50)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--mix", type=float, default=0.05)
    parser.add_argument("--traces", default=",".join(TRACES), help="what members leave besides")
    parser.add_argument("--group", default="scan", help="scan, none or a command")
    parser.add_argument("--keep", type=Path, help="folder in which the worlds are kept")
    return parser.parse_args()


def trial(args: argparse.Namespace, found: list[Corpus], seed: int, tally: Tally) -> None:
    """Make one trial's worlds and run both sides on them."""
    size = tally.size
    for number, traces in enumerate(args.traces.split(",")):
        with tempfile.TemporaryDirectory() as scratch:
            world = (args.keep or Path(scratch)) / f"trial-{seed}-{traces}"
            world.mkdir(parents=True)
            texts, harvest = write(world, found, size, traces, seed)
            if number == 0:  # the texts are the same whatever the traces
                tally.shared += shared_runs(texts, harvest)
                per_account(texts, harvest, size, tally.hits, seed)
            if args.group == "none":
                continue
            said = as_group(world, Path(scratch) / "scan", args.group)
            tally.groups.setdefault(traces, []).append(said)
            print(f"trial {seed}, traces {traces}: {said}", file=sys.stderr, flush=True)


def main() -> None:
    args = arguments()
    if not args.text.is_dir():
        print(f"skipped: there are no corpora at {args.text}", file=sys.stderr)
        return
    found = [c for c in corpora(args.text) if c.language == "en"]  # one language, or it tells
    size = Size(args.background, args.members, args.queries, round(args.queries * args.mix))
    if {c.kind for c in found} != {"legit", "distill"} or not any(
        c.kind == "distill" and len(c) >= size.members * size.harvest for c in found
    ):
        print("skipped: the corpora hold too few prompts of one kind", file=sys.stderr)
        return
    tally = Tally(size, {name: Hits(Counter(), Counter()) for name in TESTS}, {})
    for seed in range(args.first, args.first + args.trials):
        trial(args, found, seed, tally)
    print(
        f"{args.trials} trials, {size.members} accounts of {size.queries} queries, "
        f"{size.harvest} harvest each, among {size.background}"
    )
    print(f"runs of six words that two members' harvest shares: {tally.shared}")
    for name, hits in tally.hits.items():
        print(f"MMD, {name}: {hits.say()}")
    for traces, said in tally.groups.items():
        share = rate(sum(bool(s["found"]) for s in said), len(said))
        wrong = rate(sum(int(s["false"]) for s in said), sum(int(s["proposed"]) for s in said))
        print(
            f"group, traces {traces}: found {share.hits} of {share.total} "
            f"[{share.low:.3f}, {share.high:.3f}], false groups {wrong.hits} of "
            f"{wrong.total} proposed, {sum(int(s['declared']) for s in said)} declared"
        )


if __name__ == "__main__":
    main()
