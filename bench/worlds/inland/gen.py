"""Write one world: python gen.py --out DIR --seed S --regime ordinary|small|people|none --accounts N --exchanges M."""

import argparse
import time
from collections import Counter
from pathlib import Path

import actors
import crowds
import emit
from base import World
from talk import Texts

DATA = Path(__file__).resolve().parents[4] / "shared/data/dev"
RICH = {
    "classroom": 2.5,
    "course": 2,
    "launch_day": 2.5,
    "hackathon": 2,
    "eval_harness": 2.5,
    "agency": 2.5,
}


def build(seed, regime, n):
    """Make the accounts and streams of a world."""
    w = World(seed, Texts(DATA, seed), len(regime))
    share = {k: v["share"] * w.py.uniform(0.75, 1.4) for k, v in crowds.COHORTS.items()}
    if regime == "none":
        share = {k: v * RICH.get(k, 1) for k, v in share.items()}
    total = sum(share.values())
    for name in crowds.COHORTS:
        if name != "casual":
            crowds.make(w, name, max(2, round(share[name] / total * n * 0.97)))
    if regime != "none":
        actors.campaigns(w, regime, n)
    crowds.make(w, "casual", max(n - len(w.accounts), n // 12))
    return w


def main():
    """Read the command line, write the world and say what it holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--regime", choices=("ordinary", "small", "people", "none"), default="ordinary"
    )
    parser.add_argument("--accounts", type=int, default=9000)
    parser.add_argument("--exchanges", type=int, default=220_000)
    args = parser.parse_args()
    begin = time.perf_counter()
    w = build(args.seed, args.regime, args.accounts)
    emit.volumes(w, args.exchanges)
    made = emit.rows(w)
    emit.write(w, made, args.out)
    sizes = Counter(a.campaign for a in w.accounts if a.campaign)
    harvest = sum(r[-1] for r in made)
    print(
        f"{len(w.accounts)} accounts, {len(made)} exchanges, {harvest} harvest, {time.perf_counter() - begin:.0f} s"
    )
    print(dict(sizes))


if __name__ == "__main__":
    main()
