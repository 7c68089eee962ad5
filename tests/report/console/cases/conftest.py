from __future__ import annotations

import shutil
import warnings

import pytest
from console_clock import NOW
from example_scan import example_scan

from stillwatch.report.console.cases.interface import Person, Role, Sources
from stillwatch.report.console.cases.loading import load
from stillwatch.report.console.cases.log import prepare
from stillwatch.report.console.cases.stored import StoredCases
from stillwatch.report.documents import write_scan
from stillwatch.store import Database

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        import pgserver
    except ModuleNotFoundError:
        pgserver = None


@pytest.fixture(scope="session")
def example():
    return example_scan(accounts=600)


@pytest.fixture
def people():
    return {role: Person(f"{role.value}-1", frozenset({role})) for role in Role}


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    if pgserver is None:
        pytest.skip("no PostgreSQL: pip install pgserver")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pgserver.get_server(tmp_path_factory.mktemp("pg"))
    yield server
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """An empty database of the console, of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/console.sqlite"
    else:
        server = request.getfixturevalue("postgres")
        name = f"console_{abs(hash(request.node.nodeid))}"
        server.psql(f"CREATE DATABASE {name};")
        url = server.get_uri(database=name)
    store = Database(url)
    store.now(prepare)
    yield store
    store.close()


@pytest.fixture
def lite(tmp_path):
    """An empty database in a file."""
    store = Database(f"sqlite:///{tmp_path}/console.sqlite")
    store.now(prepare)
    yield store
    store.close()


@pytest.fixture
def publish(tmp_path, example):
    """Write a scan's results, changed or not, and return their folder."""

    def write(name="results", change=None, activity=None):
        result = example[0] if change is None else change(example[0])
        write_scan(result, tmp_path / name, example[1] if activity is None else activity)
        return tmp_path / name

    return write


@pytest.fixture(scope="session")
def ready(tmp_path_factory, example):
    """A database with the example in it, to be copied."""
    folder = tmp_path_factory.mktemp("ready")
    write_scan(example[0], folder / "results", example[1])
    store = Database(f"sqlite:///{folder}/console.sqlite")
    store.now(prepare)
    store.now(load, folder / "results", now=NOW, who="operator")
    store.close()
    return folder / "console.sqlite"


@pytest.fixture
def loaded(ready, tmp_path):
    """Cases of the example, at a time that moves with every act."""
    shutil.copy(ready, tmp_path / "loaded.sqlite")
    store = Database(f"sqlite:///{tmp_path}/loaded.sqlite")
    clock = [NOW]

    def now():
        clock[0] += 1_000_000
        return clock[0]

    cases = StoredCases(store, Sources(database=store.url), now=now)
    cases.clock = clock
    yield cases
    cases.close()
    store.close()
