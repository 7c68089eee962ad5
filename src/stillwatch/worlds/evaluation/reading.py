"""Worlds and verdicts from files, each checked and with errors that name the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import InputFormatError, MissingColumnError, SourceNotFoundError
from stillwatch.worlds.evaluation.judged import KINDS, NEVER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Truth", "VerdictTable", "exchange_files", "read_truth", "read_verdicts"]

TRUTH_COLUMNS = ("account_id", "cohort", "campaign", "kind")
"""Columns of truth_accounts.parquet that must be there; language may be missing."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of one world."""

    accounts: pa.Table
    """account_id (text), cohort, campaign, kind, language."""
    exchanges: Mapping[str, int]
    """Exchanges sent by account id as text; accounts that sent none are absent."""
    harvest_account: NDArray[np.object_]
    """Account id as text of each harvest exchange, (harvest,)."""
    harvest_time: NDArray[np.int64]
    """Time of each harvest exchange, µs, (harvest,)."""


@dataclass(frozen=True, slots=True)
class VerdictTable:
    """Verdicts as parallel arrays."""

    account: NDArray[np.object_]
    """Account id as text, (verdicts,)."""
    campaign: NDArray[np.object_]
    """Campaign id or None, (verdicts,)."""
    flagged_at: NDArray[np.int64]
    """Time of the flag, µs, or NEVER, (verdicts,)."""
    score: NDArray[np.float64]
    """Membership probability, (verdicts,)."""
    measure: NDArray[np.object_]
    """Recommended measure, (verdicts,)."""


def _parquet(path: Path, columns: tuple[str, ...]) -> pq.ParquetFile:
    """Open a Parquet file and check that columns are in it."""
    where = str(path)
    if not path.is_file():
        what = "there is no such file"
        raise SourceNotFoundError(what, where=where, todo="give the folder that was written")
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowException as error:
        what = f"not a readable Parquet file: {error}"
        raise InputFormatError(what, where=where, todo="write it again") from error
    for name in columns:
        if name not in file.schema_arrow.names:
            what = f"column {name} is missing"
            raise MissingColumnError(what, where=where, todo="see docs/reference/evaluation.md")
    return file


def _unique(ids: pa.ChunkedArray, path: Path) -> None:
    if ids.null_count or pc.count_distinct(ids).as_py() != len(ids):
        what = "account_id is null or occurs twice"
        raise InputFormatError(what, where=str(path), todo="keep one row an account")


def exchange_files(world: Path) -> list[str]:
    """Return the Parquet files of a world's exchanges, in order of path.

    Args:
        world: folder that ``stillwatch simulate`` wrote.

    Raises:
        SourceNotFoundError: there is none.
    """
    files = sorted(str(p) for p in (world / "exchanges").rglob("*.parquet"))
    if not files:
        what = "the world has no exchanges"
        raise SourceNotFoundError(what, where=str(world / "exchanges"), todo="simulate it again")
    return files


def _volumes(files: list[str]) -> dict[str, int]:
    with duckdb.connect() as db:
        rows = db.execute(
            "select cast(account_id as varchar), count(*) from "
            "read_parquet(?, hive_partitioning=false, union_by_name=true) group by 1",
            [files],
        ).fetchall()
    return dict(rows)


def _harvest(world: Path, files: list[str]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    path = world / "truth_exchanges.parquet"
    _parquet(path, ("exchange_id", "harvest"))
    with duckdb.connect() as db:
        found = db.execute(
            "select cast(e.account_id as varchar) as account, epoch_us(e.time) as time "
            "from read_parquet(?, hive_partitioning=false, union_by_name=true) e "
            "semi join (select exchange_id from read_parquet(?) where harvest) t "
            "on cast(e.exchange_id as varchar) = cast(t.exchange_id as varchar) "
            "order by time, account",
            [files, str(path)],
        ).fetchnumpy()
    return (
        np.asarray(np.ma.getdata(found["account"]), dtype=object),
        np.asarray(np.ma.getdata(found["time"]), dtype=np.int64),
    )


def read_truth(world: Path) -> Truth:
    """Read what is true of a world.

    Args:
        world: folder that ``stillwatch simulate`` wrote.

    Raises:
        SourceNotFoundError: a file of it is missing.
        MissingColumnError: a file lacks a column.
        InputFormatError: a file is not Parquet, an account occurs twice or a kind is unknown.
    """
    path = world / "truth_accounts.parquet"
    table = _parquet(path, TRUTH_COLUMNS).read()
    if "language" not in table.column_names:
        table = table.append_column("language", pa.nulls(len(table), pa.string()))
    table = table.select([*TRUTH_COLUMNS, "language"])
    table = table.cast(pa.schema([(name, pa.string()) for name in table.column_names]))
    _unique(table["account_id"], path)
    strange = sorted(set(table["kind"].to_pylist()) - set(KINDS), key=str)
    if strange:
        what = f"kind is not one of {', '.join(KINDS)}: {strange[0]}"
        raise InputFormatError(what, where=str(path), todo="use one of these kinds")
    files = exchange_files(world)
    account, time = _harvest(world, files)
    return Truth(table, _volumes(files), account, time)


def read_verdicts(path: Path) -> VerdictTable:
    """Read ``verdicts.parquet``.

    Args:
        path: the file, or the folder that ``stillwatch scan`` wrote.

    Raises:
        SourceNotFoundError: it does not exist.
        MissingColumnError: it lacks a column.
        InputFormatError: it is not Parquet or an account occurs twice.
    """
    if path.is_dir():
        path = path / "verdicts.parquet"
    table = _parquet(path, ("account_id", "campaign_id", "flagged_at", "score")).read()
    _unique(table["account_id"], path)
    times = table["flagged_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    measure = (
        table["recommended_measure"].cast(pa.string()).fill_null("")
        if "recommended_measure" in table.column_names
        else pa.array([""] * len(table), pa.string())
    )
    return VerdictTable(
        account=_objects(table["account_id"].cast(pa.string())),
        campaign=_objects(table["campaign_id"].cast(pa.string())),
        flagged_at=np.asarray(times.fill_null(NEVER).to_numpy(), dtype=np.int64),
        score=np.asarray(table["score"].cast(pa.float64()).fill_null(0.0).to_numpy()),
        measure=_objects(measure),
    )


def _objects(column: pa.ChunkedArray | pa.Array) -> NDArray[np.object_]:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=object)
