"""Worlds without any campaign: in how many is one declared all the same?

    python bench/null_worlds.py --worlds 100

Every look of the replay counts, since verdicts latch at the look that declares them.  Prints the
share of worlds with a declared campaign and its exact two-sided 95 % bounds, and which cohorts
were flagged.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

import commands
import splits
from stillwatch.worlds.evaluation.bounds import rate


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="number of the first world")
    parser.add_argument("--split", choices=splits.SPLITS, default="dev")
    parser.add_argument("--text", type=Path, help="folder of prompts; default built-in text")
    parser.add_argument("--accounts", type=int, default=5_000)
    parser.add_argument("--exchanges", type=int, default=150_000)
    parser.add_argument("--cohorts", help="as in stillwatch simulate; default all")
    parser.add_argument("--json", type=Path, help="file for every world's outcome")
    return parser.parse_args()


def declared(world: Path, out: Path) -> tuple[int, Counter[str]]:
    """Return the campaigns declared and the flagged accounts by cohort."""
    cohort = {
        str(row["account_id"]): row["cohort"]
        for row in pq.ParquetFile(world / "truth_accounts.parquet").read().to_pylist()
    }
    rows = pq.ParquetFile(out / "verdicts.parquet").read(
        ["account_id", "campaign_id", "flagged_at"]
    )
    flagged = [r for r in rows.to_pylist() if r["flagged_at"] is not None]
    names = Counter(cohort.get(str(r["account_id"]), "unknown") for r in flagged)
    return len({r["campaign_id"] for r in flagged}), names


def main() -> None:
    args = arguments()
    outcomes = []
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        given = [f"--cohorts={args.cohorts}"] if args.cohorts else []
        if args.text is not None:
            splits.write_text(args.text, args.split, work / "text")
            given.append(f"--text={work / 'text'}")
        for number in range(args.first, args.first + args.worlds):
            world, out = work / "world", work / "scan"
            commands.simulate(
                world,
                f"--exchanges={args.exchanges}",
                f"--accounts={args.accounts}",
                "--adversaries=none",
                *splits.parameters(args.split, number).arguments(),
                *given,
            )
            seconds = commands.scan(world, out)
            count, cohorts = declared(world, out)
            outcomes.append({"world": number, "declared": count, "flagged": dict(cohorts)})
            print(
                f"world {number}: {count} declared {dict(cohorts)} in {seconds:.0f} s",
                file=sys.stderr,
                flush=True,
            )
            shutil.rmtree(world)
            shutil.rmtree(out)
    bad = rate(sum(o["declared"] > 0 for o in outcomes), len(outcomes))
    print(f"worlds with a declared campaign: {bad.hits} of {bad.total}")
    if bad.share is not None:
        print(f"share {bad.share:.3f}, exact 95 % bounds {bad.low:.3f} to {bad.high:.3f}")
    total: Counter[str] = Counter()
    for outcome in outcomes:
        total.update(outcome["flagged"])
    for name, count in total.most_common():
        print(f"flagged in {name}: {count}")
    if args.json:
        args.json.write_text(json.dumps(outcomes), encoding="utf-8")


if __name__ == "__main__":
    main()
