"""What a scan's output folder says, read whole and checked against its digests."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import InputFormatError, SourceNotFoundError
from stillwatch.records import Verdict, verdict_schema
from stillwatch.report.documents import VERDICTS, read_campaigns

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from stillwatch.records import Campaign

__all__ = ["FoundScan", "read_scan"]


@dataclass(frozen=True, slots=True)
class FoundScan:
    """Campaigns and flagged accounts of one scan."""

    as_of: datetime
    """Last look."""
    first: datetime | None
    """First exchange of the log."""
    account_type: pa.DataType
    """Arrow type of account ids."""
    campaigns: tuple[Campaign, ...]
    """Declared campaigns, earliest first."""
    flagged: tuple[Verdict, ...]
    """Verdicts with a flag."""


def read_scan(out: Path) -> FoundScan:
    """Read an output folder.

    Raises:
        SourceNotFoundError: there is no scan.
        InputFormatError: it is damaged, or its files are of two scans.
    """
    scan = read_campaigns(out)
    path = out / VERDICTS
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceNotFoundError(
            f"no verdicts to read: {error.strerror or error}",
            where=str(path),
            todo="run stillwatch scan first",
        ) from error
    if hashlib.sha256(data).hexdigest() != scan.digests.get(VERDICTS):
        raise _damaged(path, "these are not the verdicts that campaigns.json was written with")
    try:
        table = pq.read_table(io.BytesIO(data))
        kind = table.schema.field("account_id").type
        table = table.select(verdict_schema(kind).names)
        rows = table.filter(pc.is_valid(table["flagged_at"])).to_pylist()
    except (pa.ArrowException, KeyError) as error:
        raise _damaged(path, f"not a verdicts table: {error}") from error
    return FoundScan(
        as_of=scan.as_of,
        first=scan.first,
        account_type=kind,
        campaigns=scan.campaigns,
        flagged=tuple(Verdict(**{**row, "reasons": tuple(row["reasons"])}) for row in rows),
    )


def _damaged(path: Path, what: str) -> InputFormatError:
    return InputFormatError(
        what, where=str(path), todo="a scan was interrupted or is running: wait, or scan again"
    )
