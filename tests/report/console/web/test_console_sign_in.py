"""Signing in: passwords, limits, sessions, cookies, forms."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from console_browser import Site

from stillwatch.errors import ConfigurationError
from stillwatch.report.console.cases import Role
from stillwatch.report.console.web import passwords, people
from stillwatch.store import console_people as tables


@pytest.fixture
def ada(site):
    site.add("ada", Role.ANALYST)
    return site


def told(site):
    with site.database.engine.connect() as connection:
        rows = connection.execute(sa.select(tables.sign_ins).order_by(tables.sign_ins.c.number))
        return [(row.event, row.name, row.by) for row in rows]


def test_the_first_account_is_made_once_and_its_password_works(site):
    name, password = site.database.now(people.first, site.clock())
    assert site.database.now(people.first, site.clock()) is None
    assert len(password.replace("-", "")) == 24
    assert site.browser().sign_in(name, password).status_code == 303
    kept = site.database.now_reading(people.by_name, name)
    assert kept.person.roles == {Role.ANALYST, Role.APPROVER}
    assert password not in kept.password
    assert kept.password.startswith("scrypt$")


def test_signing_in_shows_the_page_that_was_asked_for(ada):
    browser = ada.browser()
    away = browser.get("/help?a=1")
    assert away.status_code == 303
    assert away.headers["location"] == "/sign-in?next=%2Fhelp%3Fa%3D1"
    back = browser.sign_in("ada", ada.passwords["ada"], "/help?a=1")
    assert (back.status_code, back.headers["location"]) == (303, "/help?a=1")
    assert browser.get("/help").status_code == 200
    assert told(ada)[-1] == ("signed in", "ada", "password")


@pytest.mark.parametrize(
    "onward", ["//evil.test/", "https://evil.test", "/\\evil.test", "evil", ""]
)
def test_no_redirect_leaves_the_console(ada, onward):
    back = ada.browser().sign_in("ada", ada.passwords["ada"], onward)
    assert back.headers["location"] == "/"


def test_a_wrong_password_and_a_wrong_name_are_answered_alike(ada):
    wrong = ada.browser().sign_in("ada", "guess")
    nobody = ada.browser().sign_in("eve", "guess")
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.text.replace('value="ada"', "") == nobody.text.replace('value="eve"', "")
    assert [name for _, name, _ in told(ada) if name == "eve"] == []


@pytest.mark.parametrize("name", ["ada", "eve"])
def test_attempts_are_limited_for_names_that_there_are_and_that_there_are_not(ada, name):
    browser = ada.browser()
    assert [browser.sign_in(name, "guess").status_code for _ in range(6)] == [401] * 5 + [429]
    if name == "ada":
        assert browser.sign_in(name, ada.passwords["ada"]).status_code == 429
        elsewhere = ada.browser(address="203.0.113.10")
        assert elsewhere.sign_in(name, ada.passwords["ada"]).status_code == 303
        ada.clock.pass_minutes(16)
        assert browser.sign_in(name, ada.passwords["ada"]).status_code == 303


def test_an_address_may_not_try_many_names(ada):
    browser = ada.browser()
    codes = [browser.sign_in(f"n{i}", "guess").status_code for i in range(31)]
    assert codes == [401] * 30 + [429]


def test_a_session_ends_when_idle_and_when_old(ada):
    browser = ada.browser("ada")
    for _ in range(47):
        ada.clock.pass_minutes(15)
        assert browser.get("/help").status_code == 200
    ada.clock.pass_minutes(15.1)  # twelve hours after the sign-in
    assert browser.get("/help").status_code == 303
    browser = ada.browser("ada")
    ada.clock.pass_minutes(29)
    assert browser.get("/help").status_code == 200
    ada.clock.pass_minutes(31)
    assert browser.get("/help").status_code == 303


def test_live_updates_keep_nobody_signed_in(ada):
    browser = ada.browser("ada")
    ada.clock.pass_minutes(20)
    assert browser.get("/policy/outcome?trial=x").status_code == 404
    ada.clock.pass_minutes(15)
    assert browser.get("/policy/outcome?trial=x").status_code == 401


def test_signing_out_ends_the_session_on_the_server(ada):
    browser = ada.browser("ada")
    token = browser.cookie
    left = browser.act("/sign-out")
    assert (left.status_code, left.headers["clear-site-data"]) == (303, '"cache"')
    assert browser.cookie is None
    browser.client.cookies.set("stillwatch", token)
    assert browser.get("/help").status_code == 303
    assert told(ada)[-1][:2] == ("signed out", "ada")


def test_a_cookie_from_before_the_sign_in_is_not_kept(ada):
    browser = ada.browser()
    browser.client.cookies.set("stillwatch", "chosen-by-somebody-else")
    browser.sign_in("ada", ada.passwords["ada"])
    names = [cookie.value for cookie in browser.client.cookies.jar if cookie.name == "stillwatch"]
    assert "chosen-by-somebody-else" not in names[-1:]
    first = browser.cookie if len(names) == 1 else names[-1]
    browser.client.cookies.clear()
    browser.client.cookies.set("stillwatch", "chosen-by-somebody-else")
    assert browser.get("/help").status_code == 303
    browser.client.cookies.clear()
    browser.client.cookies.set("stillwatch", first)
    assert browser.get("/help").status_code == 200
    browser.sign_in("ada", ada.passwords["ada"])  # the session before ends with a new sign-in
    browser.client.cookies.clear()
    browser.client.cookies.set("stillwatch", first)
    assert browser.get("/help").status_code == 303


def test_no_token_is_in_the_tables(ada):
    browser = ada.browser("ada")
    with ada.database.engine.connect() as connection:
        rows = connection.execute(sa.select(tables.sessions)).all()
    assert len(rows) == 1
    assert browser.cookie.encode() not in repr(rows).encode()


@pytest.mark.parametrize(
    ("origin", "flags", "name"),
    [
        ("http://127.0.0.1:8722", {"HttpOnly", "SameSite=lax", "Path=/"}, "stillwatch"),
        (
            "https://console.example",
            {"HttpOnly", "SameSite=lax", "Path=/", "Secure"},
            "__Host-stillwatch",
        ),
    ],
)
def test_cookie_flags(tmp_path, origin, flags, name):
    site = Site(tmp_path / "console.sqlite", origin=origin)
    try:
        site.add("ada", Role.ANALYST)
        answer = site.browser().sign_in("ada", site.passwords["ada"])
        cookie = answer.headers["set-cookie"].split("; ")
        assert cookie[0].split("=")[0] == name
        assert flags <= set(cookie)
        assert not any(part.lower().startswith("domain") for part in cookie)
        assert ("Secure" in cookie) == origin.startswith("https")
        assert ("strict-transport-security" in answer.headers) == origin.startswith("https")
    finally:
        site.close()


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1", "127.0.0.1:8722.evil.test", ""])
def test_other_names_of_the_server_are_refused(ada, host):
    assert ada.browser("ada").get("/help", host=host).status_code == 421


@pytest.mark.parametrize(
    "origin", ["https://evil.test", "null", "", "http://127.0.0.1:8723", "https://127.0.0.1:8722"]
)
def test_a_form_from_elsewhere_is_refused(ada, origin):
    browser = ada.browser("ada")
    fields = {"form": browser.form()}
    assert browser.post("/sign-out", fields, origin=origin).status_code == 403
    assert browser.get("/help").status_code == 200
    assert ada.browser().sign_in("ada", "x", origin=origin).status_code == 403


@pytest.mark.parametrize("sent", [{}, {"form": ""}, {"form": "guess"}])
def test_a_form_without_this_sessions_token_is_refused(ada, sent):
    browser = ada.browser("ada")
    assert browser.post("/sign-out", sent).status_code == 403
    other = ada.browser("ada")
    assert browser.post("/sign-out", {"form": other.form()}).status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data"])
def test_other_kinds_of_body_are_refused(ada, kind):
    browser = ada.browser("ada")
    assert browser.post("/sign-out", {"form": browser.form()}, kind=kind).status_code == 415


def test_a_long_form_is_refused(ada):
    browser = ada.browser("ada")
    assert browser.post("/sign-out", {"form": "x" * (1 << 20)}).status_code == 413


def test_changes_of_people_end_their_sessions_and_are_told(ada):
    browser = ada.browser("ada")
    ada.database.now(people.change, "ada", ada.clock(), "bob", roles=["counsel"])
    assert browser.get("/help").status_code == 303
    browser = ada.browser("ada")
    ada.database.now(people.change, "ada", ada.clock(), "bob", disabled=True)
    assert browser.get("/help").status_code == 303
    assert browser.sign_in("ada", ada.passwords["ada"]).status_code == 401
    ada.database.now(people.change, "ada", ada.clock(), "bob", disabled=False)
    new = ada.database.now(people.new_password, "ada", ada.clock(), "bob")
    assert browser.sign_in("ada", ada.passwords["ada"]).status_code == 401
    assert browser.sign_in("ada", new).status_code == 303
    events = [event for event, _, by in told(ada) if by == "bob"]
    assert events == ["roles: counsel", "disabled", "enabled", "new password"]


def test_people_that_cannot_be(ada):
    for name, roles, words in (
        ("ada", ["analyst"], "of this name"),
        ("", ["analyst"], "printable"),
        ("a\x1b[2J", ["analyst"], "printable"),
        ("eve", ["root"], "no such role"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            ada.database.now(people.add, name, roles, ada.clock(), "test")
    with pytest.raises(ConfigurationError, match="nobody"):
        ada.database.now(people.new_password, "eve", ada.clock(), "test")


def test_what_a_password_costs_to_guess(monkeypatch):
    monkeypatch.undo()
    kind, n, r, p, _, _ = passwords.stored("x").split("$")
    assert (kind, int(n) * int(r) * 128, int(p)) == ("scrypt", 32 << 20, 3)
