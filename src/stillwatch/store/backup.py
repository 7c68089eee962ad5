"""Back-up and restore of the tables, whichever database holds them.

A back-up is one snapshot, taken while servers go on.  It holds every part's tables at the step they
are at, so that a back-up of an earlier version is restored as it was and then upgraded.
"""

from __future__ import annotations

import itertools
import secrets
import shutil
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.disk import UNFINISHED, flush
from stillwatch.errors import ConfigurationError, InputFormatError, OutputError
from stillwatch.store import migrations
from stillwatch.store.backup_format import (
    Manifest,
    read_manifest,
    rows_of,
    verify_file,
    write_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

__all__ = ["back_up", "restore", "tables_of", "verify_backup"]

_AT_ONCE = 1000


def tables_of(steps: dict[str, str]) -> tuple[str, ...]:
    """Return the names of the tables that parts have at the steps given.

    The steps themselves say so: they are taken in memory.
    """
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        for part, step in steps.items():
            migrations.upgrade(connection, part, to=step)
        found = sa.inspect(connection).get_table_names()
    engine.dispose()
    return tuple(sorted(set(found) - {"alembic_version"}))


def back_up(connection: Connection, folder: Path, *, made: str, version: str) -> str:
    """Write a back-up of all parts in a database; return the SHA-256 of its manifest.

    Args:
        connection: in a transaction in which nothing was read yet.
        folder: is made; must not exist.
        made: the time, UTC, ISO 8601.
        version: of stillwatch.

    Raises:
        ConfigurationError: the database holds no tables of ours, or those of a later version.
        OutputError: the folder is there already or cannot be written.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    steps = migrations.standing(connection)
    if not steps:
        raise ConfigurationError(
            "the database holds no tables of stillwatch", todo="check the database's URL"
        )
    if folder.exists():
        raise OutputError(
            "there is something at this place already", where=str(folder), todo="name a new folder"
        )
    half = folder.absolute().with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    try:
        half.mkdir(mode=0o700)
        tables = tuple(
            write_table(half, table.name, [c.name for c in table.columns], _rows(connection, table))
            for table in _reflected(connection, tables_of(steps))
        )
        for one in tables:
            flush(half / one.file)
        digest = Manifest(made, version, connection.dialect.name, steps, tables).write(half)
        half.rename(folder)
        flush(folder.absolute().parent)
    except OSError as error:
        raise OutputError(
            f"the back-up cannot be written: {error.strerror}",
            where=str(folder),
            todo="name a folder on a disk with room that you may write to",
        ) from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return digest


def verify_backup(folder: Path, digest: str = "") -> Manifest:
    """Return what a back-up holds, after every file was read and compared with its digest.

    Args:
        folder: the back-up.
        digest: SHA-256 of the manifest, as noted when it was made; empty for any.

    Raises:
        SourceNotFoundError: there is none.
        InputFormatError: it is damaged, or another one.
    """
    manifest, found = read_manifest(folder)
    if digest and found != digest.lower():
        raise InputFormatError(
            "the back-up is another one: its digest is not the one given",
            where=str(folder),
            todo=f"it is {found}; look for the back-up whose digest you noted",
        )
    for table in manifest.tables:
        verify_file(folder, table)
    return manifest


def restore(connection: Connection, folder: Path, manifest: Manifest) -> int:
    """Make the tables of a verified back-up in an empty database and fill them; return the rows.

    Args:
        connection: in a transaction, which has to be taken back where this raises.
        folder: the back-up.
        manifest: as `verify_backup` returned it.

    Raises:
        ConfigurationError: the database holds tables already, or this version lacks a step.
        InputFormatError: the back-up is damaged.
    """
    for part, step in manifest.steps.items():
        if part not in migrations.parts() or step not in migrations.chain(part):
            raise ConfigurationError(
                f"the back-up is of a later version: this one has no step {step} of {part}",
                where=str(folder),
                todo=f"restore it with stillwatch {manifest.version} or later",
            )
    wanted = tables_of(manifest.steps)
    there = set(sa.inspect(connection).get_table_names()) & {*wanted, "alembic_version"}
    if there:
        raise ConfigurationError(
            f"the database is not empty: it holds {min(there)}",
            todo="name a new database; nothing is ever written over",
        )
    if {table.name for table in manifest.tables} != set(wanted):
        raise InputFormatError(
            "the back-up does not hold the tables of its steps", where=str(folder)
        )
    for part, step in manifest.steps.items():
        migrations.upgrade(connection, part, to=step)
    kinds = {table.name: table for table in _reflected(connection, wanted)}
    for held in manifest.tables:
        rows = rows_of(folder, held)
        if set(held.columns) != set(kinds[held.name].columns.keys()):
            raise InputFormatError(f"the columns of {held.name} are others", where=str(folder))
        while chunk := list(itertools.islice(rows, _AT_ONCE)):
            connection.execute(sa.insert(kinds[held.name]), chunk)
    if connection.dialect.name == "postgresql":
        _go_on_counting(connection, kinds.values())
    return sum(table.rows for table in manifest.tables)


def _reflected(connection: Connection, names: Iterable[str]) -> list[sa.Table]:
    metadata = sa.MetaData()
    metadata.reflect(connection, only=list(names))
    return [metadata.tables[name] for name in sorted(metadata.tables)]


def _rows(connection: Connection, table: sa.Table) -> Iterator[sa.Row[tuple[object, ...]]]:
    query = sa.select(table).order_by(*table.primary_key.columns)
    yield from connection.execute(query, execution_options={"yield_per": _AT_ONCE})


def _go_on_counting(connection: Connection, tables: Iterable[sa.Table]) -> None:
    """Let columns that PostgreSQL counts go on after the highest number restored."""
    for table in tables:
        for column in table.primary_key.columns:
            of = {"table": table.name, "column": column.name}
            find = sa.text("SELECT pg_get_serial_sequence(:table, :column)")
            if not isinstance(column.type, sa.Integer) or not (
                name := connection.execute(find, of).scalar()
            ):
                continue
            highest = connection.execute(sa.select(sa.func.max(column))).scalar()
            if highest is not None:
                connection.execute(
                    sa.text("SELECT setval(:name, :to)"), {"name": name, "to": highest}
                )
