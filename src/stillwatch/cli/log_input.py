"""What ``scan`` and ``observe`` do alike: they read the key, and refuse a log without a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, NoUsableRowsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from stillwatch.find.sources import Quarantine

__all__ = ["counted", "read_secret"]


def read_secret(path: Path | None) -> bytes:
    """Return the secret of a key file, white space around it left out; nothing without a file.

    Raises:
        SourceNotFoundError: the file cannot be opened.
        ConfigurationError: the file holds nothing, which would be no key, or is none.
    """
    if path is None:
        return b""
    secret = read_small(path, "the key file").strip()
    if not secret:
        raise ConfigurationError(
            "the key file is empty", where=str(path), todo="put a long random secret in it"
        )
    return secret


def counted(
    batches: Iterator[pa.RecordBatch], quarantine: Quarantine, where: str
) -> Iterator[pa.RecordBatch]:
    """Pass batches on; refuse an input without a good row.

    Raises:
        NoUsableRowsError: there was none.
    """
    rows = 0
    for batch in batches:
        rows += batch.num_rows
        if batch.num_rows:
            yield batch
    if rows == 0:
        bad = sum(sum(quarantine.rows(name).values()) for name in quarantine.inputs())
        raise NoUsableRowsError(
            f"no usable exchange; {bad} went to quarantine" if bad else "no exchange at all",
            where=where,
            todo="`stillwatch scan --check` says why",
        )
