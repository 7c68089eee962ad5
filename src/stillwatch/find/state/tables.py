"""Account table, events, tokens and peers' matches in the state, with what was given before."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.find.state.folder import StateFolder

__all__ = ["merge_tables", "write_table"]


def merge_tables(state: StateFolder, given: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the tables that the state holds with those given merged in, and keep them.

    Of an account that is given again the new row counts; events, tokens and matches add up.

    Args:
        state: holds the tables.
        given: by name, ``accounts``, ``events``, ``provider_events``, ``tokens`` and
            ``intelligence``; those absent stay as they are.
    """
    named = dict(state.manifest.tables)
    merged: dict[str, pa.Table] = {}
    serial = state.manifest.serial
    for name in sorted({*named, *given}):
        held = pq.read_table(state.path / "tables" / named[name]) if name in named else None
        fresh = given.get(name)
        if fresh is None:
            merged[name] = held
            continue
        table = fresh if held is None else _merged(held, fresh, accounts=name == "accounts")
        merged[name] = table
        if held is not None and table.equals(held):
            continue
        serial += 1
        named[name] = write_table(state, name, serial, table)
    if named != dict(state.manifest.tables):
        state.commit(tables=named, serial=serial)
    return merged


def write_table(state: StateFolder, name: str, serial: int, table: pa.Table) -> str:
    """Write a table into the state and return its file's name, for the manifest.

    Args:
        state: the folder.
        name: of the table.
        serial: number that no file of it has.
        table: what to write.

    Raises:
        OutputError: it cannot be written.
    """
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    file = f"{name}-{serial:06d}.parquet"
    state.write(f"tables/{file}", out.getvalue())
    return file


def _merged(held: pa.Table, fresh: pa.Table, *, accounts: bool) -> pa.Table:
    if "account_id" in fresh.schema.names and (
        fresh.schema.field("account_id").type != held.schema.field("account_id").type
    ):  # text holds both
        held, fresh = _as_text(held), _as_text(fresh)
    if accounts:
        gone = pc.invert(pc.is_in(held["account_id"], value_set=pc.unique(fresh["account_id"])))
        return pa.concat_tables([fresh, held.filter(gone)], promote_options="permissive")
    both = pa.concat_tables([held, fresh], promote_options="permissive").combine_chunks()
    names = both.column_names
    once = both.append_column("_row", pa.array(range(both.num_rows), pa.int64()))
    first = once.group_by(names, use_threads=False).aggregate([("_row", "min")])
    return both.take(first["_row_min"].combine_chunks().sort())


def _as_text(table: pa.Table) -> pa.Table:
    place = table.schema.get_field_index("account_id")
    return table.set_column(place, "account_id", table["account_id"].cast(pa.string()))
