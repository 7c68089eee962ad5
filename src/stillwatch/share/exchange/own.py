"""What a member says of its own accounts: their pseudonyms, and which were verified as benign."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
import pyarrow.parquet as pq

from stillwatch.errors import InputFormatError, MissingColumnError
from stillwatch.share.exchange.matching import OwnPseudonyms
from stillwatch.share.oprf.matching import packed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Own", "read_accounts_of", "read_pseudonyms"]

_COLUMNS = ("account_id", "type", "epoch", "pseudonym")


@dataclass(frozen=True, slots=True)
class Own:
    """Pseudonyms of own accounts."""

    parts: Sequence[OwnPseudonyms]
    """By type and epoch."""
    account_type: pa.DataType
    """Arrow type of account ids."""


def read_pseudonyms(location: str) -> Own:
    """Return the pseudonyms of a table, Parquet or JSON Lines.

    Raises:
        InputFormatError: it cannot be read, or a pseudonym is none.
        MissingColumnError: a column is absent.
    """
    path = Path(location)
    try:
        table = pq.read_table(path) if path.suffix == ".parquet" else pj.read_json(path)
    except (OSError, pa.ArrowException) as error:
        raise InputFormatError(
            f"the pseudonyms cannot be read: {error}",
            where=location,
            todo="give Parquet or JSON Lines of account_id, type, epoch and pseudonym",
        ) from error
    missing = [name for name in _COLUMNS if name not in table.column_names]
    if missing:
        raise MissingColumnError(
            f"the table of pseudonyms has no column {missing[0]}",
            where=location,
            todo="name the columns account_id, type, epoch and pseudonym",
        )
    parts = []
    groups = table.group_by(["type", "epoch"]).aggregate([]).to_pylist()
    for group in sorted(groups, key=lambda one: (str(one["type"]), one["epoch"] or 0)):
        same = pc.and_(
            pc.equal(table.column("type"), group["type"]),
            pc.equal(table.column("epoch"), group["epoch"]),
        )
        rows = table.filter(same)
        parts.append(
            OwnPseudonyms(
                str(group["type"]),
                int(group["epoch"] or 0),
                rows.column("account_id").to_pylist(),
                _digests(rows.column("pseudonym")),
            )
        )
    return Own(tuple(parts), table.schema.field("account_id").type)


def _digests(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.uint8]]:
    if pa.types.is_fixed_size_binary(column.type) and column.type.byte_width == 64:
        flat = column.combine_chunks().cast(pa.binary())
        return np.frombuffer(b"".join(flat.to_pylist()), np.uint8).reshape(-1, 64)
    return packed(column.to_pylist())


def read_accounts_of(path: Path, account_type: pa.DataType | None) -> list[str | int]:
    """Return the account ids in a file, one a line, in the type of the other input.

    Raises:
        InputFormatError: it is no text, or a line is no number where ids are numbers.
    """
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
        if account_type is not None and pa.types.is_integer(account_type):
            return [int(line) for line in lines]
    except (OSError, ValueError) as error:
        raise InputFormatError(
            f"the verified accounts cannot be read: {error}",
            where=str(path),
            todo="give account ids, one a line",
        ) from error
    return list(lines)
