"""The doctor's checks of servers: Redis, NATS, a hub; away, too old, wrongly set, and lying."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import threading
import time

import pytest
import redis
from examined import examine, failed, good, warned
from hub_process import Hub, run
from servers import Server, nats_server, redis_server

from stillwatch.ledger import SigningKey
from stillwatch.share.exchange.member import Member, join
from stillwatch.share.nkeys import key_file


@pytest.fixture
def serve(tmp_path):
    """Return what writes a serve.toml and gives its variable."""

    def write(text):
        (tmp_path / "serve.toml").write_text(text)
        return {"SERVE_CONFIG": tmp_path / "serve.toml"}

    return write


def buckets(serve, tmp_path, url):
    (tmp_path / "redis.url").write_text(f"{url}\n")
    (tmp_path / "redis.url").chmod(0o600)
    return serve('[buckets]\nurl_file = "redis.url"\n')


def test_d_15_redis_that_is_away_refuses_or_throws_buckets_away(serve, tmp_path):
    away = buckets(serve, tmp_path, "redis://:hidden@127.0.0.1:1/0")
    found = examine(**away)
    assert "does not answer" in failed(found, "D-15")
    assert "hidden" not in repr(found)
    with redis_server(tmp_path) as server, redis.Redis(port=server.port) as to:
        url = f"redis://127.0.0.1:{server.port}/0"
        assert "runs scripts" in good(examine(**buckets(serve, tmp_path, url)), "D-15")
        to.config_set("maxmemory-policy", "allkeys-lru")
        said = warned(examine(**buckets(serve, tmp_path, url)), "D-15")
        assert "may throw buckets away (allkeys-lru)" in said
        to.config_set("requirepass", "hidden")
        assert "AuthenticationError" in failed(examine(**buckets(serve, tmp_path, url)), "D-15")


@contextlib.contextmanager
def answering(talk):
    """A server that talks to whoever comes, a thread each."""
    listening = socket.create_server(("127.0.0.1", 0))

    def accept():
        with contextlib.suppress(OSError):
            while True:
                to, _ = listening.accept()
                threading.Thread(target=talk, args=(to,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


def old_redis(to):
    with contextlib.suppress(OSError), to:
        while raw := to.recv(4096):
            for command in raw.split(b"*")[1:]:
                if b"INFO" in command:
                    said = b"redis_version:5.0.14\r\n"
                    to.sendall(b"$%d\r\n%b\r\n" % (len(said), said))
                elif b"HELLO" in command:
                    to.sendall(b"-ERR unknown command\r\n")
                else:
                    to.sendall(b"+OK\r\n")


def test_d_15_redis_that_is_too_old(serve, tmp_path):
    with answering(old_redis) as port:
        url = f"redis://127.0.0.1:{port}/0?protocol=2"
        assert "Redis 5.0.14 is too old" in failed(examine(**buckets(serve, tmp_path, url)), "D-15")


def old_nats(to):
    with contextlib.suppress(OSError), to:
        to.sendall(b'INFO {"server_id":"x","version":"2.1.9","max_payload":1048576}\r\n')
        while raw := to.recv(4096):
            if b"PING" in raw:
                to.sendall(b"PONG\r\n")


def test_d_16_nats_that_is_away_too_old_or_without_jetstream(tmp_path):
    assert "does not answer" in failed(examine(UPDATES_SEND_NATS="nats://127.0.0.1:1"), "D-16")
    with answering(old_nats) as port:
        found = examine(UPDATES_SEND_NATS=f"nats://u:hidden@127.0.0.1:{port}")
        assert "NATS 2.1.9 answers, and is too old" in failed(found, "D-16")
        assert "hidden" not in repr(found)
    with nats_server(tmp_path) as server:
        url = f"nats://127.0.0.1:{server.port}"
        assert "no stream STILLWATCH yet" in warned(examine(UPDATES_SEND_NATS=url), "D-16")
        assert good(examine(HUB_SERVE_NATS=url), "D-16")
    program = shutil.which("nats-server")
    plain = Server(lambda port: [program, "-a", "127.0.0.1", "-p", str(port)])
    try:
        url = f"nats://127.0.0.1:{plain.start().port}"
        assert "without JetStream" in failed(examine(UPDATES_SEND_NATS=url), "D-16")
    finally:
        plain.kill()


def test_d_16_nats_that_lets_in_whose_key_it_knows(tmp_path):
    run("hub", "init", "hub.example/log", "--state", tmp_path / "hub")
    key = key_file(tmp_path / "hub" / "nats.seed", bytes(range(32)))
    (tmp_path / "nats.conf").write_text(f"authorization {{ users: [{{ nkey: {key} }}] }}")
    program = shutil.which("nats-server")
    config = ["-c", str(tmp_path / "nats.conf")]
    server = Server(lambda port: [program, *config, "-a", "127.0.0.1", "-p", str(port)])
    try:
        own = {"HUB_SERVE_NATS": f"nats://127.0.0.1:{server.start().port}"}
        assert "does not answer as it should" in failed(examine(**own), "D-16")
        assert good(examine(HUB_SERVE_STATE=tmp_path / "hub", **own), "D-16")
    finally:
        server.kill()


@pytest.fixture
def member(tmp_path):
    """A member's home, joined to a real hub that has published."""
    hub = Hub(tmp_path / "hub")
    home = tmp_path / "home"
    join(home, hub.url, hub.invite("Lab A"), "Lab A", clock=time.time)
    with Member(home, clock=time.time) as one:
        one.pull()
    yield hub, home
    if hub.process.poll() is None:
        hub.kill(signal.SIGTERM)


def test_d_18_a_hub_that_is_away_or_shows_another_history(member, tmp_path):
    hub, home = member
    found = examine(EXCHANGE_PULL_HOME=home)
    assert "continues what was seen" in found["D-18"][0]["said"]
    assert "no witness" in warned(found, "D-18")
    assert good(found, "D-19")
    assert "the last pull was" in warned(examine("--recent", 0, EXCHANGE_PULL_HOME=home), "D-18")
    # the log grows, the member sees it, and an older copy of the hub comes back
    hub.kill(signal.SIGTERM)
    shutil.copytree(hub.state, tmp_path / "older")
    hub.start()
    join(tmp_path / "other", hub.url, hub.invite("Lab B"), "Lab B", clock=time.time)
    with Member(home, clock=time.time) as one:
        one.pull()
    hub.kill(signal.SIGTERM)
    assert failed(examine(EXCHANGE_PULL_HOME=home), "D-18")
    shutil.rmtree(hub.state)
    shutil.copytree(tmp_path / "older", hub.state)
    hub.start()
    found = examine(EXCHANGE_PULL_HOME=home)
    assert "M-2" in failed(found, "D-18")


def test_d_18_a_key_that_the_hub_does_not_know(member):
    _, home = member
    (home / "signing.key").unlink()
    SigningKey.generate("Lab-A").write(home / "signing.key")
    assert failed(examine(EXCHANGE_PULL_HOME=home), "D-18")
