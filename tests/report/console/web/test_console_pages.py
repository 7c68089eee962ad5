"""Each page with hostile text in every field: it is shown, and it does nothing."""

from __future__ import annotations

import csv
import io
import tomllib
from hashlib import sha256
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest
from console_browser import Site
from filled_cases import FilledCases

from stillwatch.report.console.cases import Act, Role
from stillwatch.report.console.cases.roles import MAY
from stillwatch.report.console.web import WAYS
from stillwatch.report.console.web.access import Door
from stillwatch.report.console.web.guard import POLICY

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "{{ 7*7 }}${7*7}",
    "javascript:alert(1)",
    "\u202egnp.exe\x00\x1b[2J\r\nset-cookie: a=b",
    '=HYPERLINK("http://evil.test";"x")',
    "</textarea></title></svg><svg/onload=alert(1)>",
    "../../etc/passwd",
    "data-key=c hx-get=//evil.test",
)
PAGES = [way for way in WAYS if way.verb == "GET" and way.path != "/static/{name}"]
ADDRESSES = {
    "/campaign": "/campaign?id=x",
    "/policy/outcome": None,  # without recorded traffic there is none
    "/queue/skip": None,  # leads on
    "/sign-in/provider": None,
    "/sign-in/back": None,
    "/sign-in": None,
    "/healthz": None,
    "/live": "/live?version=0",
}


class Read(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self):
        super().__init__()
        self.elements, self.attributes, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The elements of each page with a harmless text in every field."""
    site = Site(tmp_path_factory.mktemp("plain") / "console.sqlite", FilledCases("harmless"))
    site.add("ada", *Role)
    browser = site.browser("ada")
    yield {way.path: read(browser.get(place(way)).text) for way in PAGES if place(way)}
    site.close()


def place(way):
    return ADDRESSES.get(way.path, way.path)


def read(text):
    page = Read()
    page.feed(text)
    page.close()
    return page


@pytest.fixture
def filled(tmp_path, request):
    site = Site(tmp_path / "console.sqlite", FilledCases(request.param))
    site.add("ada", *Role)
    yield site
    site.close()


@pytest.mark.parametrize("filled", HOSTILE, indirect=True, ids=range(len(HOSTILE)))
def test_hostile_text_adds_no_element_no_attribute_and_no_address(filled, plain):
    browser = filled.browser("ada")
    for way in PAGES:
        if not place(way):
            continue
        answer = browser.get(place(way))
        assert answer.status_code == 200, (way.path, answer.text[-600:])
        assert answer.headers["content-security-policy"] == POLICY
        assert "set-cookie" not in answer.headers
        if "text/html" not in answer.headers["content-type"]:
            continue
        found, usual = read(answer.text), plain[way.path]
        assert found.elements == usual.elements, way.path
        names = [(tag, name) for tag, name, _ in found.attributes]
        assert names == [(tag, name) for tag, name, _ in usual.attributes], way.path
        for _, name, value in found.attributes:
            assert not name.startswith("on"), way.path
            assert name != "style", way.path
            if name in {"href", "src", "action", "formaction", "hx-get"}:
                assert value.startswith(("/", "#")), (way.path, value)
                assert not value.startswith("//"), (way.path, value)
        assert not any(c in answer.text for c in "\x00\x1b\u202e"), way.path


@pytest.mark.parametrize("filled", ["harmless"], indirect=True)
def test_no_page_holds_script_or_style_of_its_own(filled):
    browser = filled.browser("ada")
    for way in PAGES:
        text = browser.get(place(way)).text if place(way) else ""
        page = read(text)
        assert "style" not in page.elements
        sources = [
            value for tag, name, value in page.attributes if (tag, name) == ("script", "src")
        ]
        assert page.elements.count("script") == len(sources), way.path
        assert all(source.startswith("/static/") for source in sources)


def test_every_page_is_open_to_those_whose_role_permits_it_and_to_nobody_else(tmp_path):
    site = Site(tmp_path / "console.sqlite", FilledCases("x"))
    try:
        seen = set()
        for role in (None, "nothing", *Role):
            name = str(role)
            if role is None:
                browser = site.browser()
            else:
                site.add(name, *([] if role == "nothing" else [role]))
                browser = site.browser(name)
                token = browser.form()
            for way in WAYS:
                if way.path == "/sign-out" or (way.path, way.verb) == ("/sign-in", "POST"):
                    continue
                if way.verb == "GET":
                    answer = browser.get(place(way) or way.path)
                else:
                    answer = browser.post(way.path, {"form": token if role else ""})
                held = MAY.get(role, frozenset())
                if way.needs is Door.ANYONE:
                    able = True
                elif role is None:
                    able = False
                else:
                    able = way.needs is Door.SIGNED_IN or any(act in held for act in way.needs)
                refused = answer.status_code in {401, 403} or (
                    answer.status_code == 303 and "/sign-in?" in answer.headers["location"]
                )
                assert refused != able, (role, way.verb, way.path, answer.status_code)
                seen.add((role, way.verb, way.path))
        assert len(seen) == 7 * (len(WAYS) - 2)
    finally:
        site.close()


def test_every_way_that_changes_something_is_a_post_and_names_an_act():
    for way in WAYS:
        if way.path.startswith("/act/"):
            assert way.verb == "POST"
            assert way.needs
            assert all(isinstance(act, Act) for act in way.needs)
    assert len({(way.verb, way.path) for way in WAYS}) == len(WAYS)


@pytest.mark.parametrize("filled", ["x"], indirect=True)
def test_a_post_of_somebody_elses_form_changes_nothing(filled):
    filled.add("eve", Role.ANALYST)
    eve, ada = filled.browser("eve"), filled.browser("ada")
    body = {"form": eve.form(), "why": "because"}
    assert ada.post("/act/confirm?campaign=c", body).status_code == 403
    assert ada.get("/act/confirm?campaign=c&why=because").status_code == 404
    assert filled.desk.cases.done == []
    assert ada.act("/act/confirm?campaign=c", why="because").status_code == 303
    assert [name for name, _, _ in filled.desk.cases.done] == ["ada"]


@pytest.mark.parametrize("filled", ["x"], indirect=True)
@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2f..%2fdesk.py",
        "/static/%2e%2e/desk.py",
        "/static//etc/passwd",
        "/static/console.css%00.js",
        "/static/",
        "/..",
        "/export/../../etc/passwd",
    ],
)
def test_paths_lead_to_nothing_but_pages(filled, path):
    answer = filled.browser("ada").get(path)
    assert answer.status_code in {404, 200}
    assert "text/html" in answer.headers["content-type"]
    assert "root:" not in answer.text


@pytest.mark.parametrize("filled", ["x"], indirect=True)
@pytest.mark.parametrize(
    "path",
    [
        "/campaigns?page=0",
        "/campaigns?page=1e9",
        "/campaigns?sort=password",
        "/?since=yesterday",
        "/?hours=999999999",
        "/campaign/network?id=x&sort=__class__",
        "/campaigns?text=" + "x" * 20_000,
        "/campaigns?text=%00",
        "/account?id=x&peers=-1",
    ],
)
def test_parameters_that_make_no_sense_are_told(filled, path):
    answer = filled.browser("ada").get(path)
    assert answer.status_code == 400
    assert "Not possible" in answer.text


@pytest.mark.parametrize("filled", ["x"], indirect=True)
@pytest.mark.parametrize("onward", ["//evil.test", "https://evil.test", "/a\r\nx-bad: 1", "\\evil"])
def test_an_act_leads_on_within_the_console(filled, onward):
    answer = filled.browser("ada").act("/act/confirm?campaign=c", why="because", onward=onward)
    assert answer.headers["location"] == "/queue?done=1&did=confirm"
    assert "x-bad" not in answer.headers


@pytest.mark.parametrize("filled", ["=1+1", "@x", "-2", "\t=1", " +1", "\uff1d1"], indirect=True)
def test_no_cell_of_a_file_is_a_formula(filled):
    browser = filled.browser("ada")
    for way in WAYS:
        if not way.path.endswith(".csv"):
            continue
        answer = browser.get(way.path)
        assert answer.headers["content-disposition"].startswith("attachment")
        rows = list(csv.reader(io.StringIO(answer.text)))
        assert len(rows) == 2, way.path
        assert len(rows[1]) == len(rows[0])
        for cell in rows[1]:
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d")), (way.path, cell)


@pytest.mark.parametrize("filled", ["x"], indirect=True)
def test_files_that_are_saved_stand_in_the_log(filled):
    from stillwatch.report.console.cases.log import lines, verify  # noqa: PLC0415

    filled.browser("ada").get("/export/members.csv?id=x")
    with filled.database.engine.connect() as connection:
        held = list(lines(connection))
    assert verify(held)[0] == 1
    assert b'"about":"table:members"' in held[0][0]


def test_vendored_files_are_as_they_came():
    folder = resources.files("stillwatch.report.console.web").joinpath("static")
    listed = tomllib.loads(folder.joinpath("vendored.toml").read_text("utf-8"))["file"]
    for one in listed:
        assert sha256(folder.joinpath(one["name"]).read_bytes()).hexdigest() == one["sha256"]
        assert one["licence"]
        assert "Permission to use" in folder.joinpath(one["licence_file"]).read_text("utf-8")
    ours = {"console.css", "console.js", "icon.svg", "vendored.toml"}
    there = {Path(str(path)).name for path in folder.iterdir()}
    assert there == ours | {one[key] for one in listed for key in ("name", "licence_file")}


def test_static_files_are_kept_by_browsers_under_their_digest(site):
    browser = site.browser()
    page = read(browser.get("/sign-in").text)
    places = [v for _, name, v in page.attributes if name in {"src", "href"} and "/static/" in v]
    assert len(places) == 5
    for one in places:
        answer = browser.get(one)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert browser.get("/static/console.css?v=old").headers["cache-control"] == "no-cache"
    assert browser.get("/sign-in").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("filled", ["x"], indirect=True)
def test_what_goes_wrong_inside_is_told_without_details(filled, caplog):
    async def broken(*_):
        raise KeyError("a secret of the inside")

    filled.desk.cases.campaign = broken
    answer = filled.browser("ada").get("/campaign?id=somebody")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"] == POLICY
    assert "GET /campaign" in caplog.text
    assert "somebody" not in caplog.records[-1].getMessage()
