"""What httpx sends and uvicorn receives is what was signed, whatever the URL looks like."""

from __future__ import annotations

import socket
import threading
import time

import httpx
import pytest
import uvicorn

from stillwatch.errors import RefusedError
from stillwatch.ledger import SigningKey
from stillwatch.ledger.requests import request_url, sign_request, verify_request

KEY = SigningKey.generate("member.example/a")
ORIGIN = "https://hub.example"
"""The server's public name; a proxy in front of it ends TLS."""


async def app(scope, receive, send):
    """Answer 204 to a request that is signed for ORIGIN, else 401 with the rule."""
    body, more = b"", True
    while more:
        event = await receive()
        body, more = body + event.get("body", b""), event.get("more_body", False)
    url = request_url(ORIGIN, scope["raw_path"], scope["query_string"])
    headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]]
    keys = {KEY.public.key_id: KEY.public}
    status, words = 204, b""
    try:
        verify_request(scope["method"], url, headers, body, keys.get, now=int(time.time()))
    except RefusedError as error:
        status, words = 401, error.rule.encode()
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": words})


@pytest.fixture(scope="module")
def client():
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as made:
            yield made
        server.should_exit = True
        thread.join()


def send(client, method, path, *, origin=ORIGIN, content=b"", headers=None, **more):
    request = client.build_request(method, path, content=content, headers=headers or {}, **more)
    url = f"{origin}{request.url.raw_path.decode()}"
    request.headers.update(
        sign_request(
            method,
            url,
            request.headers.multi_items(),
            content,
            KEY,
            created=int(time.time()),
            nonce="AAECAwQFBgcICQoL",
        )
    )
    return client.send(request)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/taxii2/api/collections/c/objects/?match[type]=indicator&limit=2",
        "/a%20b/%2F?added_after=2026-01-01T00:00:00.000Z",
        "/ä/ö?ü=%C3%BC&&=",
        "/a?",
        "/a//b/./c;d=e?x=1?y=/#part",
        "/a?x=+%2B",
        "/a'(b)*!,~",
    ],
)
def test_odd_urls(client, path):
    assert send(client, "GET", path).status_code == 204
    sent = send(client, "POST", path, content=b"{}", headers={"content-type": "application/json"})
    assert sent.status_code == 204


def test_parameters_that_the_client_encodes(client):
    answer = send(client, "GET", "/a", params={"match[id]": "indicator--1,x y", "ü": "&=%"})
    assert answer.status_code == 204


def test_r_11_a_request_for_another_server(client):
    answer = send(client, "GET", "/a", origin="https://other.example")
    assert (answer.status_code, answer.text) == (401, "R-11")


def test_r_1_nothing_signed(client):
    assert client.get("/a").text == "R-1"


def test_r_10_a_header_that_was_added_on_the_way(client):
    body = b"{}"
    own = {"Content-Type": "application/json"}
    signed = sign_request(
        "POST", f"{ORIGIN}/a", own, body, KEY, created=int(time.time()), nonce="AAECAwQFBgcICQoL"
    )
    headers = [*own.items(), *signed.items(), ("Content-Type", "text/plain")]
    assert client.post("/a", content=body, headers=headers).text == "R-10"
