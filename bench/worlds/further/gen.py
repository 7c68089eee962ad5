"""Write one world: python gen.py --out DIR --seed S --regime ordinary|small|people|none --accounts N --exchanges M."""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from pathlib import Path

import crowds as c
import firms as f
import machines as m
import numpy as np
import solo as s
from base import DAY, World
from campaigns import campaigns
from clients import Shop
from corpus import Bank
from emit import gaps, rows_of, scale_volumes, write
from net import Net

DATA = Path(__file__).resolve().parents[4] / "shared/data/dev"
# cohort: its builder and its share of accounts in percent, before casual people fill the rest
COHORTS = {
    "role_players": (s.role_players, 1.6),
    "crammers": (s.crammers, 1.8),
    "developers": (s.developers, 4),
    "products": (m.products, 1.1),
    "tool_users": (s.tool_users, 5),
    "harnesses": (m.harnesses, 2),
    "gateways": (m.gateways, 0.8),
    "review_bots": (m.review_bots, 1.5),
    "code_audits": (m.code_audits, 1),
    "overnight": (m.overnight, 1.2),
    "test_data": (m.test_data, 1.1),
    "grey_students": (s.grey_students, 0.8),
    "red_teams": (s.red_teams, 1),
    "vpn_users": (s.vpn_users, 2.2),
    "shared_logins": (s.shared_logins, 1),
    "voucher_buyers": (s.voucher_buyers, 1.2),
    "freelance_linguists": (s.freelance_linguists, 1),
    "second_devices": (s.second_devices, 1),
    "classrooms": (c.classrooms, 4.5),
    "hackathons": (c.hackathons, 2.2),
    "launches": (c.launches, 2.8),
    "newsletters": (c.newsletters, 2.6),
    "release_fans": (c.release_fans, 1.4),
    "agencies": (f.agencies, 2.8),
    "households": (c.households, 3.2),
    "enterprises": (f.enterprises, 4.5),
    "localisers": (f.localisers, 1.4),
    "phone_shops": (c.phone_shops, 1.6),
    "shared_lines": (c.shared_lines, 2.2),
    "call_centres": (f.call_centres, 1.3),
    "raters": (f.raters, 1.1),
    "contests": (c.contests, 1.5),
    "licensed": (f.licensed, 0.9),
    "migrated": (f.migrated, 1.1),
    "laboratories": (f.laboratories, 0.9),
    "borrowers": (c.borrowers, 0.9),
}
RICH = {
    "classrooms": 2.3,
    "harnesses": 2.3,
    "agencies": 2.3,
    "launches": 2.3,
    "hackathons": 1.8,
    "contests": 1.6,
}
FAMILIES = ("heron", "basalt", "juniper", "meridian")


def start(seed: int, regime: str, accounts: int, exchanges: int) -> World:
    """Return an empty world with its models, texts, networks and clients."""
    py, rng = random.Random(f"further {seed} {regime}"), np.random.default_rng([seed, len(regime)])
    w = World(seed, py, rng)
    family, major = py.choice(FAMILIES), py.randint(2, 6)
    w.models = tuple(f"{family}-{major}-{x}" for x in ("swift", "core", "grand"))
    w.new_model = f"{family}-{major + 1}-grand"
    w.release = py.uniform(7, 21) * DAY
    w.scale = exchanges / accounts / 24.0
    w.bank, w.net, w.shop = Bank(py, DATA), Net(py, rng), Shop(w)
    lists = DATA / "reference"
    throw = (lists / "disposable_email_domains.txt").read_text().split()
    w.throwaway = py.sample(throw, 60)
    w.schools = [
        f"{w.code(4)}.{py.choice(('edu', 'ac.uk', 'edu.in', 'edu.mx', 'ac.jp', 'uni.de'))}"
        for _ in range(60)
    ]
    return w


def build(w: World, regime: str, accounts: int, exchanges: int) -> None:
    """Make the campaigns and the innocent around them."""
    py = w.py
    bad = campaigns(w, regime, accounts) if regime != "none" else 0
    counts = {}
    for name, (_, percent) in COHORTS.items():
        rich = RICH.get(name, 1.0) if regime == "none" else 1.0
        counts[name] = percent / 100 * accounts * rich * py.uniform(0.85, 1.45)
    fit = min(1.0, (0.8 * accounts - bad) / sum(counts.values()))
    for name, (make, _) in COHORTS.items():
        make(w, max(4, round(accounts / 145), round(counts[name] * fit)))
    s.casual(w, accounts - len(w.accounts))
    w.accounts.sort(key=lambda a: a.account_id)
    if bad > 0.075 * accounts:
        raise RuntimeError("campaigns took more accounts than a world allows")
    scale_volumes(w, exchanges)


def main() -> None:
    """Read the command line and write a world."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", type=int, required=True)
    p.add_argument("--regime", choices=["ordinary", "small", "people", "none"], default="ordinary")
    p.add_argument("--accounts", type=int, default=9_000)
    p.add_argument("--exchanges", type=int, default=220_000)
    o = p.parse_args()
    begin = time.time()
    w = start(o.seed, o.regime, o.accounts, o.exchanges)
    build(w, o.regime, o.accounts, o.exchanges)
    rows = rows_of(w)
    write(w, rows, o.out)
    bad = Counter(a.campaign for a in w.accounts if a.campaign)
    lacking = ", ".join(gaps(o.seed)) or "nothing"
    print(
        f"{len(w.accounts)} accounts ({sum(bad.values())} attack, {len(bad)} campaigns), {len(rows['time'])} exchanges "
        f"({sum(rows['harvest'])} harvest), lacks {lacking}, {time.time() - begin:.0f} s"
    )


if __name__ == "__main__":
    main()
