"""A PostgreSQL for all tests of the tables, and new databases of either kind."""

from __future__ import annotations

import itertools

import pytest
from databases import KINDS, postgres_at

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    server = postgres_at(tmp_path_factory.mktemp("pg"))
    yield server
    server.cleanup()


@pytest.fixture
def new_url(tmp_path, request):
    """Return what gives the URL of a new, empty database of a kind."""

    def make(kind):
        assert kind in KINDS
        name = f"made_{next(_numbers)}"
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/{name}.sqlite"
        server = request.getfixturevalue("postgres")
        server.psql(f"CREATE DATABASE {name};")
        return server.get_uri(database=name)

    return make
