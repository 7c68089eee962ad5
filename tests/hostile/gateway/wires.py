"""Hostile bytes on a connection of the decision API: the statuses that may come of them."""

from __future__ import annotations

HEAD = b"POST /v1/decisions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
BODY = b'{"account":"a","shape":"openai-chat","body":{"messages":[]}}'
SIZED = HEAD + b"content-length: %d\r\n\r\n" % len(BODY) + BODY
LENGTH = HEAD + b"content-length: %b\r\n\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n"
NOT = {0, 400}
"""Refused by the parser, or closed on."""

ALL = {
    # mechanism / what: (bytes, statuses of the first answer; 0 for none)
    "wire-smuggling/two-lengths": (LENGTH % b"2\r\ncontent-length: 3" + b"{} ", NOT),
    "wire-smuggling/length-with-sign": (LENGTH % b"+2" + b"{}", NOT),
    "wire-smuggling/length-overflow": (LENGTH % (b"9" * 40), {*NOT, 413}),
    "wire-smuggling/both": (CHUNKED + b"content-length: 4\r\n\r\n0\r\n\r\n", NOT),
    "wire-smuggling/coding": (HEAD + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n", NOT),
    "wire-chunks/size-overflow": (CHUNKED + b"\r\n" + b"f" * 40 + b"\r\nx\r\n", NOT),
    "wire-chunks/no-size": (CHUNKED + b"\r\nzz\r\nx\r\n", NOT),
    "wire-chunks/cut-short": (CHUNKED + b"\r\n5\r\nab", {0}),
    "wire-header/space-before-colon": (HEAD + b"x-a : b\r\n\r\n", NOT),
    "wire-header/nul": (HEAD + b"x-a: b\0c\r\ncontent-length: 0\r\n\r\n", NOT),
    "wire-header/long": (HEAD + b"x-a: " + b"x" * 200_000 + b"\r\n\r\n", NOT),
    "wire-header/many": (HEAD + b"x-a: b\r\n" * 20_000 + b"\r\n", NOT),
    "wire-header/no-end": (HEAD + b"x" * 100_000, NOT),
    "wire-request-line/long": (b"POST /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n", NOT),
    "wire-request-line/none": (b"\x16\x03\x01\x02\x00\x01\x00\x01", NOT),
    "wire-request-line/version": (b"POST /v1/decisions HTTP/9.9\r\n\r\n", {*NOT, 505}),
    "wire-http2/preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {*NOT, 404, 405}),
    "wire-upgrade/websocket": (
        HEAD.replace(b"POST", b"GET") + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n",
        {400, 405},
    ),
    "wire-tokens/two": (SIZED.replace(b"host: x", b"host: x\r\nauthorization: Bearer a\r\n"
        b"authorization: Bearer b"), {200}),
    "wire-content-type/two": (
        SIZED.replace(b"host: x", b"host: x\r\ncontent-type: text/plain"), {415},
    ),
}  # fmt: skip
