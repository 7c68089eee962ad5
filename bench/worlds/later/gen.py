"""Write one world: gen.py --out DIR --seed S --regime R --accounts N --exchanges M."""

import argparse
import time
from collections import Counter
from pathlib import Path

import actors
import crowds as g
import emit
import people as b
from text import Library, seeded
from world import World

DATA = Path(__file__).resolve().parents[4] / "shared/data/dev"
# cohort: builder, accounts in 9,000
COHORTS = {
    "writers": (b.writers, 320),
    "dev_cloud": (b.dev_cloud, 560),
    "app_single": (b.app_single, 120),
    "oss_agent": (b.oss_agent, 560),
    "eval_harness": (b.eval_harness, 200),
    "gateway": (b.gateway, 80),
    "code_audit": (b.code_audit, 100),
    "review_bot": (b.review_bot, 120),
    "overnight": (b.overnight, 120),
    "testdata": (b.testdata, 100),
    "red_team": (b.red_team, 100),
    "grey_student": (b.grey_student, 80),
    "licensed": (b.licensed, 80),
    "vpn_users": (b.vpn_users, 240),
    "returning": (b.returning, 200),
    "release_fans": (b.release_fans, 260),
    "hobby_bulk": (b.hobby_bulk, 160),
    "forum_prompt": (b.forum_prompt, 90),
    "classroom": (g.classroom, 420),
    "hackathon": (g.hackathon, 200),
    "launch": (g.launch, 260),
    "enterprise": (g.enterprise, 560),
    "localisation": (g.localisation, 150),
    "agency": (g.agency, 230),
    "family": (g.family, 340),
    "dorm": (g.dorm, 240),
    "phone_shop": (g.phone_shop, 130),
    "raters": (g.raters, 120),
}
RICH = {"classroom": 2.2, "eval_harness": 2.2, "agency": 2.2, "launch": 2.2, "hackathon": 1.6}


def build(seed, regime, accounts, exchanges):
    """Make the accounts and streams of a world."""
    world = World(seed, Library(DATA, seeded("texts", seed)), accounts)
    for name, (make, share) in COHORTS.items():
        make(world, world.count(share * (RICH.get(name, 1) if regime == "none" else 1)))
    if regime != "none":
        actors.campaigns(world, regime, accounts, exchanges)
    b.casual(world, max(accounts - len(world.accounts), accounts // 10))
    emit.scale(world, exchanges)
    return world


def lacking(seed):
    """Return which optional columns this seed's provider lacks; half lack none."""
    r = seeded("columns", seed)
    if r.random() < 0.5:
        return [], False
    return r.sample(emit.OPTIONAL + emit.OPTIONAL_ACCOUNT, r.choice((1, 2, 3))), True


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
    dropped, poor = lacking(o.seed)
    count = emit.write(world, emit.rows(world), o.out, dropped, poor)
    found = Counter((a.campaign, a.cohort) for a in world.accounts if a.campaign)
    print(f"{len(world.accounts)} accounts, {count} exchanges, lacking {dropped}")
    print(f"campaigns {[(k, n) for (_, k), n in found.items()]}, {time.time() - begin:.0f} s")


if __name__ == "__main__":
    main()
