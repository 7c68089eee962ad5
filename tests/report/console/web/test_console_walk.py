"""The walk of docs/tutorial/decide-a-queue.md, in a real Chromium and with keys alone.

Skipped where playwright or a Chromium is missing; ``STILLWATCH_CHROMIUM`` names one elsewhere.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from test_console_in_browser import CHROMIUM, FLAGS, Live, Shown

PAGE = Path(__file__).parents[4] / "docs" / "tutorial" / "decide-a-queue.md"


@pytest.fixture
def walk(tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    live, made = Live(tmp_path), []
    with sync_api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))

        def sign_in(name):
            made.append(Shown(chromium, live, name))
            return made[-1].page

        yield sign_in
        assert [one.wrong for one in made] == [[]] * len(made)
        chromium.close()
    live.close()


def waiting(page):
    """Open the queue and return its cases, by the words of their rows."""
    page.keyboard.press("2")
    page.wait_for_url("**/queue")
    return page.locator("#queue tbody tr").all_inner_texts()


def decide(page, key, why):
    """Choose, say why, send; return once the next page is there."""
    page.keyboard.press(key)
    assert page.evaluate("document.activeElement.id") == "why"
    page.keyboard.type(why)
    before = page.url
    page.keyboard.press("Control+Enter")
    page.wait_for_url(lambda url: url != before)
    page.wait_for_selector(".done")


def opened(page, name=""):
    """Open a case of the queue with j and Enter, the first where none is named."""
    page.keyboard.press("j")
    while name not in page.evaluate("document.activeElement.closest('tr').innerText"):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/campaign?*")
    return page.locator("h1").inner_text()


def read(page):
    """Check that what a person reads is there, in the order in which it is read."""
    headings = page.locator("main h2").all_inner_texts()
    order = ["Decide", "What to weigh", "When it happened", "Who shares what"]
    order += ["What speaks against it", "What speaks for it, and what is missing"]
    assert [one for one in headings if one in order] == order
    weighed = page.locator("[aria-labelledby=weigh] tbody th").all_inner_texts()
    assert {"How much is it together?", "Who pays, and from which machine?"} <= set(weighed)
    assert page.locator("[aria-labelledby=against] tbody tr").count() > 5
    assert page.locator("[aria-labelledby=for] li").count() > 1


def ask(page, name):
    """Ask for a refusal; whoever asks cannot approve."""
    page.goto(page.url.partition("/campaign")[0] + f"/campaign?id={name}")
    page.locator("summary", has_text="Ask for a measure").press("Enter")
    page.locator("#rung").focus()
    page.keyboard.type("refuse")
    page.locator("#why-request").press_sequentially("stop it until counsel has looked")
    page.keyboard.press("Enter")
    page.wait_for_selector(".done")
    assert page.locator("button", has_text="Approve").count() == 0


def approve(page):
    """Approve the one request that waits."""
    assert sum("refuse" in row for row in waiting(page)) == 1
    page.keyboard.press("a")
    page.keyboard.type("I have looked at the case too")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".done")
    assert not any("refuse" in row for row in waiting(page))


def test_a_queue_is_decided_undone_approved_and_logged(walk):
    page = walk("analyst")
    assert len(waiting(page)) == 3
    first = opened(page)
    read(page)
    decide(page, "c", "many cards, few holders each; single questions")
    second = page.locator("h1").inner_text()
    assert second != first
    decide(page, "r", "people who ask on, each about something else")
    assert page.locator("h1").inner_text() not in {first, second}

    page.keyboard.press("u")  # the second decision is taken back
    page.wait_for_url("**/log?done=*")
    cases = waiting(page)
    assert len(cases) == 2
    assert any(second in row for row in cases)
    assert not any(first in row for row in cases)

    assert opened(page, second) == second
    page.keyboard.press("m")
    page.locator("#explained").press_sequentially("class of a school")
    page.keyboard.press("Escape")
    decide(page, "b", "opened together, tied by nothing else")
    ask(page, first)
    other = walk("approver")
    approve(other)

    other.goto(other.url.partition("/queue")[0] + "/log")
    rows = [row.split() for row in reversed(other.locator("#actions tbody tr").all_inner_texts())]
    acts = ("confirm", "reject", "undo", "benign", "request", "approve")
    did = {act: row for act in acts for row in rows if act in row[:8]}
    assert sorted(did, key=lambda act: int(did[act][0])) == [*acts]
    assert "undone," in did["reject"]
    assert {row[3] for act, row in did.items() if act != "approve"} == {"analyst"}
    assert did["approve"][3] == "approver"


def test_the_page_of_the_docs_names_every_key_of_the_walk():
    text = PAGE.read_text("utf-8")
    for key in ("2", "j", "Enter", "c", "r", "Ctrl", "u", "m", "b", "a"):
        assert f"<kbd>{key}</kbd>" in text, key
