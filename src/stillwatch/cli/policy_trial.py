"""What ``stillwatch policy simulate`` reads, and the trial that it is for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.cli.log_input import counted, read_secret
from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, InputFormatError, MissingColumnError
from stillwatch.find.sources import (
    Quarantine,
    open_exchanges,
    read_accounts,
    read_intelligence,
)
from stillwatch.stop.responses import NOTHING_IN_FORCE
from stillwatch.stop.responses.trial import Known, Trial

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.find.sources import ColumnMapping
    from stillwatch.stop.responses import Policy
    from stillwatch.stop.responses.trial import Affected

__all__ = ["tried"]


def tried(
    policy: Policy,
    exchanges: str,
    *,
    accounts: str | None = None,
    scan: Path | None = None,
    intelligence: str | None = None,
    truth: Path | None = None,
    cohorts: str | None = None,
    key_file: Path | None = None,
    mapping: ColumnMapping | None = None,
    format_: str | None = None,
) -> list[Affected]:
    """Read, run and return what would have been done to each cohort; see the command's options."""
    quarantine = Quarantine(None)
    table = None
    if accounts is not None:
        table = _texts(read_accounts(accounts, mapping=mapping, quarantine=quarantine))
    heard = None
    if intelligence is not None:
        heard = _texts(read_intelligence(intelligence, mapping=mapping, quarantine=quarantine))
    verdicts, campaigns = _scanned(scan) if scan else (None, [])
    cohort_of: dict[str, str] = {}
    if truth is not None:
        cohort_of = _truth(truth)
    elif cohorts is not None and table is not None:
        cohort_of = _column(table, cohorts)
    known = Known(verdicts, campaigns, table, heard)
    trial = Trial(policy, NOTHING_IN_FORCE, known, secret=read_secret(key_file))
    source = open_exchanges(exchanges, mapping=mapping, quarantine=quarantine, format=format_)
    trial.run(counted(source.batches(), quarantine, exchanges), cohort_of)
    return list(trial.affected(cohort_of))


def _texts(table: pa.Table) -> pa.Table:
    """Return a table whose account ids are text, as a gateway has them."""
    place = table.schema.get_field_index("account_id")
    return table.set_column(place, "account_id", table["account_id"].cast(pa.string()))


def _scanned(folder: Path) -> tuple[pa.Table, list[dict[str, Any]]]:
    raw = read_small(folder / "campaigns.json", "the scan's campaigns", 1 << 30)
    verdicts = _parquet(folder / "verdicts.parquet", ("account_id", "flagged_at", "score"))
    try:
        return _texts(verdicts), json.loads(raw)["campaigns"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputFormatError(
            "campaigns.json is not a scan's", where=str(folder), todo="scan again"
        ) from error


def _truth(path: Path) -> dict[str, str]:
    """Return the cohort of each account, or the campaign that it belongs to."""
    table = _texts(_parquet(path, ("account_id", "cohort", "campaign")))
    rows = table.select(["account_id", "cohort", "campaign"]).to_pylist()
    return {
        row["account_id"]: f"campaign {row['campaign']}" if row["campaign"] else str(row["cohort"])
        for row in rows
    }


def _column(table: pa.Table, name: str) -> dict[str, str]:
    if name not in table.column_names:
        raise ConfigurationError(
            f"the account table has no column {name}",
            where="--cohorts",
            todo=f"use one of {', '.join(table.column_names)}",
        )
    pairs = zip(table["account_id"].to_pylist(), table[name].to_pylist(), strict=True)
    return {account: "none" if value is None else str(value) for account, value in pairs}


def _parquet(path: Path, columns: tuple[str, ...]) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputFormatError(
            f"not a readable Parquet file: {error}", where=str(path), todo="write it again"
        ) from error
    for name in columns:
        if name not in table.column_names:
            raise MissingColumnError(
                f"column {name} is missing", where=str(path), todo="see docs/reference/outputs.md"
            )
    return table
