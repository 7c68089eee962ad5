"""Writes one world that shares nothing with ``stillwatch simulate``; see README.md.

python bench/apart/gen.py --out DIR --seed 1 --regime ordinary
"""

from __future__ import annotations

import argparse
import itertools
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import cohorts
import groups
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from campaigns import Plan, campaigns
from corpora import pools
from world import World

STAMP = pa.timestamp("us", tz="UTC")
TEXT = pa.string()
EXCHANGE = {
    "time": STAMP, "exchange_id": TEXT, "account_id": TEXT, "conversation_id": TEXT,
    "model": TEXT, "prompt": TEXT, "system_prompt": TEXT, "input_tokens": pa.int64(),
    "output_tokens": pa.int64(), "max_tokens": pa.int64(), "temperature": pa.float64(),
    "ip": TEXT, "asn": pa.int64(), "user_agent": TEXT, "tls_fingerprint": TEXT,
    "end_user_id": TEXT,
}  # fmt: skip
ACCOUNT = {
    "account_id": TEXT, "created_at": STAMP, "organization_id": TEXT, "email_domain": TEXT,
    "payment_fingerprint": TEXT, "phone_hash": TEXT, "device_fingerprint": TEXT, "plan": TEXT,
    "declared_purpose": TEXT, "verification_level": TEXT, "licensed": pa.bool_(),
}  # fmt: skip
# Columns that a world may lack, the weaker ones more often; a value may be missing anywhere else.
ABSENT = ("tls_fingerprint", "phone_hash", "temperature", "device_fingerprint", "asn", "max_tokens")
ABSENT += ("declared_purpose", "conversation_id", "organization_id", "user_agent", "end_user_id")
ABSENT += ("payment_fingerprint", "verification_level", "output_tokens", "input_tokens")
CORPORA = Path(__file__).resolve().parents[3] / "shared/data/dev"  # beside the repository
WHOLE = {"time", "exchange_id", "account_id", "model", "prompt", "licensed", "system_prompt"}


def main() -> None:
    """Reads the command line and writes a world."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--accounts", type=int, default=12_000)
    parser.add_argument("--exchanges", type=int, default=300_000)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--regime", choices=("ordinary", "small", "people"), default="ordinary")
    parser.add_argument("--prevalence", type=float, default=0.03)
    parser.add_argument("--split", choices=("a", "b"), default="a")
    parser.add_argument("--no-attack", action="store_true")
    parser.add_argument("--corpora", type=Path, default=CORPORA)
    args = parser.parse_args()
    start = time.perf_counter()
    rng = Random(f"{args.seed}/{args.regime}/{args.split}")
    day = date(2026, 1, 1) + timedelta(days=rng.randrange(300))
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    world = World(rng, begin, args.days, pools(args.corpora, args.split))
    total = 0 if args.no_attack else round(args.prevalence * args.accounts)
    plans = populate(world, args.accounts, total, args.regime)
    world.share_out(args.exchanges)
    for account in world.accounts:
        world.play(account)
    write(world, args.out, args.seed)
    report(world, plans)
    print(f"{args.out}: {time.perf_counter() - start:.0f} s")


def populate(world: World, accounts: int, attack: int, regime: str) -> list[Plan]:
    """Fills a world with the innocent, the campaigns, and casual people for the rest."""
    r, scale = world.rng, accounts / 12_000
    for make, (least, most) in {**cohorts.ALONE, **groups.TOGETHER}.items():
        make(world, max(2, round(r.randint(least, most) * scale)))
    plans = campaigns(world, attack, regime) if attack else []
    cohorts.casual(world, max(0, accounts - len(world.accounts)))
    return strangers(world, plans)


def strangers(world: World, plans: list[Plan]) -> list[Plan]:
    """Numbers and devices that pass from one stranger to another: the noise of every table."""
    r = world.rng
    for attribute in ("phone", "device", "pay"):
        held = [a for a in world.accounts if getattr(a, attribute)]
        for _ in range(len(held) // 200):
            one, two = r.sample(held, 2)
            setattr(one, attribute, getattr(two, attribute))
    r.shuffle(world.accounts)
    return plans


def column(world: World, values: list, kind: pa.DataType, rate: float) -> pa.Array:
    """A column with some values lost."""
    seed = world.rng.getrandbits(32)
    lost = np.random.default_rng(seed).random(len(values)) < rate
    return pa.array(values, kind, mask=lost | np.array([v is None for v in values]))


def table(world: World, schema: dict, columns: list[list], absent: set[str]) -> pa.Table:
    """A table without its absent columns."""
    made = {}
    for (name, kind), values in zip(schema.items(), columns, strict=True):
        rate = 0.0 if name in WHOLE else world.rng.uniform(0, 0.06)
        if name not in absent:
            made[name] = column(world, values, kind, rate)
    return pa.table(made)


def write(world: World, out: Path, seed: int) -> None:
    """Writes the files of a world."""
    out.mkdir(parents=True, exist_ok=True)
    absent = set(Random(f"absent {seed}").sample(ABSENT, 2))
    absent |= {ABSENT[seed % 4]}
    world.rows.sort()
    columns = [list(c) for c in zip(*world.rows, strict=True)]
    harvest = columns.pop()
    table_all = table(world, EXCHANGE, columns, absent)
    days = np.array(columns[0]) // 86_400_000_000
    edges = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
    for low, high in itertools.pairwise(edges):
        stamp = date(1970, 1, 1) + timedelta(days=int(days[low]))
        folder = out / "exchanges" / f"day={stamp.isoformat()}"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(table_all.slice(low, high - low), folder / "part-0.parquet")
    truth = pa.table({"exchange_id": columns[1], "harvest": pa.array(harvest, pa.bool_())})
    pq.write_table(truth, out / "truth_exchanges.parquet")
    write_accounts(world, out, absent)
    events = [(int(t * 1e6), "model_release", model) for t, model in sorted(world.releases)]
    named = dict(zip(("time", "type", "model"), map(list, zip(*events, strict=True)), strict=True))
    schema = pa.schema({"time": STAMP, "type": TEXT, "model": TEXT})
    pq.write_table(pa.table(named, schema=schema), out / "provider_events.parquet")


def write_accounts(world: World, out: Path, absent: set[str]) -> None:
    """Writes the account table and the truth about it."""
    r = world.rng
    rows = [
        (
            a.id, int(a.created * 1e6) + r.randrange(10**6), a.org, a.domain, a.pay, a.phone,
            a.device, a.plan, a.purpose, a.verified, a.licensed,
        )
        for a in world.accounts
    ]  # fmt: skip
    columns = [list(c) for c in zip(*rows, strict=True)]
    pq.write_table(table(world, ACCOUNT, columns, absent), out / "accounts.parquet")
    truth = pa.table({
        "account_id": pa.array([a.id for a in world.accounts], TEXT),
        "cohort": pa.array([a.cohort for a in world.accounts], TEXT),
        "campaign": pa.array([a.campaign for a in world.accounts], TEXT),
        "kind": pa.array([a.kind for a in world.accounts], TEXT),
    })  # fmt: skip
    pq.write_table(truth, out / "truth_accounts.parquet")


def report(world: World, plans: list[Plan]) -> None:
    """Prints what the world holds."""
    print(", ".join(f"{k} {v}" for k, v in sorted(world.size.items())))
    for p in plans:
        words = "free" if p.free else f"{p.wordings} wordings"
        leaks = "+".join(sorted(p.leaks))
        print(f"  {p.name} {p.technique:20} {p.size:4} {p.kind}/{p.place} {words} {leaks}")
    print(f"{len(world.accounts)} accounts, {len(world.rows)} exchanges")


if __name__ == "__main__":
    main()
