"""One account's verdict, read back from ``verdicts.parquet``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import ConfigurationError, InputFormatError, SourceNotFoundError
from stillwatch.records import Verdict, verdict_schema
from stillwatch.report.documents.folder import digest

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.report.documents.campaigns import PublishedScan

__all__ = ["read_verdict"]

_NAME = "verdicts.parquet"


def read_verdict(out: Path, scan: PublishedScan, account: str) -> Verdict:
    """Return the verdict of one account.

    Args:
        out: output folder of the scan.
        scan: what its ``campaigns.json`` says; the verdicts must be those written with it.
        account: account id as a person types it; read as a number where the ids are numbers.

    Raises:
        SourceNotFoundError: there are no verdicts.
        InputFormatError: the verdicts are damaged or another scan's.
        ConfigurationError: the account is not in the scan.
    """
    path = out / _NAME
    try:
        found = digest(path)
        if found != scan.digests.get(_NAME):
            raise _damaged(path, "these are not the verdicts that campaigns.json was written with")
        kind = pq.read_schema(path).field("account_id").type
        value = _typed(account, kind)
        table = pq.read_table(path, filters=[("account_id", "=", value)])
    except (pa.ArrowInvalid, KeyError) as error:
        raise _damaged(path, f"not a verdicts table: {error}") from error
    except OSError as error:
        raise _absent(path, error) from error
    if table.num_rows == 0:
        raise _unknown(account)
    row = table.select(verdict_schema(kind).names).slice(0, 1).to_pylist()[0]
    return Verdict(**{**row, "reasons": tuple(row["reasons"])})


def _typed(account: str, kind: pa.DataType) -> str | int:
    try:
        if pa.types.is_integer(kind):
            return int(pa.scalar(int(account), kind).as_py())
        account.encode("utf-8")
    except (ValueError, OverflowError, pa.ArrowException) as error:
        raise _unknown(account) from error  # no such number, or not text
    return account


def _damaged(path: Path, what: str) -> InputFormatError:
    todo = "a scan was interrupted or a file was changed: scan again"
    return InputFormatError(what, where=str(path), todo=todo)


def _absent(path: Path, error: OSError) -> SourceNotFoundError:
    return SourceNotFoundError(
        f"no verdicts to read: {error.strerror or error}",
        where=str(path),
        todo="run stillwatch scan first, or name its output folder with --out",
    )


def _unknown(account: str) -> ConfigurationError:
    return ConfigurationError(
        "the scan saw no such account",
        where=ascii(account),
        todo="check the id; it is written as in the exchange log",
    )
