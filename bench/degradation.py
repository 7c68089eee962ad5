"""What is lost without some columns, with wrong labels, and without parts of the method.

    python bench/degradation.py --split tune --worlds 3
    python bench/degradation.py --split tune --callable package.module:scan --detectors a,b,c

Missing columns and label noise need the command line alone.  Ablation of families and detectors
needs a Python callable that satisfies ``stillwatch.worlds.evaluation.ablation.Scan``.
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import commands
import splits
from stillwatch.records import FAMILIES
from stillwatch.worlds import evaluation as ev
from stillwatch.worlds.evaluation.ablation import ablations, degradations, run_cases, table
from stillwatch.worlds.evaluation.variations import MISSING, NOISY

if TYPE_CHECKING:
    from stillwatch.worlds.evaluation.ablation import Scan


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=3)
    parser.add_argument("--split", choices=splits.SPLITS, default="dev")
    parser.add_argument("--regime", default="ordinary")
    parser.add_argument("--text", type=Path, help="folder of prompts; default built-in text")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--exchanges", type=int, default=600_000)
    parser.add_argument("--callable", help="module:function to ablate; default none")
    parser.add_argument("--detectors", default="", help="slugs to leave out one by one")
    parser.add_argument("--json", type=Path, help="file for every figure")
    return parser.parse_args()


def command_line(work: Path) -> Scan:
    """Return a scan that runs the command line."""

    def scan(world: Path, /, **options: object) -> Path:
        if options:
            what = f"the command line has no option for {', '.join(options)}"
            raise ValueError(what)
        out = work / f"scan-{len(list(work.glob('scan-*')))}"
        seconds = commands.scan(world, out)
        print(f"scanned {world.name} in {seconds:.0f} s", file=sys.stderr, flush=True)
        return out

    return scan


def main() -> None:
    args = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        given = [f"--regime={args.regime}"]
        if args.text is not None:
            splits.write_text(args.text, args.split, work / "text")
            given.append(f"--text={work / 'text'}")
        worlds = []
        for number in range(args.worlds):
            worlds.append(work / f"world-{number}")
            commands.simulate(
                worlds[-1],
                f"--exchanges={args.exchanges}",
                f"--accounts={args.accounts}",
                *splits.parameters(args.split, number).arguments(),
                *given,
            )
        cases = degradations((*MISSING, *NOISY))
        figures = {"data": run_cases(command_line(work), worlds, cases, work)}
        print(ev.markdown(table(figures["data"], f"Missing data, {args.split}")), flush=True)
        if args.callable:
            module, name = args.callable.split(":")
            parts = ablations(FAMILIES, [d for d in args.detectors.split(",") if d])
            scan = getattr(importlib.import_module(module), name)
            figures["method"] = run_cases(scan, worlds, parts, work)
            print(f"\n{ev.markdown(table(figures['method'], f'Ablation, {args.split}'))}")
        for out in work.glob("scan-*"):
            shutil.rmtree(out)
    if args.json:
        said = {k: {n: ev.to_json(e) for n, e in v.items()} for k, v in figures.items()}
        args.json.write_text(json.dumps(said, allow_nan=False), encoding="utf-8")


if __name__ == "__main__":
    main()
