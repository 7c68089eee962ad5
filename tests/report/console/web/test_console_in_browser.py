"""The console in a real Chromium: accessible, by keyboard, within its width, within its policy.

Skipped where playwright or a Chromium is missing; ``STILLWATCH_CHROMIUM`` names one elsewhere.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import time
from itertools import product
from pathlib import Path

import pytest
from console_browser import Site
from console_server import Server, bound
from example_scan import example_scan
from filled_cases import FilledCases

from stillwatch.report.console.cases import Role, Sources
from stillwatch.report.console.cases.loading import refresh
from stillwatch.report.console.cases.stored import StoredCases
from stillwatch.report.documents import write_scan

CHROMIUM = os.environ.get("STILLWATCH_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PAGES = (
    "/", "/queue", "/campaigns", "/campaign", "/campaign/members", "/campaign/network", "/groups",
    "/group", "/accounts", "/account", "/exchange", "/policy", "/log", "/help", "/refused",
)  # fmt: skip
VIEWS = tuple(product((1280, 390), ("light", "dark")))
PAYLOAD = '"><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>'


@pytest.fixture(scope="module")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as play:
        shown = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield shown
        shown.close()


@pytest.fixture(scope="module")
def axe():
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("axe-playwright-python is not installed")
    return (Path(found.origin).parent / "axe.min.js").read_text("utf-8")


class Live:
    """A console that is served, and its people."""

    def __init__(self, folder, cases=None):
        listening, self.origin = bound()
        self.site = Site(folder / "console.sqlite", cases, origin=self.origin)
        if cases is None:
            result, activity = example_scan()
            write_scan(result, folder / "out", activity)
            sources = Sources("", results=folder / "out")
            self.site.database.now(refresh, sources, now=time.time_ns() // 1000, who="test")
            object.__setattr__(self.site.desk, "cases", StoredCases(self.site.database, sources))
        object.__setattr__(self.site.desk, "clock", lambda: time.time_ns() // 1000)
        for role in Role:
            self.site.add(str(role), role)
        self.site.add("ada", *Role)
        self.server = Server(listening, self.site.app)
        self.reports = self.server.reporting.reports

    def close(self):
        self.server.close()
        self.site.close()


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    made = Live(tmp_path_factory.mktemp("console"))
    yield made
    made.close()


@pytest.fixture
def fresh(tmp_path):
    made = Live(tmp_path)
    yield made
    made.close()


class Shown:
    """A page in a browser, with what went wrong on the way."""

    def __init__(self, chromium, live, name="ada", width=1280, scheme="light", **more):
        self.live, self.wrong = live, []
        self.context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **more
        )
        self.page = self.context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: self.wrong.append(f"dialog {dialog.message}"))
        self.page.on("request", self._asked)
        self.page.goto(live.origin)
        self.page.fill("#name", name)
        self.page.fill("#password", live.site.passwords[name])
        self.page.press("#password", "Enter")
        self.page.wait_for_selector("nav[aria-label=Pages]")

    def _said(self, message):
        if message.type in {"error", "warning"} and "404" not in message.text:
            self.wrong.append(message.text)

    def _asked(self, request):
        if not request.url.startswith(self.live.origin):
            self.wrong.append(request.url)

    def go(self, path):
        place = path
        if path in {"/campaign", "/campaign/members", "/campaign/network"}:
            place = f"{path}?id={self.first('/campaigns')}"
        elif path == "/group":
            place = f"{path}?id={self.first('/groups')}"
        elif path == "/account":
            place = f"{path}?id={self.first('/accounts')}"
        elif path == "/refused":
            place = "/nothing"
        self.page.goto(self.live.origin + place)
        # what a page fetches as soon as it is there takes the place of a link to it
        self.page.wait_for_function(
            "![...document.querySelectorAll('[hx-trigger=load] > p > a:only-child')]"
            ".some(a => a.innerText.startsWith('The network as a picture'))"
        )
        return self.page

    def first(self, path):
        self.page.goto(self.live.origin + path)
        return self.page.locator("tbody th a").first.get_attribute("href").partition("id=")[2]


@pytest.fixture
def shown(chromium, live):
    made = []

    def show(*more, on=live, **named):
        made.append(Shown(chromium, on, *more, **named))
        return made[-1]

    yield show
    for one in made:
        one.context.close()
        assert one.wrong == []


FAST = {("/campaign", 1280, "light"), ("/queue", 390, "dark")}
"""Axe takes its time; these two hold most kinds of elements, in both colours and widths."""


@pytest.mark.parametrize(
    ("path", "width", "scheme"),
    [
        pytest.param(path, *view, marks=() if (path, *view) in FAST else pytest.mark.slow)
        for path, view in product(PAGES, VIEWS)
    ],
)
def test_axe_finds_nothing(shown, axe, path, width, scheme):
    page = shown(width=width, scheme=scheme, bypass_csp=True).go(path)
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.evaluate(axe)
    found = page.evaluate("axe.run()")
    problems = {v["id"]: [n["html"][:160] for n in v["nodes"][:3]] for v in found["violations"]}
    assert problems == {}
    assert len(found["passes"]) > 15


def test_the_sign_in_page_is_accessible(chromium, live, axe):
    context = chromium.new_context(bypass_csp=True, color_scheme="dark")
    try:
        page = context.new_page()
        page.goto(live.origin)
        page.fill("#name", "ada")
        page.fill("#password", "guess")
        page.press("#password", "Enter")
        assert "not right" in page.locator("[role=alert]").inner_text()
        page.evaluate(axe)
        assert [one["id"] for one in page.evaluate("axe.run()")["violations"]] == []
    finally:
        context.close()


@pytest.mark.parametrize("width", [pytest.param(1280, marks=pytest.mark.slow), 390])
def test_pages_fit_their_width_and_report_nothing(shown, live, width):
    one = shown(width=width)
    for path in PAGES:
        page = one.go(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.locator("h1").count() == 1, path
        assert page.locator("[style]").count() == 0, path
    assert live.reports == []


def test_hostile_text_does_nothing_in_a_browser(shown, tmp_path):
    made = Live(tmp_path, FilledCases(PAYLOAD))
    try:
        one = shown(on=made)
        for path in PAGES:
            page = one.go(path)
            assert page.locator("img, [onload], [onerror]").count() == 0, path
            assert page.locator("main svg").count() == page.locator("main figure svg").count()
        assert made.reports == []
        page = one.page  # the policy is in force, and this is what a report looks like
        page.evaluate(
            "document.body.append(Object.assign(document.createElement('img'),"
            "{src: 'data:image/gif;base64,R0lGODlhAQABAAAAACw='}))"
        )
        page.wait_for_timeout(300)
        assert len(made.reports) >= 1
        one.wrong.clear()
    finally:
        made.close()


def test_a_case_is_decided_and_undone_by_keyboard_alone(shown, fresh):
    one = shown("analyst", on=fresh)
    page = one.page
    page.keyboard.press("2")
    page.wait_for_url("**/queue")
    waiting = page.locator("#queue tbody tr").count()
    assert waiting == 3
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/campaign?*")
    name = page.locator("h1").inner_text()
    page.keyboard.press("c")  # chooses, and asks for the reason
    assert page.evaluate("document.activeElement.id") == "why"
    page.keyboard.type("same cards, same hours; r j k c are letters here")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**done=*")
    assert page.locator("h1").inner_text() != name  # the next case
    assert page.locator(".done").inner_text().startswith("Done: line")
    page.keyboard.press("u")
    page.wait_for_url("**/log?done=*")
    rows = page.locator("#actions tbody tr").all_inner_texts()
    assert "undo" in rows[0]
    assert "confirm" in rows[1]
    assert "same cards" in rows[1]
    page.keyboard.press("2")
    page.wait_for_url("**/queue")
    assert page.locator("#queue tbody tr").count() == waiting


def test_enter_in_a_field_decides_nothing(shown, fresh):
    page = shown("analyst", on=fresh).go("/campaign")
    page.keyboard.press("m")
    page.fill("#why", "because")
    page.fill("#explained", "a class")
    page.press("#explained", "Enter")
    page.wait_for_timeout(200)
    assert "/campaign?" in page.url
    page.press("#explained", "Control+Enter")  # nothing is chosen yet
    assert "Nothing is chosen" in page.locator("#said").inner_text()
    page.press("#explained", "Escape")
    page.keyboard.press("b")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**done=*")
    assert "benign" in page.locator(".badge").all_inner_texts()


def test_keys_can_be_turned_off(shown, live):
    page = shown(on=live).go("/help")
    page.uncheck("#keys-on")
    page.keyboard.press("2")
    page.wait_for_timeout(200)
    assert page.url.endswith("/help")
    page.check("#keys-on")
    page.locator("body").press("2")
    page.wait_for_url("**/queue")


def test_the_first_page_follows_by_itself(shown, fresh):
    page = shown("analyst", on=fresh).page
    assert "3 waiting" in page.locator("[aria-labelledby=states]").inner_text()
    other = shown("ada", on=fresh).go("/campaign")
    other.fill("#why", "a class")
    other.click("button >> text=Reject")
    other.wait_for_url("**done=*")
    page.bring_to_front()
    page.wait_for_selector("[aria-labelledby=states]:has-text('1 rejected')", timeout=20_000)


def test_what_is_filtered_is_in_the_address(shown, live):
    one = shown(on=live)
    page = one.go("/campaigns")
    page.select_option("#by-state", "waiting")
    page.click("text=Filter")
    page.click("th >> text=exchanges")
    assert "state=waiting" in page.url
    assert "sort=exchanges" in page.url
    rows = page.locator("#campaigns tbody th").all_inner_texts()
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("exchanges")
    again = one.context.new_page()
    again.goto(page.url)
    assert again.locator("#campaigns tbody th").all_inner_texts() == rows


def test_a_table_is_copied_without_formulas(shown, tmp_path):
    made = Live(tmp_path, FilledCases("=1+1"))
    try:
        one = shown(on=made)
        one.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=made.origin)
        page = one.go("/campaigns")
        page.click("text=Copy the table")
        page.wait_for_selector("#said:has-text('copied')", state="attached")
        text = page.evaluate("navigator.clipboard.readText()")
        cells = [cell for line in text.splitlines()[1:] for cell in line.split("\t")]
        assert "'=1+1" in cells
        assert not any(cell.startswith("=") for cell in cells)
    finally:
        made.close()


def test_everything_works_without_script(chromium, live):
    context = chromium.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(live.origin)
        page.fill("#name", "analyst")
        page.fill("#password", live.site.passwords["analyst"])
        page.click("button >> text=Sign in")
        page.click("text=Review queue")
        page.locator("#queue tbody a").first.click()
        page.fill("#why", "same cards")
        page.click("button >> text=Confirm")
        assert page.locator(".done").count() == 1
        page.click("button >> text=Undo")
        assert "/log?done=" in page.url
    finally:
        context.close()
