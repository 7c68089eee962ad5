"""A copy of a model: made, asked, found and proven, by ``stillwatch demo lineage``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from stillwatch.errors import MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.cli.tour.processes import Processes

__all__ = ["Proof", "proven"]


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of the trial."""

    tokens: int
    """That each model was trained on."""
    models: dict[str, float]
    """Each model with log10 p of the test that decides, under the campaign's key."""
    found: list[str]
    """Models that are told to be copies."""
    steps: int
    """Steps of the bundle's verification that hold."""
    failed: list[str]
    """Those that do not."""
    bundle: str
    """Folder of the evidence."""
    skipped: str
    """Why there was no trial; empty where there was."""

    def document(self) -> dict[str, Any]:
        """Return the figures, for JSON."""
        return asdict(self)


def proven(out: Path, processes: Processes, *, tokens: int, seed: int) -> Proof:
    """Train a model, a marked copy and controls; test them, and bundle the evidence.

    Args:
        out: new folder.
        processes: that run the command.
        tokens: that each model is trained on; 0 for no trial.
        seed: of texts and models.

    Raises:
        StillwatchError: of the command, but for a missing extra, which is told.
    """
    if not tokens:
        return _skipped("--tokens is 0")
    words = ("--out", str(out), "--tokens", str(tokens), "--seed", str(seed), "--json")
    try:
        told = json.loads(processes.run("demo", "lineage", *words))
    except MissingExtraError as error:
        return _skipped(f"{error.what}; {error.todo}")
    models: dict[str, float] = {}
    found: list[str] = []
    # the test that decides is the one that is adjusted for how many questions were asked
    deciding = {row["test"] for row in told["results"] if row["log10_adjusted"] is not None}
    for row in told["results"]:
        if row["key"].endswith("/public") or row["test"] not in deciding:
            continue
        name = row["subject"]
        models[name] = row["log10_p"]
        if row["found"] and name not in found:
            found.append(name)
    steps = told["steps"]
    return Proof(
        tokens,
        models,
        found,
        sum(held is True for held in steps.values()),
        [step for step, held in steps.items() if held is False],
        told["bundle"],
        "",
    )


def _skipped(why: str) -> Proof:
    return Proof(0, {}, [], 0, [], "", why)
