"""People, sessions and pages on PostgreSQL."""

from __future__ import annotations

import warnings

import pytest
import sqlalchemy as sa
from console_browser import Site
from example_scan import example_scan

from stillwatch.report.console.cases import Role, Sources
from stillwatch.report.console.cases.loading import refresh
from stillwatch.report.console.cases.stored import StoredCases
from stillwatch.report.documents import write_scan
from stillwatch.store import console_people as tables
from stillwatch.store import migrations

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pgserver = pytest.importorskip("pgserver", reason="no PostgreSQL: pip install pgserver")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pgserver.get_server(tmp_path_factory.mktemp("pg"))
    yield server.get_uri()
    server.cleanup()


def test_a_person_signs_in_decides_and_signs_out(address, tmp_path):
    result, activity = example_scan(accounts=300)
    write_scan(result, tmp_path / "out", activity)
    site = Site(url=address)
    try:
        sources = Sources("", results=tmp_path / "out")
        site.database.now(refresh, sources, now=site.clock(), who="test")
        cases = StoredCases(site.database, sources, now=site.clock)
        object.__setattr__(site.desk, "cases", cases)
        site.add("ada", Role.ANALYST, Role.APPROVER)
        assert site.browser().sign_in("ada", "guess").status_code == 401
        browser = site.browser("ada")
        for path in ("/", "/queue", "/campaigns", "/accounts", "/groups", "/exchange", "/log"):
            assert browser.get(path).status_code == 200, path
        name = result.campaigns[0].campaign_id
        done = browser.act(f"/act/confirm?campaign={name}", why="same cards", onward="queue")
        assert done.status_code == 303
        assert "same cards" in browser.get("/log").text
        assert browser.get("/export/log.csv").status_code == 200
        site.clock.pass_minutes(2)
        assert browser.get("/help").status_code == 200
        assert browser.act("/sign-out").status_code == 303
        assert browser.get("/help").status_code == 303
        cases.close()
    finally:
        site.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_step_makes_the_tables_that_the_code_names(kind, address, tmp_path):
    engine = Site(tmp_path / "x.sqlite") if kind == "sqlite" else Site(url=address)
    try:
        found = sa.inspect(engine.database.engine)
        for table in tables.METADATA.sorted_tables:
            columns = {one["name"]: one["nullable"] for one in found.get_columns(table.name)}
            assert columns == {one.name: bool(one.nullable) for one in table.columns}, table.name
            made = {tuple(one["column_names"]) for one in found.get_indexes(table.name)}
            named = {tuple(one.name for one in index.columns) for index in table.indexes}
            assert named <= made, table.name
        with engine.database.engine.connect() as connection:
            part = "console_people"
            assert migrations.stands_at(connection, part) == migrations.newest(part)
    finally:
        engine.close()
