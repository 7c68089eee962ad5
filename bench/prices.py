"""What requests cost in a simulated world, by cohort and campaign.

    python bench/prices.py --folder /tmp/prices [--seed 4101] [--accounts 6000] [--exchanges 120000]

Every benign account counts as cleared, which is what a scan that makes no mistake would leave.  Of
attackers only what was taken for training is counted.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from statistics import mean

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

import commands
from planted import commit
from replay import made_row
from stillwatch.stop.interface import Answer
from stillwatch.stop.serving import Core, Knowledge, LocalBuckets, Terms


def known(world: Path, truth: dict[str, dict]) -> Knowledge:
    """Return what a scan without mistakes would know."""
    names = [name for name, row in truth.items() if row["kind"] == "benign"]
    verdicts = {
        "account_id": names,
        "campaign_id": pa.nulls(len(names), pa.string()),
        "flagged_at": pa.nulls(len(names), pa.timestamp("us", "UTC")),
        "score": [0.0] * len(names),
    }
    accounts = pq.ParquetFile(world / "accounts.parquet").read()
    return Knowledge.of(verdicts=pa.table(verdicts), accounts=accounts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=4101)
    parser.add_argument("--accounts", type=int, default=6_000)
    parser.add_argument("--exchanges", type=int, default=120_000)
    args = parser.parse_args()
    world = args.folder / f"prices-{args.seed}"
    if not world.exists():
        size = f"--accounts={args.accounts}", f"--exchanges={args.exchanges}"
        commands.simulate(world, *size, "--days=7", f"--seed={args.seed}")
    rows = pq.ParquetFile(world / "truth_accounts.parquet").read().to_pylist()
    truth = {row["account_id"]: row for row in rows}
    taken = pq.ParquetFile(world / "truth_exchanges.parquet").read().filter(ds.field("harvest"))
    harvest = set(taken["exchange_id"].to_pylist())
    core = Core(Terms(), known(world, truth), accounts=1 << 14, segments=1 << 19)
    buckets, costs, limited = LocalBuckets(1 << 16), defaultdict(list), set()
    log = ds.dataset(world / "exchanges").to_table().sort_by("time")
    place = log.schema.get_field_index("time")
    for row in map(made_row, log.set_column(place, "time", log["time"].cast("int64")).to_pylist()):
        weighed = core.weigh(row.request)
        charged = buckets.charge(weighed.charges, row.time)
        decision = core.conclude(weighed, charged)
        core.answered(decision, Answer(row.time, 200, -1, row.output, -1, "", ""))
        who = truth[row.account]
        if who["kind"] != "attack" or row.request.request_id in harvest:
            costs[who["cohort"]].append(decision.cost / 1000)
        if who["kind"] != "attack" and not all(one.allowed for one in charged):
            limited.add((who["cohort"], row.account))
    print(f"commit {commit()}\n\n| who | units a request | requests |\n|---|--:|--:|")
    for name, each in sorted(costs.items(), key=lambda one: mean(one[1])):
        print(f"| {name} | {mean(each):.2f} | {len(each):,} |")
    print(f"\nbenign accounts at a limit: {sorted(limited)}")


if __name__ == "__main__":
    main()
