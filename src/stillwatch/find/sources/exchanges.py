"""Exchange logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.find.sources.source import Input, TableKind

if TYPE_CHECKING:
    from datetime import datetime

    from stillwatch.find.sources.mapping import ColumnMapping
    from stillwatch.find.sources.quarantine import Quarantine

__all__ = ["EXCHANGES", "ExchangeSource", "open_exchanges"]

EXCHANGES = TableKind("exchange", "exchanges", unique="exchange_id")


class ExchangeSource(Input):
    """An exchange log, opened by :func:`open_exchanges`."""


def open_exchanges(
    location: str,
    *,
    mapping: ColumnMapping | None = None,
    quarantine: Quarantine,
    batch_rows: int = 65_536,
    format: str | None = None,  # noqa: A002 - named as the option is
    now: datetime | None = None,
) -> ExchangeSource:
    """Open an exchange log.

    Args:
        location: file, folder (day partitions included), pattern, database URL with table, or
            ``-`` for JSON Lines from standard input, which can be read once.
        mapping: the operator's column names.
        quarantine: takes bad rows while the batches are read.
        batch_rows: rows in a batch, at most.
        format: name of the format of all files; None tells by name and content.
        now: times more than a day after it are refused; None refuses only those after 2099.

    Raises:
        SourceNotFoundError: the location does not exist or cannot be opened.
        InputFormatError: a file is in no known format or is damaged.
        MissingColumnError: a required column is absent.
        ConfigurationError: the mapping or format does not fit the files.
        MissingExtraError: a database URL is given and SQLAlchemy is not installed.
    """
    return ExchangeSource(
        location,
        EXCHANGES,
        mapping=mapping,
        quarantine=quarantine,
        batch_rows=batch_rows,
        chosen_format=format,
        now=now,
    )
