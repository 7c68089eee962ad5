"""Papers as HTML in a real Chromium: accessible, within the width of a telephone, silent.

Skipped where playwright or a Chromium is missing.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from example_scan import hostile_scan
from test_report_browser import axe, browser  # noqa: F401 - fixtures

from stillwatch.report.documents import read_campaigns, write_scan
from stillwatch.report.papers import Templates, printed
from stillwatch.report.statements.campaign import campaign_facts
from stillwatch.report.statements.executive import executive_facts
from stillwatch.report.statements.filing import FORMS, Filing, filing_facts
from stillwatch.report.statements.notice import Notice, notice_facts
from stillwatch.report.statements.transparency import Given, Period, transparency_facts
from stillwatch.stop.interface import Rung

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@pytest.fixture(scope="module")
def pages(scan_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    write_scan(hostile_scan(), folder / "hostile")
    templates = Templates()
    found = {}
    for name, where in (("example", scan_folder), ("hostile", folder / "hostile")):
        scan = read_campaigns(where)
        item = scan.campaigns[0]
        period = Period(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))
        facts = {
            "campaign": campaign_facts(scan, item, members=100),
            "filing": filing_facts(scan, item, Filing("final", FORMS), templates),
            "executive": executive_facts(scan, None),
            "transparency": transparency_facts(period, Given([scan], None, None, None, []), 5),
            "notice": notice_facts(
                Notice(next(iter(item.members)), Rung.LIMIT, ("member-of-campaign",),
                       automatic=True, decided=None, expires=None,
                       terms="https://p.example/terms"), "en", templates),
        }  # fmt: skip
        for paper, held in facts.items():
            path = folder / f"{name}-{paper}.html"
            made = templates.paper(paper, "en", held, scan.as_of)
            path.write_bytes(printed(made, "html", templates)[0])
            found[name, paper] = path
    return found


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_papers_are_accessible_and_fit(pages, browser, axe, width, scheme):  # noqa: F811
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=True
    )
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    wanted = {"light": "example", "dark": "hostile"}[scheme]
    for (name, paper), path in pages.items():
        if name != wanted:
            continue
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, paper)
        assert page.evaluate("document.querySelectorAll('script').length") == 0
        page.evaluate(axe)
        faults = page.evaluate("rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES)[
            "violations"
        ]
        grave = [
            (fault["id"], fault["nodes"][0]["html"][:200])
            for fault in faults
            if fault["impact"] in {"serious", "critical", "moderate"}
        ]
        assert grave == [], (name, paper)
    assert said == []
    assert {url for url in asked if not url.startswith("file:")} == set()
    context.close()
