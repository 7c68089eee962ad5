"""Receivers on loopback: a web server, a syslog server and what they check by themselves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = b"0123456789abcdef0123456789abcdef"
SECRET_TEXT = "whsec_" + base64.b64encode(SECRET).decode()


class Web(ThreadingHTTPServer):
    """Keeps every request; answers what `answers` says, first to last, then 204."""

    daemon_threads = True

    def __init__(self, tls=None, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.requests, self.answers, self.lock = [], [], threading.Lock()
        self.respond = None
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request, client_address):  # a client that went away is no failure
        pass


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.lock:
            self.server.requests.append((self.path, headers, body))
            answer = self.server.answers.pop(0) if self.server.answers else None
        if self.server.respond is not None and answer is None:
            answer = self.server.respond(self.path, headers, body)
        status, fields, text = answer or (204, {}, b"")
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@contextmanager
def web(tls=None, port=0):
    server = Web(tls, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def checked(request, secret=SECRET, now=None):
    """Return a webhook's body as JSON after checking it as a receiver must."""
    _, headers, body = request
    uid, stamp = headers["webhook-id"], headers["webhook-timestamp"]
    assert "." not in uid
    assert abs(int(stamp) - (time.time() if now is None else now)) < 300
    mac = hmac.new(secret, digestmod=hashlib.sha256)
    for part in (uid.encode(), b".", stamp.encode(), b".", body):
        mac.update(part)
    good = [
        version == "v1" and hmac.compare_digest(base64.b64decode(text), mac.digest())
        for version, _, text in (s.partition(",") for s in headers["webhook-signature"].split())
    ]
    assert any(good), "no signature is right"
    assert headers["content-type"] == "application/json"
    return json.loads(body)


class Syslog(threading.Thread):
    """Takes connections one after another and keeps the octet-counted messages."""

    def __init__(self, tls=None, *, rude=False):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.tls, self.rude, self.messages = tls, rude, []

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self.read(connection)
                except OSError:
                    continue

    def read(self, connection):
        if self.tls is not None:
            with self.tls.wrap_socket(connection, server_side=True) as secure:
                self.take(secure)
                if not self.rude:
                    secure.unwrap()
        else:
            self.take(connection)

    def take(self, connection):
        if self.rude:  # ends with a reset, its buffer unread
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            time.sleep(0.05)
            return
        data = b""
        while chunk := connection.recv(65_536):
            data += chunk
        self.messages += counted(data)

    def stop(self):
        self.listener.close()


def counted(data):
    """Split octet-counted frames (RFC 6587 section 3.4.1)."""
    found = []
    while data:
        length, _, rest = data.partition(b" ")
        assert re.fullmatch(rb"[1-9][0-9]*", length)
        assert len(rest) >= int(length)
        found.append(rest[: int(length)])
        data = rest[int(length) :]
    return found


def parsed(message):
    """Take an RFC 5424 message apart, by its grammar and not by the writer's code."""
    text = message.decode("utf-8")
    head = re.match(
        r"<(?P<pri>[0-9]{1,3})>1 (?P<stamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) "
        r"(?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<proc>[!-~]{1,128}) (?P<id>[!-~]{1,32}) ",
        text,
    )
    assert head, text[:200]
    place, data = head.end(), {}
    while text[place] == "[":
        place += 1
        name = re.compile(r'[^= \]"\x00-\x20]{1,32}').match(text, place)
        place, values = name.end(), {}
        while text[place] == " ":
            key = re.compile(r' ([^= \]"]{1,32})="').match(text, place)
            place, value = key.end(), ""
            while text[place] != '"':
                assert text[place] != "]", "an unescaped bracket"
                if text[place] == "\\" and text[place + 1] in '"\\]':
                    place += 1
                value += text[place]
                place += 1
            values[key[1]] = value
            place += 1
        assert text[place] == "]"
        place += 1
        data[name[0]] = values
    assert text[place] == " "
    return head.groupdict(), data, text[place + 1 :]


def certificate(folder):
    """Make an authority of one and return (its file, a server's context)."""
    made = folder / "ca.pem"
    words = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=loopback"
    )
    extensions = ("subjectAltName=IP:127.0.0.1", "basicConstraints=critical,CA:TRUE")
    subprocess.run(  # noqa: S603 - our own arguments
        [shutil.which("openssl"), *words.split(), "-keyout", folder / "key.pem", "-out", made]
        + [word for text in extensions for word in ("-addext", text)],
        check=True,
        capture_output=True,
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, folder / "key.pem")
    return made, context
