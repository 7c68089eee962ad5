"""A world of customers all over the globe: writes a simulated exchange log with its truth."""

import argparse
import tomllib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from campaigns import launch, sizes
from cohorts import populate
from core import Rand, World
from texts import HERE, TABLES

ROW, ACCOUNT, SPARE = (TABLES[k][0].split() for k in ("row", "account", "spare"))
TYPES = {name: x.split()[0] for x in TABLES["types"] for name in x.split()[1:]}


def save(path, data):
    """A table of columns, each of its own type."""
    stamp = pa.timestamp("us", tz="UTC")
    kinds = {k: TYPES.get(k, "string") for k in data}
    kinds = {k: stamp if v == "timestamp" else getattr(pa, v)() for k, v in kinds.items()}
    pq.write_table(pa.table({k: pa.array(v, kinds[k]) for k, v in data.items()}), path)


def write(w, out, seed):
    """The five tables; for half of the seeds some optional columns are missing altogether."""
    r, d = w.r, Rand(f"abroad/columns/{seed}")
    drop = d.sample(SPARE, d.randint(1, 3)) if d.random() < 0.5 else []
    r.shuffle(w.accounts)
    for a in w.accounts:
        a.account_id = "acct_" + r.hexes(16)
        a.created_at = int(a.created) * 1_000_000 + r.randrange(1_000_000)
    rows = sorted(w.rows, key=lambda x: x[0])
    table = dict(zip(ROW, map(list, zip(*rows))))
    table["time"] = [int(t * 1e6) for t in table["time"]]
    table["account_id"] = [a.account_id for a in table["account_id"]]
    ids = {"exchange_id": ["req_" + r.hexes(20) for _ in rows]}
    (out / "exchanges").mkdir(parents=True)
    save(out / "truth_exchanges.parquet", ids | {"harvest": table.pop("harvest")})
    table = {"time": table.pop("time")} | ids | table
    save(out / "exchanges/part-0.parquet", {k: v for k, v in table.items() if k not in drop})
    accounts = sorted(w.accounts, key=lambda a: a.account_id)
    for name, columns in (
        ("accounts", [k for k in ACCOUNT if k not in drop]),
        ("truth_accounts", ["account_id", "cohort", "campaign", "kind", "language"]),
    ):
        data = {k: [getattr(a, k) for a in accounts] for k in columns}
        save(out / f"{name}.parquet", data)
    times, kinds, models = zip(*sorted(w.events))
    events = {"time": [int(t * 1e6) for t in times], "type": kinds, "model": models}
    save(out / "provider_events.parquet", events)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--regime", choices=("ordinary", "small", "people", "none"), default="ordinary")
    p.add_argument("--accounts", type=int, default=9000)
    p.add_argument("--exchanges", type=int, default=220000)
    args = p.parse_args()
    w = World(args.seed, args.regime, args.accounts, args.exchanges)
    w.specs, w.plans = (
        tomllib.loads((HERE / f"{k}.toml").read_text("utf-8")) for k in ("cohorts", "campaigns")
    )
    plan = sizes(w)
    populate(w, args.accounts - sum(plan))
    launch(w, plan)
    w.settle()
    w.play()
    write(w, args.out, args.seed)


if __name__ == "__main__":
    main()
