"""What was answered is there: after a kill, a restart, an operator's act beside the server."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner
from hub_world import CLIENT, Lab, World, ids

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError, OutputError, RefusedError, StillwatchError
from stillwatch.ledger import SigningKey
from stillwatch.share.hub.audits import erase_old, verify_audit
from stillwatch.store import Database, migrations
from stillwatch.store.tables import METADATA


def run(*words, code=0):
    """Run the command in this process and return what it prints, or the error's words."""
    done = CliRunner().invoke(cli, ["hub", *map(str, words)])
    if code and isinstance(done.exception, StillwatchError):
        assert done.exception.exit_code == code
        return done.exception.diagnostics()
    assert done.exit_code == code, done.output
    return done.stdout


class Process(World):
    """A hub in a process of its own; the clock is the real one."""

    def __init__(self, state, *options):
        self.state, self.options, self.url, self.settings = state, options, "", {}
        self.clock = type("Real", (), {"seconds": staticmethod(time.time)})()
        where = options[: 2 * options.count("--database")]
        run("init", "hub.example/log", "--state", state, *where)
        self.key = SigningKey.read(state / "hub.key")
        self.start()

    def start(self):
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "stillwatch", "hub", "serve", "--state", str(self.state)]
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [*command, "--port", port, *self.options], stdout=subprocess.PIPE, text=True
        )
        self.url = self.process.stdout.readline().strip()
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                if CLIENT.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("the hub did not start")

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(30)
        self.process.stdout.close()
        return code

    def lab(self, name, *roles):
        chosen = [word for role in roles for word in ("--role", role)]
        where = self.options[: 2 * self.options.count("--database")]
        token = run("invite", name, *chosen, "--state", self.state, *where).strip()
        lab = Lab(self, SigningKey.generate(name))
        assert lab.join(token, name).status_code == 201
        return lab


@pytest.fixture
def process(tmp_path):
    made = Process(tmp_path / "state")
    yield made
    if made.process.poll() is None:
        made.end()


def test_nothing_that_was_answered_is_lost_or_doubled_by_sigkill(process):
    lab = process.lab("Alpha")
    answered, stop = [], threading.Event()

    def publish():
        while not stop.is_set():
            item = lab.make()
            while not stop.is_set():  # a member posts again until it is answered
                try:
                    if lab.post(item).status_code == 202:
                        answered.append(item.id)
                        break
                except httpx.TransportError:
                    time.sleep(0.05)

    writers = [threading.Thread(target=publish) for _ in range(4)]
    for writer in writers:
        writer.start()
    for _ in range(2):
        time.sleep(0.7)
        process.end(signal.SIGKILL)
        process.start()
    time.sleep(0.5)
    stop.set()
    for writer in writers:
        writer.join()
    stored = [name for page in lab.walk(limit=1000) for name in ids(page)]
    assert len(stored) == len(set(stored))
    assert set(answered) <= set(stored)
    assert len(answered) > 10
    records = lab.get("/exchange/v1/records", limit=1000).json()
    assert [r["index"] for r in records["records"]] == list(range(len(stored) + 1))


def test_a_hub_told_to_end_finishes_and_ends_well(process):
    lab = process.lab("Alpha")
    item = lab.publish()
    codes = []
    request = lab.signed("GET", "/exchange/v1/stream")

    def listen():
        with httpx.stream(**request, timeout=20) as answer:
            codes.append(answer.status_code)
            for _ in answer.iter_raw():
                pass
        codes.append("ended")

    thread = threading.Thread(target=listen)
    thread.start()
    while not codes:
        time.sleep(0.02)
    assert process.end() in {0, -signal.SIGTERM}
    thread.join()
    assert codes == [200, "ended"]
    process.start()
    assert lab.see(item.id)


def test_an_operators_acts_reach_the_hub_that_serves(process):
    state = process.state
    lab, counsel = process.lab("Alpha"), process.lab("Counsel", "counsel")
    run("suspend", "Alpha", "--state", state)
    until = time.monotonic() + 10
    while lab.get("/exchange/v1/me").status_code != 403:
        assert time.monotonic() < until
    run("resume", lab.id, "--state", state)
    run("quota", "Alpha", "--objects", 3, "--state", state)
    made = run("add-collection", "vetted", "--member", "Alpha", "--state", state).strip()
    while lab.get(f"/taxii2/api/collections/{made}/").status_code != 200:
        assert time.monotonic() < until
    assert counsel.get("/taxii2/api/collections/vetted/").status_code == 404
    listed = json.loads(run("members", "--json", "--state", state))
    assert [(m["name"], m["state"], m["objects_a_second"]) for m in listed] == [
        ("Alpha", "active", 3.0), ("Counsel", "active", 20.0),
    ]  # fmt: skip
    assert "Alpha" in run("members", "--state", state)
    token = run("reading-token", "Alpha", "--state", state).strip()
    assert len(token) > 30
    assert run("reading-token", "Alpha", "--withdraw", "--state", state) == ""
    assert "no such member" in run("suspend", "Nobody", "--state", state, code=3)
    time.sleep(0.3)
    exported = run("audit", "export", "--state", state)
    lines = [json.loads(line) for line in exported.splitlines()]
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    assert {"invite", "suspend", "resume", "quota", "add-collection"} <= {
        line.get("operator") for line in lines
    }
    assert any(line.get("status") == 403 and line.get("member") == lab.id for line in lines)
    shown = counsel.get("/exchange/v1/audit", limit=len(lines)).content.splitlines()
    assert shown == exported.encode().splitlines()[: len(shown)]
    file = state / "audit.ndjson"
    file.write_text(exported)
    run("audit", "verify", file)
    file.write_text(exported.replace('"suspend"', '"resume"', 1))
    assert "H-13" in run("audit", "verify", file, code=12)


def test_h_13_a_changed_audit_log_is_refused(own):
    counsel = own.lab("Counsel", "counsel")
    own.alpha.publish()
    time.sleep(0.3)
    lines = counsel.get("/exchange/v1/audit").content.splitlines(keepends=True)
    assert verify_audit(lines) == len(lines)
    assert b"prefix" not in b"".join(lines)
    for changed in (
        lines[1:],
        [lines[1], lines[0], *lines[2:]],
        [lines[0].replace(b"test", b"best"), *lines[1:]],
        [*lines[:2], b"{}\n", *lines[2:]],
        [b"\xff", *lines],
    ):
        with pytest.raises(RefusedError, match="H-13"):
            verify_audit(changed)


def audited(world, counsel):
    """Return the audit log once all that came before is in it."""
    asyncio.run_coroutine_threadsafe(
        world.hub.writer.change(lambda journal: journal.now), world.hub.news._loop
    ).result(10)
    return counsel.get("/exchange/v1/audit", limit=10_000).content.splitlines(keepends=True)


def test_the_audit_log_does_not_grow_with_tiles_or_strangers(own):
    counsel = own.lab("Counsel", "counsel")
    for _ in range(30):
        own.alpha.get("/exchange/v1/log/checkpoint")
    lines = [json.loads(line) for line in audited(own, counsel)]
    assert sum("log/checkpoint" in line.get("path", "") for line in lines) == 1
    own.clock.offset = 61
    own.alpha.get("/exchange/v1/log/checkpoint")
    newest = [json.loads(line) for line in audited(own, counsel)]
    counted = [line["log_reads_not_noted"] for line in newest if "log_reads_not_noted" in line]
    assert counted == [29]
    stranger = Lab(own, SigningKey.generate("stranger"))
    before, begun = len(audited(own, counsel)), time.monotonic()
    for _ in range(400):
        stranger.join("wrong", "Nobody")
    most = 300 + 5 * (time.monotonic() - begun) + 10  # a minute's burst of five a second
    assert len(audited(own, counsel)) - before <= most


def test_old_lines_of_the_audit_log_are_erased_and_the_chain_goes_on(own):
    counsel = own.lab("Counsel", "counsel")
    for _ in range(5):
        own.alpha.get("/exchange/v1/me")
    before = audited(own, counsel)
    own.clock.offset = 86_400 * 11
    own.alpha.get("/exchange/v1/members")
    audited(own, counsel)
    gone = own.operate(lambda journal: erase_old(journal, 10))
    assert gone >= len(before)
    assert own.operate(lambda journal: erase_old(journal, 0)) == 0
    after = audited(own, counsel)
    assert json.loads(after[0])["erased_to"] == gone
    assert verify_audit(after) == len(after) - 1
    assert not set(after[1:]) & set(before)
    assert counsel.get("/exchange/v1/audit", after=gone + 1).content.count(b"erased_to") == 0
    for changed in (after[1:], [after[0], *after[2:]], [after[1], after[0], *after[2:]]):
        with pytest.raises(RefusedError, match="H-13"):
            verify_audit(changed)


def test_migrations_make_just_the_tables_of_the_code(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/x.sqlite")
    database.now(migrations.upgrade)

    def differences(connection):
        assert migrations.stands_at(connection) == migrations.newest()
        return compare_metadata(MigrationContext.configure(connection), METADATA)

    assert database.now_reading(differences) == []
    database.now(migrations.upgrade)
    database.close()


def test_a_hub_runs_on_its_own_key_and_tables_alone(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    run("init", "hub.example/a", "--state", first)
    vkey = run("init", "--state", first).strip()
    assert vkey == SigningKey.read(first / "hub.key").public.encode()
    assert "needs a name" in run("init", "--state", second, code=3)
    run("init", "hub.example/b", "--state", second)
    (second / "hub.key").unlink()
    (second / "hub.key").write_bytes((first / "hub.key").read_bytes())
    (second / "hub.key").chmod(0o600)
    assert "not that of this hub" in run("members", "--state", second, code=3)
    (first / "hub.sqlite").unlink()
    assert "this version needs" in run("members", "--state", first, code=3)


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite"])
def test_other_databases_are_refused(url):
    with pytest.raises(ConfigurationError):
        Database(url)


def test_a_store_that_is_away_is_503_and_comes_back(own):
    blocker = sa.create_engine(own.database_url, connect_args={"timeout": 0.1})

    async def broken():
        with pytest.raises(OutputError):
            await Database("sqlite:////nowhere/at/all.sqlite").read(lambda c: c)

    asyncio.run(broken())
    with blocker.connect() as connection:
        connection.exec_driver_sql("CREATE TRIGGER full BEFORE INSERT ON hub_objects BEGIN"
                                   " SELECT RAISE(ABORT, 'disk full'); END")  # fmt: skip
        connection.commit()
    answer = own.alpha.post(own.alpha.make())
    assert (answer.status_code, answer.json()["error_code"]) == (503, "H-12")
    assert "disk full" in answer.text
    with blocker.connect() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")
        connection.commit()
    item = own.alpha.publish()
    assert own.beta.see(item.id)
    blocker.dispose()
