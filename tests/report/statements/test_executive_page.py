"""One page: sums that add up, weeks that do, and what is not known."""

from __future__ import annotations

import io
from datetime import timedelta
from itertools import pairwise

import pypdf
import pytest
from report_scans import bare_folder, large_folder, read

from stillwatch.report.papers import Templates, printed
from stillwatch.report.statements.executive import executive_facts
from stillwatch.report.statements.measures import Applied


def pages_of(facts, scan):
    templates = Templates()
    raw, _ = printed(templates.paper("executive", "en", facts, scan.as_of), "pdf", templates)
    reader = pypdf.PdfReader(io.BytesIO(raw))
    return len(reader.pages), "".join(page.extract_text() for page in reader.pages)


def test_it_is_one_page(scan):
    count, text = pages_of(executive_facts(scan, None), scan)
    assert count == 1
    for part in ("What it cost", "Trend", "What was done", "What is not known", "No record of"):
        assert part in text


def test_sums_are_those_of_the_campaigns(scan):
    facts = executive_facts(scan, None)
    campaigns = scan.campaigns
    assert facts["exchanges"] == sum(item.exchanges for item in campaigns)
    assert facts["leaked"] == sum(item.leaked for item in campaigns)
    assert facts["flagged"] == len({a for item in campaigns for a in item.flagged_at})
    fees = [
        figure["whole"]["likely"]
        for item in scan.document["campaigns"]
        for figure in item["damage"]["figures"]
        if figure["name"] == "fees"
    ]
    total = next(one for one in facts["totals"] if one.says == "what the actor paid in fees")
    assert total.whole.likely == pytest.approx(sum(fees))
    assert len(facts["totals"]) == 3  # what is spent once is not summed
    assert "training the capability without it" not in {one.says for one in facts["totals"]}


def test_every_flag_declaration_and_exchange_is_in_one_week(scan):
    weeks = executive_facts(scan, None)["weeks"]
    assert {b.start - a.start for a, b in pairwise(weeks)} == {timedelta(weeks=1)}
    assert weeks[-1].start + timedelta(weeks=1) == scan.as_of
    assert sum(week.declared for week in weeks) == len(scan.campaigns)
    flagged = {a for item in scan.campaigns for a in item.flagged_at}
    assert sum(week.flagged for week in weeks) == len(flagged)
    assert sum(week.exchanges for week in weeks) == sum(c.exchanges for c in scan.campaigns)


def test_a_scan_without_anything_optional(tmp_path):
    scan = read(bare_folder(tmp_path))
    facts = executive_facts(scan, None)
    assert facts["totals"] == ()
    assert {week.exchanges for week in facts["weeks"]} == {None}
    count, text = pages_of(facts, scan)
    assert count == 1
    assert "No money was reckoned" in text
    assert "not kept" in text


def test_measures_are_counted_by_how_they_stand(scan):
    when = scan.as_of
    applied = [
        Applied(f"m-{i}", rung, state, "", "a", when, when, 3, 2)
        for i, (rung, state) in enumerate((("limit", "in force"), ("refuse", "in force"),
                                           ("limit", "lifted")))
    ]  # fmt: skip
    _, text = pages_of(executive_facts(scan, applied), scan)
    assert "in force: 2 measures on 6 accounts (limit, refuse)" in text
    assert "lifted: 1 measure on 3 accounts" in text
    assert "holds none" in pages_of(executive_facts(scan, []), scan)[1]


def test_an_earlier_scan_is_compared(scan, tmp_path):
    earlier = read(large_folder(tmp_path, 30))
    _, text = pages_of(executive_facts(scan, None, earlier=earlier), scan)
    assert "Compared with the scan" in text
    assert "UTC: 1 campaign, " in " ".join(text.split())
