"""Clear identifiers → keyed tokens and pattern features, the form in which scan reads them."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.disk import writing
from stillwatch.errors import NoUsableRowsError, OutputError
from stillwatch.find.sources.source import Input, TableKind
from stillwatch.find.sources.vault.normalise import normalise
from stillwatch.find.sources.vault.patterns import pattern_of
from stillwatch.records import IDENTIFIER_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from stillwatch.find.sources.mapping import ColumnMapping
    from stillwatch.find.sources.quarantine import Quarantine

__all__ = ["KINDS", "Tokenised", "token", "tokenise", "write_private"]

KINDS = ("email", "phone", "par")
"""Types of identifiers."""
TOKEN_BYTES = 16


@dataclass(frozen=True, slots=True)
class Tokenised:
    """What one run made."""

    rows: int
    """Identifiers tokenised."""
    bad: Mapping[str, int]
    """Rows left out, by reason."""
    types: Mapping[str, int]
    """Identifiers by type."""
    patterned: int
    """Identifiers that have a pattern."""


def token(key: bytes, purpose: str, text: str) -> str:
    """Return the keyed token of a text: HMAC-SHA256, first 128 bits, hexadecimal.

    Args:
        key: the vault's key.
        purpose: what the text is; equal texts of different purposes have unrelated tokens.
        text: the normalised value or form.

    >>> token(b"k", "email", "a@b.c") == token(b"k", "phone", "a@b.c")
    False
    """
    label = f"stillwatch vault 1 {purpose}\0".encode()
    digest = hmac.new(key, label + text.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return digest.digest()[:TOKEN_BYTES].hex()


def tokenise(
    location: str,
    out: Path,
    *,
    key: bytes,
    quarantine: Quarantine,
    mapping: ColumnMapping | None = None,
    format: str | None = None,  # noqa: A002 - named as the option is
    provider_rules: bool = False,
) -> Tokenised:
    """Write the tokens of a table of identifiers.

    Args:
        location: table with account_id, type (email, phone, par), value, and optionally
            valid_from, in any format that scan reads.
        out: Parquet file to write, mode 0600; columns as ``records.IDENTIFIER_TOKEN``, account_id
            in the input's type.
        key: the vault's key, see :func:`.keys.read_key`.
        quarantine: takes rows that are no identifiers; it is told their length, not their value.
        mapping: the operator's column names, section ``[identifier]``.
        format: format of the files; None tells.
        provider_rules: fold spellings that some mail providers treat alike; changes tokens.

    Raises:
        StillwatchError: the input cannot be read or the output not written.
    """
    kind = TableKind(
        "identifier",
        "identifiers",
        vocabulary={"type": KINDS},
        judge=_judge(provider_rules=provider_rules),
    )
    source = Input(location, kind, mapping=mapping, quarantine=quarantine, chosen_format=format)
    schema = _schema(source.account_type)
    types = dict.fromkeys(KINDS, 0)
    rows = patterned = 0
    batches = []
    for batch in source.batches():
        made = _tokens(batch, schema, key, provider_rules=provider_rules)
        rows += made.num_rows
        patterned += made.num_rows - made.column("pattern_token").null_count
        for name in made.column("type").to_pylist():
            types[name] += 1
        batches.append(made)
    bad = quarantine.rows(kind.name)
    if not rows:
        raise NoUsableRowsError(
            "the table holds no identifier that can be used",
            where=source.shown,
            todo="see the quarantine file for the reasons",
        )
    write_private(pa.Table.from_batches(batches, schema), out)
    return Tokenised(rows, bad, types, patterned)


def _judge(*, provider_rules: bool) -> Callable[[Mapping[str, pa.Array]], np.ndarray]:
    def judge(columns: Mapping[str, pa.Array]) -> np.ndarray:
        pairs = zip(columns["type"].to_pylist(), columns["value"].to_pylist(), strict=True)
        return np.array(
            [
                kind is not None
                and value is not None
                and normalise(kind, value, provider_rules=provider_rules) is None
                for kind, value in pairs
            ],
            np.bool_,
        )

    return judge


def _schema(account_type: pa.DataType) -> pa.Schema:
    return pa.schema(
        [(f.name, account_type if f.name == "account_id" else f.type) for f in IDENTIFIER_TOKEN]
    )


def _tokens(
    batch: pa.RecordBatch, schema: pa.Schema, key: bytes, *, provider_rules: bool
) -> pa.RecordBatch:
    kinds = batch.column("type").to_pylist()
    tokens: list[str] = []
    forms: list[str | None] = []
    counters: list[int | None] = []
    for kind, clear in zip(kinds, batch.column("value").to_pylist(), strict=True):
        value = normalise(kind, clear, provider_rules=provider_rules) or ""
        pattern = pattern_of(kind, value)
        tokens.append(token(key, kind, value))
        forms.append(None if pattern is None else token(key, f"{kind} pattern", pattern.form))
        counters.append(None if pattern is None else pattern.counter)
    held = "valid_from" in batch.schema.names
    valid_from = (
        batch.column("valid_from")
        if held
        else pa.nulls(batch.num_rows, schema.field("valid_from").type)
    )
    columns = {
        "account_id": batch.column("account_id"),
        "type": batch.column("type"),
        "token": pa.array(tokens, pa.string()),
        "pattern_token": pa.array(forms, pa.string()),
        "pattern_counter": pa.array(counters, pa.int64()),
        "valid_from": valid_from,
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def write_private(table: pa.Table, out: Path) -> None:
    """Write a Parquet file, readable by its owner alone, in one step.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with writing(out, private=True) as file:
            pq.write_table(table, file)
    except OSError as error:
        raise OutputError(
            f"the file cannot be written: {error.strerror or error}",
            where=str(out),
            todo="choose a folder that can be written",
        ) from error
