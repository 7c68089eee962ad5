"""Clear identifiers → pseudonyms that other providers can compare, asked for elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.errors import NoUsableRowsError
from stillwatch.find.sources.source import Input, TableKind
from stillwatch.find.sources.vault.tokenise import KINDS, write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from stillwatch.find.sources.mapping import ColumnMapping
    from stillwatch.find.sources.quarantine import Quarantine

__all__ = ["Pseudonymised", "pseudonymise"]


@dataclass(frozen=True, slots=True)
class Pseudonymised:
    """What one run made."""

    rows: int
    """Accounts' identifiers with a pseudonym."""
    values: int
    """Different identifiers that were evaluated."""
    epoch: int
    """Epoch of the pseudonyms."""
    bad: Mapping[str, int]
    """Rows left out, by reason."""


def pseudonymise(
    location: str,
    out: Path,
    *,
    kind: str,
    usable: Callable[[str], bool],
    evaluate: Callable[[Sequence[str]], Iterable[tuple[int, str]]],
    only: frozenset[str] | None = None,
    quarantine: Quarantine,
    mapping: ColumnMapping | None = None,
    format: str | None = None,  # noqa: A002 - named as the option is
) -> Pseudonymised:
    """Write the pseudonyms of a table of identifiers.

    Args:
        location: table as of :func:`.tokenise.tokenise`.
        out: Parquet file to write, mode 0600: account_id in the input's type, type, epoch and
            pseudonym, 128 hexadecimal digits.
        kind: type of the identifiers to take; rows of other types are passed over.
        usable: whether a value is an identifier of this type.
        evaluate: gives epoch and pseudonym of each value, in order.
        only: accounts to take, as text; None for all.
        quarantine: takes rows that are no identifiers; it is told their length, not their value.
        mapping: the operator's column names, section ``[identifier]``.
        format: format of the files; None tells.

    Raises:
        StillwatchError: the input cannot be read, the output not written, or nothing evaluated.
    """
    judged = TableKind(
        "identifier", "identifiers", vocabulary={"type": KINDS}, judge=_judge(kind, usable)
    )
    source = Input(location, judged, mapping=mapping, quarantine=quarantine, chosen_format=format)
    accounts, values = [], []
    for batch in source.batches():
        own = batch.filter(pc.equal(batch.column("type"), kind))
        for account, value in zip(
            own.column("account_id").to_pylist(), own.column("value").to_pylist(), strict=True
        ):
            if only is None or str(account) in only:
                accounts.append(account)
                values.append(value)
    different = sorted(set(values))
    if not different:
        raise NoUsableRowsError(
            f"the table holds no {kind} of these accounts",
            where=source.shown,
            todo="see the quarantine file for rows that were left out",
        )
    made = dict(zip(different, evaluate(different), strict=True))
    write_private(_table(accounts, values, made, kind, source.account_type), out)
    epoch = max(epoch for epoch, _ in made.values())
    return Pseudonymised(len(accounts), len(different), epoch, quarantine.rows(judged.name))


def _table(
    accounts: Sequence[str | int],
    values: Sequence[str],
    made: Mapping[str, tuple[int, str]],
    kind: str,
    account_type: pa.DataType,
) -> pa.Table:
    return pa.table(
        {
            "account_id": pa.array(accounts, account_type),
            "type": pa.array([kind] * len(accounts), pa.string()),
            "epoch": pa.array([made[value][0] for value in values], pa.int64()),
            "pseudonym": pa.array([made[value][1] for value in values], pa.string()),
        }
    )


def _judge(
    kind: str, usable: Callable[[str], bool]
) -> Callable[[Mapping[str, pa.Array]], np.ndarray]:
    def judge(columns: Mapping[str, pa.Array]) -> np.ndarray:
        pairs = zip(columns["type"].to_pylist(), columns["value"].to_pylist(), strict=True)
        return np.array(
            [of == kind and value is not None and not usable(value) for of, value in pairs],
            np.bool_,
        )

    return judge
