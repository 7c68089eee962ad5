"""Many different prompts from few: each use of a prompt has a third of its rarer words replaced.

Public corpora hold some thousand prompts, and an experiment over five thousand accounts needs
half a million that differ.  A reworded prompt keeps the length, the frequent words and the order
of its model; the other words come from prompts of the same source and subject.  Every prompt of
an experiment goes through this, whoever sends it, so that it cannot tell anyone apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from stillwatch.worlds.evaluation.baselines.embedding import fit

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("prompt", "source", "kind", "lang", "fidelity")
CHARACTERS = 400  # of a prompt that are used
FREQUENT = 120  # words of a source that stay
REPLACED = 1 / 3
TOKEN = re.compile(r"[\u3040-\u9fff]\s*|[^\s\u3040-\u9fff]+\s*")


@dataclass(frozen=True)
class Corpus:
    """Prompts of one source with their subjects."""

    source: str
    kind: str
    """legit or distill."""
    language: str
    """Most common language."""
    words: np.ndarray
    """Tokens of all prompts one after the other, each with the space that follows it."""
    starts: np.ndarray
    """First token of each prompt, and the end, (prompts + 1,)."""
    frequent: np.ndarray
    """Whether each token is a frequent word of the source."""
    cell: np.ndarray
    """Subject of each prompt, 0 to 7."""
    by_cell: tuple[np.ndarray, ...]
    """Prompts of each subject."""
    rare_by_cell: tuple[np.ndarray, ...]
    """Positions of rarer words of each subject's prompts."""

    def __len__(self) -> int:
        """Return the number of prompts."""
        return len(self.cell)

    def reworded(self, prompts: np.ndarray, rng: np.random.Generator) -> list[str]:
        """Return one new wording of each prompt."""
        texts = []
        for prompt in prompts:
            at = np.arange(self.starts[prompt], self.starts[prompt + 1])
            swap = ~self.frequent[at] & (rng.random(len(at)) < REPLACED)
            stock = self.rare_by_cell[self.cell[prompt]]
            if len(stock) and swap.any():
                at[swap] = rng.choice(stock, int(swap.sum()))
            texts.append("".join(self.words[at]).strip())
        return texts


def _corpus(source: str, kind: str, rows: list[dict]) -> Corpus:
    texts = list(dict.fromkeys(row["prompt"][:CHARACTERS] for row in rows))
    tokens = [TOKEN.findall(text) or [text] for text in texts]
    words = np.array([word for text in tokens for word in text], dtype=object)
    starts = np.cumsum([0, *(len(text) for text in tokens)])
    plain = np.array([word.strip().lower() for word in words], dtype=str)
    values, place, counts = np.unique(plain, return_inverse=True, return_counts=True)
    top = np.zeros(len(values), dtype=bool)
    top[np.argsort(-counts)[:FREQUENT]] = True
    frequent = top[place]
    points = fit(texts, 16)(texts)
    points = points - np.median(points, axis=0)
    cell = ((points[:, 1:4] > 0) * [1, 2, 4]).sum(axis=1)
    owner = np.repeat(np.arange(len(texts)), np.diff(starts))
    languages = [row["lang"] or "en" for row in rows]
    return Corpus(
        source=source,
        kind=kind,
        language=max(set(languages), key=languages.count),
        words=words,
        starts=starts,
        frequent=frequent,
        cell=cell,
        by_cell=tuple(np.flatnonzero(cell == c) for c in range(8)),
        rare_by_cell=tuple(np.flatnonzero(~frequent & (cell[owner] == c)) for c in range(8)),
    )


def corpora(folder: Path, least: int = 200) -> list[Corpus]:
    """Read the sources of a folder that hold at least ``least`` different prompts.

    Published request templates are left out: whoever sends them shares their words.
    """
    rows: dict[tuple[str, str], list[dict]] = {}
    for path in sorted(folder.glob("*.parquet")):
        if set(COLUMNS) <= set(pq.read_schema(path).names):
            for row in pq.read_table(path, columns=list(COLUMNS)).to_pylist():
                templated = row["kind"] == "distill" and row["fidelity"] == "template"
                if row["prompt"] and not templated:
                    rows.setdefault((row["source"], row["kind"]), []).append(row)
    large = {
        key: mine
        for key, mine in sorted(rows.items())
        if len({row["prompt"][:CHARACTERS] for row in mine}) >= least
    }
    return [_corpus(source, kind, mine) for (source, kind), mine in large.items()]
