"""Copies of a world that lack columns or files, or whose labels are partly wrong."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import ConfigurationError, OutputError
from stillwatch.records import ACCOUNT, EXCHANGE

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LABELS", "MISSING", "NOISY", "Variation", "write_variation"]

LABELS = (
    "created_at",
    "organization_id",
    "plan",
    "declared_purpose",
    "verification_level",
    "licensed",
)
"""What an operator says of an account, and what nulls and explanations rest on."""

ROWS = 65_536
"""Rows copied at a time."""


@dataclass(frozen=True, slots=True)
class Variation:
    """One way in which a real operator's data fall short."""

    name: str
    """Row in the table."""
    exchanges: tuple[str, ...] = ()
    """Columns dropped from the exchanges."""
    accounts: tuple[str, ...] = ()
    """Columns dropped from the account table."""
    files: tuple[str, ...] = ()
    """Files of the world that are left out."""
    noise: float = 0.0
    """Share of accounts whose labels are dealt anew among themselves, and of account events
    that are moved to another account."""


def _family(name: str, family: str) -> Variation:
    """All optional columns that one family of evidence reads."""
    return Variation(
        name,
        exchanges=tuple(f.name for f in EXCHANGE if f.family == family and not f.required),
        accounts=tuple(f.name for f in ACCOUNT if f.family == family and not f.required),
    )


MISSING: tuple[Variation, ...] = (
    _family("no identity columns", "identity"),
    Variation("no network columns", exchanges=("ip", "asn")),
    Variation("no client columns", exchanges=("user_agent", "tls_fingerprint")),
    _family("no network or client columns", "infrastructure"),
    Variation("no account events", files=("account_events.parquet",)),
    Variation("no provider events", files=("provider_events.parquet",)),
    Variation(
        "no token counts",
        exchanges=("input_tokens", "output_tokens", "max_tokens", "finish_reason"),
    ),
    Variation("no output tokens", exchanges=("output_tokens", "response")),
    Variation("no system prompt", exchanges=("system_prompt",)),
    Variation("no conversations", exchanges=("conversation_id",)),
    Variation("no creation times", accounts=("created_at",), files=("account_events.parquet",)),
    Variation("no labels of accounts", accounts=LABELS[1:]),
    Variation("no account table", files=("accounts.parquet",)),
    Variation(
        "prompt, model and time alone",
        exchanges=tuple(f.name for f in EXCHANGE if not f.required),
        accounts=tuple(f.name for f in ACCOUNT if not f.required),
        files=("account_events.parquet", "provider_events.parquet"),
    ),
)
"""Columns and files that operators often lack."""

NOISY: tuple[Variation, ...] = tuple(
    Variation(f"{share:.0%} of labels wrong", noise=share) for share in (0.02, 0.1, 0.3)
)
"""Labels that are late or wrong."""


def _exchanges(world: Path, out: Path, dropped: tuple[str, ...]) -> None:
    """Copy the exchanges file by file, a row batch at a time."""
    for path in sorted((world / "exchanges").rglob("*.parquet")):
        target = out / path.relative_to(world)
        target.parent.mkdir(parents=True, exist_ok=True)
        file = pq.ParquetFile(path)
        kept = [name for name in file.schema_arrow.names if name not in dropped]
        schema = pa.schema([file.schema_arrow.field(name) for name in kept])
        with pq.ParquetWriter(target, schema) as writer:
            for batch in file.iter_batches(ROWS, columns=kept):
                writer.write_batch(batch.select(kept).cast(schema))


def _shuffled(
    column: pa.ChunkedArray,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    order: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> pa.ChunkedArray:
    """Move the values of some rows among these rows."""
    place = np.arange(len(column))
    place[rows] = rows[order]
    return column.take(pa.array(place))


def _accounts(world: Path, out: Path, variation: Variation, rng: np.random.Generator) -> None:
    if "accounts.parquet" in variation.files:
        return
    table = pq.ParquetFile(world / "accounts.parquet").read()
    kept = [name for name in table.column_names if name not in variation.accounts]
    table = table.select(kept)
    if variation.noise:
        rows = np.flatnonzero(rng.random(len(table)) < variation.noise)
        order = rng.permutation(len(rows))
        for name in LABELS:
            if name in kept:
                column = _shuffled(table[name], rows, order)
                table = table.set_column(table.column_names.index(name), name, column)
    pq.write_table(table, out / "accounts.parquet")


def _events(world: Path, out: Path, variation: Variation, rng: np.random.Generator) -> None:
    path = world / "account_events.parquet"
    if not path.is_file() or path.name in variation.files:
        return
    table = pq.ParquetFile(path).read()
    if variation.noise and len(table):
        rows = np.flatnonzero(rng.random(len(table)) < variation.noise)
        ids = _shuffled(table["account_id"], rows, rng.permutation(len(rows)))
        table = table.set_column(table.column_names.index("account_id"), "account_id", ids)
    pq.write_table(table, out / path.name)


def write_variation(world: Path, out: Path, variation: Variation, seed: int = 0) -> Path:
    """Write a copy of a world with a variation; its truth stays whole.

    Args:
        world: folder that ``stillwatch simulate`` wrote.
        out: new folder.
        variation: what the copy lacks.
        seed: of the noise.

    Returns:
        out.

    Raises:
        ConfigurationError: a required column or file is to be dropped, or noise is no share.
        OutputError: out exists.
    """
    required = {f.name for f in (*EXCHANGE, *ACCOUNT) if f.required}
    if required & {*variation.exchanges, *variation.accounts} or not 0 <= variation.noise <= 1:
        what = f"{variation.name}: drops a required column or its noise is not a share"
        raise ConfigurationError(what, todo="drop optional columns; noise from 0 to 1")
    if out.exists():
        what = "the folder for the copy exists"
        raise OutputError(what, where=str(out), todo="name a new folder")
    out.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    _exchanges(world, out, variation.exchanges)
    _accounts(world, out, variation, rng)
    _events(world, out, variation, rng)
    written = {"accounts.parquet", "account_events.parquet"}
    for path in sorted(world.iterdir()):
        if path.is_file() and path.name not in written and path.name not in variation.files:
            shutil.copy2(path, out / path.name)
    return out
