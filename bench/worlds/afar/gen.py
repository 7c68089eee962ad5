"""Write one world: python gen.py --out DIR --seed S --regime ordinary|small|people|none --accounts N --exchanges M."""

import argparse
import random
import time
from pathlib import Path

import attack
import emit
import firms
from core import World
from folk import FOLK
from texts import Book

RICH = ("classroom", "harness", "agency", "launch", "hackathon", "franchise", "labelling")


def shares(py, regime):
    """Draw each cohort's share of the accounts; a seed may lack a few."""
    found = {k: v[1] for k, v in (*FOLK.items(), *firms.FIRMS.items())}
    keep = ("casual", "drifters", *(RICH if regime == "none" else ()))
    absent = py.sample([k for k in found if k not in keep], py.randint(0, 4))
    for k in found:
        found[k] *= py.uniform(0.75, 1.6) * (2.2 if regime == "none" and k in RICH else 1)
        found[k] *= k not in absent
    return found


def settle(world, name, want):
    """Add organisations of one kind until they hold about the wanted accounts."""
    firm, py, held = firms.FIRMS[name][0], world.py, 0
    low, high = firm.size
    while held < want:
        n = round(low * (high / low) ** (py.random() ** 1.3))
        n = min(n, max(low, want - held))
        firms.build(world, firm, n, name)
        held += n


def build(seed, regime, n, m):
    """Make a world of n accounts and about m exchanges."""
    own = seed * 4 + ("ordinary", "small", "people", "none").index(regime)
    world = World(own, Book(own * 23 + 9))
    py = random.Random(own * 101)
    scale = m / n / 24.4
    actors = attack.campaigns(world, regime, n, scale) if regime != "none" else []
    if actors:
        attack.borrowed(world, max(6, n // 130), actors)
    room = n - len(world.accounts)
    found = shares(py, regime)
    total = sum(found.values())
    for name, part in found.items():
        want = round(part / total * room)
        if name in firms.FIRMS and want:
            settle(world, name, want)
        elif name not in ("casual", "drifters") and want:
            FOLK[name][0](world, name, want)
    left = max(n - len(world.accounts), n // 12)
    FOLK["drifters"][0](world, "drifters", left // 4)
    FOLK["casual"][0](world, "casual", left - left // 4)
    emit.set_volumes(world, m)
    return world


def main():
    """Read the command line."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", type=int, required=True)
    p.add_argument("--regime", choices=["ordinary", "small", "people", "none"], default="ordinary")
    p.add_argument("--accounts", type=int, default=9_000)
    p.add_argument("--exchanges", type=int, default=220_000)
    o = p.parse_args()
    begin = time.time()
    world = build(o.seed, o.regime, o.accounts, o.exchanges)
    sent, harvest = emit.write(world, o.seed, o.out)
    bad = [a.campaign for a in world.accounts if a.campaign]
    print(f"{len(world.accounts)} accounts ({len(bad)} in {len(set(bad))} campaigns)", end=", ")
    print(f"{sent} exchanges, {harvest} harvest, {time.time() - begin:.0f} s")


if __name__ == "__main__":
    main()
