"""A marked campaign of the simulator's, to be put into an operator's own log as an exercise.

Every account and exchange id begins with :data:`MARK`, so that nothing of it can be taken for a
customer; with account ids that are integers the marked ones lie above :data:`FIRST_ID`.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import ConfigurationError
from stillwatch.records import EXCHANGE
from stillwatch.worlds.simulation.building import Settings, simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FIRST_ID", "MARK", "Exercise", "make_exercise"]

MARK = "exercise-"
"""What the ids of the exercise begin with."""
FIRST_ID = 1 << 62
"""First integer account id of an exercise."""
_SHORTEST = 7
_BESIDE = 30


@dataclass(frozen=True, slots=True)
class Exercise:
    """A campaign that is none."""

    exchanges: pa.Table
    """Columns as in ``records.EXCHANGE``, in time order."""
    accounts: pa.Table
    """Columns as in ``records.ACCOUNT``."""


def make_exercise(
    adversary: str,
    *,
    accounts: int,
    requests: int,
    first: datetime,
    last: datetime,
    models: Sequence[str],
    seed: int,
    account_type: pa.DataType,
) -> Exercise:
    """Make the campaign of one adversary within a span of time.

    Args:
        adversary: slug of the simulator's.
        accounts: about so many.
        requests: mean number of exchanges of an account, before some are cut off by the span.
        first: begin of the log.
        last: its end; what the campaign would do later is left out.
        models: names of the log's models, the most used first; the campaign asks for these.
        seed: equal arguments give equal campaigns.
        account_type: Arrow type of the log's account ids, int64 or string.

    Raises:
        ConfigurationError: there is no such adversary, or too few accounts or time for it.
    """
    log, people, ids = _built(adversary, accounts, requests, first, last, seed)
    within = pc.and_(
        pc.greater_equal(log["time"], pa.scalar(first, log["time"].type)),
        pc.less_equal(log["time"], pa.scalar(last, log["time"].type)),
    )
    log = log.filter(pc.and_(within, pc.is_in(log["account_id"], value_set=ids)))
    if log.num_rows == 0:
        raise ConfigurationError(
            "the log is too short for this campaign to do anything in it",
            where=f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}",
            todo="give more of the log, more accounts or another adversary",
        )
    people = people.filter(pc.is_in(people["account_id"], value_set=ids))
    names = [name for name in log.schema.names if name in {field.name for field in EXCHANGE}]
    log = _marked(log.select(names), ids, account_type)
    log = _replace(log, "exchange_id", pc.binary_join_element_wise(MARK, log["exchange_id"], ""))
    return Exercise(
        _replace(log, "model", _renamed(log["model"], models)).sort_by("time"),
        _marked(people, ids, account_type),
    )


def _built(
    adversary: str, accounts: int, requests: int, first: datetime, last: datetime, seed: int
) -> tuple[pa.Table, pa.Table, pa.Array]:
    """Simulate the campaign beside a few people; return log, accounts and the campaign's ids."""
    day = datetime(first.year, first.month, first.day, tzinfo=UTC)
    days = max(_SHORTEST, (last - day).days + 1)
    total = accounts + _BESIDE
    with tempfile.TemporaryDirectory(prefix="stillwatch-exercise-") as folder:
        world = Path(folder) / "world"
        simulate(
            Settings(
                world,
                total * requests,
                seed,
                accounts=total,
                days=days,
                start=day.date(),
                cohorts=("casual",),
                adversaries=(adversary,),
                prevalence=accounts / total,
            )
        )
        truth = pq.ParquetFile(world / "truth_accounts.parquet").read()
        files = sorted((world / "exchanges").rglob("*.parquet"))
        log = pa.concat_tables(pq.ParquetFile(file).read() for file in files)
        people = pq.ParquetFile(world / "accounts.parquet").read()
    ids = truth.filter(pc.equal(truth["kind"], "attack"))["account_id"].combine_chunks()
    return log, people, ids


def _marked(table: pa.Table, ids: pa.Array, account_type: pa.DataType) -> pa.Table:
    if pa.types.is_string(account_type):
        return _replace(
            table, "account_id", pc.binary_join_element_wise(MARK, table["account_id"], "")
        )
    place = pc.index_in(table["account_id"], value_set=ids).cast(pa.int64())
    return _replace(table, "account_id", pc.add(place, FIRST_ID))


def _renamed(used: pa.ChunkedArray, models: Sequence[str]) -> pa.Array:
    """Return the models by rank of use: the most used becomes the most used of the log."""
    counts = used.value_counts().to_pylist()
    order = [c["values"] for c in sorted(counts, key=lambda c: (-c["counts"], c["values"]))]
    name = {old: models[min(k, len(models) - 1)] for k, old in enumerate(order)}
    return pa.array([name[value] for value in used.to_pylist()], pa.string())


def _replace(table: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)
