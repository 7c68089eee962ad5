"""Databases of both kinds for tests, and rows for tables that nothing is known of."""

from __future__ import annotations

import warnings

import pytest
import sqlalchemy as sa

from stillwatch.store import Database, migrations

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        import pgserver
    except ImportError:
        pgserver = None

KINDS = ("sqlite", "postgresql")


def postgres_at(folder):
    if pgserver is None:
        pytest.skip("no PostgreSQL: pip install pgserver, which needs Python before 3.13")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return pgserver.get_server(folder)
        except FileNotFoundError:  # a busy machine: the server was given up before it had its log
            return pgserver.get_server(folder)


def filled(connection, names, count=3):
    """Put rows with every kind of value into tables; return how many."""
    metadata = sa.MetaData()
    metadata.reflect(connection, only=list(names))
    for table in metadata.tables.values():
        rows = [{c.name: value(c, n) for c in table.columns} for n in range(1, count + 1)]
        connection.execute(sa.insert(table), rows)
    return count * len(names)


def value(column, number):
    if column.nullable and number == 1:
        return None
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return number % 2 == 0
    if isinstance(kind, sa.LargeBinary):
        return bytes([0, 255, number]) * 700
    if isinstance(kind, sa.Integer):
        return number if isinstance(kind, sa.SmallInteger) else number + (2**31 - 9)
    if isinstance(kind, sa.Float):
        return 0.1 + number / 3
    assert isinstance(kind, sa.Text | sa.String), kind
    return f'{number} "\\\n\u2028 ключ 密码 \U0001f511'


def content(connection, names):
    """Return all rows of tables, as sets that compare between databases."""
    metadata = sa.MetaData()
    metadata.reflect(connection, only=list(names))
    found = {}
    for name, table in metadata.tables.items():
        rows = connection.execute(sa.select(table)).mappings()
        found[name] = {
            frozenset((k, bytes(v) if isinstance(v, memoryview) else v) for k, v in row.items())
            for row in rows
        }
    return found


def made(url, steps):
    """Return a database with parts at steps."""
    database = Database(url)
    for part, step in steps.items():
        database.now(migrations.upgrade, part, to=step)
    return database
