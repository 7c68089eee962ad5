"""The witness as processes: answers by HTTP, durable, and one history whoever is killed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from click.testing import CliRunner
from forking_log import LOG, ForkingLog

from stillwatch.cli.entry import cli
from stillwatch.errors import RefusedError, StillwatchError, UnreachableError
from stillwatch.ledger import COSIGNATURE, SigningKey, VerifyKey
from stillwatch.ledger.checkpoints import open_checkpoint
from stillwatch.ledger.cosignatures import verify_cosignatures
from stillwatch.share.witness import ask_witness

COMMAND = [sys.executable, "-m", "stillwatch", "witness"]


def run(*words, code=0):
    """Run the command in this process and return what it says, errors included."""
    done = CliRunner().invoke(cli, ["witness", *words])
    if code and isinstance(done.exception, StillwatchError):
        assert done.exception.exit_code == code
        return done.exception.diagnostics()
    assert done.exit_code == code, done.output
    return done.stdout


@contextmanager
def serving(state, *more):
    process = subprocess.Popen(  # noqa: S603 - our own words
        [*COMMAND, "serve", "--state", str(state), "--port", "0", *more],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        url = process.stdout.readline().strip()
        assert url, "the witness did not start"
        try:
            yield url, process
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def witness(tmp_path_factory):
    """A witness that serves: URL, state folder and key."""
    state = tmp_path_factory.mktemp("witness") / "state"
    key = VerifyKey.decode(run("new-key", "witness.example/w1", "--state", str(state)).strip())
    for number in range(4):
        run("add-log", log_number(number).key.public.encode(), "--state", str(state))
    with serving(state) as (url, _):
        yield url, state, key


def log_number(number):
    return ForkingLog(SigningKey(f"log{number}.example", bytes([number]) * 32))


CLIENT = httpx.Client(trust_env=False, verify=False)  # noqa: S501 - loopback


@pytest.fixture(scope="module", autouse=True)
def _closed():
    yield
    CLIENT.close()


def post(url, raw):
    return CLIENT.post(f"{url}/add-checkpoint", content=raw)


def test_answers_are_those_of_the_specification(witness):
    url, _, key = witness
    log = log_number(0).grow(*[b"%d" % n for n in range(9)])
    assert CLIENT.get(f"{url}/{origin_hash(log)}/checkpoint").status_code == 404
    assert post(url, b"old").status_code == 400
    assert post(url, log.submission(10)).status_code == 400
    assert post(url, ForkingLog().grow(b"a").submission(0)).status_code == 404
    assert post(url, log.submission(0, keys=[LOG])).status_code == 403
    stale = post(url, log.submission(4))
    assert (stale.status_code, stale.text) == (409, "0\n")
    assert stale.headers["content-type"] == "text/x.tlog.size"
    good = post(url, log.submission(0))
    assert good.status_code == 200
    assert good.text.startswith("— witness.example/w1 ")
    assert post(url, log.submission(0)).text == "9\n"
    fork = log_number(0).grow(*[b"%d" % n for n in range(8)], b"another")
    refused = post(url, fork.submission(9))
    assert (refused.status_code, refused.text[:5]) == (422, "W-6: ")
    assert post(url, b"a" * (1 << 20)).status_code == 413
    assert CLIENT.get(f"{url}/add-checkpoint").status_code == 405
    assert CLIENT.get(f"{url}/nothing").status_code == 404
    raw = CLIENT.get(f"{url}/{origin_hash(log)}/checkpoint").content
    checkpoint, note = open_checkpoint(raw, log.origin, [log.key.public])
    assert checkpoint.size == 9
    assert verify_cosignatures(note, [key], now=int(time.time()))


def origin_hash(log):
    return hashlib.sha256(log.origin.encode()).hexdigest()


def ask(url, key, log, **more):
    async def asked():
        async with httpx.AsyncClient() as client:
            return await ask_witness(
                client,
                url,
                key,
                log.note(),
                log.tree.size,
                log.prove,
                now=int(time.time()),
                **more,
            )

    return asyncio.run(asked())


def test_a_log_asks_and_learns_what_was_cosigned_last(witness):
    url, _, key = witness
    log = log_number(1).grow(b"a", b"b")
    assert ask(url, key, log)
    line = ask(url, key, log.grow(b"c", b"d", b"e"))
    assert verify_cosignatures(log.note().added([line]), [key], now=int(time.time()))
    assert ask(url, key, log.grow(b"f"), old=5)
    with pytest.raises(RefusedError, match="W-5"):
        ask(url, key, log_number(1).grow(b"a"))
    with pytest.raises(RefusedError, match="W-6"):
        ask(url, key, log_number(1).grow(*b"another log".split(), *[b"z"] * 9))
    with pytest.raises(RefusedError, match="L-14"):
        ask(url, VerifyKey("witness.example/w2", key.raw, COSIGNATURE), log)
    with pytest.raises(UnreachableError):
        ask("http://127.0.0.1:1", key, log)
    with pytest.raises(UnreachableError):
        ask(f"{url}/nothing", key, log)


def test_status_and_evidence(witness):
    url, state, key = witness
    log = log_number(2).grow(b"a")
    lie = log_number(2).grow(b"b").submission(1)
    assert post(url, log.submission(0)).status_code == 200
    assert post(url, lie).status_code == 422
    said = json.loads(run("status", "--state", str(state), "--json"))
    assert said["witness"] == key.encode()
    found = {entry["origin"]: entry for entry in said["logs"]}[log.origin]
    assert (found["size"], found["refused"]) == (1, 1)
    assert "CONTRADICTED" in run("status", "--state", str(state))
    evidence = json.loads(run("evidence", log.origin, "--state", str(state)))
    assert evidence["submission"].encode() == lie
    assert evidence["cosigned"].startswith(log.origin)


def test_serving_beyond_loopback_needs_a_certificate(witness):
    _, state, _ = witness
    for host in ("0.0.0.0", "::", "192.0.2.1", "hub.example"):  # noqa: S104
        said = run("serve", "--state", str(state), "--host", host, code=3)
        assert "certificate" in said
    run("serve", "--state", str(state), "--tls-key", "a.pem", code=3)
    said = run(
        *("serve", "--state", str(state), "--tls-key", "a.pem", "--tls-certificate", "b.pem"),
        code=3,
    )
    assert "cannot be used" in said


def test_a_certificate_is_used(witness, tmp_path):
    _, state, key = witness
    command = (
        "openssl req -x509 -newkey ed25519 -nodes -keyout key.pem -out cert.pem -days 2"
        " -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(  # noqa: S603 - our own words
        command.split(), cwd=tmp_path, check=True, capture_output=True
    )
    certificate = str(tmp_path / "cert.pem")
    tls = ("--tls-certificate", certificate, "--tls-key", str(tmp_path / "key.pem"))
    with serving(state, *tls) as (url, _):
        trust = ssl.create_default_context(cafile=certificate)
        log = log_number(3).grow(b"a")
        assert url.startswith("https://")
        answer = httpx.post(f"{url}/add-checkpoint", content=log.submission(0), verify=trust)
        assert answer.status_code == 200
        assert key.name in answer.text


def test_key_and_memory_belong_together(witness, tmp_path):
    run("new-key", "witness.example/w9", "--state", str(tmp_path / "a"))
    run("new-key", "witness.example/w9", "--state", str(tmp_path / "b"))
    run("new-key", "witness.example/w9", "--state", str(tmp_path / "b"), code=8)
    (tmp_path / "a" / "witness.sqlite").replace(tmp_path / "b" / "witness.sqlite")
    assert "two witnesses" in run("status", "--state", str(tmp_path / "b"), code=3)
    run("status", "--state", str(tmp_path / "a"), code=4)
    text = witness[2].encode()
    assert "a witness's key" in run("add-log", text, "--state", str(witness[1]), code=3)
    assert "L-1" in run("add-log", "words", "--state", str(witness[1]), code=12)


@pytest.mark.parametrize(("kills", "turns"), [(1, 8), pytest.param(12, 40, marks=pytest.mark.slow)])
def test_two_conflicting_requests_at_once_whatever_is_killed(tmp_path, kills, turns):
    """Two servers over one memory, two branches at once, one server killed in the middle."""
    state = tmp_path / "state"
    run("new-key", "witness.example/w1", "--state", str(state))
    run("add-log", LOG.public.encode(), "--state", str(state))
    log, said = ForkingLog().grow(b"start"), {}

    def send(pair):
        url, branch, old = pair
        try:
            return post(url, branch.submission(old)).status_code, branch
        except httpx.HTTPError:
            return 0, branch

    def remember(answers):
        won = [branch for status, branch in answers if status == 200]
        for branch in won:
            roots = said.setdefault(branch.tree.size, set())
            roots.add(branch.tree.root())
        return won

    with serving(state) as (first, _), ThreadPoolExecutor(8) as pool:
        remember([send((first, log, 0))])
        for number in range(kills):
            with serving(state) as (second, process):
                for turn in range(turns):
                    old = log.tree.size
                    left, right = (log.fork().grow(b"%d %d" % (n, old)) for n in range(2))
                    pairs = [(u, b, old) for u in (first, second) for b in (left, right)]
                    answers = pool.map(send, pairs)
                    if turn == 3 + number % 4:
                        os.kill(process.pid, signal.SIGKILL)
                    won = remember(answers)
                    assert won, "neither branch was cosigned"
                    log = won[0]
    assert all(len(roots) == 1 for roots in said.values())
    assert len(said) == 1 + kills * turns
    (found,) = json.loads(run("status", "--state", str(state), "--json"))["logs"]
    assert found["size"] == log.tree.size


def test_what_was_answered_survives_a_kill(tmp_path):
    state = tmp_path / "state"
    run("new-key", "witness.example/w1", "--state", str(state))
    run("add-log", LOG.public.encode(), "--state", str(state))
    log = ForkingLog().grow(b"a")
    with serving(state) as (url, process):
        assert post(url, log.submission(0)).status_code == 200
        os.kill(process.pid, signal.SIGKILL)
    fork = ForkingLog().grow(b"b")
    with serving(state) as (url, _):
        assert post(url, fork.submission(1)).status_code == 422
        assert post(url, fork.submission(0)).text == "1\n"
        assert post(url, log.grow(b"c").submission(1)).status_code == 200


def test_another_witness_takes_our_checkpoints(tmp_path):
    """aics-witness, which is not ours, cosigns our log and refuses its fork."""
    pytest.importorskip("aics_witness", reason="aics-witness is not installed")
    command = [sys.executable, "-m", "aics_witness"]
    where = ["--config", str(tmp_path / "witness.json")]
    port = free_port()
    more = ["--name", "witness.example/theirs", "--listen", f"127.0.0.1:{port}"]
    subprocess.run([*command, "init", *where, *more], check=True, capture_output=True)  # noqa: S603
    words = ["add-log", *where, "--origin", LOG.name, "--vkey", LOG.public.encode()]
    subprocess.run([*command, *words], check=True, capture_output=True)  # noqa: S603
    done = subprocess.run(  # noqa: S603
        [*command, "status", *where], check=True, capture_output=True, text=True
    )
    text = next(word for word in done.stdout.split() if word.count("+") >= 2)
    key = VerifyKey.decode(text.strip('",'))
    with subprocess.Popen(  # noqa: S603
        [*command, "serve", *where], stderr=subprocess.DEVNULL
    ) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url)
            log = ForkingLog().grow(b"a", b"b", b"c")
            assert ask(url, key, log)
            line = ask(url, key, log.grow(b"d", b"e"))
            assert verify_cosignatures(log.note().added([line]), [key], now=int(time.time()))
            with pytest.raises((RefusedError, UnreachableError)):
                ask(url, key, ForkingLog().grow(*[b"z"] * 9))
        finally:
            process.terminate()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def wait_for(url):
    for _ in range(100):
        try:
            return CLIENT.get(url)
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(url)
