"""Requests to the byte: what well-behaved clients would not let through."""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
import os
import re
import socket
import time
from urllib.parse import urlsplit

from judging import Answer

from stillwatch.ledger.requests import signature_base
from stillwatch.share.objects import Indicator, RuleError, Sighting, canonical, parse
from stillwatch.share.objects import signed as sign_object

TAXII = "application/taxii+json;version=2.1"
JSON = "application/json"
OBJECTS = "/taxii2/api/collections/indicators/objects/"
ALWAYS = ("@method", "@authority", "@path", "@query")
COVERED = ("content-digest", "content-type", "content-encoding")
PATIENCE = 20.0
_WORD = re.compile(r"\b([A-Z]{1,4}-[0-9]{1,3})\b")


def rules_in(text):
    """Return the rule that a text begins with."""
    found = _WORD.search(text)
    return (found[1],) if found else ()


def digest(body):
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def signed(
    url, method, target, body, headers, key, *, covered=None, parameters=None, change=None,
    values=None, label="stillwatch",
):  # fmt: skip
    """Return headers and their signature, any part of which may be wrong.

    Args:
        url: scheme and authority that the signature is for.
        method: that is signed.
        target: path and query that are signed.
        body: that is signed.
        headers: pairs; those that have to be covered are.
        key: signs.
        covered: component texts, quoted where they are to be; what has to be where None.
        parameters: changes of the parameters by name, as text; None takes one out.
        change: bytes of the signature to others.
        values: changes of the covered values.
        label: of the signature.
    """
    given = list(headers)
    names = [name.lower() for name, _ in given]
    if body and "content-digest" not in names:
        given.append(("Content-Digest", digest(body)))
        names.append("content-digest")
    path, _, query = target.partition("?")
    held = {name.lower(): value.strip() for name, value in given}
    held |= {"@method": method, "@authority": urlsplit(url).netloc, "@path": path}
    held |= {"@query": f"?{query}", **(values or {})}
    if covered is None:
        covered = [f'"{name}"' for name in (*ALWAYS, *(n for n in COVERED if n in names))]
    told = {
        "created": str(int(time.time())), "keyid": f'"{key.public.key_id}"',
        "nonce": f'"{os.urandom(12).hex()}"', "alg": '"ed25519"',
        "tag": '"stillwatch-exchange"', **(parameters or {}),
    }  # fmt: skip
    text = f"({' '.join(covered)})" + "".join(
        f";{name}={value}" for name, value in told.items() if value is not None
    )
    base = signature_base((c.split('"')[1] for c in covered), _Lenient(held), text)
    raw = key.sign(base)
    if change is not None:
        raw = change(raw)
    value = raw if isinstance(raw, str) else base64.b64encode(raw).decode()
    given.append(("Signature-Input", f"{label}={text}"))
    given.append(("Signature", f"{label}=:{value}:"))
    return given


class _Lenient(dict):
    def __missing__(self, name):
        return ""


def request(url, method, target, headers=(), body=b"", *, length=True):
    """Return the bytes of a request."""
    held = [("Host", urlsplit(url).netloc), ("Connection", "close"), *headers]
    if length and (body or method == "POST"):
        held.append(("Content-Length", str(len(body))))
    head = "".join(f"{name}: {value}\r\n" for name, value in held)
    return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def raw(url, blob, *, patience=PATIENCE):
    """Send bytes, or several pieces of them, and return every answer that came back."""
    parts = urlsplit(url)
    pieces = [blob] if isinstance(blob, bytes) else blob
    with socket.create_connection((parts.hostname, parts.port), timeout=patience) as line:
        try:
            for piece in pieces:
                line.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it ended
        return answers(line)


def answers(line):
    """Return all that comes on a connection until it ends, or nothing more comes."""
    held = b""
    try:
        while part := line.recv(1 << 16):
            held += part
    except (TimeoutError, ConnectionResetError):
        pass
    return heard(held)


def heard(held):
    """Return the answers that bytes hold."""
    stream = io.BytesIO(held)
    found = []
    while stream.tell() < len(held):
        answer = http.client.HTTPResponse(_Received(stream))
        answer.begin()
        found.append(read(answer.status, answer.read()))
    return found


class _Received:
    """Stands for a socket of which everything was read."""

    def __init__(self, stream):
        self._stream = stream

    def makefile(self, _mode):
        return io.BufferedReader(_Kept(self._stream), 1)


class _Kept(io.RawIOBase):
    """Gives bytes one by one, so that no answer's reader takes those of the next."""

    def __init__(self, stream):
        self._stream = stream

    def readable(self):
        return True

    def readinto(self, place):
        part = self._stream.read(len(place))
        place[: len(part)] = part
        return len(part)


def read(status, body):
    """Return what was answered as a status and the rules that it names."""
    text = body.decode("utf-8", "replace")
    if status == 409 and text.strip().isdigit():  # a witness says what it cosigned last
        return Answer(status, ("W-5",), text)
    try:
        document = json.loads(text)
    except ValueError:
        if text in {"Invalid HTTP request received.", "Request head too long."} or not text:
            return Answer(status, ("HTTP",), text)
        return Answer(status, rules_in(text[:8]) or ("HTTP",) * (status in {404, 405}), text)
    return Answer(status, _rules(document) if isinstance(document, dict) else (), text)


def _rules(document):
    """Return the rules that an error, a problem or a status resource names."""
    inner = document.get("details", {}).get("status", document)
    if inner.get("failures"):
        told = (failure["message"] for failure in inner["failures"])
        return tuple(rule for words in told for rule in rules_in(words[:8]))
    if document.get("type") == "about:blank" and "rule" not in document:
        return ("HTTP",)
    rule = document.get("error_code") or document.get("rule")
    return (rule,) if rule else ()


def authored(item, key):
    """Return the bytes of an object of JSON types, signed by its author where it is one at all."""
    raw = json.dumps(item).encode()
    try:
        found = parse(raw)
    except RuleError:
        return raw
    if not isinstance(found, Indicator | Sighting) or found.fields.signed:
        return raw
    return canonical(sign_object(found, key))
