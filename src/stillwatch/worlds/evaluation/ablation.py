"""What each part of a scan is worth, and what is lost with the data that operators lack."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from stillwatch.worlds.evaluation.evaluating import Evaluation, evaluate_many
from stillwatch.worlds.evaluation.tables import Table, comparison
from stillwatch.worlds.evaluation.variations import write_variation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from stillwatch.worlds.evaluation.variations import Variation

__all__ = ["Case", "Scan", "ablations", "degradations", "run_cases", "table"]


class Scan(Protocol):
    """Scans a world; ``stillwatch.find.campaigns`` or the command line behind it."""

    def __call__(self, world: Path, /, **options: object) -> Path:
        """Scan a world and return its verdicts, as a file or the folder they are in.

        Args:
            world: folder in the layout of ``stillwatch simulate``.
            options: what the case asks for; the same scan without options is the whole method.
        """
        ...


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the experiment."""

    name: str
    """Row in the table."""
    options: Mapping[str, object] = field(default_factory=dict)
    """Options for the scan."""
    variation: Variation | None = None
    """Copy of the world to scan; None for the world itself."""


def ablations(families: Iterable[str], detectors: Iterable[str]) -> tuple[Case, ...]:
    """Return a case without each family, one with it alone, and one without each detector.

    Args:
        families: families of evidence; handed to the scan as ``without_families``.
        detectors: detectors' slugs; handed to the scan as ``without_detectors``.
    """
    names = tuple(families)
    cases = [Case(f"without {f}", {"without_families": (f,)}) for f in names]
    cases += [
        Case(f"{f} alone", {"without_families": tuple(g for g in names if g != f)}) for f in names
    ]
    cases += [Case(f"without {d}", {"without_detectors": (d,)}) for d in detectors]
    return tuple(cases)


def degradations(variations: Iterable[Variation]) -> tuple[Case, ...]:
    """Return a case for each variation of the data."""
    return tuple(Case(v.name, variation=v) for v in variations)


def run_cases(
    scan: Scan, worlds: Sequence[Path], cases: Iterable[Case], work: Path, seed: int = 0
) -> dict[str, Evaluation]:
    """Scan the worlds in every case and evaluate each case over all worlds pooled.

    The first entry, ``whole``, is the scan without options on the worlds as they are.  Copies
    of worlds are removed as soon as they are judged.

    Args:
        scan: the scan.
        worlds: folders that ``stillwatch simulate`` wrote, at least one.
        cases: what to change, one change each.
        work: folder for copies.
        seed: of the noise in copies.

    Returns:
        Evaluation by case, in order.

    Raises:
        StillwatchError: a world is malformed or a variation is impossible.
    """
    results: dict[str, Evaluation] = {}
    for case in (Case("whole"), *cases):
        copies: list[Path] = []
        pairs = []
        try:
            for number, world in enumerate(worlds):
                scanned = world
                if case.variation is not None:
                    scanned = work / f"variation-{number}"
                    copies.append(scanned)
                    write_variation(world, scanned, case.variation, seed + number)
                pairs.append((world, scan(scanned, **case.options)))
            results[case.name] = evaluate_many(pairs)
        finally:
            for copy in copies:
                shutil.rmtree(copy, ignore_errors=True)
    return results


def table(results: Mapping[str, Evaluation], title: str = "Ablation") -> Table:
    """Return one row a case with what it loses against the first, in points of macro recall.

    Args:
        results: from :func:`run_cases`.
        title: of the table.
    """
    plain = comparison(results)
    whole = next((e.detection.macro_recall for e in results.values()), None)
    rows = []
    for row, result in zip(plain.rows, results.values(), strict=True):
        recall = result.detection.macro_recall
        lost = "-" if whole is None or recall is None else f"{100 * (whole - recall):+.1f}"
        rows.append((row[0], lost, *row[1:]))
    header = ("case", "points of recall lost", *plain.header[1:])
    return Table(title, header, tuple(rows))
