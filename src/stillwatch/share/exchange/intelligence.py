"""What peers' indicators say of own accounts, as a file that a scan takes in.

A row is an account and an indicator that it fits.  Nothing in it is enough to block: the licence is
the most that the author allows on the indicator alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.disk import writing
from stillwatch.errors import InputFormatError, OutputError
from stillwatch.records import TIME

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "TOGETHER",
    "Intelligence",
    "intelligence_schema",
    "read_intelligence",
    "together",
    "write_intelligence",
]

_VERSION = "1"
TOGETHER = "together"
"""Kind of a row that says what several sorts of evidence say together."""
_TEXT = frozenset({"behaviour", "sketch"})


@dataclass(frozen=True, slots=True)
class Intelligence:
    """One account that fits one indicator; columns as in ``records.INTELLIGENCE``, and more."""

    time: int
    """When that could be known, microseconds since 1970: the indicator was there, and so were all
    exchanges that count. A scan uses nothing before; match often, and it is soon."""
    account_id: str | int
    indicator: str
    """Id of the indicator."""
    kind: str
    """Such as ``pseudonym:email``, or ``together``."""
    actor: str
    """The author's name for the campaign."""
    author: str
    """Identity id of the member that published it."""
    weight: float
    """How far the indicator is believed, 0 to 1: confidence, age, the author's precision."""
    log_ratio: float
    """That the account is the actor's against it is anybody's, nats; what is not believed of the
    indicator counts as saying nothing."""
    licence: str
    """The most that may be done on this indicator alone."""
    exchanges: int
    """Exchanges that fit; 0 where the account fits as a whole."""
    first: int
    """First of them, microseconds since 1970; 0 where none is meant."""
    last: int
    """Last of them."""
    sample: tuple[str, ...]
    """Ids of some of them."""


def together(rows: Sequence[Intelligence]) -> list[Intelligence]:
    """Return what different sorts of evidence of one actor say together of an account, dated.

    Of each sort (text and what comes with it, networks, pseudonyms) the best counts, since two
    indicators of one sort often say the same.  The row has the indicator that came last.

    Args:
        rows: of single indicators, in any order.
    """
    found: list[Intelligence] = []
    best: dict[tuple[str | int, str], dict[str, float]] = {}
    for row in sorted(rows, key=lambda row: (row.time, row.indicator)):
        kind = row.kind.partition(":")[0]
        sort = "text" if kind in _TEXT else kind
        sorts = best.setdefault((row.account_id, row.actor), {})
        if row.log_ratio <= sorts.get(sort, 0.0):
            continue
        sorts[sort] = row.log_ratio
        if len(sorts) > 1:
            total = round(sum(sorts.values()), 6)
            found.append(replace(row, kind=TOGETHER, log_ratio=total))
    return found


def intelligence_schema(account_type: pa.DataType) -> pa.Schema:
    """Return the Arrow schema of the file.

    Args:
        account_type: of account_id, as in the input.
    """
    text, whole = pa.string(), pa.int64()
    return pa.schema(
        [
            pa.field("time", TIME, nullable=False),
            pa.field("account_id", account_type, nullable=False),
            *(pa.field(name, text) for name in ("indicator", "kind", "actor", "author")),
            *(pa.field(name, pa.float64()) for name in ("weight", "log_ratio")),
            pa.field("licence", text),
            *(pa.field(name, whole) for name in ("exchanges", "first", "last")),
            pa.field("sample", pa.list_(text)),
        ],
        metadata={"stillwatch_intelligence": _VERSION},
    )


def write_intelligence(
    rows: Sequence[Intelligence], path: Path, account_type: pa.DataType | None
) -> None:
    """Write the file, strongest first.

    Args:
        rows: what was found.
        path: file.
        account_type: of account ids; None for text, where there was no account.

    Raises:
        OutputError: it cannot be written.
    """
    ranked = sorted(rows, key=lambda row: (-row.log_ratio, str(row.account_id), row.indicator))
    schema = intelligence_schema(account_type or pa.string())
    table = pa.Table.from_pylist([asdict(row) for row in ranked], schema=schema)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path) as file:
            pq.write_table(table, file)
    except OSError as error:
        raise OutputError(
            f"the intelligence cannot be written: {error.strerror or error}",
            where=str(path),
            todo="name a place that you may write and that has room",
        ) from error


def read_intelligence(path: Path) -> list[Intelligence]:
    """Return the rows of a file.

    Raises:
        InputFormatError: it is no such file.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputFormatError(
            f"the intelligence cannot be read: {error}",
            where=str(path),
            todo="make it with `stillwatch exchange match`",
        ) from error
    metadata = table.schema.metadata or {}
    if metadata.get(b"stillwatch_intelligence") != _VERSION.encode():
        raise InputFormatError(
            "not a file of intelligence of this version",
            where=str(path),
            todo="make it with `stillwatch exchange match`",
        )
    table = table.set_column(0, "time", table.column("time").cast(pa.int64()))
    return [
        Intelligence(**{**row, "sample": tuple(row["sample"] or ())}) for row in table.to_pylist()
    ]


def summary(rows: Sequence[Intelligence], held: Sequence[str]) -> str:
    """Return a summary as JSON."""
    return json.dumps(
        {
            "accounts": len({row.account_id for row in rows}),
            "indicators": len({row.indicator for row in rows}),
            "rows": len(rows),
            "held_back": list(held),
        }
    )
