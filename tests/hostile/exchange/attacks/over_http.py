"""What is wrong with a request before anybody asks whose it is."""

from __future__ import annotations

import gzip
import socket
import time
import zlib
from urllib.parse import urlsplit

from judging import SMALL, Case
from speaking import JSON, OBJECTS, TAXII, answers, raw, request

ME = "/exchange/v1/me"
MEBIBYTE = 1 << 20


def _raw(text, at="hub"):
    """Send text as it stands; HOST is the server's own."""

    def attack(world):
        url = {"hub": world.hub, "witness": world.witness, "operator": world.operator}[at].url
        return raw(url, text.replace("HOST", urlsplit(url).netloc).encode("latin-1"))

    return attack


def _smuggled(first):
    """Hide a request for what everybody may have behind one that is refused."""

    def attack(world):
        host = urlsplit(world.hub.url).netloc
        hidden = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"
        blob = first.replace("HOST", host).replace("HIDDEN", hidden)
        found = raw(world.hub.url, blob.encode("latin-1"), patience=0.5)
        assert not any("alive" in answer.text for answer in found), found
        return found

    return attack


POST = "POST /exchange/v1/leave HTTP/1.1\r\nHost: HOST\r\n"
SMUGGLED = [
    Case("smuggling", "two-lengths", _smuggled(
        POST + "Content-Length: 0\r\nContent-Length: 50\r\n\r\nHIDDEN"), "HTTP", 400),
    Case("smuggling", "spaced-name", _smuggled(
        POST + "Content-Length : 5\r\n\r\nHIDDEN"), "HTTP", 400),
    Case("smuggling", "other-coding", _smuggled(
        POST + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\nHIDDEN"), "HTTP", 400),
    Case("smuggling", "signed-length", _smuggled(
        POST + "Content-Length: +5\r\n\r\nHIDDEN"), "HTTP", 400),
    Case("smuggling", "length-and-chunks", _smuggled(
        POST + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHIDDEN"),
        "H-0|HTTP", 400),
]  # fmt: skip
MALFORMED = [
    Case("malformed-http", "control-in-target", _raw(
        "GET /\x01 HTTP/1.1\r\nHost: HOST\r\n\r\n"), "HTTP", 400),
    Case("malformed-http", "no-version", _raw("GET /exchange/v1/me HTTQ/9\r\n\r\n"), "HTTP", 400),
    Case("malformed-http", "bad-chunk", _raw(
        POST + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "HTTP", 400),
    Case("malformed-http", "tls", _raw("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
         "HTTP", 400),
    Case("malformed-http", "operator", _raw(
        "GET\x00 / HTTP/1.1\r\n\r\n", "operator"), "HTTP", 400, at="operator"),
]  # fmt: skip


def _told_long(world):
    held = [("Content-Length", str(9 * MEBIBYTE)), ("Content-Type", TAXII)]
    return raw(world.hub.url, request(world.hub.url, "POST", OBJECTS, held, length=False))


def _chunked(path, content_type, server):
    def attack(world):
        url = getattr(world, server).url
        held = [("Transfer-Encoding", "chunked"), ("Content-Type", content_type)]
        head = request(url, "POST", path, held, length=False)
        chunk = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
        return raw(url, _pieces(head, chunk, 400))

    return attack


def _pieces(head, piece, count):
    yield head
    for _ in range(count):
        yield piece


def _long_query(world):
    target = "/taxii2/api/collections/indicators/objects/?match[id]=" + "a" * 20_000
    return [world.ask(world["Alpha"], "GET", target)]


def _endless(head, piece, server="hub"):
    """Send a head that does not end: 80 MiB of it, or as much as is taken."""

    def attack(world):
        url = getattr(world, server).url
        return raw(url, _pieces(head, piece * (MEBIBYTE // len(piece)), 80))

    return attack


GET = b"GET /exchange/v1/me HTTP/1.1\r\nHost: x\r\n"
TRAILED = (
    GET.replace(b"GET", b"POST").replace(b"v1/me", b"v1/leave")
    + b"Transfer-Encoding: chunked\r\n\r\n"
)


def _spaces(world):
    """Send the longest body that is taken, of spaces."""
    body = b" " * (8 * MEBIBYTE)
    return [world.ask(world["Alpha"], "POST", OBJECTS, body)]


OVERSIZED = [
    Case("oversized-request", "announced", _told_long, "H-11", 413, mebibytes=SMALL),
    Case("oversized-request", "in-chunks", _chunked(OBJECTS, TAXII, "hub"), "H-11", 413,
         mebibytes=SMALL),
    Case("oversized-request", "query", _long_query, "H-11", 400, mebibytes=SMALL),
    Case("oversized-request", "spaces", _spaces, "H-0", 400, mebibytes=SMALL),
]  # fmt: skip
HEADS = [
    Case("endless-head", "headers", _endless(GET, b"X-A: aaaaaaaaa\r\n"), "HTTP", 400,
         mebibytes=32),
    Case("endless-head", "one-header", _endless(GET + b"X-A: ", b"a"), "HTTP", 400, mebibytes=32),
    Case("endless-head", "target", _endless(b"GET /", b"a"), "HTTP", 400, mebibytes=32),
    Case("endless-head", "chunk-extension", _endless(TRAILED + b"5;", b"a"), "HTTP", 400,
         mebibytes=32),
    Case("endless-head", "operator", _endless(GET + b"X-A: ", b"a", "operator"), "HTTP", 400,
         at="operator", mebibytes=32),
]  # fmt: skip
OVERSIZED_ELSEWHERE = [
    Case("oversized-elsewhere", "witness-in-chunks", _chunked(
        "/add-checkpoint", "text/plain", "witness"), "W-1", 413, at="witness", mebibytes=SMALL),
    Case("oversized-elsewhere", "operator-in-chunks", _chunked(
        "/oprf/v1/evaluate", JSON, "operator"), "P-3", 413, at="operator", mebibytes=SMALL),
    Case("oversized-elsewhere", "ceremony-in-chunks", _chunked(
        "/oprf/v1/ceremony", JSON, "operator"), "P-3", 413, at="operator", mebibytes=SMALL),
]  # fmt: skip


def _typed(kind, target=OBJECTS):
    held = [("Accept", TAXII), ("Content-Type", kind)]
    return lambda w: [w.ask(w["Alpha"], "POST", target, b'{"objects":[{}]}', held)]


TYPES = [
    Case("content-type", name, _typed(kind), "H-0", 415)
    for name, kind in (
        ("text", "text/plain"), ("plain-json", "application/json"),
        ("other-version", "application/taxii+json;version=9.9"),
        ("form", "multipart/form-data; boundary=x"),
    )
] + [
    Case("content-type", "taxii-elsewhere", _typed(TAXII, "/exchange/v1/keys"), "H-0", 415),
]  # fmt: skip


def _accepting(kind):
    return lambda w: [w.ask(w["Alpha"], "GET", OBJECTS, headers=[("Accept", kind)])]


ACCEPTS = [
    Case("accept", name, _accepting(kind), "H-0", 406)
    for name, kind in (
        ("html", "text/html"), ("old", "application/taxii+json;version=2.0"),
        ("nothing", "*/*;q=0"), ("weight", "application/taxii+json;q=nan"),
        ("thousands", ",".join(["text/html"] * 5_000)),
    )
]  # fmt: skip


def _bomb(coding, pack):
    """Post mebibytes of nothing, packed; the hub unpacks nothing."""

    def attack(world):
        body = pack(b'{"objects":[' + b" " * (256 * MEBIBYTE) + b"]}")
        held = [("Accept", TAXII), ("Content-Type", TAXII), ("Content-Encoding", coding)]
        return [world.ask(world["Alpha"], "POST", OBJECTS, body, held)]

    return attack


def _hollow(text):
    """Return gzip of mebibytes of spaces, whose members compress once."""
    member = gzip.compress(b" " * MEBIBYTE)
    return gzip.compress(text[:12]) + member * (len(text) // MEBIBYTE)


BOMBS = [
    Case("packed-bomb", "gzip", _bomb("gzip", _hollow), "H-0", 400, mebibytes=SMALL),
    Case("packed-bomb", "deflate", _bomb(
        "deflate", lambda text: zlib.compress(text[: 16 * MEBIBYTE], 1)), "H-0", 400,
        mebibytes=SMALL),
    Case("packed-bomb", "twice", _bomb(
        "gzip, gzip", lambda text: gzip.compress(_hollow(text))), "H-0", 400, mebibytes=SMALL),
]  # fmt: skip


def _asked(method, target=OBJECTS):
    return lambda w: [w.ask(w["Alpha"], method, target)]


METHODS = [
    Case("method", "delete", _asked("DELETE", OBJECTS + "indicator--x/"), "H-9", 403),
    Case("method", "put", _asked("PUT"), "H-0", 405),
    Case("method", "trace", _asked("TRACE", ME), "H-0", 405),
    Case("method", "unknown", _asked("BREW", ME), "HTTP|H-0", 400),
    Case("method", "override", lambda w: [w.ask(
        w["Alpha"], "POST", ME, headers=[("X-HTTP-Method-Override", "GET")])], "H-0", 405),
]  # fmt: skip
WALKS = [
    Case("path-traversal", name, _asked("GET", target), rule, 404)
    for name, target, rule in (
        ("dots", "/taxii2/api/collections/../../../exchange/v1/audit", "H-0"),
        ("encoded", "/taxii2/api/collections/indicators/objects/..%2f..%2f..%2fhub.key/", "H-0"),
        ("tile", "/exchange/v1/log/tile/../../hub.key", "L-16"),
        ("tile-encoded", "/exchange/v1/log/tile/entries/%2e%2e/%2e%2e/hub.key", "L-16"),
        ("status", "/taxii2/api/status/..%2f..%2fexchange%2fv1%2faudit/", "H-0"),
    )
]
SQL = [
    Case("sql", name, _asked("GET", target), "H-0", status)
    for name, target, status in (
        ("object", OBJECTS + "x'%20OR%201=1--/", 404),
        ("collection", "/taxii2/api/collections/x'%20UNION%20SELECT%20*%20FROM%20keys--/", 404),
        ("status", "/taxii2/api/status/1;DROP%20TABLE%20hub_members/", 404),
        ("version", OBJECTS + "?match[version]=1'%20OR%20'1'='1", 400),
        ("added-after", OBJECTS + "?added_after=2026-01-01'%20OR%201=1", 400),
    )
]
UNICODE = [
    Case("unicode-path", name, _asked("GET", OBJECTS + text + "/"), "H-0", 404)
    for name, text in (
        ("overlong", "indicator--%c0%ae%c0%ae%c0%af"), ("surrogate", "indicator--%ed%a0%80"),
        ("nul", "indicator--%00"), ("bidi", "indicator--%e2%80%ae%e2%81%a6"),
        ("full-width", "%ef%bd%89ndicator--0b7e6f2e-3c49-4a2f-9c55-6a1f7d1f2f01"),
    )
]  # fmt: skip


def _held_open(world):
    """Leave requests half-said, and see whether others are still heard."""
    place = urlsplit(world.hub.url)
    lines = [socket.create_connection((place.hostname, place.port)) for _ in range(150)]
    try:
        for line in lines:
            line.sendall(b"POST /exchange/v1/join HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n")
        began = time.monotonic()
        assert world.honest("hub")
        assert time.monotonic() - began < 5
        lines[0].sendall(b"\r\n" + b"{" * 900)
        lines[0].settimeout(0.5)
        return answers(lines[0])
    finally:
        for line in lines:
            line.close()


def _stalled(world):
    """Begin a body and never go on."""
    held = [("Content-Length", "900"), ("Content-Type", JSON)]
    head = request(world.hub.url, "POST", "/exchange/v1/join", held, length=False)
    return raw(world.hub.url, head + b"{", patience=60)


SLOW = [
    Case("half-requests", "join", _held_open, "H-0", 400, mebibytes=SMALL),
    Case("half-requests", "stalled", _stalled, "H-11", 408, slow=True),
]

CASES = (
    *SMUGGLED, *MALFORMED, *OVERSIZED, *HEADS, *OVERSIZED_ELSEWHERE, *TYPES, *ACCEPTS, *BOMBS,
    *METHODS, *WALKS, *SQL, *UNICODE, *SLOW,
)  # fmt: skip
