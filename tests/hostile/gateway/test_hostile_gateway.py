"""Hostile clients of the decision service, a process of its own: each call has its named outcome.

Processor time and peak memory are measured; after each case an honest request is decided. What
reaches Envoy, and peers of the gRPC server, are attacked in tests/stop/gateways; all are counted.
"""

from __future__ import annotations

import ast
import contextlib
import re
import socket
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from calls import ALL as CALLS
from wires import ALL as WIRES
from wires import HEAD, SIZED

TESTS = Path(__file__).parents[2]
LEAST_CASES = 150
LEAST_MECHANISMS = 40
LEAST_OF_OWN = 120
CLIENT = httpx.Client(timeout=30)


def named(path, name):
    """Return the keys of a table of cases, without the servers that its module needs."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return [key.value for key in node.value.keys]
    raise AssertionError(f"no {name} in {path}")


def test_enough_cases_of_enough_mechanisms():
    gateways = TESTS / "stop" / "gateways"
    counts = Counter(call.mechanism for call in CALLS)
    counts.update(name.split("/")[0] for name in WIRES)
    counts.update(
        name.split("/")[0] for name in named(gateways / "test_hostile_requests.py", "CASES")
    )
    peers = gateways / "test_hostile_peers.py"
    counts.update({"http2": len(named(peers, "CONNECTIONS")), "grpc": len(named(peers, "CALLS"))})
    counts["slow"] = -sum(call.slow for call in CALLS)
    assert sum(counts.values()) >= LEAST_CASES
    assert len(counts) > LEAST_MECHANISMS
    assert sum(not call.slow for call in CALLS) + len(WIRES) >= LEAST_OF_OWN
    assert len({call.id for call in CALLS}) == len(CALLS)


def usage_of(one, *, memory=True):
    from judging import Usage  # noqa: PLC0415 - needs the path that conftest adds

    return Usage(one.process.pid, memory=memory)


@pytest.mark.parametrize(
    "call",
    [pytest.param(c, id=c.id, marks=[pytest.mark.slow] if c.slow else []) for c in CALLS],
)
def test_a_hostile_call_has_its_outcome(attacked, call):
    usage = usage_of(attacked)
    answer = CLIENT.request(
        call.method, attacked.urls["api"] + call.path, content=call.raw, headers=call.headers
    )
    seconds, mebibytes = usage.seconds(), usage.mebibytes()
    assert answer.status_code == call.status, answer.text[:500]
    told = answer.json()
    if call.outcome == "refused":
        assert answer.headers["content-type"] == "application/problem+json"
        assert told["status"] == call.status
    elif call.outcome != "none":
        assert told["undecided"] == ""
        codes = {reason["code"] for reason in told["reasons"]}
        assert ("unreadable" in codes) == (call.outcome == "unreadable"), codes
    assert seconds <= call.seconds
    assert mebibytes <= call.mebibytes
    assert attacked.ask("honest")["undecided"] == ""


def first_status(one, raw, wait=3.0):
    place = urlsplit(one.urls["api"])
    with socket.create_connection((place.hostname, place.port), timeout=wait) as held:
        got = b""
        with contextlib.suppress(OSError):
            held.sendall(raw)
        with contextlib.suppress(OSError):
            while not (found := re.match(rb"HTTP/1\.1 (\d{3})", got)):
                more = held.recv(65536)
                if not more:
                    return 0
                got += more
            return int(found[1])
    return 0


@pytest.mark.parametrize("name", WIRES)
def test_hostile_bytes_have_their_outcome(attacked, name):
    raw, statuses = WIRES[name]
    usage = usage_of(attacked)
    assert first_status(attacked, raw, 1.0 if statuses == {0} else 5.0) in statuses
    assert usage.seconds() <= 5
    assert usage.mebibytes() <= 32
    assert attacked.ask("honest")["undecided"] == ""


def test_new_accounts_and_prompts_without_end_fill_no_memory(attacked):
    usage = usage_of(attacked)
    for number in range(1500):
        attacked.ask(f"sybil-{number}", prompt=f"{number} " * 20, client=CLIENT)
    assert usage.mebibytes() <= 48
    assert attacked.ask("honest")["undecided"] == ""


def test_an_endless_body_is_ended(attacked):
    place = urlsplit(attacked.urls["api"])
    usage, got, begun = usage_of(attacked), b"", time.monotonic()
    with socket.create_connection((place.hostname, place.port), timeout=20) as held:
        held.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):
            while time.monotonic() - begun < 30:
                held.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
        with contextlib.suppress(OSError):
            got = held.recv(4096)
    assert time.monotonic() - begun < 30
    assert not got or b" 413 " in got.splitlines()[0]
    assert usage.mebibytes() <= 64


def test_slow_clients_hold_up_nobody(attacked):
    place = urlsplit(attacked.urls["api"])
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            slow = stack.enter_context(socket.create_connection((place.hostname, place.port)))
            slow.sendall(SIZED[:-1])
        begun = time.monotonic()
        assert attacked.ask("honest")["undecided"] == ""
        assert time.monotonic() - begun < 10


def test_many_requests_in_one_write_are_as_many_answers(attacked):
    place = urlsplit(attacked.urls["api"])
    with socket.create_connection((place.hostname, place.port), timeout=20) as held:
        held.sendall(SIZED * 40)
        got = b""
        while got.count(b"HTTP/1.1 200") < 40:
            more = held.recv(65536)
            assert more
            got += more


def test_what_was_sent_is_in_no_log(attacked):
    attacked.ask(prompt="A phrase of nobody else, zyzzogeton.")
    logged = attacked.log.read_text()
    assert "zyzzogeton" not in logged
    assert "Traceback" not in logged
    assert "Exception" not in logged


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/metrics/../secret", "GET", 404),
        ("/", "GET", 404),
        ("/metrics", "POST", 405),
        ("/readyz", "DELETE", 405),
        ("/v1/decisions", "POST", 404),
    ],
)
def test_the_admin_listener_serves_nothing_else(attacked, path, method, status):
    assert CLIENT.request(method, attacked.urls["admin"] + path).status_code == status
