"""Parameters, cursors, places in the log and streams that are asked for in bad faith."""

from __future__ import annotations

import base64
import json
import socket
import struct
from contextlib import ExitStack
from urllib.parse import quote, urlsplit

from judging import Case
from speaking import OBJECTS, heard, request

LOG = "/exchange/v1/log/"
STREAM = "/exchange/v1/stream"
MANIFEST = OBJECTS.replace("objects", "manifest")


def asked(target, name="Alpha"):
    return lambda w: [w.ask(w[name], "GET", target)]


def _cases(mechanism, rule, status, *pairs):
    return [Case(mechanism, name, asked(target), rule, status) for name, target in pairs]


ADDED = _cases(
    "added-after", "H-0", 400,
    ("not-a-date", OBJECTS + "?added_after=notadate"), ("empty", OBJECTS + "?added_after="),
    ("no-such-month", OBJECTS + "?added_after=2026-13-45T00:00:00Z"),
    ("before-time", OBJECTS + "?added_after=0001-01-01T00:00:00%2B23:59"),
    ("twice", MANIFEST + "?added_after=2026-01-01T00:00:00Z&added_after=2026-01-02T00:00:00Z"),
)  # fmt: skip
LIMITS = _cases(
    "limit", "H-0", 400,
    ("zero", OBJECTS + "?limit=0"), ("negative", OBJECTS + "?limit=-1"),
    ("words", OBJECTS + "?limit=ten"), ("endless", OBJECTS + "?limit=" + "9" * 4_000),
    ("other-digits", OBJECTS + "?limit=%D9%A3"),
)  # fmt: skip
FILTERS = _cases(
    "match", "H-0", 400,
    ("unknown", OBJECTS + "?match[price]=3"), ("version", OBJECTS + "?match[version]=newest"),
    ("all-and-more", OBJECTS + "?match[version]=all,last"),
    ("too-many", OBJECTS + "?match[id]=" + ",".join(f"a{n}" for n in range(101))),
    ("twice", OBJECTS + "?match[type]=indicator&match[type]=sighting"),
)  # fmt: skip


def _cursor(world, query="limit=1"):
    """Return the cursor of a first page."""
    assert world.post("Beta", world.indicator("Beta")).status == 202
    answer = world.ask(world["Alpha"], "GET", f"{OBJECTS}?{query}")
    return json.loads(answer.text)["next"]


def _cursor_at(target):
    """Use a cursor elsewhere than where it is from."""

    def attack(world):
        token = quote(_cursor(world))
        return [world.ask(world["Alpha"], "GET", target.replace("NEXT", token))]

    return attack


def _cursor_changed(change):
    def attack(world):
        raw = change(base64.urlsafe_b64decode(_cursor(world)))
        token = quote(base64.urlsafe_b64encode(raw).decode())
        return [world.ask(world["Alpha"], "GET", f"{OBJECTS}?limit=1&next={token}")]

    return attack


CURSORS = [
    Case("cursor-elsewhere", name, _cursor_at(target), "H-10", 400)
    for name, target in (
        ("other-filter", OBJECTS + "?match[type]=sighting&next=NEXT"),
        ("other-start", OBJECTS + "?added_after=2026-01-01T00:00:00Z&next=NEXT"),
        ("manifest", MANIFEST + "?next=NEXT"),
        ("twice-packed", OBJECTS + "?next=TkVYVA==NEXT"),
        ("spaced", OBJECTS + "?next=%20NEXT"),
    )
] + [
    Case("forged-cursor", "ends-early", _cursor_changed(lambda r: r[:-1]), "H-10", 400),
    Case("forged-cursor", "other-filters", _cursor_changed(
        lambda r: r[:-1] + bytes([r[-1] ^ 1])), "H-10", 400),
    Case("forged-cursor", "backwards", _cursor_changed(
        lambda r: struct.pack(">QQ", 9, 3) + r[16:]), "H-10", 400),
    Case("forged-cursor", "beyond", _cursor_changed(
        lambda r: struct.pack(">QQ", 3, (1 << 64) - 1) + r[16:]), "H-10", 400),
    Case("forged-cursor", "sql", asked(OBJECTS + "?next=1'%20OR%201=1--"), "H-10", 400),
]  # fmt: skip


def _posted(body, rule, status):
    return (lambda w: [w.ask(w["Alpha"], "POST", OBJECTS, body)], rule, status)


ENVELOPES = [
    Case("envelope", name, *_posted(body, rule, status))
    for name, body, rule, status in (
        ("no-json", b"objects", "H-0", 400), ("list", b"[]", "H-0", 400),
        ("unknown-field", b'{"objects":[{}],"collection":"closed"}', "H-0", 400),
        ("no-objects", b'{"objects":[]}', "H-11", 400),
        ("too-many", b'{"objects":[%b{}]}' % (b"{}," * 1_000), "H-11", 413),
    )
]  # fmt: skip
KEYS_TWICE = [
    Case("body-key-twice", "objects", *_posted(
        b'{"objects":[{"type":"x"}],"objects":[{}]}', "H-0", 400)),
    Case("body-key-twice", "escaped", *_posted(
        b'{"objects":[{"type":"x"}],"obj\\u0065cts":[{}]}', "H-0", 400)),
    Case("body-key-twice", "retire", lambda w: [w.ask(
        w["Alpha"], "POST", "/exchange/v1/keys/retire", b'{"key_id":"a","key_id":"b"}')],
        "H-0", 400),
]  # fmt: skip
NULS = [
    Case("nul", "filter", asked(OBJECTS + "?match[id]=a%00b"), "H-0", 400),
    Case("nul", "object", asked(OBJECTS + "a%00b/"), "H-0", 404),
    Case("nul", "retire", lambda w: [w.ask(
        w["Alpha"], "POST", "/exchange/v1/keys/retire", b'{"key_id":"a\\u0000"}')], "H-0", 400),
    Case("nul", "acknowledgement", lambda w: [w.ask(
        w["Alpha"], "POST", "/exchange/v1/acknowledgements",
        b'{"id":"a\\u0000","version":"b","outcome":"removed"}')], "H-0", 400),
]  # fmt: skip
PROOFS = _cases(
    "log-place", "H-0", 400,
    ("beyond", LOG + "proof/inclusion?index=999999999"),
    ("size", LOG + "proof/inclusion?index=0&size=99999999"),
    ("negative", LOG + "proof/consistency?first=-1"),
    ("shrinking", LOG + "proof/consistency?first=5&second=3"),
    ("salts", LOG + "salts?" + "&".join(["index=1"] * 101)),
)  # fmt: skip
TILES = _cases(
    "tile", "L-16|H-0", 404,
    ("far", LOG + "tile/0/" + "x999/" * 6 + "999"), ("high", LOG + "tile/63/000"),
    ("two-spellings", LOG + "tile/0/x000/000"), ("width", LOG + "tile/0/000.p/257"),
    ("far-entries", LOG + "tile/entries/" + "x999/" * 6 + "999.p/255"),
)  # fmt: skip


def _resumed(text, query=""):
    def attack(world):
        held = [("Last-Event-ID", text)] if text else []
        return [world.ask(world["Alpha"], "GET", STREAM + query, headers=held)]

    return attack


RESUMED = [
    Case("resumed-stream", "words", _resumed("latest"), "H-0", 400),
    Case("resumed-stream", "negative", _resumed("-1"), "H-0", 400),
    Case("resumed-stream", "huge", _resumed("9" * 400), "H-0", 400),
    Case("resumed-stream", "query", _resumed("", "?after=-2"), "H-0", 400),
    Case("resumed-stream", "superscript", _resumed("\xb2"), "H-0", 400),
]


def _flood(count):
    """Ask for many streams in the same moment, and read of none more than its head."""

    def attack(world):
        url, place = world.hub.url, urlsplit(world.hub.url)
        blobs = [
            request(url, "GET", STREAM, world.headers(world["Streaming"], "GET", STREAM))
            for _ in range(count)
        ]
        with ExitStack() as stack:
            lines = [
                stack.enter_context(socket.create_connection((place.hostname, place.port), 10))
                for _ in blobs
            ]
            for line, blob in zip(lines, blobs, strict=True):
                line.sendall(blob)
            heads = [_all(line) for line in lines]
        refused = [head for head in heads if not head.startswith(b"HTTP/1.1 200")]
        assert count - len(refused) <= 8, f"{count - len(refused)} streams of one member"
        return [answer for head in refused for answer in heard(head)]

    return attack


def _all(line):
    """Return what a connection gives until it ends, or the head of a stream."""
    held = b""
    while not held.startswith(b"HTTP/1.1 200") and (part := line.recv(1 << 16)):
        held += part
    return held


FLOODS = [Case("stream-flood", "sixty-at-once", _flood(60), "H-8", 429)]

CASES = (
    *ADDED, *LIMITS, *FILTERS, *CURSORS, *ENVELOPES, *KEYS_TWICE, *NULS, *PROOFS, *TILES, *RESUMED,
    *FLOODS,
)  # fmt: skip
