"""Hostile calls of the decision API: what is sent, and what must become of it."""

from __future__ import annotations

import json
from typing import NamedTuple


def turns(text):
    return {"messages": [{"role": "user", "content": text}]}


SHAPES = {
    "openai-chat": turns,
    "openai-responses": lambda text: {"input": text},
    "anthropic-messages": lambda text: {"max_tokens": 9} | turns(text),
    "gemini": lambda text: {"contents": [{"role": "user", "parts": [{"text": text}]}]},
}  # fmt: skip
CHAT = {"messages": [{"role": "user", "content": "Why?"}]}
JSON = {"content-type": "application/json"}
DECIDE = "/v1/decisions"
GUARD = "/beta/litellm_basic_guardrail_api"


class Call(NamedTuple):
    """One call."""

    mechanism: str
    name: str
    raw: bytes
    status: int = 200
    outcome: str = "decided"
    """``decided``, ``unreadable`` (decided, with that reason), or ``refused`` with a problem."""
    path: str = DECIDE
    method: str = "POST"
    headers: dict[str, str] = JSON
    mebibytes: float = 96.0
    seconds: float = 5.0
    slow: bool = False

    @property
    def id(self):
        return f"{self.mechanism}-{self.name}"


def asked(**fields):
    held = {"account": "a", "shape": "openai-chat", "body": CHAT} | fields
    return json.dumps({name: value for name, value in held.items() if value is not ...}).encode()


def around(body, shape="openai-chat"):
    """Put the bytes of a client's body into a call."""
    return b'{"account":"a","shape":"%s","body":%b}' % (shape.encode(), body)


def refused(mechanism, name, raw, status=400, **more):
    return Call(mechanism, name, raw, status, "refused", **more)


def _accounts():
    names = {
        "none": ..., "null": None, "number": 7, "empty": "", "space": "a b", "comma": "a,b",
        "newline": "a\nb", "nul": "a\0b", "long": "a" * 257, "not-ascii": "ä", "list": ["a"],
    }  # fmt: skip
    for name, value in names.items():
        mechanism = "account-missing" if name in {"none", "null", "empty"} else "account-forged"
        yield refused(mechanism, name, asked(account=value))


def _fields():
    for name, given in {
        "shape-none": {"shape": ...},
        "shape-unknown": {"shape": "smtp"},
        "shape-list": {"shape": []},
        "body-none": {"body": ...},
        "field-unknown": {"rung": "observe"},
        "field-safety": {"safety": False},
    }.items():
        yield refused("wrong-fields", name, asked(**given))
    for name, given in {
        "asn-negative": {"asn": -2},
        "asn-large": {"asn": 1 << 40},
        "asn-fraction": {"asn": 0.5},
        "asn-text": {"asn": "1"},
        "retention-text": {"zero_retention": "no"},
        "agent-long": {"user_agent": "x" * 513},
        "fingerprint-list": {"tls_fingerprint": []},
    }.items():
        yield refused("wrong-values", name, asked(**given))
    for name, ip in {"text": "nobody", "range": "10.0.0.0/8", "long": "1." * 200}.items():
        yield Call("forged-address", name, asked(ip=ip))


def _envelopes():
    yield refused("not-json", "empty", b"")
    yield refused("not-json", "text", b"account=a")
    yield refused("not-json", "cut-short", asked()[:-1])
    yield refused("not-json", "trailing", asked() + b"{}")
    yield refused("not-json", "list", b"[]")
    yield refused("bad-text", "utf-16", asked().decode().encode("utf-16"))
    yield refused("bad-text", "byte-order-mark", b"\xef\xbb\xbf" + asked())
    yield refused("bad-text", "invalid-utf-8", b'{"account":"\xff\xfe"}')
    yield refused("bad-text", "lone-surrogate", around(b'"\\ud800"'))
    yield refused("bad-text", "broken-escape", around(b'"\\x"'))
    yield refused("deep-json", "envelope", b'{"a":' * 50_000)
    yield refused("deep-json", "lists", b"[" * 200_000)
    yield refused("long-body", "12-mib", b" " * (12 << 20), 413)
    yield refused("long-body", "50-mib", b" " * (50 << 20), 413, slow=True)


def _http():
    sent = asked()
    for method in ("GET", "PUT", "DELETE", "PATCH", "TRACE"):
        yield refused("wrong-method", method.lower(), sent, 405, method=method)
    for name, headers in {
        "none": {},
        "text": {"content-type": "text/plain"},
        "form": {"content-type": "application/x-www-form-urlencoded"},
        "multipart": {"content-type": "multipart/form-data; boundary=x"},
    }.items():
        yield refused("cross-site-form", name, sent, 415, headers=headers)
    for encoding in ("gzip", "br", "identity"):
        headers = JSON | {"content-encoding": encoding}
        yield refused("encoded-call", encoding, sent, 415, headers=headers)
    for name, path in {
        "dots": "/v1/../admin",
        "doubled": "//v1/decisions",
        "metrics": "/metrics",
        "escaped": "/v1/%64ecisions/../../etc/passwd",
        "case": "/V1/Decisions",
    }.items():
        yield refused("wrong-path", name, sent, 404, path=path)


def _answers():
    def at(key):
        return f"/v1/decisions/{key}/answers"

    for name, key in {"unknown": "0" * 32, "long": "x" * 129, "escaped": "..%2f..%2fx"}.items():
        yield refused("guessed-decision", name, b'{"status":200}', 404, path=at(key))
    for name, raw in {
        "status-small": b'{"status":99}',
        "status-large": b'{"status":600}',
        "tokens-negative": b'{"status":200,"output_tokens":-2}',
        "tokens-large": b'{"status":200,"output_tokens":99999999999999999999}',
        "field": b'{"status":200,"account":"b"}',
    }.items():
        yield refused("wrong-answer", name, raw, path=at("0" * 32))


def _guardrail():
    def call(**fields):
        return json.dumps({"input_type": "request", "texts": ["Why?"]} | fields).encode()

    yield Call("guardrail", "no-account", call(), path=GUARD, outcome="none")
    yield Call("guardrail", "account-number", call(request_data={"user_api_key_user_id": 7}),
        path=GUARD, outcome="none")  # fmt: skip
    yield Call("guardrail", "account-with-comma",
        call(request_data={"user_api_key_user_id": "a,b"}), path=GUARD, outcome="none")  # fmt: skip
    yield Call("guardrail", "long-call-id", call(litellm_call_id="x" * 1_000_000,
        request_data={"user_api_key_user_id": "a"}), path=GUARD, outcome="none")  # fmt: skip
    yield refused("guardrail", "deep", b'{"input_type":"request","tools":' + b"[" * 99_999,
        path=GUARD)  # fmt: skip


def _bodies(shape, turn):
    """Yield what clients send: it is decided, readable or not, at a bounded cost."""
    first = shape == "openai-chat"

    def call(mechanism, name, body, outcome="decided", **more):
        raw = around(body if isinstance(body, bytes) else json.dumps(body).encode(), shape)
        return Call(f"{mechanism}", f"{shape}-{name}", raw, outcome=outcome, **more)

    yield call("client-not-object", "null", b"null", "unreadable")
    yield call("client-not-object", "number", b"1e400", "unreadable")
    yield call("client-not-object", "list", b"[]", "unreadable")
    yield call("client-not-json", "text", json.dumps("{").encode(), "unreadable")
    yield call("client-not-json", "empty", b'""', "unreadable")
    yield call("client-deep", "lists", json.dumps("[" * 100_000).encode(), "unreadable")
    yield call("client-deep", "objects", json.dumps('{"a":' * 100_000).encode(), "unreadable")
    yield call("client-many-parts", "braces", json.dumps("{" * 300_000).encode(), "unreadable")
    yield call("client-wrong-turns", "text", {next(iter(turn("x"))): 7}, "unreadable")
    numbers = dict.fromkeys(("max_tokens", "max_output_tokens", "n", "temperature", "top_p"), 0)
    yield call("client-huge-numbers", "digits",
        json.dumps(turn("x") | numbers).replace(": 0", ": " + "9" * 3000).encode())  # fmt: skip
    yield call("client-huge-numbers", "negative", turn("x") | dict.fromkeys(numbers, -1))
    yield call("client-long-line", "one-letter", turn("x" * 1_000_000))
    if not first:
        return
    twice = b'{"messages":[{"role":"user","content":"a"}],"messages":[]}'
    yield call("client-keys-twice", "turns", twice, "unreadable")
    yield call("client-keys-twice", "model",
        b'{"model":"a","model":"b","messages":[{"role":"user","content":"a"}]}')  # fmt: skip
    yield call("client-many-turns", "100-000", {"messages": CHAT["messages"] * 100_000})
    yield call("client-many-tools", "100-000", CHAT | {"tools": [1] * 100_000})
    yield call("client-odd-text", "bidi", turn("\u202e\u2066\u200b" * 10_000))
    yield call("client-odd-text", "combining", turn("a" + "\u0301" * 50_000))
    yield call("client-odd-text", "nul", turn("\0" * 10_000))
    yield call("client-odd-text", "lines", turn("\n" * 500_000))
    yield call("client-odd-text", "markup", turn("<script>alert(1)</script>\r\ndata: [DONE]\n\n"))
    yield call("client-long-prompt", "8-mib", turn("word " * 1_600_000), slow=True,
        mebibytes=256.0, seconds=20.0)  # fmt: skip


ALL = (
    *_accounts(), *_fields(), *_envelopes(), *_http(), *_answers(), *_guardrail(),
    *(call for shape, turn in SHAPES.items() for call in _bodies(shape, turn)),
)  # fmt: skip
