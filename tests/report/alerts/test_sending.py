"""The outbox: nothing lost, order kept, waits honoured, whatever the receiver does."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import threading

import pytest
from alert_scans import BASE, small_scan
from listening import SECRET_TEXT, checked, web
from test_changes import found

from stillwatch.errors import ConfigurationError, InputFormatError, OutputError, SourceNotFoundError
from stillwatch.report.alerts import outbox
from stillwatch.report.alerts.configuration import read_configuration
from stillwatch.report.alerts.database import DATABASE, connected, exclusive, prepare
from stillwatch.report.alerts.memory import remember
from stillwatch.report.alerts.sending import send, wait_before

NOW = 1_788_600_000.0


class World:
    """A clock that moves only when somebody waits."""

    def __init__(self, now=NOW):
        self.time, self.slept, self.lock = now, 0.0, threading.Lock()

    def now(self):
        return self.time

    def sleep(self, seconds):
        with self.lock:
            self.time += seconds
            self.slept += seconds

    def chance(self):
        return 0.0


@pytest.fixture
def box(tmp_path):
    prepare(tmp_path / "box")
    with connected(tmp_path / "box") as database:
        remember(database, found(small_scan()), prefix=BASE, group="abuse", now=NOW)
    return tmp_path / "box"


@pytest.fixture
def configured(tmp_path, monkeypatch):
    monkeypatch.setenv("HOOK", SECRET_TEXT)

    def make(*ports, **more):
        lines = [f'playbook = "{BASE}"', *(f"{name} = {value}" for name, value in more.items())]
        for number, port in enumerate(ports):
            lines += ["[[receiver]]", f'name = "r{number}"', 'kind = "webhook"',
                      f'url = "http://127.0.0.1:{port}/"', 'secret_env = "HOOK"',
                      "timeout_seconds = 1"]  # fmt: skip
        (tmp_path / "r.toml").write_text("\n".join(lines))
        return read_configuration(tmp_path / "r.toml")

    return make


def state(box, name="r0"):
    with connected(box) as database:
        return next(s for s in outbox.states(database) if s.name == name)


def uids(server):
    return [headers["webhook-id"] for _, headers, _ in server.requests]


def test_all_arrive_in_order_and_once(hook, box, configured):
    assert send(box, configured(hook.server_port), World(), 0) == 6
    kinds = [checked(request, now=NOW)["type"] for request in hook.requests]
    assert kinds == ["campaign.declared"] * 3 + ["accounts.flagged"] * 3
    assert len(set(uids(hook))) == 6
    assert send(box, configured(hook.server_port), World(), 0) == 0
    assert len(hook.requests) == 6
    assert state(box).waiting == 0


def test_a_receiver_that_is_away_and_back_loses_nothing(box, configured):
    with web() as server:
        port = server.server_port
    configuration, world = configured(port), World()
    for _ in range(5):  # away: nothing listens there
        assert send(box, configuration, world, 0) == 0
        world.sleep(100)
    away = state(box)
    assert (away.waiting, away.attempts, away.delivered_at) == (6, 5, None)
    assert away.failing_since == NOW
    assert "refused" in away.error.lower()
    with web(port=port) as server:
        assert send(box, configuration, world, 0) == 6
        assert len(set(uids(server))) == 6
    assert state(box).failing_since is None


def test_retry_after_is_honoured_also_by_the_next_run(hook, box, configured):
    hook.answers.append((429, {"retry-after": "600"}, b""))
    configuration, world = configured(hook.server_port), World()
    assert send(box, configuration, world, 60) == 0
    assert state(box).next_at == NOW + 600
    world.sleep(599)
    assert send(box, configuration, world, 0) == 0
    assert len(hook.requests) == 1
    world.sleep(1)
    assert send(box, configuration, world, 0) == 6
    assert uids(hook)[0] == uids(hook)[1]
    assert len(set(uids(hook))) == 6
    stamps = [headers["webhook-timestamp"] for _, headers, _ in hook.requests]
    assert int(stamps[1]) - int(stamps[0]) == 600


def test_a_run_is_patient_for_as_long_as_it_may(hook, box, configured):
    hook.answers += [(503, {}, b"")] * 4
    world = World()
    assert send(box, configured(hook.server_port), world, 60) == 6
    assert world.slept == pytest.approx(0.5 + 1 + 2 + 4)
    assert len(set(uids(hook)[:5])) == 1  # none overtakes the one that is refused


def test_waits_double_up_to_a_bound_and_differ():
    def wait(attempts, chance=1.0, asked=None):
        return wait_before(attempts, chance, first=1, longest=60, asked=asked)

    assert [wait(n) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert wait(10_000) == 60
    assert wait(5, 0.0) == 8
    assert wait(1, 0.0, 500) == 500


def test_one_that_is_away_holds_up_no_other(hook, box, configured):
    with web() as server:
        gone = server.server_port
    world = World()
    assert send(box, configured(gone, hook.server_port), world, 0) == 6
    assert (state(box, "r0").waiting, state(box, "r1").waiting) == (6, 0)


def test_a_receiver_that_comes_later_gets_what_is_kept(hook, box, configured):
    with web() as other:
        send(box, configured(other.server_port), World(), 0)
        assert send(box, configured(other.server_port, hook.server_port), World(), 0) == 6
        assert uids(hook) == uids(other)


def test_messages_are_dropped_when_all_have_them_and_they_are_old(hook, box, configured):
    with web() as server:
        gone = server.server_port
    world = World()
    send(box, configured(gone, hook.server_port, keep_days=1), world, 0)
    world.sleep(10 * 86_400)
    send(box, configured(gone, hook.server_port, keep_days=1), world, 0)
    assert state(box, "r0").waiting == 6  # one has none of them: all are kept
    with connected(box) as database:
        outbox.forget(database, "r0")
    send(box, configured(hook.server_port, keep_days=1), world, 0)
    with connected(box) as database:
        outbox.forget(database, "r0")
    send(box, configured(keep_days=1), world, 0)
    with connected(box) as database:
        assert database.execute("select count(*) from message").fetchone() == (0,)
        remember(database, found(small_scan()), prefix=BASE, group="abuse", now=NOW)
        assert database.execute("select count(*) from message").fetchone() == (0,)


def test_a_clock_that_was_set_back_stops_nothing(hook, box, configured):
    hook.answers.append((503, {}, b""))
    send(box, configured(hook.server_port), World(NOW + 10 * 86_400), 0)
    assert send(box, configured(hook.server_port), World(), 0) == 6


def test_skip_gives_up_one_and_says_so(hook, box, configured):
    hook.answers += [(413, {}, b"")]
    send(box, configured(hook.server_port), World(), 0)
    with connected(box) as database:
        uid = outbox.skip(database, "r0", NOW)
    assert uid == uids(hook)[0]
    assert send(box, configured(hook.server_port), World(), 0) == 5
    assert uid not in uids(hook)[1:]
    assert state(box).skipped == 1
    with connected(box) as database, pytest.raises(ConfigurationError):
        outbox.skip(database, "r0", NOW)
    with connected(box) as database, pytest.raises(ConfigurationError):
        outbox.forget(database, "nobody")


def test_one_run_at_a_time(box):
    with exclusive(box), pytest.raises(OutputError, match="another run"), exclusive(box):
        pass
    with exclusive(box):
        pass


def test_a_scan_that_cannot_be_told_leaves_the_outbox_as_it_was(box):
    result = small_scan((9, 9, 9))
    broken = dataclasses.replace(found(result), campaigns=(*result.campaigns, None))
    with connected(box) as database:
        before = list(database.iterdump())
        with pytest.raises(AttributeError):
            remember(database, broken, prefix=BASE, group="abuse", now=NOW)
        assert list(database.iterdump()) == before


def test_outboxes_that_are_refused(tmp_path):
    with pytest.raises(SourceNotFoundError), connected(tmp_path / "none"):
        pass
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / DATABASE).write_bytes(b"not a database at all" * 100)
    with pytest.raises(InputFormatError, match="damaged"):
        prepare(damaged)
    newer = tmp_path / "newer"
    prepare(newer)
    with sqlite3.connect(newer / DATABASE) as database:
        database.execute("pragma user_version = 7")
    database.close()
    with pytest.raises(InputFormatError, match="version 7"):
        prepare(newer)
    (tmp_path / "link").symlink_to(newer)
    with pytest.raises(OutputError, match="symbolic link"):
        prepare(tmp_path / "link")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        prepare(tmp_path / "file")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_outbox_is_its_owners_alone(box):
    for path in box.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name
