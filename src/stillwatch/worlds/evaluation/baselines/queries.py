"""Aggregates of a log by account, streamed by DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.worlds.evaluation.baselines.interface import Log

__all__ = ["log_columns", "per_account"]


def log_columns(log: Log) -> set[str]:
    """Return the names of the columns that the exchanges have."""
    return {name for path in log.exchanges for name in pq.read_schema(path).names}


def per_account(log: Log, *aggregates: str) -> tuple[NDArray[np.float64], ...]:
    """Compute SQL aggregates over each account's exchanges.

    Args:
        log: exchanges and accounts.
        aggregates: SQL aggregate expressions over columns of the exchanges, each a number.

    Returns:
        One array an aggregate, (accounts,), in the account table's order; 0 for accounts that
        sent nothing and where the aggregate is null.
    """
    chosen = ", ".join(f"{expression} as v{i}" for i, expression in enumerate(aggregates))
    query = (
        f"select cast(account_id as varchar) as account, {chosen} "  # noqa: S608 (own constants)
        "from read_parquet(?, hive_partitioning=false, union_by_name=true) group by 1"
    )
    with duckdb.connect() as db:
        rows = db.execute(query, [[str(p) for p in log.exchanges]]).fetchall()
    at = {row[0]: row[1:] for row in rows}
    ids = log.accounts["account_id"].to_pylist()
    nothing = (0.0,) * len(aggregates)
    table = np.array([at.get(a, nothing) for a in ids], dtype=np.float64)
    table = np.nan_to_num(table.reshape(len(ids), len(aggregates)))
    return tuple(table[:, i] for i in range(len(aggregates)))
