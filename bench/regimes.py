"""The table of docs/explanation/detection.md: three regimes, several seeds, baselines beside.

    python bench/regimes.py --text /path/to/prompts --split tune --seeds 5

For each regime it simulates a world a seed, scans it, and evaluates all seeds pooled.  What may
be looked at while choosing anything is ``dev`` and ``tune``; ``final`` is for the published
figures alone (see ``splits.py``).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

import commands
import splits
from stillwatch.worlds import evaluation as ev
from stillwatch.worlds.evaluation.baselines import evaluate_baselines

REGIMES = ("ordinary", "small", "people")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, help="folder of prompts; default built-in text")
    parser.add_argument("--split", choices=splits.SPLITS, default="dev")
    parser.add_argument("--seeds", type=int, default=5, help="worlds a regime")
    parser.add_argument("--first", type=int, default=0, help="number of the first world")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--exchanges", type=int, default=600_000)
    parser.add_argument("--regimes", default=",".join(REGIMES))
    parser.add_argument("--baselines", action="store_true", help="run the baselines too")
    parser.add_argument("--out", type=Path, help="folder for the worlds; kept when given")
    parser.add_argument("--json", type=Path, help="file for every figure")
    return parser.parse_args()


def make(args: argparse.Namespace, regime: str, number: int, text: Path | None, at: Path) -> None:
    """Simulate one world, unless it is there from an earlier run."""
    if (at / "truth_exchanges.parquet").is_file():
        return
    shutil.rmtree(at, ignore_errors=True)
    given = [f"--text={text}"] if text is not None else []
    commands.simulate(
        at,
        f"--exchanges={args.exchanges}",
        f"--accounts={args.accounts}",
        f"--regime={regime}",
        *splits.parameters(args.split, number).arguments(),
        *given,
    )


def regime_tables(args: argparse.Namespace, regime: str, text: Path | None, work: Path) -> dict:
    pairs, seconds = [], []
    for number in range(args.first, args.first + args.seeds):
        world = work / f"{args.split}-{regime}-{number}"
        make(args, regime, number, text, world)
        out = work / f"{world.name}-scan"
        shutil.rmtree(out, ignore_errors=True)
        seconds.append(commands.scan(world, out))
        pairs.append((world, out))
        one = ev.evaluate(world, out)
        recall, wrong = one.detection.macro_recall, one.false_positives.overall
        print(
            f"{world.name}: recall {recall}, {wrong.hits} of {wrong.total} benign flagged, "
            f"scan {seconds[-1]:.0f} s",
            file=sys.stderr,
            flush=True,
        )
    named = {"stillwatch": ev.evaluate_many(pairs)}
    if args.baselines:
        named |= evaluate_baselines([world for world, _ in pairs])
    table = ev.comparison(named)
    titled = ev.Table(f"{regime}, {args.split}, {args.seeds} worlds", table.header, table.rows)
    print(ev.markdown(titled))
    for detail in ev.tables(named["stillwatch"]):
        print(f"\n{ev.markdown(detail)}")
    print(f"\nscan: median {median(seconds):.0f} s\n", flush=True)
    if args.out is None:
        for world, out in pairs:
            shutil.rmtree(world)
            shutil.rmtree(out)
    return {name: ev.to_json(e) for name, e in named.items()}


def main() -> None:
    args = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        work = args.out or Path(scratch)
        text = None
        if args.text is not None:
            text = Path(scratch) / "text"
            rows = splits.write_text(args.text, args.split, text)
            print(f"{args.split} draws on: {', '.join(sorted(rows))}\n")
        figures = {r: regime_tables(args, r, text, work) for r in args.regimes.split(",")}
    if args.json:
        args.json.write_text(json.dumps(figures, allow_nan=False), encoding="utf-8")


if __name__ == "__main__":
    main()
