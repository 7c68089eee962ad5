"""What is lost without some columns, with wrong labels, and without parts of the method.

    python bench/degradation.py --split tune --worlds 3
    python bench/degradation.py --split tune --worlds 3 --method
    python bench/degradation.py --worlds 1 --accounts 3000 --exchanges 60000 --prevalence 0.1

The first table scans the worlds as they are, from observations alone, under another key (which
should lose nothing: what it does lose is the noise of the other rows), and from copies that lack
columns or files or have wrong labels.  ``--method`` adds a table in which each family and each
detector is left out.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import commands
import splits
from method import Method
from stillwatch.find.detectors import DETECTORS
from stillwatch.records import FAMILIES
from stillwatch.worlds import evaluation as ev
from stillwatch.worlds.evaluation.ablation import Case, ablations, degradations, run_cases, table
from stillwatch.worlds.evaluation.variations import MISSING, NOISY

if TYPE_CHECKING:
    from collections.abc import Iterable


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=3)
    parser.add_argument("--split", choices=splits.SPLITS, default="dev")
    parser.add_argument("--regime", default="ordinary")
    parser.add_argument("--text", type=Path, help="folder of prompts; default built-in text")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--exchanges", type=int, default=600_000)
    parser.add_argument("--prevalence", type=float, help="in place of the split's own")
    parser.add_argument("--adversaries", help="comma-separated; default all")
    parser.add_argument("--step", type=int, default=1, help="hours between looks")
    parser.add_argument("--method", action="store_true", help="also leave out parts of the method")
    parser.add_argument("--cases", default="", help="only those whose names hold one of these")
    parser.add_argument("--json", type=Path, help="file for every figure")
    return parser.parse_args()


def make_worlds(args: argparse.Namespace, work: Path) -> list[Path]:
    """Simulate the worlds."""
    given = [f"--regime={args.regime}"]
    if args.text is not None:
        splits.write_text(args.text, args.split, work / "text")
        given.append(f"--text={work / 'text'}")
    if args.prevalence is not None:  # the later of two options holds
        given.append(f"--prevalence={args.prevalence}")
    if args.adversaries:
        given.append(f"--adversaries={args.adversaries}")
    worlds = [work / f"world-{number}" for number in range(args.worlds)]
    for number, world in enumerate(worlds):
        commands.simulate(
            world,
            f"--exchanges={args.exchanges}",
            f"--accounts={args.accounts}",
            *splits.parameters(args.split, number).arguments(),
            *given,
        )
    return worlds


def chosen(cases: Iterable[Case], words: str) -> list[Case]:
    """Return the cases whose names hold one of the comma-separated words; all without words."""
    wanted = [word.strip() for word in words.split(",") if word.strip()]
    return [case for case in cases if not wanted or any(word in case.name for word in wanted)]


def main() -> None:
    args = arguments()
    data = [
        Case("observations alone", {"observations": True}),
        Case("another key", {"key": b"another"}),
        *degradations((*MISSING, *NOISY)),
    ]
    experiments = {"data": ("Missing data", data)}
    if args.method:
        parts = ablations(FAMILIES, [detector.slug for detector in DETECTORS])
        experiments["method"] = ("Without parts of the method", list(parts))
    figures = {}
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        worlds = make_worlds(args, work)
        scan = Method(work, args.step)
        for name, (title, cases) in experiments.items():
            found = run_cases(scan, worlds, chosen(cases, args.cases), work)
            whole = found["whole"]
            size = f"{args.split}, {whole.worlds} worlds of {args.accounts:,} accounts"
            print(ev.markdown(table(found, f"{title}: {size}")), end="\n\n", flush=True)
            figures[name] = {case: ev.to_json(e) for case, e in found.items()}
    if args.json:
        args.json.write_text(json.dumps(figures, allow_nan=False), encoding="utf-8")


if __name__ == "__main__":
    main()
