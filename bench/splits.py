"""Worlds for development, tuning and final figures, disjoint in corpora, seeds and parameters.

Corpora: the prompts' sources are put in the order of the SHA-256 of their names, apart for each
kind (what people send, what published training sets were made with), and dealt round to the three
splits.  A source, and so every prompt of it, is in one split only; nobody chooses which.  Sources
quote one another: a prompt (case and white space aside) that two splits would hold stays in the
earlier of them, so that nothing in ``final`` was seen before.

Seeds: each split has a range of its own.  Parameters: prevalence, length and first day of a
world are drawn by its seed from slices that alternate between the splits, so that each spans the
whole range and none meets a value of another.  Parameters inside an adversary (wordings, sizes,
rhythm, cover) are drawn by the world's seed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SPLITS = ("dev", "tune", "final")
SEEDS = {"dev": 1_000, "tune": 10_000, "final": 100_000}
PREVALENCE = (0.005, 0.07)
SLICES = 4  # slices of each range that a split has
DAYS = (14, 38)


@dataclass(frozen=True)
class Parameters:
    """What ``stillwatch simulate`` is called with."""

    seed: int
    prevalence: float
    days: int
    start: date

    def arguments(self) -> list[str]:
        """Return them as command-line options."""
        return [
            f"--seed={self.seed}",
            f"--prevalence={self.prevalence:.5f}",
            f"--days={self.days}",
            f"--start={self.start.isoformat()}",
        ]


def parameters(split: str, number: int) -> Parameters:
    """Return the parameters of a split's world of that number."""
    place = SPLITS.index(split)
    seed = SEEDS[split] + number
    rng = np.random.default_rng([seed, 7])
    edges = np.geomspace(*PREVALENCE, SLICES * len(SPLITS) + 1)
    part = len(SPLITS) * int(rng.integers(SLICES)) + place
    days = int(rng.choice([d for d in range(*DAYS) if d % len(SPLITS) == place]))
    start = date(2026, 1, 5) + timedelta(days=len(SPLITS) * int(rng.integers(60)) + place)
    return Parameters(seed, float(rng.uniform(edges[part], edges[part + 1])), days, start)


def deal(sources: Iterable[str]) -> dict[str, str]:
    """Return the split of each source, dealt in the order of their hashes."""
    order = sorted(set(sources), key=lambda s: hashlib.sha256(s.encode()).hexdigest())
    return {source: SPLITS[i % len(SPLITS)] for i, source in enumerate(order)}


def _prompt_files(text: Path) -> list[Path]:
    needed = {"prompt", "source", "kind"}
    return [p for p in sorted(text.glob("*.parquet")) if needed <= set(pq.read_schema(p).names)]


def split_of(text: Path) -> dict[str, str]:
    """Return the split of each source in a folder of prompts; each kind is dealt apart.

    A source that has prompts of both kinds is dealt with the first kind in alphabetical order.
    """
    kinds: dict[str, set[str]] = {}
    for path in _prompt_files(text):
        table = pq.read_table(path, columns=["source", "kind"])
        for row in table.group_by(["source", "kind"]).aggregate([]).to_pylist():
            kinds.setdefault(row["source"], set()).add(row["kind"])
    dealt: dict[str, str] = {}
    for kind in sorted({min(k) for k in kinds.values()}):
        dealt |= deal(s for s, k in kinds.items() if min(k) == kind)
    return dealt


def _folded(prompt: str | None) -> str:
    return " ".join((prompt or "").lower().split())


def _prompts(text: Path, sources: set[str]) -> set[str]:
    """Folded prompts of some sources."""
    found: set[str] = set()
    for path in _prompt_files(text):
        rows = pq.read_table(path, columns=["prompt", "source"]).to_pylist()
        found |= {_folded(row["prompt"]) for row in rows if row["source"] in sources}
    return found


def write_text(text: Path, split: str, out: Path) -> dict[str, int]:
    """Write the prompts of one split into a new folder; return rows by source."""
    where = split_of(text)
    chosen = [s for s, name in where.items() if name == split]
    before = {s for s, name in where.items() if SPLITS.index(name) < SPLITS.index(split)}
    known = _prompts(text, before)
    out.mkdir(parents=True)
    rows: dict[str, int] = {}
    for path in _prompt_files(text):
        table = pq.read_table(path)
        mine = table.filter(pc.is_in(table["source"], value_set=pa.array(chosen, pa.string())))
        mine = mine.filter(
            pa.array([_folded(p) not in known for p in mine["prompt"].to_pylist()], pa.bool_())
        )
        if len(mine):
            pq.write_table(mine, out / path.name)
            for source in mine["source"].to_pylist():
                rows[source] = rows.get(source, 0) + 1
    return rows
