"""The tables of docs/explanation/fairness.md: who is accused wrongly, by cohort and by language.

    python bench/fairness.py --worlds 3 --first 200 --generators abroad,downtown,nearby,upstream

Worlds of the simulator (built-in text, split ``final``), some a regime and as many without a
campaign, are scanned and pooled; worlds of the generators named are told one by one, since cohorts
of different authors are different, and together for the sake of languages.  Bounds are Clopper and
Pearson's, two-sided, 95 %.

The weights that the scan ships with were fitted on worlds of all these generators, though not on
these seeds, so the rates are lower than those at a provider whose customers no generator had.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import commands
import splits
from stillwatch.worlds import evaluation as ev

if TYPE_CHECKING:
    from stillwatch.worlds.evaluation.bounds import Rate
    from stillwatch.worlds.evaluation.evaluating import Evaluation
    from stillwatch.worlds.evaluation.false_positives import GroupRate

REGIMES = ("ordinary", "small", "people", "none")
GENERATORS = Path(__file__).parent / "worlds"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=3, help="worlds a regime")
    parser.add_argument("--first", type=int, default=200, help="number of the first world")
    parser.add_argument("--accounts", type=int, default=9_000)
    parser.add_argument("--exchanges", type=int, default=180_000)
    parser.add_argument("--step", type=int, default=4, help="hours between looks")
    parser.add_argument("--generators", default="", help="folders of bench/worlds, by comma")
    parser.add_argument("--out", type=Path, help="folder for the worlds; kept when given")
    parser.add_argument("--json", type=Path, help="file for every figure")
    return parser.parse_args()


def simulated(args: argparse.Namespace, regime: str, number: int, at: Path) -> None:
    """Make one world of the simulator."""
    chosen = "--adversaries=none" if regime == "none" else f"--regime={regime}"
    commands.simulate(
        at,
        f"--exchanges={args.exchanges}",
        f"--accounts={args.accounts}",
        chosen,
        *splits.parameters("final", number).arguments(),
    )


def written(args: argparse.Namespace, generator: str, at: Path) -> None:
    """Make one world of another author's generator, of a seed that no other script uses."""
    subprocess.run(  # noqa: S603 (our own program)
        [
            sys.executable,
            str(GENERATORS / generator / "gen.py"),
            *("--out", str(at), "--seed", str(7_000 + args.first), "--regime", "ordinary"),
            *("--accounts", str(args.accounts), "--exchanges", str(args.exchanges)),
        ],
        check=True,
        capture_output=True,
    )


def scanned(world: Path, step: int) -> tuple[Path, Path]:
    """Scan a world, unless an earlier run did."""
    out = world.with_name(f"{world.name}-scan")
    if not (out / "verdicts.parquet").is_file():
        seconds = commands.stillwatch(
            "scan",
            str(world / "exchanges"),
            f"--out={out}",
            f"--step={step}",
            f"--accounts={world / 'accounts.parquet'}",
            *(["--events", str(world)] if any(world.glob("*_events.parquet")) else []),
        )
        wrong = ev.evaluate(world, out).false_positives.overall
        said = f"{world.name}: {wrong.hits} of {wrong.total} benign flagged, scan {seconds:.0f} s"
        print(said, file=sys.stderr, flush=True)
    return world, out


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def line(name: str, rate: Rate, note: str = "") -> str:
    bounds = f"{percent(rate.low)} to {percent(rate.high)}"
    return f"| {name} | {rate.hits} of {rate.total:,} | {percent(rate.share)} | {bounds} | {note} |"


def table(of: str, groups: tuple[GroupRate, ...]) -> str:
    head = f"| {of} | flagged | rate | 95 % bounds | |\n|---|--:|--:|--:|---|"
    rows = [line(f"`{g.name}`", g.rate, "" if g.enough else "too few") for g in groups]
    return "\n".join([head, *rows])


def shown(title: str, found: Evaluation) -> str:
    """Return the two tables and what stands around them, as Markdown."""
    wrong = found.false_positives
    few = sum(not g.enough for g in wrong.cohorts)
    within = sum(g.rate.high <= 0.01 for g in wrong.cohorts)
    return "\n\n".join(
        [
            f"### {title}: {found.worlds} worlds, {found.accounts:,} accounts",
            (
                f"All benign: {wrong.overall.hits} of {wrong.overall.total:,}, "
                f"{percent(wrong.overall.low)} to {percent(wrong.overall.high)}. "
                f"Campaigns of benign accounts alone or mostly: {found.purity.false}. "
                f"Macro recall: {percent(found.detection.macro_recall)}."
            ),
            (
                f"Cohorts whose upper bound is at most 1 %: {within} of {len(wrong.cohorts)} "
                f"({few} with too few accounts)."
            ),
            table("cohort", wrong.cohorts),
            table("language", wrong.languages),
            (
                f"One rate for all languages: p = {wrong.language_p:.3f}; within cohorts: "
                f"p = {wrong.language_p_within_cohorts:.3f}."
            ),
        ]
    )


def main() -> None:
    args = arguments()
    pooled: dict[str, list[tuple[Path, Path]]] = {"simulator": []}
    with tempfile.TemporaryDirectory() as scratch:
        work = args.out or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        for number in range(args.first, args.first + args.worlds):
            for regime in REGIMES:
                world = work / f"{regime}-{number}"
                if not (world / "truth_exchanges.parquet").is_file():
                    simulated(args, regime, number, world)
                pooled["simulator"].append(scanned(world, args.step))
        for generator in filter(None, args.generators.split(",")):
            world = work / generator
            if not (world / "truth_accounts.parquet").is_file():
                written(args, generator, world)
            pooled[generator] = [scanned(world, args.step)]
        named = [pair for name, pairs in pooled.items() if name != "simulator" for pair in pairs]
        if len(named) > 1:
            pooled["the generators together"] = named
        found = {name: ev.evaluate_many(pairs) for name, pairs in pooled.items() if pairs}
    print("\n\n".join(shown(name, one) for name, one in found.items()))
    if args.json:
        every = {name: ev.to_json(one) for name, one in found.items()}
        args.json.write_text(json.dumps(every), encoding="utf-8")


if __name__ == "__main__":
    main()
