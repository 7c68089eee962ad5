"""From the first step of every part to the newest, with data in it, on both databases."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from databases import KINDS, content, filled, made

from stillwatch import store
from stillwatch.errors import ConfigurationError
from stillwatch.store import Database, migrations
from stillwatch.store.backup import back_up, restore, tables_of, verify_backup

WHEN = {"made": "2026-11-22T09:00:00+00:00", "version": "0.1.0"}


def declared(names):
    """Return the tables that the code declares, for a part."""
    for found in pkgutil.iter_modules(store.__path__, "stillwatch.store."):
        if found.ispkg:
            continue
        metadata = getattr(importlib.import_module(found.name), "METADATA", None)
        if metadata is not None and set(metadata.tables) == set(names):
            return metadata
    raise AssertionError(f"no module of the store declares {names}")


def carried(rows, columns):
    """Return rows cut to columns that an earlier step had."""
    return {frozenset((k, v) for k, v in row if k in columns) for row in rows}


def check_carried(before, after):
    for name, rows in before.items():
        columns = {key for row in rows for key, _ in row}
        assert carried(after[name], columns) == rows, name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", migrations.parts())
def test_the_first_layout_with_data_becomes_the_newest(new_url, part, kind):
    first, newest = migrations.chain(part)[0], migrations.newest(part)
    database = made(new_url(kind), {part: first})
    names = tables_of({part: first})
    assert database.now(filled, names) == 3 * len(names)
    before = database.now_reading(content, names)
    database.now(migrations.upgrade, part)
    assert database.now_reading(migrations.standing) == {part: newest}
    check_carried(before, database.now_reading(content, names))
    wanted = declared(tables_of({part: newest}))

    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection), wanted)

    assert database.now_reading(differences) == []
    database.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", migrations.parts())
def test_a_backup_of_the_first_layout_is_restored_and_upgraded(new_url, tmp_path, part, kind):
    first = migrations.chain(part)[0]
    old = made(new_url("sqlite"), {part: first})
    names = tables_of({part: first})
    old.now(filled, names)
    old.now_reading(back_up, tmp_path / "copy", **WHEN)
    before = old.now_reading(content, names)
    old.close()
    database = Database(new_url(kind))
    database.now(restore, tmp_path / "copy", verify_backup(tmp_path / "copy"))
    assert database.now_reading(migrations.standing) == {part: first}
    database.now(migrations.upgrade, part)
    check_carried(before, database.now_reading(content, names))
    database.close()


def test_an_upgrade_that_fails_changes_nothing(new_url):
    database = made(new_url("sqlite"), {"hub": "0001"})
    database.now(lambda c: c.execute(sa.text("CREATE TABLE hub_credentials (x)")))
    with pytest.raises(Exception, match="already exists"):
        database.now(migrations.upgrade, "hub")
    assert database.now_reading(migrations.standing) == {"hub": "0001"}
    database.close()


def test_a_database_of_a_later_version_is_told(new_url):
    database = made(new_url("sqlite"), {"hub": "0002"})
    database.now(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '9'")))
    with pytest.raises(ConfigurationError, match="does not know"):
        database.now_reading(migrations.standing)
    database.close()
