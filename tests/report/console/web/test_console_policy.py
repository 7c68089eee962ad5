"""Trying a policy on recorded traffic from the page, and the file of routes."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from console_browser import Site
from filled_cases import FilledCases

from stillwatch.cli.console_serving import _run
from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError
from stillwatch.report.console.cases import Role
from stillwatch.report.console.web import WAYS
from stillwatch.report.console.web.access import Door
from stillwatch.report.console.web.trial import Trials
from stillwatch.stop.responses.trial import Affected

DOCS = Path(__file__).parents[4] / "docs" / "reference" / "console.md"


@pytest.fixture
def tried():
    """What ran, and what lets it end."""
    return [], threading.Event()


@pytest.fixture
def trying(tmp_path, tried):
    ran, go = tried

    def run(text):
        ran.append(text)
        assert go.wait(10)
        if "broken" in text:
            raise ConfigurationError("no such key", where="line 1", todo="see the reference")
        return [
            Affected("students <b>", 40, 900, {"limit": 3, "refuse": 0}, {"limit": 2, "refuse": 0})
        ]

    site = Site(
        tmp_path / "console.sqlite",
        FilledCases("x"),
        trials=Trials(run, 'version = 1\n# "</textarea>', "exchanges/"),
    )
    site.add("analyst", Role.ANALYST)
    yield site
    go.set()
    site.close()


def outcome(site, browser, place):
    for _ in range(100):
        text = browser.get(place.replace("/policy?", "/policy/outcome?")).text
        if "being replayed" not in text:
            return text
        site.loop.run_until_complete(asyncio.sleep(0.05))
    raise AssertionError("no outcome")


def test_a_policy_is_tried_and_says_who_would_be_affected(trying, tried):
    ran, go = tried
    browser = trying.browser("analyst")
    page = browser.get("/policy").text
    assert "&lt;/textarea&gt;" in page
    started = browser.act("/policy", text="version = 1\r\nmode = 'enforce'\r\n")
    place = started.headers["location"]
    waiting = browser.get(place).text
    assert "being replayed" in waiting
    assert "mode = &#39;enforce&#39;" in waiting
    go.set()
    text = outcome(trying, browser, place)
    assert ran == ["version = 1\nmode = 'enforce'\n"]
    assert "students &lt;b&gt;" in text
    assert "limit: accounts" in text
    assert "refuse" not in text
    assert "hx-get" not in text


def test_a_policy_that_cannot_be_read_is_told(trying, tried):
    tried[1].set()
    browser = trying.browser("analyst")
    started = browser.act("/policy", text="broken")
    text = outcome(trying, browser, started.headers["location"])
    assert "no such key (line 1)" in text
    assert "To do: see the reference" in text


def test_what_is_no_policy_and_what_is_not_remembered(trying):
    browser = trying.browser("analyst")
    assert browser.act("/policy", text=" ").status_code == 400
    assert browser.act("/policy", text="x" * 65_537).status_code == 400
    assert browser.get("/policy?trial=unknown").status_code == 404


def test_the_trial_is_the_one_of_the_command(tmp_path):
    done = CliRunner().invoke(
        cli,
        ["simulate", "--out", str(tmp_path / "world"), "--accounts", "60", "--exchanges", "1200",
         "--days", "3", "--seed", "1"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    more = {
        "recording": str(tmp_path / "world" / "exchanges"),
        "accounts": None,
        "cohorts": None,
        "results": None,
        "map_": None,
        "format_": None,
    }
    found = _run(more)('version = 1\nmode = "shadow"\n')
    assert sum(one.accounts for one in found) > 0
    assert sum(one.requests for one in found) > 900
    with pytest.raises(ConfigurationError):
        _run(more)("version = 1\nmodes = 1\n")


def test_every_route_is_documented_with_what_it_needs():
    lines = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| `")]
    told = {
        line.split(" | ")[0].strip("|` "): line.split(" | ")[1].replace("`", "") for line in lines
    }
    for way in WAYS:
        needs = way.needs.value if isinstance(way.needs, Door) else " or ".join(way.needs)
        assert told.pop(f"{way.verb} {way.path}") == needs
    assert [name for name in told if name.startswith(("GET ", "POST "))] == []
