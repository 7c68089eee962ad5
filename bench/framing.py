"""Framing: does whoever copies an innocent's words, network and client have the innocent flagged?

    python bench/framing.py --folder /tmp/framing --rounds 20

A campaign that the scan finds (lock step, shared cards) copies, for each of its accounts, traits of
one targeted innocent: *text*, the target's own prompts sent again within hours of the target;
*block*, other addresses of the target's blocks, with their network; *client*, the target's program
and TLS fingerprint.  Every pair of traits and all three are tried.  Prints the share of the
targets that are flagged with its exact two-sided 95 % bounds, beside the share of the same targets
that are flagged when nobody copies them.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from planted import Host, commit
from stillwatch.worlds.evaluation.bounds import rate
from stillwatch.worlds.exercise import Exercise

COPIED = {
    "nothing": (),
    "text and block": ("text", "block"),
    "text and client": ("text", "client"),
    "block and client": ("block", "client"),
    "text, block and client": ("text", "block", "client"),
}
HOUR = 3_600_000_000
CLIENT = ("user_agent", "tls_fingerprint")
TEXT = ("prompt", "system_prompt", "input_tokens")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the world is made")
    parser.add_argument("--host-accounts", type=int, default=3_000)
    parser.add_argument("--host-exchanges", type=int, default=75_000)
    parser.add_argument("--framers", type=int, default=500, help="accounts of the framer")
    parser.add_argument("--volume", type=int, default=12, help="exchanges of each")
    parser.add_argument("--targets", type=int, default=50, help="innocents a round")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--adversary", default="lock-step")
    parser.add_argument("--share", type=float, default=0.5, help="of its exchanges that are copies")
    parser.add_argument("--step", type=int, default=6, help="hours between looks")
    parser.add_argument("--seed", type=int, default=7_101)
    parser.add_argument("--json", type=Path, help="file for every figure")
    return parser.parse_args()


def rows_of(host: Host, targets: list[object]) -> dict[object, np.ndarray]:
    """Return the rows of each target in the host's log."""
    ids = host.exchanges["account_id"].combine_chunks()
    place = np.asarray(
        pa.compute.index_in(ids, value_set=pa.array(targets, ids.type)).fill_null(-1)
    )
    return {target: np.flatnonzero(place == k) for k, target in enumerate(targets)}


def neighbour(address: str, number: int) -> str:
    """Return another address of the same /24 or /64."""
    if ":" in address:
        return ":".join([*address.split(":")[:4], "", f"{number % 65_000 + 1:x}"])
    return ".".join([*address.split(".")[:3], str(number % 254 + 1)])


def framed(
    host: Host,
    made: Exercise,
    targets: list[object],
    traits: tuple[str, ...],
    *,
    share: float,
    seed: int,
) -> Exercise:
    """Return the campaign with traits of the targets in a share of its exchanges."""
    if not traits:
        return made
    rng = np.random.default_rng(seed)
    log = {n: made.exchanges[n].to_pylist() for n in made.exchanges.schema.names}
    theirs = {n: host.exchanges[n].to_pylist() for n in log if n in host.exchanges.schema.names}
    held = rows_of(host, targets)
    framers = sorted(set(log["account_id"]), key=str)
    target_of = {account: targets[k % len(targets)] for k, account in enumerate(framers)}
    last = host.last
    for row, account in enumerate(log["account_id"]):
        source = held[target_of[account]]
        if source.size == 0:
            continue
        pick = int(source[rng.integers(source.size)])
        if "text" in traits and rng.random() < share:
            for name in TEXT:
                log[name][row] = theirs[name][pick]
            moved = theirs["time"][pick].timestamp() * 1e6 + rng.integers(1, 6) * HOUR
            log["time"][row] = min(type(last).fromtimestamp(moved / 1e6, last.tzinfo), last)
        if "block" in traits:
            address = theirs["ip"][pick]
            if address is not None:
                log["ip"][row] = neighbour(address, int(rng.integers(1 << 16)))
                log["asn"][row] = theirs["asn"][pick]
        if "client" in traits:
            for name in CLIENT:
                log[name][row] = theirs[name][pick]
    table = pa.table(log, schema=made.exchanges.schema).sort_by("time")
    return Exercise(table, made.accounts)


def main() -> None:
    args = arguments()
    args.folder.mkdir(parents=True, exist_ok=True)
    counts = {name: [0, 0, 0, 0] for name in COPIED}
    rows = []
    for turn in range(args.rounds):
        seed = args.seed + turn
        host = Host.make(
            args.folder, accounts=args.host_accounts, exchanges=args.host_exchanges, seed=seed
        )
        rng = np.random.default_rng(seed)
        ids = sorted(set(host.exchanges["account_id"].to_pylist()), key=str)
        targets = [ids[k] for k in rng.choice(len(ids), args.targets, replace=False)]
        made = host.campaign(args.adversary, args.framers, args.volume, seed)
        own = set(made.exchanges["account_id"].to_pylist())
        for name, traits in COPIED.items():
            began = time.perf_counter()
            campaign = framed(host, made, targets, traits, share=args.share, seed=seed)
            result = host.scanned(campaign, args.step)
            flagged = {v.account_id for v in result.verdicts if v.flagged_at is not None}
            hit, many = len(flagged & {*targets}), len(targets)
            found = len(flagged & own)
            for k, value in enumerate((hit, many, found, len(own))):
                counts[name][k] += value
            beside = len(flagged - own - {*targets})
            rows.append(
                {
                    "round": turn,
                    "copied": name,
                    "targets": many,
                    "flagged": hit,
                    "framers": len(own),
                    "framers_flagged": found,
                    "others_flagged": beside,
                    "seconds": time.perf_counter() - began,
                }
            )
            print(rows[-1], flush=True)
            if args.json:
                args.json.write_text(json.dumps(rows), encoding="utf-8")
    print(
        f"\n{args.framers} framing accounts of {args.adversary}, {args.targets} targets a round, "
        f"{args.rounds} rounds, commit {commit()}\n"
    )
    print("| copied | targets flagged | 95 % bounds | framers flagged |\n|---|---|---|---|")
    for name, (hit, many, found, own) in counts.items():
        bound = rate(hit, many)
        bounds = f"{bound.low:.4f} to {bound.high:.4f}"
        print(f"| {name} | {hit} of {many:,} | {bounds} | {found / own:.2f} |")


if __name__ == "__main__":
    main()
