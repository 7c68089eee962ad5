"""Each part's branch makes just the tables that the code has."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from stillwatch.store import (
    Database,
    appeal_tables,
    console_tables,
    measure_tables,
    migrations,
    tables,
)

PARTS = {
    "appeals": appeal_tables.METADATA,
    "console_cases": console_tables.METADATA,
    "hub": tables.METADATA,
    "measures": measure_tables.METADATA,
}


@pytest.mark.parametrize("part", PARTS)
def test_a_branch_makes_just_its_tables(tmp_path, part):
    database = Database(f"sqlite:///{tmp_path}/x.sqlite")
    assert database.now_reading(migrations.stands_at, part) is None
    for _ in range(2):
        database.now(migrations.upgrade, part)
    assert database.now_reading(migrations.stands_at, part) == migrations.newest(part)

    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection), PARTS[part])

    assert database.now_reading(differences) == []
    database.close()


def test_parts_may_share_a_database(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/x.sqlite")
    for part in PARTS:
        database.now(migrations.upgrade, part)
    for part in PARTS:
        assert database.now_reading(migrations.stands_at, part) == migrations.newest(part)
    database.close()


def test_a_later_versions_step_is_told(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/x.sqlite")
    database.now(migrations.upgrade, "measures")
    database.now(
        lambda connection: connection.execute(
            sa.text("UPDATE alembic_version SET version_num = 'measures_9999'")
        )
    )
    assert database.now_reading(migrations.stands_at, "measures") == "measures_9999"
    database.close()
