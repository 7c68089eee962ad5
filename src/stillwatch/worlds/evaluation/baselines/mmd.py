"""Per-account two-sample test on windows of queries, as in arXiv 2606.05725.

The published detector embeds queries with a sentence model (bge-small), compares a window with
windows of benign traffic by the unbiased MMD² of a Gaussian kernel, and sets its threshold by
benign-against-benign comparisons.  Here no neural model is at hand: the vectors are hashed byte
n-grams, TF-IDF weighted, on latent axes (``embedding``).  Kernel, bandwidths, estimator, mean
over reference windows and benign-only threshold follow the paper and its code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from stillwatch.worlds.evaluation.baselines.embedding import Embedding, fit
from stillwatch.worlds.evaluation.baselines.interface import Judgement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from stillwatch.worlds.evaluation.baselines.interface import Log

__all__ = ["MeanDiscrepancy", "Reference", "bandwidth", "kernel"]


def _distances(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared distances, (len(x), len(y))."""
    squares = (x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1)[None, :] - 2 * (x @ y.T)
    return np.asarray(np.maximum(squares, 0), dtype=np.float32)


def bandwidth(points: NDArray[np.float32]) -> float:
    """Return the median distance between different points (the median heuristic)."""
    upper = _distances(points, points)[np.triu_indices(len(points), 1)]
    upper = upper[upper > 0]
    return float(np.sqrt(np.median(upper))) if len(upper) else 1.0


def kernel(x: NDArray[np.float32], y: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Return the mean of Gaussian kernels of 1/2, 1, 2 and 4 sigma wide, (len(x), len(y))."""
    widest = np.exp(_distances(x, y) / np.float32(-2 * (4 * sigma) ** 2))
    total = widest.copy()
    power = widest
    for _ in range(3):  # half the width is the fourth power
        power = (power * power) ** 2
        total += power
    return np.asarray(total / 4, dtype=np.float32)


def _inside(k: NDArray[np.float32]) -> float:
    """Mean of a kernel matrix without its diagonal."""
    n = len(k)
    return float((k.sum(dtype=np.float64) - np.trace(k)) / (n * (n - 1)))


@dataclass(frozen=True, slots=True)
class Reference:
    """Windows of benign traffic that others are compared with."""

    points: NDArray[np.float32]
    """All windows one after the other, (windows * size, dimensions)."""
    sigma: float
    """Median distance."""
    inside: float
    """Mean over windows of the kernel's mean within a window."""

    @classmethod
    def of(
        cls, pool: NDArray[np.float32], size: int, windows: int, rng: np.random.Generator
    ) -> Reference:
        """Draw windows from a pool of benign vectors.

        Args:
            pool: vectors, (n, dimensions), n >= 2.
            size: vectors a window, at least 2.
            windows: windows drawn; each without replacement where the pool allows.
            rng: randomness.
        """
        sample = rng.choice(len(pool), min(2000, len(pool)), replace=False)
        sigma = bandwidth(pool[sample])
        drawn = [
            pool[rng.choice(len(pool), size, replace=len(pool) < size)] for _ in range(windows)
        ]
        inside = float(np.mean([_inside(kernel(w, w, sigma)) for w in drawn]))
        return cls(np.concatenate(drawn), sigma, inside)

    def score(self, window: NDArray[np.float32]) -> float:
        """Return the mean unbiased MMD² between a window (at least 2 vectors) and each of ours.

        Source: Gretton et al., JMLR 13 (2012), lemma 6.
        """
        across = kernel(window, self.points, self.sigma).mean(dtype=np.float64)
        return _inside(kernel(window, window, self.sigma)) + self.inside - 2 * float(across)


@dataclass(frozen=True, slots=True)
class MeanDiscrepancy:
    """Flags accounts whose last queries are distributed unlike other accounts'.

    What it sees: accounts that send mostly harvest.  Who looks alike: every account with a
    subject of its own.  What it misses: small shares of harvest, and few queries an account.
    An operator does not know who is benign: half of the accounts, drawn at random, attackers
    among them, are taken as the benign reference, and the threshold is set on their windows so
    that at most ``rate`` of them pass.
    """

    slug: str = "account MMD"
    """Name in tables."""
    source: str = "arXiv 2606.05725"
    """Where the method comes from."""
    window: int = 100
    """Queries a window; an account's newest."""
    least: int = 20
    """Queries below which an account is not judged."""
    windows: int = 20
    """Reference windows."""
    rate: float = 0.006
    """False-positive rate that the threshold is set for."""
    seed: int = 0
    """Of the reference."""

    def judge(self, log: Log) -> Judgement:
        """Judge every account of the log."""
        ids = log.accounts["account_id"].to_pylist()
        at = {a: i for i, a in enumerate(ids)}
        rng = np.random.default_rng(self.seed)
        known = rng.random(len(ids)) < 0.5
        fitted = self._reference(log, {a for a, k in zip(ids, known, strict=True) if k})
        score = np.full(len(ids), np.nan)
        size = np.zeros(len(ids), dtype=np.int64)
        if fitted is not None:
            embed, reference = fitted
            for account, prompts in self._windows(log):
                if account in at and len(prompts) >= self.least:
                    score[at[account]] = reference.score(embed(prompts))
                    size[at[account]] = len(prompts)
        flagged = np.zeros(len(ids), dtype=np.bool_)
        for low, high in ((self.least, 40), (40, 80), (80, self.window + 1)):
            mine = (size >= low) & (size < high)
            null = score[mine & known]
            if len(null):
                limit = np.quantile(null, 1 - self.rate, method="higher")
                flagged |= mine & (score > limit)
        shown = np.clip(np.nan_to_num(score), 0.0, 1.0)
        return Judgement(flagged=flagged, score=shown)

    def _reference(self, log: Log, known: set[str]) -> tuple[Embedding, Reference] | None:
        """Fit the embedding and draw reference windows from the known accounts' queries."""
        rng = np.random.default_rng(self.seed + 1)
        texts = [p for a, prompts in self._windows(log) if a in known for p in prompts]
        if len(texts) < 2 * self.window:
            return None
        chosen = rng.choice(
            len(texts), min(len(texts), 5 * self.window * self.windows), replace=False
        )
        pool = [texts[i] for i in chosen]
        embed = fit(pool[:5000])
        return embed, Reference.of(embed(pool), self.window, self.windows, rng)

    def _windows(self, log: Log) -> Iterator[tuple[str, Sequence[str]]]:
        """Each account's newest queries, by account."""
        query = (
            "select account, list(prompt) from (select cast(account_id as varchar) as account, "
            "prompt, row_number() over (partition by account_id order by time desc) as place "
            "from read_parquet(?, hive_partitioning=false, union_by_name=true) "
            "where prompt is not null) where place <= ? group by 1 order by 1"
        )
        with duckdb.connect() as db:
            db.execute(query, [[str(p) for p in log.exchanges], self.window])
            while rows := db.fetchmany(500):
                yield from rows
