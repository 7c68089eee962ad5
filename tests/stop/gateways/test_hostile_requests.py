"""Requests made to hurt or to slip by, through a real Envoy that is configured as the how-to says.

Each has its mechanism, and each its named outcome: what the client is told, and what was counted.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import socket
import time
import zlib

import pytest
from frames import DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, RST, SETTINGS, U32, frame
from hpack import Encoder
from test_ext_proc import CHAT, post

BODY = json.dumps(CHAT).encode()
PATH = b"/v1/chat/completions"
AUTH = b"authorization: Bearer key-of-acme\r\n"
HEAD = b"POST " + PATH + b" HTTP/1.1\r\nhost: x\r\n"


def sized(body=BODY, headers=b"", head=HEAD, auth=AUTH):
    return head + auth + headers + b"content-length: %d\r\n\r\n" % len(body) + body


def chunked(*chunks, headers=b"", trailers=b"", end=True):
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    tail = b"0\r\n" + trailers + b"\r\n" if end else b""
    return HEAD + AUTH + headers + b"transfer-encoding: chunked\r\n\r\n" + body + tail


def at(path, method=b"POST"):
    return sized(head=method + b" " + path + b" HTTP/1.1\r\nhost: x\r\n")


def packed(body, encoding=b"gzip"):
    return sized(body, b"content-encoding: " + encoding + b"\r\n")


BOMB = gzip.compress(bytes(50 << 20))
SEEN = "passed"
"""The service decided, for the account whose key it was."""

CASES = {
    # mechanism / what: (bytes, statuses, outcomes that may be counted); 0 where Envoy closes the
    # connection without an answer
    "forged-account/header": (sized(headers=b"x-stillwatch-account: bolt\r\n"), {200}, {SEEN}),
    "forged-account/upper-case": (sized(headers=b"X-Stillwatch-Account: bolt\r\n"), {200}, {SEEN}),
    "forged-account/twice": (
        sized(headers=b"x-stillwatch-account: bolt\r\n" * 2), {200}, {SEEN}
    ),
    "forged-account/hop-by-hop": (
        sized(headers=b"connection: x-stillwatch-account\r\nx-stillwatch-account: bolt\r\n"),
        {200, 400},
        {SEEN},
    ),
    "forged-account/underscores": (
        sized(headers=b"x_stillwatch_account: bolt\r\n"), {0, 400}, set()
    ),
    "forged-account/empty": (sized(headers=b"x-stillwatch-account: \r\n"), {200}, {SEEN}),
    "forged-details/organization": (
        sized(headers=b"x-stillwatch-organization: trusted\r\nx-stillwatch-zero-retention: 1\r\n"),
        {200},
        {SEEN},
    ),
    "forged-details/route": (sized(headers=b"x-stillwatch-model: big\r\n"), {200}, {SEEN}),
    "forged-address/forwarded-for": (sized(headers=b"x-forwarded-for: 8.8.8.8\r\n"), {200}, {SEEN}),
    "forged-address/real-ip": (
        sized(headers=b"x-real-ip: 8.8.8.8\r\nforwarded: for=8.8.8.8\r\n"),
        {200},
        {SEEN},
    ),
    "forged-address/envoy": (
        sized(headers=b"x-envoy-external-address: 8.8.8.8\r\n"),
        {200},
        {SEEN},
    ),
    "credentials/none": (sized(auth=b""), {401}, set()),
    "credentials/wrong": (sized(auth=b"authorization: Bearer nobody\r\n"), {401}, set()),
    "credentials/two": (sized(auth=AUTH + b"authorization: Bearer key-of-capped\r\n"), {200, 401},
        {SEEN}),
    "smuggling/length-and-chunked": (
        HEAD + AUTH + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nPOST /x",
        {0, 400},
        set(),
    ),
    "smuggling/chunked-twice": (
        HEAD + AUTH + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        {0, 200, 400, 501},
        {SEEN},
    ),
    "smuggling/unknown-coding": (
        HEAD + AUTH + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        {0, 400, 501},
        set(),
    ),
    "smuggling/two-lengths": (
        HEAD + AUTH + b"content-length: 4\r\ncontent-length: 5\r\n\r\n{}   ",
        {0, 400},
        set(),
    ),
    "smuggling/length-with-sign": (
        HEAD + AUTH + b"content-length: +2\r\n\r\n{}",
        {0, 400},
        set(),
    ),
    "smuggling/length-hex": (HEAD + AUTH + b"content-length: 0x2\r\n\r\n{}", {0, 400}, set()),
    "smuggling/space-before-colon": (sized(headers=b"content-type : x\r\n"), {0, 400}, set()),
    "smuggling/folded-header": (sized(headers=b"x-a: b\r\n c: d\r\n"), {200, 400}, {SEEN}),
    "smuggling/nul-in-header": (sized(headers=b"x-a: b\x00c\r\n"), {0, 400}, set()),
    "smuggling/bare-cr": (
        sized(headers=b"x-a: b\rx-stillwatch-account: bolt\r\n"), {0, 200, 400}, {SEEN}
    ),
    "smuggling/chunk-size-overflow": (
        HEAD + AUTH + b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nx\r\n",
        {0, 400},
        set(),
    ),
    "repeated-header/content-encoding": (
        sized(headers=b"content-encoding: gzip\r\ncontent-encoding: identity\r\n"),
        {400, 415},
        {"repeated-header", "unknown-encoding"},
    ),
    "repeated-header/content-type": (
        sized(headers=b"content-type: application/json\r\ncontent-type: text/plain\r\n"),
        {200},
        {SEEN},
    ),
    "long-body/sized": (sized(b"x" * (2 << 20)), {413}, {"body-too-long"}),
    "long-body/chunked": (chunked(*[b"x" * 65536] * 40), {413}, {"body-too-long"}),
    "long-body/said-and-not-sent": (
        HEAD + AUTH + b"content-length: 52428800\r\n\r\n" + b"x" * (2 << 20),
        {0, 413},
        {"body-too-long", "gone"},
    ),
    "no-body/none": (HEAD + AUTH + b"\r\n", {400}, {SEEN}),
    "no-body/empty": (sized(b""), {400}, {SEEN}),
    "bad-text/utf-8": (sized(b'{"model":"\xff\xfe"}'), {200, 400}, {SEEN}),
    "bad-text/utf-16": (sized('{"model":"m"}'.encode("utf-16")), {200, 400}, {SEEN}),
    "bad-text/byte-order-mark": (sized(b"\xef\xbb\xbf" + BODY), {200, 400}, {SEEN}),
    "bad-text/nul": (sized(b"\x00" * 100), {400}, {SEEN}),
    "bad-text/lone-surrogate": (sized(b'{"model":"\\ud800"}'), {200}, {SEEN}),
    "bad-json/deep": (sized(b"[" * 200_000), {400, 500}, {SEEN}),
    "bad-json/deep-objects": (sized(b'{"a":' * 100_000), {400, 500}, {SEEN}),
    "bad-json/huge-number": (sized(b'{"max_tokens":' + b"9" * 5000 + b"}"), {200, 400}, {SEEN}),
    "bad-json/same-key-twice": (sized(b'{"messages":[],"messages":[{}]}'), {200}, {SEEN}),
    "bad-json/not-an-object": (sized(b'"hello"'), {400}, {SEEN}),
    "bad-json/trailing": (sized(BODY + b"{}"), {400}, {SEEN}),
    "compressed/plain": (packed(gzip.compress(BODY)), {400}, {SEEN}),
    "compressed/bomb": (packed(BOMB), {413}, {"body-too-long"}),
    "compressed/bomb-deflate": (packed(zlib.compress(bytes(50 << 20)), b"deflate"), {413},
        {"body-too-long"}),
    "compressed/bomb-in-bomb": (packed(gzip.compress(BOMB)), {400}, {SEEN}),
    "compressed/cut-short": (packed(gzip.compress(BODY)[:-4]), {400}, {"broken-encoding"}),
    "compressed/with-a-tail": (packed(gzip.compress(BODY) + BODY), {400}, {"broken-encoding"}),
    "compressed/not-so": (packed(BODY), {400}, {"broken-encoding"}),
    "compressed/brotli": (packed(b"\x0b\x02\x80hello\x03", b"br"), {415}, {"unknown-encoding"}),
    "compressed/twice": (packed(gzip.compress(BODY), b"gzip, gzip"), {415}, {"unknown-encoding"}),
    "trailers/account": (chunked(BODY, trailers=b"x-stillwatch-account: bolt\r\n"), {200}, {SEEN}),
    "trailers/length": (chunked(BODY, trailers=b"content-length: 9\r\n"), {200, 400}, {SEEN}),
    "content-type/none": (sized(), {200}, {SEEN}),
    "content-type/text": (sized(headers=b"content-type: text/plain\r\n"), {200}, {SEEN}),
    "content-type/form": (
        sized(headers=b"content-type: multipart/form-data; boundary=x\r\n"),
        {200},
        {SEEN},
    ),
    "content-type/charset": (
        sized(headers=b"content-type: application/json; charset=utf-16\r\n"),
        {200},
        {SEEN},
    ),
    "path/doubled-slashes": (at(b"//v1///chat//completions"), {200}, {SEEN}),
    "path/dots": (at(b"/v1/x/../chat/./completions"), {200}, {SEEN}),
    "path/escaped": (at(b"/v1/%63hat/completions"), {200}, {SEEN}),
    "path/escaped-twice": (at(b"/v1/%2563hat/completions"), {200}, {SEEN}),
    "path/escaped-slash": (at(b"/v1%2fchat%2fcompletions"), {200}, {SEEN}),
    "path/case": (at(b"/V1/Chat/Completions"), {200}, {SEEN}),
    "path/slash-at-the-end": (at(b"/v1/chat/completions/"), {200}, {SEEN}),
    "path/parameters": (at(b"/v1/chat;a=b/completions;c"), {200}, {SEEN}),
    "path/backslash": (at(b"/v1\\chat\\completions"), {200}, {SEEN}),
    "path/query": (at(b"/v1/chat/completions?x=/v1/embeddings"), {200}, {SEEN}),
    "path/fragment": (at(b"/v1/chat/completions#x"), {200, 400}, {SEEN}),
    "path/absolute": (at(b"http://x/v1/chat/completions"), {200}, {SEEN}),
    "path/above-the-root": (at(b"/../../v1/chat/completions"), {200, 400}, {SEEN}),
    "path/nul": (at(b"/v1/chat/completions%00"), {200, 400}, {SEEN, "unwatched"}),
    "method/put": (at(PATH, b"PUT"), {200}, {SEEN}),
    "method/unknown": (at(PATH, b"QUERY"), {200, 400}, {SEEN}),
    "method/lower-case": (at(PATH, b"post"), {0, 200, 400}, {SEEN}),
    "method/override": (sized(headers=b"x-http-method-override: GET\r\n"), {200}, {SEEN}),
    "upgrade/websocket": (
        sized(headers=b"connection: upgrade\r\nupgrade: websocket\r\n"),
        {403},
        set(),
    ),
    "upgrade/h2c": (
        sized(headers=b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\n"
        b"http2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"),
        {200, 403},
        {SEEN},
    ),
    "expect/continue": (sized(headers=b"expect: 100-continue\r\n"), {100, 200}, {SEEN, "gone"}),
    "expect/other": (sized(headers=b"expect: a-pony\r\n"), {200, 417}, {SEEN}),
    "many-headers/too-many": (sized(headers=b"x-a: b\r\n" * 300), {0, 431}, set()),
    "many-headers/too-long": (sized(headers=b"x-a: " + b"b" * 100_000 + b"\r\n"), {0, 431}, set()),
    "version/1.0": (
        sized(head=b"POST " + PATH + b" HTTP/1.0\r\nhost: x\r\n"), {0, 200, 426}, {SEEN}
    ),
    "version/none": (b"POST /v1/chat/completions\r\n\r\n", {0, 400}, set()),
    "host/none": (sized(head=b"POST " + PATH + b" HTTP/1.1\r\n"), {400}, set()),
    "host/two": (sized(headers=b"host: y\r\n"), {200, 400}, {SEEN}),
}  # fmt: skip


def answers(port, raw, count=1, wait=10.0):
    """Send bytes, and return the statuses of the first answers; 0 where there is none."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as held:
        with contextlib.suppress(OSError):  # what it answered before it closed can be read
            held.sendall(raw)
        try:
            while len(found := re.findall(rb"HTTP/1\.1 (\d{3})", got)) < count:
                more = held.recv(65536)
                if not more:
                    break
                got += more
        except OSError:
            found = re.findall(rb"HTTP/1\.1 (\d{3})", got)
    return [int(status) for status in found] or [0]


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_request_has_a_named_outcome(world, name):
    raw, statuses, outcomes = CASES[name]
    (status, *_) = answers(world.port, raw)
    assert status in statuses
    settled(world)
    assert set(world.outcomes) <= outcomes
    assert {request.account for request in world.service.requests} <= {"acme"}
    for request in world.service.requests:
        assert request.ip == "127.0.0.1"
        assert (request.organization, request.zero_retention) == ("", False)
    for received in world.model.received:
        assert not [n for n, _ in received["headers"] if n.startswith("x-stillwatch")]
    if SEEN not in world.outcomes and "unwatched" not in world.outcomes:
        assert not world.model.received
    assert post(world).status_code == 200


def settled(world):
    until = time.monotonic() + 10
    while world.server.calls and time.monotonic() < until:
        time.sleep(0.01)


def test_there_are_enough_mechanisms():
    assert len({name.split("/")[0] for name in CASES}) >= 18
    assert len(CASES) >= 60


def test_what_reached_the_model_was_decided(world):
    """Two requests in one write are two requests to everybody."""
    second = sized(json.dumps(CHAT | {"max_tokens": 2}).encode())
    assert answers(world.port, sized() + second, 2) == [200, 200]
    settled(world)
    assert len(world.service.requests) == len(world.model.received) == 2
    for asked, received in zip(world.service.requests, world.model.received, strict=True):
        assert asked.body.decode() == received["body"]


def test_an_endless_body_is_ended(world):
    started = time.monotonic()
    got = b""
    with socket.create_connection(("127.0.0.1", world.port), timeout=20) as held:
        held.sendall(HEAD + AUTH + b"transfer-encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        with contextlib.suppress(OSError):
            while time.monotonic() - started < 30:
                held.sendall(chunk)
        with contextlib.suppress(OSError):
            got = held.recv(65536)
    assert not got or b" 413 " in got.splitlines()[0]
    settled(world)
    # where Envoy holds the body itself, its own bound is reached first
    assert world.outcomes in ({"body-too-long": 1}, {"gone": 1})
    assert not world.model.received


@pytest.mark.parametrize("sent", [HEAD, HEAD + AUTH + b"content-length: 99\r\n\r\n{", b"PO"])
def test_a_request_that_stops_is_not_decided(world, sent):
    with socket.create_connection(("127.0.0.1", world.port), timeout=20) as held:
        held.sendall(sent)
        time.sleep(0.2)
    settled(world)
    assert set(world.outcomes) <= {"gone"}
    assert not world.service.requests
    assert not world.model.received


def test_a_slow_body_holds_up_nobody_else(world):
    with socket.create_connection(("127.0.0.1", world.port), timeout=20) as slow:
        slow.sendall(HEAD + AUTH + b"content-length: %d\r\n\r\n" % len(BODY))
        for at_byte in range(10):
            slow.sendall(BODY[at_byte : at_byte + 1])
            assert post(world).status_code == 200
        slow.sendall(BODY[10:])
        assert b" 200 " in slow.recv(4096)


def h2_request(number, encoder, *, end=True, extra=()):
    headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/v1/chat/completions"),
        (":authority", "x"),
        ("authorization", "Bearer key-of-acme"),
        *extra,
    ]
    head = frame(HEADERS, END_HEADERS, number, encoder.encode(headers))
    return head + frame(DATA, END_STREAM if end else 0, number, BODY)


def test_streams_that_are_reset_leave_nothing(world):
    encoder = Encoder()
    with socket.create_connection(("127.0.0.1", world.port), timeout=20) as held:
        held.sendall(PREFACE + frame(SETTINGS))
        with contextlib.suppress(OSError):  # Envoy ends a connection that resets too much
            for number in range(1, 401, 2):
                held.sendall(h2_request(number, encoder, end=False) + frame(RST, 0, number, U32(8)))
    settled(world)
    assert world.server.calls == 0
    assert set(world.outcomes) <= {"gone"}
    assert post(world).status_code == 200


@pytest.mark.parametrize(
    "extra",
    [
        [("content-length", "7")],
        [("transfer-encoding", "chunked")],
        [("connection", "keep-alive")],
        [("X-Upper", "x")],
        [(":path", "/v1/other")],
        [("x-a", "b\r\nx-stillwatch-account: bolt")],
    ],
    ids=["length", "coding", "connection", "upper-case", "two-paths", "line-break"],
)
def test_http2_that_could_be_smuggled_is_refused(world, extra):
    with socket.create_connection(("127.0.0.1", world.port), timeout=20) as held:
        held.sendall(PREFACE + frame(SETTINGS) + h2_request(1, Encoder(), extra=extra))
        held.settimeout(3)
        with contextlib.suppress(OSError):
            while held.recv(65536):
                pass
    settled(world)
    assert not world.model.received
    assert SEEN not in world.outcomes
