"""A hub, a TAXII server and a key operator that say what they like, over a real log and sockets."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import os
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from forking_log import ForkingLog

from stillwatch.ledger import SigningKey, commit
from stillwatch.ledger.requests import Signed
from stillwatch.ledger.tiles import parse_path
from stillwatch.share.oprf import Operator

LOG = "/exchange/v1/log/"
LONG = 160.0
"""Mebibytes: the longest answer that is read, and what reading it takes."""


@functools.cache
def bomb():
    """Return a quarter of a gibibyte of spaces, packed as one."""
    packer = zlib.compressobj(1, wbits=31)
    return b"".join([*(packer.compress(b" " * (1 << 20)) for _ in range(256)), packer.flush()])


class Said:
    """One answer: status, headers and a body, which may be pieces that are sent as they come."""

    def __init__(self, body=b"", status=200, **headers):
        self.status, self.headers, self.body = status, headers, body


class Liar:
    """A server that answers what ``honest`` says, unless a lie says otherwise."""

    def __init__(self):
        self.lie = None
        """Takes path and honest answer, and returns what is said instead."""
        self.given = 0
        """Bytes of pieces that the other side let itself be told."""
        liar = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def _answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                said = liar.honest(self.command, self.path, self.headers, body)
                if liar.lie is not None:
                    told = liar.lie(urlsplit(self.path).path, said)
                    said = said if told is None else told
                    said = Said(said) if isinstance(said, bytes) else said
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self._send(said)

            def _send(self, said):
                self.send_response_only(said.status)
                for name, value in said.headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.close_connection = True
                self.send_header("Connection", "close")
                if isinstance(said.body, bytes):
                    self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                for piece in [said.body] if isinstance(said.body, bytes) else said.body:
                    self.wfile.write(piece)
                    liar.given += len(piece)

            do_GET = do_POST = _answer  # noqa: N815 - the library's names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def honest(self, *_request):
        return Said(b"{}")


class LyingHub(Liar):
    """A hub whose log is real, and whose records can be anything."""

    def __init__(self):
        self.key = SigningKey.generate("hub.example/log")
        self.log = ForkingLog(self.key)
        self.records = []
        self.member = "identity--0b7e6f2e-3c49-4a2f-9c55-6a1f7d1f2f01"
        super().__init__()

    def branch(self):
        """Return log and records as they are, to go on from apart."""
        return self.log.fork(), list(self.records)

    def add(self, content, *, log=None, records=None, publisher="", kind="object", **changes):
        """Put an object into the log, whatever it is, and return its record."""
        log, records = log or self.log, self.records if records is None else records
        salt = os.urandom(32)
        record = {
            "index": log.tree.size, "kind": kind, "made_by": "member",
            "collection": "365fed99-08fa-4dcd-a1b3-fb247eb41d01", "publisher": publisher,
            "date_added": "2026-11-22T00:00:00.000000Z", "salt": base64.b64encode(salt).decode(),
            **changes,
        }  # fmt: skip
        log.grow(commit(salt, content))
        records.append((record, content))
        return record

    def page(self, records, log=None, *, note=None, **changes):
        """Return a page of records as the hub writes one."""
        told = (log or self.log).note().encode().decode() if note is None else note
        size = (log or self.log).tree.size
        tail = {"more": False, "last": size - 1, "checkpoint": told, **changes}
        raw = b",".join(written(record, content) for record, content in records)
        return b'{"records":[%b],%b' % (raw, json.dumps(tail).encode()[1:])

    def honest(self, method, path, headers, _body):
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/exchange/v1/join":
            return Said(self.joined(), 201)
        if parts.path == "/exchange/v1/records":
            return Said(self.page(self.records[int(query["after"]) + 1 :]))
        if parts.path == LOG + "checkpoint":
            return Said(self.log.note().encode())
        if parts.path.startswith(LOG):
            return tile_of(self.log, parts.path)
        if parts.path == "/exchange/v1/stream":
            after = int(headers.get("Last-Event-ID") or -1)
            return Said(event(self.records[after + 1 :]), Content_Type="text/event-stream")
        return Said(b"{}", 201 if method == "POST" else 404)

    def joined(self, **changes):
        said = {
            "member": self.member, "name": "Reader", "roles": ["read"], "index": 0,
            "collections": [{"id": "365fed99-08fa-4dcd-a1b3-fb247eb41d01", "alias": "indicators"}],
            "log": {
                "origin": self.key.name, "verify_key": self.key.public.encode(), "witnesses": [],
            }, **changes,
        }  # fmt: skip
        return json.dumps(said).encode()


def written(record, content):
    return json.dumps(record).encode()[:-1] + b',"object":' + content + b"}"


def event(records):
    """Return records as a stream says them."""
    return b"".join(
        b"event: record\nid: %d\ndata: %b\n\n" % (record["index"], written(record, content))
        for record, content in records
    )


def tile_of(log, path):
    """Return a tile of a log by its path."""
    tile, _ = parse_path(path.removeprefix(LOG))
    return Said(log.tiles.read(tile)[: tile.width * 32])


class LyingOperator(Liar):
    """Key operator a, whose folder is real, and whose answers can be anything."""

    def __init__(self, home):
        self._operator = Operator(home)
        super().__init__()

    def honest(self, _method, path, _headers, body):
        if path.endswith("/epochs"):
            return Said(b'{"epochs":[%b]}' % b",".join(self._operator.records()))
        now = int(time.time())
        signed = Signed("0" * 64, now, os.urandom(12).hex())
        return Said(self._operator.evaluate(body, signed, "lab-one", now))
