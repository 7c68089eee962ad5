"""Write one synthetic world: exchanges, accounts, events and the truth about them.

Usage: python gen.py --out DIR --seed S --regime ordinary|small|people|none
       --accounts N --exchanges M [--corpora name,name,...] [--data FOLDER]
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import campaigns
import groups
import people
import sink
from clocks import HOUR
from world import World

COHORTS = {**people.COHORTS, **groups.COHORTS}
RICH = (
    "classroom",
    "course",
    "eval_harness",
    "agency",
    "launch_crowd",
    "agent_client",
    "review_bot",
)
"""Cohorts that worlds without campaigns have more of."""
ALWAYS = ("casual", "developer", "household")


def cohort_sizes(world: World, total: int) -> dict[str, int]:
    """Draw which cohorts a world has and how many accounts each."""
    drawn = {}
    for name, (share, _) in COHORTS.items():
        rich = world.regime == "none" and name in RICH
        if name in ALWAYS or rich or world.rnd.random() < 0.8:
            drawn[name] = share * world.rnd.lognormvariate(0, 0.4) * (2.2 if rich else 1)
    whole = sum(drawn.values())
    sizes = {name: int(total * part / whole) for name, part in drawn.items()}
    sizes["casual"] += total - sum(sizes.values())
    return sizes


def volumes(world: World) -> list[int]:
    """Return how many requests each account sends; together the number asked for."""
    attack = sum(a.fixed or 0 for a in world.accounts)
    ease = min(1.0, 0.3 * world.exchanges / attack) if attack else 1.0
    weights = [min(a.weight, 60.0) for a in world.accounts if a.fixed is None]
    scale = (world.exchanges - attack * ease) / sum(weights)
    counts = []
    for a in world.accounts:
        if a.fixed is None:
            exact = min(a.weight, 60.0) * scale
            counts.append(int(exact) + (world.rnd.random() < exact % 1))
        else:
            counts.append(a.fixed if a.fixed < 8 else max(3, round(a.fixed * ease)))
    return counts


def block_wrongly(world: World) -> None:
    """Let the provider have blocked a few innocent accounts for good."""
    for a in world.accounts:
        if a.kind == "benign" and a.until is None and world.rnd.random() < 0.004:
            since = max(world.start, a.created_at) + HOUR
            a.until, a.blocked = world.rnd.randrange(since, max(world.end, since + HOUR)), True


def generate(world: World, out: Path) -> dict[str, object]:
    """Make a world, write it and return its figures."""
    out.mkdir(parents=True, exist_ok=True)
    planned = campaigns.plan(world)
    attackers = sum(size for _, size in planned)
    for name, size in cohort_sizes(world, world.size - attackers).items():
        if size:
            COHORTS[name][1](world, size)
    campaigns.build(world, planned)
    block_wrongly(world)
    rows = sink.Sink(world)
    for account, count in zip(world.accounts, volumes(world), strict=True):
        if count and account.write is not None:
            rows.add(account, account.write(account, count))
    table = rows.table()
    sink.write_exchanges(world, table, out)
    sink.write_accounts(world, out)
    sink.write_events(world, out)
    return {
        "accounts": len(world.accounts),
        "exchanges": len(table),
        "attack_accounts": attackers,
        "harvest": sum(rows.columns["harvest"]),
        "absent": sorted(world.choices.absent),
        "campaigns": dict(Counter(a.campaign for a in world.accounts if a.campaign)),
        "cohorts": dict(Counter(a.cohort for a in world.accounts if a.kind != "attack")),
    }


def main() -> None:
    """Read the command line and write one world."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument(
        "--regime", choices=("ordinary", "small", "people", "none"), default="ordinary"
    )
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--exchanges", type=int, default=250_000)
    parser.add_argument("--corpora", type=lambda text: text.split(","))
    parser.add_argument(
        "--data", type=Path, default=Path(__file__).resolve().parents[4] / "shared/data/dev"
    )
    given = parser.parse_args()
    world = World(
        given.data, given.corpora, given.seed, given.regime, given.accounts, given.exchanges
    )
    print(json.dumps(generate(world, given.out), indent=1))


if __name__ == "__main__":
    main()
