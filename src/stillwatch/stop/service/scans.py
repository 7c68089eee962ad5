"""What scan and match write, read whole: a folder in, updates out."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.disk import read_small
from stillwatch.errors import InputFormatError, StillwatchError
from stillwatch.stop.service.bodies import scan_body, table_body
from stillwatch.stop.service.updates import Update

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SOURCE", "read_intelligence", "read_scan", "stamp", "written"]

SOURCE = "scan"
"""Key of what a scan and a match say: there is one of each."""
_CAMPAIGNS, _VERDICTS = "campaigns.json", "verdicts.parquet"
_LARGEST = 2 << 30


def stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever a file is replaced; None where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def written(path: Path) -> int:
    """Return when a file was written, microseconds since 1970; 0 where it is not there."""
    found = stamp(path)
    return 0 if found is None else found[2] // 1000


def read_scan(folder: Path, *, version: int) -> Update:
    """Return what a scan declared.

    Args:
        folder: its output folder; ``campaigns.json`` holds the digest of the verdicts that were
            written with it, and others are not taken.
        version: of the update, microseconds since 1970.

    Raises:
        SourceNotFoundError: a file is absent.
        InputFormatError: the two do not belong together, as while a scan is being published, or
            are no scan's.
    """
    raw = read_small(folder / _CAMPAIGNS, "the scan", _LARGEST)
    verdicts = read_small(folder / _VERDICTS, "the verdicts", _LARGEST)
    try:
        document = json.loads(raw)
        digest = document["files"][_VERDICTS]["sha256"]
        as_of = round(datetime.fromisoformat(document["scan"]["as_of"]).timestamp() * 1e6)
        campaigns = document["campaigns"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _no_scan(folder, "campaigns.json is not a scan's") from error
    if hashlib.sha256(verdicts).hexdigest() != digest:
        raise _no_scan(folder, "the verdicts are not those that campaigns.json was written with")
    try:
        table = pq.read_table(io.BytesIO(verdicts))
        body = scan_body(as_of, campaigns, table)
    except (pa.ArrowException, KeyError, OSError, TypeError, AttributeError) as error:
        raise _no_scan(folder, "verdicts.parquet is not a scan's") from error
    return Update("scan", SOURCE, version, body)


def read_intelligence(path: Path, *, version: int) -> Update:
    """Return what peers' indicators said of accounts, as ``stillwatch exchange match`` wrote it.

    Args:
        path: Parquet file.
        version: of the update, microseconds since 1970.

    Raises:
        SourceNotFoundError: the file is absent.
        InputFormatError: it is no such file.
    """
    raw = read_small(path, "the intelligence", _LARGEST)
    try:
        table = pq.read_table(io.BytesIO(raw))
        table.select(["time", "account_id", "actor", "log_ratio"])
    except (pa.ArrowException, KeyError, OSError) as error:
        raise InputFormatError(
            "this is not what stillwatch exchange match writes",
            where=str(path),
            todo="name the file that it wrote with --out",
        ) from error
    return Update("intelligence", SOURCE, version, table_body(table))


def _no_scan(folder: Path, what: str) -> StillwatchError:
    return InputFormatError(
        what, where=str(folder), todo="wait until the scan has ended, or scan again"
    )
