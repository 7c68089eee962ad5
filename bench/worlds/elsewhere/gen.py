"""Write one synthetic world of model-provider traffic, innocent cohorts and campaigns included.

Usage: python gen.py --out DIR --seed S --regime ordinary|small|people|none
           --accounts N --exchanges M
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import groups
import machines
import people
from book import World
from campaign import make_campaigns
from emit import emit, set_volumes, write

COHORTS: dict[Callable[[World, int], None], float] = {
    people.casual: 26.0,
    people.office_workers: 10.0,
    people.cloud_developers: 7.0,
    people.vpn_users: 3.0,
    people.shared_cards: 3.0,
    people.internet_cafes: 2.0,
    people.launch_day: 4.0,
    people.early_adopters: 2.0,
    people.red_team: 0.8,
    people.students_with_sets: 0.7,
    groups.classrooms: 7.0,
    groups.enterprises: 8.0,
    groups.agencies: 2.0,
    groups.localisation_shops: 1.5,
    groups.gateways: 0.8,
    groups.hackathons: 3.0,
    groups.open_source_agents: 8.0,
    groups.licensed_distillers: 0.5,
    groups.prompt_packs: 2.0,
    machines.single_apps: 3.0,
    machines.eval_harnesses: 1.6,
    machines.review_bots: 1.5,
    machines.audit_fleets: 1.0,
    machines.night_jobs: 1.5,
    machines.test_data_makers: 1.0,
}
"""Makers of innocent cohorts and their usual share of accounts."""

RICH = (
    groups.classrooms,
    machines.eval_harnesses,
    groups.agencies,
    people.launch_day,
    groups.hackathons,
)
"""Cohorts that a world without campaigns has more of."""


def make(seed: int, regime: str, accounts: int, exchanges: int) -> World:
    """Make a world, up to the point where its streams may speak."""
    world = World(seed)
    shares = {
        maker: share
        * world.py.lognormvariate(0.0, 0.25)
        * (2.5 if regime == "none" and maker in RICH else 1)
        for maker, share in COHORTS.items()
    }
    total = sum(shares.values())
    for maker, share in shares.items():
        maker(world, max(2, round(accounts * share / total)))
    make_campaigns(world, regime, accounts)
    set_volumes(world, exchanges)
    return world


def main() -> None:
    """Read the command line, write the world and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--regime", choices=("ordinary", "small", "people", "none"), required=True)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--exchanges", type=int, default=250_000)
    args = parser.parse_args()
    world = make(args.seed, args.regime, args.accounts, args.exchanges)
    rows = emit(world)
    if (args.out / "exchanges").exists():
        shutil.rmtree(args.out / "exchanges")
    count = write(world, rows, args.out)
    attack = Counter(a.cohort for a in world.accounts if a.kind == "attack")
    print(
        f"{count} exchanges of {len(world.accounts)} accounts, {sum(attack.values())} in "
        f"{len(attack)} campaigns: {dict(attack)}"
    )


if __name__ == "__main__":
    main()
