"""Hostile account holders and pages at the appeals desk: guesses, markup, forged forms."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os

import httpx
import pytest

from stillwatch.stop.appeals import Contested, TokenKey, desk
from stillwatch.stop.appeals import app as pages
from stillwatch.stop.appeals.app import AppealsDesk
from stillwatch.stop.appeals.people import Reviewers
from stillwatch.stop.interface import Rung
from stillwatch.store import Database

NOW = 1_790_000_000_000_000
KEY = TokenKey(bytes(range(32)))
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>{{7*7}}"
CONTESTED = Contested(
    request_id=MARKUP, account=MARKUP, rung=int(Rung.REFUSE), codes=[MARKUP], measure_id="m",
    campaign="c-secret", indicators=["indicator--1"], decided=NOW, expires=0, lifted_by="appeal",
    policy="f" * 64,
)  # fmt: skip
TOKEN = KEY.seal(CONTESTED)
ADA = {"authorization": "Bearer of-ada"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def ask(tmp_path):
    """Return what sends one request after the other to one desk."""
    opened = Database(f"sqlite:///{tmp_path}/desk.sqlite")
    opened.now(desk.prepare)
    people = Reviewers({hashlib.sha256(b"of-ada").digest(): "Ada"})
    app = AppealsDesk(opened, KEY, people, clock=lambda: NOW + 1).app()

    def send(method, path, **given):
        async def run():
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
                return await client.request(method, path, **given)

        return asyncio.run(run())

    yield send
    opened.close()


def file(ask, token=TOKEN, words="It was me."):
    return ask("POST", "/v1/appeals", json={"token": token, "words": words})


def variants(token):
    """Return other spellings of one token's bytes."""
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".decode()
    held = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    found = [token + "=" * (-len(token) % 4), token + "===="]
    for letter in letters:
        other = token[:-1] + letter
        if base64.urlsafe_b64decode(other + "=" * (-len(token) % 4)) == held:
            found.append(other)
    return [one for one in found if one != token]


GUESSES = {
    "empty": "",
    "short": "AAAA",
    "random": base64.urlsafe_b64encode(os.urandom(200)).decode().rstrip("="),
    "not-ascii": "ä" * 50,
    "long": "A" * 65_537,
    "another-key": TokenKey(bytes(32)).seal(CONTESTED),
    "flipped": TOKEN[:20] + ("A" if TOKEN[20] != "A" else "B") + TOKEN[21:],
    "cut-short": TOKEN[:-8],
    "appended": TOKEN + "AAAA",
    "with-spaces": f" {TOKEN} ",
    "sql": "' OR 1=1 --",
}


@pytest.mark.parametrize("name", GUESSES)
def test_a1_a_guessed_token_opens_nothing(ask, name):
    file(ask)
    assert file(ask, GUESSES[name]).status_code in {400, 404, 413}
    seen = ask("GET", "/appeal", params={"token": GUESSES[name][:9000]})
    assert seen.status_code == 404
    assert "secret" not in seen.text


def test_a_token_spelled_otherwise_is_no_second_token():
    """Padding and unused bits gave one decision many appeals."""
    token = KEY.seal(CONTESTED)
    while len(token) % 4 == 0:  # pragma: no cover - by the length of what is sealed
        token = KEY.seal(CONTESTED)
    assert len(variants(token)) >= 3


@pytest.mark.parametrize("account", ["a", "ab", "abc"])
def test_a1_each_spelling_but_one_is_refused(ask, account):
    token = KEY.seal(Contested(**{n: getattr(CONTESTED, n) for n in CONTESTED.__struct_fields__}
        | {"account": account}))  # fmt: skip
    assert file(ask, token).status_code == 201
    for other in variants(token):
        assert file(ask, other).status_code == 404


@pytest.mark.parametrize("words", ["", "  ", "x" * 4001, "a\0b"])
def test_a3_words_that_are_none(ask, words):
    assert file(ask, words=words).status_code == 400


def test_markup_is_text_to_the_holder_and_to_the_reviewer(ask):
    appeal = file(ask, words=MARKUP).json()["appeal_id"]
    for page in (
        ask("GET", "/appeal", params={"token": TOKEN}),
        ask("GET", "/desk", headers=ADA),
        ask("GET", f"/desk/{appeal}", headers=ADA),
    ):
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "<img" not in page.text
        assert "49" not in page.text.partition("onerror")[2][:80]
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
    assert "secret" not in ask("GET", "/appeal", params={"token": TOKEN}).text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer of-bo"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer"},
        {"authorization": "of-ada"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic " + base64.b64encode(b"of-ada").decode()},
        {"authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
        {"authorization": f"Bearer {TOKEN}"},
        {"cookie": "authorization=Bearer of-ada"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/desk"),
        ("GET", "/desk/{}"),
        ("POST", "/desk/{}"),
        ("GET", "/v1/desk/appeals"),
        ("POST", "/v1/desk/appeals/{}"),
    ],
)
def test_who_is_no_reviewer_sees_and_decides_nothing(ask, headers, method, path):
    appeal = file(ask).json()["appeal_id"]
    answer = ask(method, path.format(appeal), headers=headers, json={"grant": True, "told": "x"}
        if method == "POST" else None)  # fmt: skip
    assert answer.status_code == 401
    assert appeal not in answer.text
    told = ask("POST", "/v1/appeals/status", json={"token": TOKEN}).json()
    assert told["state"] == "waiting"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"data": {"outcome": "grant", "told": "x"}}, 403),
        ({"data": {"outcome": "grant", "told": "x", "form": "0" * 64}}, 403),
        ({"json": {"outcome": "grant", "told": "x"}}, 415),
        ({"content": b"outcome=grant", "headers": ADA | {"content-type": "text/plain"}}, 415),
        ({"content": b"a=b&" * 100, "headers": ADA | FORM}, 400),
        ({"content": b"\xff\xfe", "headers": ADA | FORM}, 400),
        ({"content": b"x" * 70_000, "headers": ADA | FORM}, 413),
    ],
)
def test_another_pages_form_decides_nothing(ask, given, status):
    appeal = file(ask).json()["appeal_id"]
    assert ask("POST", f"/desk/{appeal}", **({"headers": ADA} | given)).status_code == status
    assert ask("POST", "/v1/appeals/status", json={"token": TOKEN}).json()["state"] == "waiting"


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b'{"grant":1,"told":"x"}', b'{"grant":true}',
     b'{"grant":true,"told":"x","by":"Bo"}',
     b'{"grant":true,"told":"x","scope":"everybody"}', b'{"a":' * 9000],
)  # fmt: skip
def test_a_decision_that_is_none_decides_nothing(ask, raw):
    appeal = file(ask).json()["appeal_id"]
    headers = ADA | {"content-type": "application/json"}
    answer = ask("POST", f"/v1/desk/appeals/{appeal}", content=raw, headers=headers)
    assert answer.status_code == 400
    assert ask("POST", "/v1/appeals/status", json={"token": TOKEN}).json()["state"] == "waiting"


@pytest.mark.parametrize("appeal", ["a-0", "' OR 1=1 --", "..%2f..", "%00", "a" * 5000, "<b>"])
def test_a5_a_guessed_appeal_is_none(ask, appeal):
    file(ask)
    answer = ask("GET", f"/desk/{appeal}", headers=ADA)
    assert answer.status_code == 404
    assert "<b>" not in answer.text


def test_a_body_that_does_not_come_is_given_up(ask, monkeypatch):
    monkeypatch.setattr(pages, "_SLOWEST", 0.05)

    async def slow():
        yield b"{"
        await asyncio.sleep(30)

    answer = ask(
        "POST", "/v1/appeals", content=slow(), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 408
