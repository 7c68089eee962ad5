"""What an adversary who has read the source can do: how small and how quiet is unseen.

    python bench/limits.py --folder /tmp/limits --json limits.json

Each adversary of the simulator is put, alone, into a benign world, at each size (accounts) and each
volume (exchanges an account).  Prints for each the share of its accounts that are flagged and of
its exchanges that leaked before, and what it needed: accounts, distinct payment values and phones,
list price of its tokens.  One draw a cell: differences between neighbouring cells are noise.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from planted import Host, commit
from stillwatch.report.assumptions import read_assumptions
from stillwatch.worlds.simulation.adversaries import ADVERSARIES

if TYPE_CHECKING:
    from stillwatch.records import ScanResult
    from stillwatch.report.assumptions import Assumptions
    from stillwatch.worlds.exercise import Exercise


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the world is made")
    parser.add_argument("--host-accounts", type=int, default=3_000)
    parser.add_argument("--host-exchanges", type=int, default=75_000)
    parser.add_argument("--sizes", default="10,40,160")
    parser.add_argument("--volumes", default="4,16,64")
    parser.add_argument("--adversaries", help="comma-separated; default all in every world")
    parser.add_argument("--step", type=int, default=6, help="hours between looks")
    parser.add_argument("--seed", type=int, default=7_001)
    parser.add_argument("--json", type=Path, help="file for every figure")
    return parser.parse_args()


def outcome(result: ScanResult, made: Exercise) -> dict[str, float]:
    """Return how much of the campaign was flagged, and how much leaked."""
    ids = made.exchanges["account_id"].to_pylist()
    own = set(ids)
    at = {v.account_id: v.flagged_at for v in result.verdicts if v.flagged_at is not None}
    pairs = zip(ids, made.exchanges["time"].to_pylist(), strict=True)
    leaked = sum(i not in at or t < at[i] for i, t in pairs)
    return {
        "accounts": len(own),
        "exchanges": len(ids),
        "flagged": len(own & at.keys()) / len(own),
        "leaked": leaked / len(ids),
        "innocents": len(at.keys() - own),
    }


def price(made: Exercise, assumptions: Assumptions) -> float:
    """Return the likely list price of the campaign's tokens, in the settings' currency."""
    asked = pc.sum(made.exchanges["input_tokens"]).as_py() or 0
    given = pc.sum(made.exchanges["output_tokens"]).as_py() or 0
    per_in = assumptions["other_input_price"].range.likely
    per_out = assumptions["other_output_price"].range.likely
    return (asked * per_in + given * per_out) / 1e6


def identities(made: Exercise) -> dict[str, int]:
    """Return the distinct values that the campaign had to obtain."""
    names = ("payment_fingerprint", "phone_hash", "device_fingerprint")
    return {n: len(pc.unique(made.accounts[n].drop_null())) for n in names}


def main() -> None:
    args = arguments()
    args.folder.mkdir(parents=True, exist_ok=True)
    host = Host.make(
        args.folder, accounts=args.host_accounts, exchanges=args.host_exchanges, seed=args.seed
    )
    assumptions = read_assumptions(None)
    slugs = [a.slug for a in ADVERSARIES]
    if args.adversaries:
        slugs = args.adversaries.split(",")
    sizes, volumes = ([int(x) for x in given.split(",")] for given in (args.sizes, args.volumes))
    print(
        f"one campaign at a time among {host.accounts.num_rows:,} benign accounts and "
        f"{host.exchanges.num_rows:,} exchanges, looks every {args.step} h, commit {commit()}\n"
    )
    heads = [f"{n} x {v}" for n in sizes for v in volumes]
    print("| adversary | " + " | ".join(heads) + " |")
    print("|---|" + "---|" * len(heads), flush=True)
    rows = []
    for slug in slugs:
        cells = []
        for size in sizes:
            for volume in volumes:
                began = time.perf_counter()
                made = host.campaign(slug, size, volume, args.seed)
                row = {"adversary": slug, "size": size, "volume": volume}
                row |= outcome(host.scanned(made, args.step), made)
                row |= {"fees": price(made, assumptions), **identities(made)}
                rows.append({**row, "seconds": time.perf_counter() - began})
                cells.append(f"{row['flagged']:.2f}")
                if args.json:
                    args.json.write_text(json.dumps(rows), encoding="utf-8")
        print(f"| {slug} | " + " | ".join(cells) + " |", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
