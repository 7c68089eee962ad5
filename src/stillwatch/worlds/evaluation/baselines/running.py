"""Runs the baselines on worlds and evaluates what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import SourceNotFoundError
from stillwatch.worlds.evaluation.baselines.forest import IsolationForestTop
from stillwatch.worlds.evaluation.baselines.identity import SharedIdentity
from stillwatch.worlds.evaluation.baselines.interface import Log
from stillwatch.worlds.evaluation.baselines.keywords import KeywordRule
from stillwatch.worlds.evaluation.baselines.mmd import MeanDiscrepancy
from stillwatch.worlds.evaluation.baselines.volume import VolumeRule
from stillwatch.worlds.evaluation.evaluating import BASE_RATES, Evaluation, evaluate_judged
from stillwatch.worlds.evaluation.judged import NEVER, join, pool
from stillwatch.worlds.evaluation.reading import VerdictTable, exchange_files, read_truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.worlds.evaluation.baselines.interface import Baseline, Judgement

__all__ = ["BASELINES", "baseline_verdicts", "evaluate_baselines", "read_log"]

BASELINES: tuple[Baseline, ...] = (
    VolumeRule(),
    KeywordRule(),
    SharedIdentity(),
    IsolationForestTop(),
    MeanDiscrepancy(),
)
"""Every baseline, in the order of tables."""


def read_log(world: Path) -> Log:
    """Open what a baseline may read of a world.

    Args:
        world: folder that ``stillwatch simulate`` wrote.

    Raises:
        SourceNotFoundError: the account table or the exchanges are missing.
    """
    path = world / "accounts.parquet"
    if not path.is_file():
        what = "the world has no account table"
        raise SourceNotFoundError(what, where=str(path), todo="simulate it again")
    accounts = pq.ParquetFile(path).read()
    place = accounts.column_names.index("account_id")
    ids = accounts["account_id"].cast(pa.string())
    return Log(
        accounts.set_column(place, "account_id", ids),
        tuple(Path(f) for f in exchange_files(world)),
    )


def _end(log: Log) -> int:
    """Time just after the last exchange, µs."""
    with duckdb.connect() as db:
        row = db.execute(
            "select max(epoch_us(time)) from "
            "read_parquet(?, hive_partitioning=false, union_by_name=true)",
            [[str(p) for p in log.exchanges]],
        ).fetchone()
    return 0 if row is None or row[0] is None else int(row[0]) + 1


def baseline_verdicts(log: Log, judgement: Judgement) -> VerdictTable:
    """Put a judgement in the form of verdicts.

    Baselines read the whole log, so the flag's time is the log's end, and they declare no
    campaign, so that only what is said of accounts compares with a scan's verdicts.
    """
    n = len(log.accounts)
    return VerdictTable(
        account=np.asarray(log.accounts["account_id"].to_pylist(), dtype=object),
        campaign=np.full(n, None, dtype=object),
        flagged_at=np.where(judgement.flagged, _end(log), NEVER).astype(np.int64),
        score=judgement.score,
        measure=np.full(n, "", dtype=object),
    )


def evaluate_baselines(
    worlds: Sequence[Path],
    base_rates: Sequence[float] = BASE_RATES,
    baselines: Sequence[Baseline] = BASELINES,
) -> dict[str, Evaluation]:
    """Evaluate each baseline on worlds pooled.

    Args:
        worlds: folders that ``stillwatch simulate`` wrote, at least one.
        base_rates: shares of attackers to give precision at.
        baselines: methods to run.

    Returns:
        Evaluation by slug, in the order given.

    Raises:
        StillwatchError: a world's file is missing or an optional dependency is not installed.
    """
    logs = [read_log(world) for world in worlds]
    truths = [read_truth(world) for world in worlds]
    results = {}
    for baseline in baselines:
        parts = [
            join(truth, baseline_verdicts(log, baseline.judge(log)))
            for log, truth in zip(logs, truths, strict=True)
        ]
        results[baseline.slug] = evaluate_judged(pool(parts), base_rates)
    return results
