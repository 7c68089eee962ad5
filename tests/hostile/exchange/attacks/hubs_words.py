"""Hubs and other servers whose words, clocks, answers and streams are made to hurt a member."""

from __future__ import annotations

import json
import time

from judging import SMALL
from lying import Said, event

from attacks.lies import AWAY, RECORDS, case, said
from stillwatch.ledger import SigningKey

STREAM = "/exchange/v1/stream"


def _refusing(document, status=403, **headers):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return said(body, status=status, **headers)


WORDS = [
    case("hubs-words", "escapes", _refusing(
        {"error_code": "H-1", "description": "\x1b[2J\x1b]0;owned\x07 \u202e pay\nto do: pay"}),
        "H-1"),
    case("hubs-words", "long", _refusing(
        {"error_code": "X" * 4_000, "description": "a" * 4_000_000}), "HTTP-403"),
    case("hubs-words", "deep", _refusing(b'{"x":' + b"[" * 100_000), "HTTP-403"),
    case("hubs-words", "types", _refusing({"error_code": ["H-1"], "description": {}}),
          "HTTP-403"),
    case("hubs-words", "elsewhere", said(
        b"", status=302, Location="http://127.0.0.1:9/exchange/v1/records"), "HTTP-302"),
]  # fmt: skip


def clocked(date):
    return _refusing({"error_code": "R-7", "description": "late"}, 401, Date=date)


CLOCKS = [
    case("hubs-clock", "far", clocked("Fri, 01 Jan 2038 00:00:00 GMT"), "R-7"),
    case("hubs-clock", "an-hour", clocked(time.strftime(
        "%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3_600))), "R-7"),
    case("hubs-clock", "none", clocked("yesterday"), "R-7"),
    case("hubs-clock", "huge", clocked("Fri, 31 Dec 99999 23:59:59 GMT"), "R-7"),
]  # fmt: skip


def joining(change, *options):
    """Join a hub that answers otherwise than it should; nothing may be kept."""

    def attack(world):
        reader = world.reader
        reader.hub.lie = lambda path, _: (
            Said(change(reader.hub), 201) if path.endswith("/join") else None
        )
        token = reader.folder / "invitation"
        token.write_text("A" * 43 + "\n")
        home = reader.folder / "joining"
        words = ("--home", home, "--invitation-file", token, "--name", "Reader", *options)
        answer = reader.command("exchange", "join", reader.hub.url, *words)
        assert not (home / "membership.json").exists()
        return [answer]

    return attack


JOINS = [
    case("answer-to-joining", "types", joining(lambda h: h.joined(member=[5])),
          "UnreachableError", AWAY),
    case("answer-to-joining", "no-collection", joining(lambda h: h.joined(collections=[])),
          "UnreachableError", AWAY),
    case("answer-to-joining", "no-key", joining(
        lambda h: h.joined(log={"origin": "o", "verify_key": "k"})), "UnreachableError", AWAY),
    case("answer-to-joining", "deep", joining(lambda _: b'{"x":' + b"[" * 100_000),
          "UnreachableError", AWAY),
    case("answer-to-joining", "other-log", joining(
        lambda h: h.joined(), "--log-key",
        SigningKey("hub.example/log", bytes(32)).public.encode()), "M-1"),
]  # fmt: skip


def watching(stream, seconds="0.4"):
    """Watch a hub whose stream lies."""

    def attack(world):
        reader = world.reader

        def lie(path, _):
            if path == RECORDS:
                return reader.hub.page([], last=2)
            if path == STREAM:
                return Said(stream(reader.hub), Content_Type="text/event-stream")
            return None

        reader.hub.lie = lie
        return [
            reader.command("exchange", "watch", "--home", reader.home, "--seconds", seconds)
        ]  # fmt: skip

    return attack


def _wrong(hub):
    """Say a record whose commitment is not in the log."""
    record, content = hub.records[4]
    return event([(record, content.replace(b'"observe"', b'"challenge"'))])


STREAMS = [
    case("lying-stream", "other-commitment", watching(_wrong), "M-3"),
    case("lying-stream", "no-record", watching(lambda _: b"event: record\ndata: {}\n\n"), "M-9"),
    case("lying-stream", "deep", watching(
        lambda _: b'event: record\ndata: {"x":' + b"[" * 100_000 + b"\n\n"), "M-9"),
    case("lying-stream", "not-utf-8", watching(
        lambda _: b'event: record\ndata: {"salt":"\xff"}\n\n'), "M-9"),
]  # fmt: skip


def unending(piece):
    """Watch a stream that says one event without end; it is cut, and the member lives on."""

    def attack(world):
        found = watching(lambda _: iter([piece] * 400))(world)
        assert world.reader.hub.given < 40 << 20, world.reader.hub.given
        return [answer._replace(rules=("UnreachableError",)) for answer in found]

    return attack


UNENDING = [
    case("unending-event", name, unending(piece), "UnreachableError", 0, mebibytes=SMALL)
    for name, piece in (
        ("line", b"a" * (1 << 20)), ("data", b"data: a\n" * (1 << 17)),
        ("empty-data", b"data:\n" * (1 << 17)), ("ids", b"id: 7\n" * (1 << 17)),
        ("names", b"".join(b"n%d: a\n" % n for n in range(1 << 16))),
    )
]  # fmt: skip


def taxii(change):
    """Read another TAXII server that answers otherwise than it should."""

    def attack(world):
        reader = world.reader
        reader.hub.lie = lambda path, _: change(path)
        words = ("--home", reader.home, "--taxii", f"{reader.hub.url}/taxii2/")
        return [reader.command("exchange", "pull", *words)]

    return attack


def _collections(path, objects=b'{"objects":[],"more":true}'):
    if path == "/taxii2/":
        return b'{"api_roots":["/api/"]}'
    if path.endswith("/collections/"):
        return b'{"collections":[{"id":"c","can_read":true}]}'
    return objects


FOREIGN = [
    case("foreign-taxii", "roots", taxii(lambda _: b'{"api_roots":5}'), "UnreachableError", AWAY),
    case("foreign-taxii", "collections", taxii(lambda p: b'{"api_roots":["/api/"]}' if (
        p == "/taxii2/") else b'{"collections":{"a":1}}'), "UnreachableError|StillwatchError",
        AWAY),
    case("foreign-taxii", "circle", taxii(_collections), "UnreachableError", AWAY),
    case("foreign-taxii", "deep", taxii(lambda _: b'{"x":' + b"[" * 100_000), "UnreachableError",
          AWAY),
    case("foreign-taxii", "objects", taxii(lambda p: _collections(p, b'{"objects":"a"}')),
          "UnreachableError", AWAY),
]  # fmt: skip

CASES = (*WORDS, *CLOCKS, *JOINS, *STREAMS, *UNENDING, *FOREIGN)
