"""Write one world: python gen.py --out DIR --seed S --regime ordinary|small|people|none."""

import argparse
import functools
import time
from pathlib import Path

import crowd
import emit
import foes
import tools
from bank import Bank
from world import World

DATA = Path(__file__).resolve().parents[4] / "shared/data/dev"
PEOPLE = {
    "returning": (3, crowd.returning),
    "privacy_vpn": (2.5, crowd.privacy),
    "dev_cloud": (5, crowd.dev_cloud),
    "red_team": (1.2, crowd.red_team),
    "copyists": (1.2, crowd.copyists),
    "lone_student": (0.3, crowd.lone_student),
    "classroom": (4, crowd.lessons),
    "hackathon": (2.5, crowd.hackathon),
    "launch": (2.5, functools.partial(crowd.rush, name="launch")),
    "release_rush": (3.5, functools.partial(crowd.rush, name="release_rush")),
}
TEAM_SHARE = {"family": 3, "agency": 2.5, "localisation": 1.8, "enterprise": 5, "phone_shop": 1.2, "raters": 1.2, "gift_cards": 1.2, "franchise": 1.3, "student_club": 2}  # fmt: skip
RICH = {"classroom": 2.5, "eval_stranger": 2.5, "agency": 2.5, "launch": 2.5, "release_rush": 1.5, "hackathon": 2, "review_bot": 1.5, "oss_agent": 1.5}  # fmt: skip


def cohorts():
    """Every innocent cohort with its usual share in percent and its maker."""
    found = dict(PEOPLE)
    for name, share in TEAM_SHARE.items():
        found[name] = (share, functools.partial(crowd.team, name=name))
    for name, spec in tools.SPECS.items():
        found[name] = (spec[0], functools.partial(tools.run, name=name))
    return found


def build(seed, regime, n, m):
    """Make campaigns, then the innocent, then set how much each of them sends."""
    asns = [
        int(x.split()[0].removeprefix("AS"))
        for x in (DATA / "reference/datacenter_asn.txt").read_text().splitlines()
        if x.split() and x.split()[0].removeprefix("AS").isdigit()
    ]
    w = World(seed, lambda r: Bank(DATA, r), asns)
    plans = foes.muster(w, regime, n, m) if regime != "none" else []
    bad = len(w.accounts)
    wraps = [p.wrap for p in plans]
    found = cohorts()
    rich = RICH if regime == "none" else {}
    shares = {k: v[0] * rich.get(k, 1) * w.r.uniform(0.75, 1.3) for k, v in found.items()}
    whole = sum(shares.values()) / w.r.uniform(0.7, 0.8)
    for name, (_, make) in found.items():
        want = max(1, round(shares[name] / whole * (n - bad)))
        if name == "copyists":
            make(w, want, wraps)
        else:
            make(w, want)
    crowd.casual(w, max(n // 8, n - len(w.accounts)))
    emit.weigh(w, m)
    return w


def main():
    """Read the command line."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", type=int, required=True)
    p.add_argument("--regime", choices=["ordinary", "small", "people", "none"], default="ordinary")
    p.add_argument("--accounts", type=int, default=9000)
    p.add_argument("--exchanges", type=int, default=220_000)
    o = p.parse_args()
    begin = time.time()
    w = build(o.seed, o.regime, o.accounts, o.exchanges)
    rows = emit.write(w, o.seed, o.out)
    bad = [a for a in w.accounts if a.kind == "attack"]
    print(
        f"{len(w.accounts)} accounts ({len(bad)} attack, {len({a.campaign for a in bad})} campaigns), {rows} exchanges, {time.time() - begin:.0f} s"
    )


if __name__ == "__main__":
    main()
