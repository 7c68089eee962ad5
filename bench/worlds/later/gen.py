"""Write one world: gen.py --out DIR --seed S --regime R --accounts N --exchanges M."""

import argparse
import random
import time
from collections import Counter
from pathlib import Path

import actors
import crowds as g
import emit
import people as b
from text import Library
from world import World

DATA = Path(__file__).resolve().parents[4] / "shared/data/dev"
# each cohort, and its accounts in 9,000
_SHARES = "dev_cloud 560 app_single 120 oss_agent 560 eval_harness 200 gateway 80 code_audit 100 review_bot 120 overnight 120 testdata 100 red_team 100 grey_student 80 licensed 80 vpn_users 240 returning 200 release_fans 260 classroom 420 hackathon 200 launch 260 enterprise 560 localisation 150 agency 230 family 340 dorm 240 phone_shop 130".split()
SHARES = dict(zip(_SHARES[::2], map(int, _SHARES[1::2])))
RICH = {"classroom": 2.2, "eval_harness": 2.2, "agency": 2.2, "launch": 2.2, "hackathon": 1.6}


def build(seed, regime, accounts, exchanges):
    """Make the accounts and streams of a world."""
    world = World(seed, Library(DATA, random.Random(f"texts {seed}")), accounts)
    for name, share in SHARES.items():
        make = getattr(b, name, None) or getattr(g, name)
        make(world, world.count(share * (RICH.get(name, 1) if regime == "none" else 1)))
    if regime != "none":
        actors.campaigns(world, regime, accounts, exchanges)
    b.casual(world, max(accounts - len(world.accounts), accounts // 10))
    emit.scale(world, exchanges)
    return world


def main():
    """Read the command line."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", type=int, required=True)
    p.add_argument("--regime", choices=("ordinary", "small", "people", "none"), default="ordinary")
    p.add_argument("--accounts", type=int, default=9000)
    p.add_argument("--exchanges", type=int, default=220_000)
    o = p.parse_args()
    begin = time.time()
    world = build(o.seed, o.regime, o.accounts, o.exchanges)
    luck = random.Random(f"lacks {o.seed}")  # half of the providers log everything
    poor, optional = luck.random() < 0.5, emit.OPTIONAL + emit.OPTIONAL_ACCOUNT
    dropped = luck.sample(optional, luck.choice((1, 2, 3))) if poor else []
    count = emit.write(world, o.out, dropped, poor)
    found = Counter((a.campaign, a.cohort) for a in world.accounts if a.campaign)
    print(f"{len(world.accounts)} accounts, {count} exchanges, lacking {dropped}")
    print(f"campaigns {[(k, n) for (_, k), n in found.items()]}, {time.time() - begin:.0f} s")


if __name__ == "__main__":
    main()
