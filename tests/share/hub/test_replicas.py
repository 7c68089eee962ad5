"""Replicas over one PostgreSQL: one order, one log, nothing lost or doubled."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import threading
import time
import warnings

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hub_world import CLIENT, OBJECTS, Lab, World, check_inclusion, ids
from test_store import Process

from stillwatch.errors import OutputError
from stillwatch.ledger import SigningKey
from stillwatch.share.hub.membership import set_state
from stillwatch.store import Database
from stillwatch.store.tables import METADATA

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pgserver = pytest.importorskip("pgserver")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pgserver.get_server(tmp_path_factory.mktemp("pg"))
    yield server
    server.cleanup()


@pytest.fixture
def database(postgres, request):
    name = f"hub_{abs(hash(request.node.name))}"
    postgres.psql(f"CREATE DATABASE {name};")
    return postgres.get_uri(database=name)


@pytest.fixture
def pair(database, tmp_path):
    """Two replicas in this process; members joined at the first."""
    key = SigningKey.generate("hub.example/log")
    with (
        World(tmp_path, database, key, poll=5.0).serving() as first,
        World(tmp_path, database, key, poll=5.0).serving() as second,
    ):
        first.alpha, first.beta = first.lab("Alpha"), first.lab("Beta")
        second.alpha, second.beta = (copied(lab, second) for lab in (first.alpha, first.beta))
        time.sleep(0.3)
        yield first, second


def copied(lab, world):
    other = Lab(world, lab.key)
    other.id = lab.id
    return other


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_same_tables_are_made_on_postgresql(pair):
    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection), METADATA)

    assert pair[0].database.now_reading(differences) == []


def test_replicas_write_one_log_in_one_order(pair):
    first, second = pair
    sent = {1: [], 2: []}

    def publish(number, lab):
        sent[number] += [lab.publish().id for _ in range(15)]

    threads = [
        threading.Thread(target=publish, args=(n, w.alpha)) for n, w in ((1, first), (2, second))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pages = [ids(w.beta.get(OBJECTS, limit=1000).json()) for w in pair]
    assert pages[0] == pages[1]
    assert sorted(pages[0]) == sorted(sent[1] + sent[2])
    assert [name for name in pages[0] if name in sent[1]] == sent[1]
    until(lambda: first.hub.feed.size == second.hub.feed.size == 32)
    records = second.beta.get("/exchange/v1/records").json()["records"]
    assert [r["index"] for r in records] == list(range(32))
    for record in (records[3], records[31]):
        check_inclusion(first, record)


def test_a_record_reaches_the_other_replicas_streams_at_once(pair):
    first, second = pair
    request = second.beta.signed("GET", "/exchange/v1/stream")
    found = []

    def listen():
        with httpx.stream(**request, timeout=20) as answer:
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    found.append((int(line[4:]), time.monotonic()))
                if len(found) == 5:
                    return

    thread = threading.Thread(target=listen)
    thread.start()
    until(lambda: second.hub.streams)
    begun = []
    for number in range(5):
        begun.append(time.monotonic())
        (first if number % 2 else second).alpha.publish()
    thread.join(20)
    assert [index for index, _ in found] == list(range(2, 7))
    assert max(at - start for (_, at), start in zip(found, begun, strict=True)) < 4


def test_a_nonce_is_taken_once_over_all_replicas(pair):
    first, second = pair
    for world in pair:
        world.settings["origin"] = first.url
        world.hub.access.origin = first.url
    request = first.alpha.signed("GET", "/exchange/v1/me")
    assert CLIENT.request(**request).status_code == 200
    request["url"] = request["url"].replace(first.url, second.url)
    answer = CLIENT.request(**request)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "H-2")


def test_who_is_suspended_at_one_is_refused_at_all(pair):
    first, second = pair
    member = first.hub.roster.by_id[first.beta.id]
    first.operate(lambda journal: set_state(journal, member, "suspended"))
    until(lambda: second.beta.get("/exchange/v1/me").status_code == 403, 3)


@pytest.mark.slow
def test_a_replica_killed_while_writing_loses_and_doubles_nothing(database, tmp_path):
    nats = shutil.which("nats-server")
    assert nats
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    broker = subprocess.Popen([nats, "-a", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL)  # noqa: S603
    state, options = (
        tmp_path / "state",
        ("--database", database, "--nats", f"nats://127.0.0.1:{port}"),
    )
    replicas = [Process(state, *options), Process(state, *options)]
    try:
        lab = replicas[0].lab("Alpha")
        labs = [lab, copied(lab, replicas[1])]
        until(lambda: labs[1].get("/exchange/v1/me").status_code == 200)
        answered, stop = [], threading.Event()

        def publish():
            while not stop.is_set():
                item = lab.make()
                for turn in range(1000):  # a member tries the other replica
                    try:
                        if labs[turn % 2].post(item).status_code == 202:
                            answered.append(item.id)
                            break
                    except httpx.TransportError:
                        time.sleep(0.02)

        writers = [threading.Thread(target=publish) for _ in range(4)]
        for writer in writers:
            writer.start()
        time.sleep(1.5)
        replicas[0].end(signal.SIGKILL)
        time.sleep(1.5)
        stop.set()
        for writer in writers:
            writer.join()
        stored = [name for page in labs[1].walk(limit=1000) for name in ids(page)]
        assert len(stored) == len(set(stored))
        assert set(answered) <= set(stored)
        assert len(answered) > 10
        found = labs[1].get("/exchange/v1/records", limit=1000).json()["records"]
        assert [r["index"] for r in found] == list(range(len(stored) + 1))
        replicas[1].beta, replicas[1].alpha = labs[1], labs[1]
        check_inclusion(replicas[1], found[-1])
    finally:
        for replica in replicas:
            if replica.process.poll() is None:
                replica.end()
        broker.terminate()
        broker.wait()


def test_a_database_that_is_away_is_named_without_its_password():
    away = Database("postgresql://user:secret@127.0.0.1:1/none")
    with pytest.raises(OutputError) as caught:
        away.now_reading(lambda connection: connection)
    assert "secret" not in caught.value.diagnostics()
    away.close()
