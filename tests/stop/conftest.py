"""New databases of either kind, for the registry of measures and the appeals desk."""

from __future__ import annotations

import itertools
import warnings

import pytest

from stillwatch.store import Database

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pgserver", reason="no PostgreSQL: pip install pgserver")
        server = pgserver.get_server(tmp_path_factory.mktemp("pg"))
    yield server
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """An empty database, closed at the end."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/stop.sqlite"
    else:
        server, name = request.getfixturevalue("postgres"), f"stop_{next(_numbers)}"
        server.psql(f"CREATE DATABASE {name};")
        url = server.get_uri(database=name)
    opened = Database(url)
    yield opened
    opened.close()
