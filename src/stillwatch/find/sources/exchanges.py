"""Exchange logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.find.sources.files import is_url
from stillwatch.find.sources.registry import locate
from stillwatch.find.sources.source import Input, TableKind
from stillwatch.find.sources.standard_input import STANDARD_INPUT

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import datetime

    from stillwatch.find.sources.mapping import ColumnMapping
    from stillwatch.find.sources.quarantine import Quarantine

__all__ = ["EXCHANGES", "ExchangeSource", "locate_exchanges", "open_exchanges"]

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
    skip: Container[str] = (),
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
        skip: paths of files that are left out, as :func:`locate_exchanges` names them.

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
        skip=skip,
    )


def locate_exchanges(location: str, format: str | None = None) -> list[str]:  # noqa: A002 - as above
    """Return the paths of an exchange log's files; none for a database or standard input.

    Args:
        location: as :func:`open_exchanges` takes.
        format: as :func:`open_exchanges` takes.

    Raises:
        StillwatchError: see :func:`open_exchanges`.
    """
    if is_url(location) or location == STANDARD_INPUT:
        return []
    return [file.path for file, _ in locate(location, format)]
